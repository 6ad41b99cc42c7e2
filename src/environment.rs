//! The environment variables of whoever made a store.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_types::os_shim_internal::Env;

/// A copy of `process.env`, taken by JavaScript when a store is made: that of the worker, or of the test's
/// sandbox, that made it. Nothing of this crate reads the environment of the process.
///
/// Its `Debug` form shows no values.
#[derive(Clone, Default)]
pub struct Environment(Arc<HashMap<String, String>>);

impl Environment {
    /// These variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Arc::new(variables.into_iter().collect()))
    }

    /// The value of a variable; `None` as well where it is blank, which means "not set" in the AWS SDKs.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// All variables, blank ones included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The variables that are set, without these, in the form that the AWS SDK takes.
    pub fn to_aws_without(&self, names: &[&str]) -> Env {
        let set = self.iter().filter(|(name, value)| {
            !value.trim().is_empty() && !names.iter().any(|without| without == name)
        });
        Env::from(set.map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<HashMap<_, _>>())
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
        let aws = environment.to_aws_without(&["D"]);
        assert_eq!(
            ["A", "B", "C", "D"].map(|name| aws.get(name).ok()),
            [Some("1".to_owned()), None, None, None]
        );
        assert_eq!(environment.iter().count(), 4);
        assert!(!format!("{environment:?}").contains('1'));
    }
}
