//! Converts rows to DynamoDB's attribute values and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::big_segments::BigSegmentRow;
use crate::model::{Item, ItemAttribute, RowKey, StoredRow, number};

/// The attributes of a row by name.
pub type Attributes = HashMap<String, AttributeValue>;

/// Returns the two key attributes of a row.
pub fn key_attributes(row: &RowKey) -> Attributes {
    HashMap::from([
        ("namespace".to_owned(), AttributeValue::S(row.namespace.to_string())),
        ("key".to_owned(), AttributeValue::S(row.key.to_string())),
    ])
}

/// Returns all attributes of an item's row.
pub fn item_attributes(row: &RowKey, item: &Item) -> Attributes {
    let mut attributes = key_attributes(row);
    attributes.insert("version".to_owned(), AttributeValue::N(number(item.version)));
    attributes.insert("item".to_owned(), AttributeValue::S(item.json.to_string()));
    attributes
}

/// Returns the row with these keys, if both are strings.
pub fn row_key(attributes: &Attributes) -> Option<RowKey> {
    let text = |name| attributes.get(name)?.as_s().ok();
    Some(RowKey::new(text("namespace")?.as_str(), text("key")?.as_str()))
}

/// Returns the row with these attributes; `None` if a key is absent, which is possible only in a table
/// with another schema.
pub fn stored_row(mut attributes: Attributes) -> Option<StoredRow> {
    let key = row_key(&attributes)?;
    let version = number_in(&attributes, "version");
    let item = match attributes.remove("item") {
        None => ItemAttribute::Absent,
        Some(AttributeValue::S(text)) => ItemAttribute::Text(text.into()),
        Some(AttributeValue::B(_)) => ItemAttribute::Binary,
        Some(other) => ItemAttribute::Other(type_name(&other)),
    };
    let deleted = matches!(attributes.get("deleted"), Some(AttributeValue::Bool(true)));
    Some(StoredRow { key, version, item, deleted })
}

/// Decodes a row with big segment data.
pub fn big_segment_row(mut attributes: Attributes) -> BigSegmentRow {
    let synchronized_on = number_in(&attributes, "synchronizedOn");
    let mut set = |name| match attributes.remove(name) {
        Some(AttributeValue::Ss(texts)) => texts,
        _ => Vec::new(),
    };
    BigSegmentRow { synchronized_on, included: set("included"), excluded: set("excluded") }
}

fn number_in(attributes: &Attributes, name: &str) -> Option<f64> {
    let text = attributes.get(name)?.as_n().ok()?;
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn type_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        AttributeValue::N(_) => "N",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::Bs(_) | AttributeValue::Ns(_) | AttributeValue::Ss(_) => "set",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_whatever_their_attributes_are() {
        let mut attributes = key_attributes(&RowKey::new("features", "k"));
        attributes.insert("version".into(), AttributeValue::S("1".into()));
        attributes.insert("item".into(), AttributeValue::N("1".into()));
        attributes.insert("deleted".into(), AttributeValue::Bool(true));
        let row = stored_row(attributes).unwrap();
        assert_eq!((row.version, row.deleted), (None, true));
        assert_eq!(row.item, ItemAttribute::Other("N"));
        assert_eq!(stored_row(Attributes::new()), None);
    }

    #[test]
    fn rows_of_big_segments_are_read_whatever_their_attributes_are() {
        let set = |texts: &[&str]| {
            AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect())
        };
        let attributes = Attributes::from([
            ("synchronizedOn".to_owned(), AttributeValue::N("1700000000000".into())),
            ("included".to_owned(), set(&["a.g1", "b.g2"])),
            ("excluded".to_owned(), AttributeValue::S("c.g1".into())),
        ]);
        let expected = BigSegmentRow {
            synchronized_on: Some(1.7e12),
            included: vec!["a.g1".to_owned(), "b.g2".to_owned()],
            excluded: Vec::new(),
        };
        assert_eq!(big_segment_row(attributes), expected);
        let odd = Attributes::from([
            ("synchronizedOn".to_owned(), AttributeValue::S("1700000000000".into())),
            ("included".to_owned(), AttributeValue::L(Vec::new())),
        ]);
        assert_eq!(big_segment_row(odd), BigSegmentRow::default());
    }
}
