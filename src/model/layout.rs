//! The keys of the rows in the table.

use std::fmt;
use std::sync::Arc;

/// The longest sort key that DynamoDB accepts, in bytes.
pub const MAX_KEY_SIZE: usize = 1024;

/// The key of a row. It is a pair and not a joined string, because prefixes and keys may contain any
/// character.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// The partition key, including the prefix.
    pub namespace: Arc<str>,
    /// The sort key.
    pub key: Arc<str>,
}

impl RowKey {
    /// Creates the key of the row `key` in the partition `namespace`.
    pub fn new(namespace: impl Into<Arc<str>>, key: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), key: key.into() }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:?}", &*self.key, &*self.namespace)
    }
}

/// The rows and partitions under one prefix.
#[derive(Clone, Debug)]
pub struct Layout {
    prefix: String,
}

impl Layout {
    /// Creates the layout under `prefix`. An empty prefix means no prefix.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Returns the partition of the items of `kind`.
    pub fn namespace(&self, kind: &str) -> Arc<str> {
        if self.prefix.is_empty() { kind.into() } else { format!("{}:{kind}", self.prefix).into() }
    }

    /// Returns the key of the init marker.
    pub fn marker(&self) -> RowKey {
        let name = self.namespace("$inited");
        RowKey { namespace: name.clone(), key: name }
    }

    /// Returns the key of the row with the time of the last synchronisation of big segments.
    pub fn big_segments_metadata(&self) -> RowKey {
        let name = self.namespace("big_segments_metadata");
        RowKey { namespace: name.clone(), key: name }
    }

    /// Returns the key of the row with the big segment memberships of the context whose key has this hash.
    pub fn big_segments_membership(&self, hash: &str) -> RowKey {
        RowKey::new(self.namespace("big_segments_user"), hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_comes_before_the_kind_and_before_both_keys_of_the_init_marker() {
        let layout = Layout::new("a$b:c");
        assert_eq!(&*layout.namespace("features"), "a$b:c:features");
        assert_eq!(layout.marker(), RowKey::new("a$b:c:$inited", "a$b:c:$inited"));
        assert_eq!(Layout::new("").marker(), RowKey::new("$inited", "$inited"));
    }
}
