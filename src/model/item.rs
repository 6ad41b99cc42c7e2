//! Items as the store holds and writes them.

use std::sync::Arc;

use serde_json::Value;

use super::json::Head;
use super::layout::{MAX_KEY_SIZE, RowKey};
use crate::error::{Error, ErrorKind, Result};

/// The maximum size of a row that LaunchDarkly SDKs store, in bytes by [`Item::size_in_row`]. DynamoDB's own
/// limit is 409,600 bytes. Rows between the two limits are read but not written.
pub const MAX_ROW_SIZE: usize = 400_000;

/// A flag, a segment, or a tombstone of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The higher version wins.
    pub version: f64,
    /// Whether this is a tombstone, which is stored but never returned to the SDK.
    pub deleted: bool,
    /// The whole item as JSON text.
    pub json: Arc<str>,
}

impl Item {
    /// Creates a tombstone in the form that every SDK reads.
    pub fn tombstone(key: &str, version: f64) -> Self {
        let key = Value::from(key);
        let json = format!(r#"{{"key":{key},"version":{},"deleted":true}}"#, number(version));
        Self { version, deleted: true, json: json.into() }
    }

    /// Reads an item that the SDK passes to `init` or `upsert`. In a data set, `map_key` takes precedence
    /// over the item's own key, as in the stores of other SDKs. An item without a version has version 0.
    ///
    /// Fails with `InvalidData` if the text is not a JSON object, or the key is absent, empty or too long.
    pub fn from_sdk(json: &str, map_key: Option<&str>) -> Result<(Arc<str>, Self)> {
        let invalid = |what: &str| Error::new(ErrorKind::InvalidData, what);
        let head = Head::read(json).map_err(|_| invalid("the item is not a JSON object"))?;
        let key: Arc<str> = match map_key.or(head.key.as_deref()) {
            Some(key) => key.into(),
            None => return Err(invalid("the item has no key")),
        };
        if key.is_empty() {
            return Err(invalid("the item's key is empty"));
        }
        if key.len() > MAX_KEY_SIZE {
            return Err(invalid("the item's key is longer than the 1,024 bytes DynamoDB allows"));
        }
        let version = head.version.unwrap_or(0.0);
        let item = if head.deleted {
            Self::tombstone(&key, version)
        } else {
            Self { version, deleted: false, json: json.into() }
        };
        Ok((key, item))
    }

    /// Returns the size of this item's row in bytes, by the formula of the LaunchDarkly SDKs: 100, plus the
    /// length of each attribute's name and value.
    pub fn size_in_row(&self, row: &RowKey) -> usize {
        100 + "namespace".len()
            + row.namespace.len()
            + "key".len()
            + row.key.len()
            + "version".len()
            + number(self.version).len()
            + "item".len()
            + self.json.len()
    }

    /// Fails with `TooLarge` if this item's row is larger than [`MAX_ROW_SIZE`].
    pub fn check_size(&self, row: &RowKey) -> Result<()> {
        let size = self.size_in_row(row);
        if size <= MAX_ROW_SIZE {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "it takes {size} bytes in DynamoDB, over the {MAX_ROW_SIZE} that LaunchDarkly \
                 SDKs store"
            ),
        ))
    }
}

/// Formats a number as JSON and DynamoDB write it.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        format!("{value:.0}")
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_the_sdk_needs_a_key_that_dynamodb_takes() {
        let kind = |json: &str| Item::from_sdk(json, None).map(|_| ()).map_err(|e| e.kind);
        assert_eq!(kind("[]"), Err(ErrorKind::InvalidData));
        assert_eq!(kind("null"), Err(ErrorKind::InvalidData));
        assert_eq!(kind(r#"{"version":1}"#), Err(ErrorKind::InvalidData));
        assert_eq!(kind(r#"{"key":"","version":1}"#), Err(ErrorKind::InvalidData));
        let long = format!(r#"{{"key":"{}","version":1}}"#, "x".repeat(1025));
        assert_eq!(kind(&long), Err(ErrorKind::InvalidData));
        assert_eq!(kind(r#"{"key":"k","version":1}"#), Ok(()));
    }

    #[test]
    fn a_deleted_item_is_written_in_the_three_field_form() {
        let (key, item) =
            Item::from_sdk(r#"{"key":"q\"k","version":4,"deleted":true,"on":true}"#, None).unwrap();
        assert_eq!(&*key, "q\"k");
        assert_eq!(&*item.json, r#"{"key":"q\"k","version":4,"deleted":true}"#);
        assert!(item.deleted);
    }

    #[test]
    fn the_size_formula_counts_names_and_utf8_bytes() {
        let item = Item { version: 10.0, deleted: false, json: "{\"é\":1}".into() };
        let row = RowKey::new("p:features", "kü");
        assert_eq!(item.size_in_row(&row), 100 + (9 + 10) + (3 + 3) + (7 + 2) + (4 + 8));
        let filler = |size: usize| {
            let item = Item { version: 1.0, deleted: false, json: "".into() };
            let rest = item.size_in_row(&row);
            Item { json: "x".repeat(size - rest).into(), ..item }.check_size(&row)
        };
        assert!(filler(400_000).is_ok());
        assert_eq!(filler(400_001).map_err(|e| e.kind), Err(ErrorKind::TooLarge));
    }

    #[test]
    fn numbers_are_written_as_javascript_and_dynamodb_read_them() {
        assert_eq!(number(1_700_000_000_000.0), "1700000000000");
        assert_eq!(number(-0.0), "-0");
        assert_eq!(number(1.5), "1.5");
    }
}
