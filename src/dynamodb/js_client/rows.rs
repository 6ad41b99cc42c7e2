//! Rows as JSON.

use serde_json::{Value, json};

use crate::big_segments::BigSegmentRow;
use crate::model::{Item, ItemAttribute, RowKey, StoredRow};

/// Decodes a value that may be `null`.
pub fn optional<'a, T>(
    value: &'a Value,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}

/// Encodes a row's key.
pub fn key(row: &RowKey) -> Value {
    json!([&*row.namespace, &*row.key])
}

/// Encodes a row to write; without an item, the init marker.
pub fn new_row(row: &RowKey, item: Option<&Item>) -> Value {
    match item {
        Some(item) => json!({"key": key(row), "version": item.version, "item": &*item.json}),
        None => json!({"key": key(row)}),
    }
}

/// Decodes a key.
pub fn row_key(value: &Value) -> Option<RowKey> {
    match &value.as_array()?[..] {
        [namespace, key] => Some(RowKey::new(namespace.as_str()?, key.as_str()?)),
        _ => None,
    }
}

/// Decodes a row.
pub fn stored_row(value: &Value) -> Option<StoredRow> {
    let item = match value.get("item") {
        None | Some(Value::Null) => ItemAttribute::Absent,
        Some(Value::String(text)) => ItemAttribute::Text(text.as_str().into()),
        Some(other) => match other.get("type").and_then(Value::as_str) {
            Some("B") => ItemAttribute::Binary,
            Some("N") => ItemAttribute::Other("N"),
            Some("BOOL") => ItemAttribute::Other("BOOL"),
            Some("M") => ItemAttribute::Other("M"),
            Some("L") => ItemAttribute::Other("L"),
            Some("NULL") => ItemAttribute::Other("NULL"),
            _ => ItemAttribute::Other("unknown"),
        },
    };
    Some(StoredRow {
        key: row_key(value.get("key")?)?,
        version: value.get("version").and_then(Value::as_f64),
        item,
        deleted: value.get("deleted") == Some(&Value::Bool(true)),
    })
}

/// Decodes a row with big segment data.
pub fn big_segment_row(value: &Value) -> Option<BigSegmentRow> {
    let row = value.as_object()?;
    let texts = |name| {
        let texts = row.get(name).and_then(Value::as_array).into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Some(BigSegmentRow {
        synchronized_on: row.get("synchronizedOn").and_then(Value::as_f64),
        included: texts("included"),
        excluded: texts("excluded"),
    })
}
