//! The environment variables of the JavaScript context that made a store.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A snapshot of `process.env`, which JavaScript takes when it creates a store. Workers and test
/// sandboxes have their own `process.env`. This crate never reads the environment of the process.
///
/// The `Debug` form shows no values.
#[derive(Clone, Default)]
pub struct Environment(Arc<HashMap<String, String>>);

impl Environment {
    /// Creates an environment with these variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Arc::new(variables.into_iter().collect()))
    }

    /// Returns the value of a variable; `None` if it is absent or blank. The AWS SDKs treat a blank
    /// value as "not set".
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// Returns all variables, including blank ones.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_variable_counts_as_not_set() {
        let variables = [("A", "1"), ("B", ""), ("C", " \t"), ("D", "4")];
        let environment =
            Environment::new(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(
            ["A", "B", "C", "E"].map(|name| environment.get(name)),
            [Some("1"), None, None, None]
        );
        assert_eq!(environment.iter().count(), 4);
        assert!(!format!("{environment:?}").contains('1'));
    }
}
