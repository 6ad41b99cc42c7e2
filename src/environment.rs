//! The environment variables of the JavaScript context that made a store.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A copy of `process.env`, taken by JavaScript when a store is made. Workers and test sandboxes have a
/// `process.env` of their own. This crate never reads the environment of the process.
///
/// The `Debug` form shows no values.
#[derive(Clone, Default)]
pub struct Environment(Arc<HashMap<String, String>>);

impl Environment {
    /// An environment of these variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Arc::new(variables.into_iter().collect()))
    }

    /// The value of a variable. `None` also where it is blank: the AWS SDKs take that for "not set".
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// All variables, blank ones included.
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
