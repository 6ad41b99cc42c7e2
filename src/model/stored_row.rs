//! Rows as they are in the table. Any program may have written them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::item::Item;
use super::json::{Head, same_json};
use super::layout::RowKey;

/// The attribute `item` of a row in the table.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemAttribute {
    /// The row has no such attribute.
    Absent,
    /// A string, usually the item's JSON.
    Text(Arc<str>),
    /// Bytes: the Relay Proxy's own data in the same table.
    Binary,
    /// An attribute of another type, with DynamoDB's name for the type.
    Other(&'static str),
}

/// A row of the table, with unchecked contents.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// The row's key. Its sort key is the item's key, even if the JSON contains another one.
    pub key: RowKey,
    /// The attribute `version`, if it is numeric.
    pub version: Option<f64>,
    /// The attribute `item`.
    pub item: ItemAttribute,
    /// Whether the row's attribute `deleted` is true.
    pub deleted: bool,
}

/// Detects whether a row has changed, without keeping the row's text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fingerprint {
    pub version: Option<f64>,
    text: u64,
}

impl Fingerprint {
    /// Returns the fingerprint of a row.
    pub fn of(stored: &StoredRow) -> Self {
        if let Decoded::Item(item) = stored.decode() {
            return Self { version: stored.version, ..Self::of_item(&item) };
        }
        let mut hasher = DefaultHasher::new();
        match &stored.item {
            ItemAttribute::Text(text) => text.hash(&mut hasher),
            ItemAttribute::Other(kind) => kind.hash(&mut hasher),
            ItemAttribute::Absent | ItemAttribute::Binary => {}
        }
        Self { version: stored.version, text: hasher.finish() }
    }

    /// Returns the fingerprint of a row that holds this item.
    pub fn of_item(item: &Item) -> Self {
        let mut hasher = DefaultHasher::new();
        item.json.hash(&mut hasher);
        Self { version: Some(item.version), text: hasher.finish() }
    }
}

/// The decoded contents of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A live item or a tombstone.
    Item(Item),
    /// Another program's data, which the store ignores.
    NotOurs,
    /// An invalid row, with the reason for the log.
    Unreadable(String),
}

impl StoredRow {
    /// Returns the approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let text = match &self.item {
            ItemAttribute::Text(text) => text.len(),
            ItemAttribute::Absent | ItemAttribute::Binary | ItemAttribute::Other(_) => 0,
        };
        size_of::<Self>() + self.key.namespace.len() + self.key.key.len() + text
    }

    /// Decodes the row in any form that LaunchDarkly SDKs write.
    pub fn decode(&self) -> Decoded {
        let text = match &self.item {
            ItemAttribute::Text(text) => text,
            ItemAttribute::Binary => return Decoded::NotOurs,
            _ if self.deleted => return self.tombstone(None),
            ItemAttribute::Absent => return unreadable("it has no attribute \"item\""),
            ItemAttribute::Other(kind) => {
                return unreadable(format!(
                    "its attribute \"item\" is of type {kind}, not a string"
                ));
            }
        };
        // The Java and .NET SDKs write tombstones as the JSON null.
        if text.trim() == "null" {
            return self.tombstone(None);
        }
        if text.is_empty() {
            return unreadable("its attribute \"item\" is empty");
        }
        let head = match Head::read(text) {
            Ok(head) => head,
            Err(_) if self.deleted => return self.tombstone(None),
            Err(reason) => return unreadable(format!("its attribute \"item\" {reason}")),
        };
        if self.deleted || head.deleted {
            return self.tombstone(head.version);
        }
        match self.version.or(head.version) {
            Some(version) => Decoded::Item(Item { version, deleted: false, json: text.clone() }),
            None => unreadable("neither the row nor its JSON has a version"),
        }
    }

    fn tombstone(&self, json_version: Option<f64>) -> Decoded {
        let version = self.version.or(json_version).unwrap_or(0.0);
        Decoded::Item(Item::tombstone(&self.key.key, version))
    }

    /// Returns whether writing `item` would change nothing: the row has the same version and equal JSON.
    pub fn is_same_as(&self, item: &Item) -> bool {
        match &self.item {
            ItemAttribute::Text(text) => {
                self.version == Some(item.version)
                    && !self.deleted
                    && (**text == *item.json || same_json(text, &item.json))
            }
            _ => false,
        }
    }
}

fn unreadable(reason: impl Into<String>) -> Decoded {
    Decoded::Unreadable(reason.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn stored(version: Option<f64>, item: ItemAttribute) -> StoredRow {
        StoredRow { key: RowKey::new("features", "k"), version, item, deleted: false }
    }

    fn text(json: &str) -> ItemAttribute {
        ItemAttribute::Text(json.into())
    }

    fn live(version: f64, json: &str) -> Decoded {
        Decoded::Item(Item { version, deleted: false, json: json.into() })
    }

    fn tombstone(version: f64) -> Decoded {
        Decoded::Item(Item::tombstone("k", version))
    }

    fn reason(row: &StoredRow) -> String {
        match row.decode() {
            Decoded::Unreadable(reason) => reason,
            other => panic!("{other:?} was readable"),
        }
    }

    #[test]
    fn the_tombstones_of_every_sdk_are_read_as_deleted() {
        let forms = [
            r#"{"key":"k","version":3,"deleted":true}"#,
            r#"{"key":"$deleted","version":3,"deleted":true,"on":false,"variations":[]}"#,
            "null",
            r#"{"version":3,"deleted":true}"#,
        ];
        for form in forms {
            assert_eq!(stored(Some(3.0), text(form)).decode(), tombstone(3.0), "{form}");
        }
        let attribute = StoredRow { deleted: true, ..stored(Some(3.0), text(r#"{"key":"k"}"#)) };
        assert_eq!(attribute.decode(), tombstone(3.0));
        let bare = StoredRow { deleted: true, ..stored(Some(3.0), ItemAttribute::Absent) };
        assert_eq!(bare.decode(), tombstone(3.0));
    }

    #[test]
    fn the_json_counts_where_the_version_attribute_is_missing() {
        let json = r#"{"key":"k","version":7}"#;
        assert_eq!(stored(None, text(json)).decode(), live(7.0, json));
        assert_eq!(stored(Some(9.0), text(json)).decode(), live(9.0, json));
    }

    #[test]
    fn an_unreadable_row_has_a_reason() {
        assert!(reason(&stored(Some(1.0), text("{nonsense"))).contains("not valid JSON"));
        assert!(reason(&stored(Some(1.0), text(r#"{"a":1} x"#))).contains("not valid JSON"));
        assert!(reason(&stored(Some(1.0), text(""))).contains("empty"));
        for other in ["1", "\"text\"", "[1,2]", "true"] {
            assert!(
                reason(&stored(Some(1.0), text(other))).contains("not a JSON object"),
                "{other}"
            );
        }
        assert!(reason(&stored(Some(1.0), ItemAttribute::Absent)).contains("no attribute"));
        assert!(reason(&stored(Some(1.0), ItemAttribute::Other("N"))).contains("type N"));
        assert!(reason(&stored(None, text(r#"{"key":"k"}"#))).contains("version"));
        assert_eq!(stored(None, ItemAttribute::Binary).decode(), Decoded::NotOurs);
    }

    #[test]
    fn javascript_rules_apply_to_json() {
        let repeated = r#"{"version":1,"version":2,"\u0076ersion":3}"#;
        assert_eq!(stored(None, text(repeated)).decode(), live(3.0, repeated));
        let lone_surrogate = r#"{"version":1,"name":"\ud800"}"#;
        assert_eq!(stored(None, text(lone_surrogate)).decode(), live(1.0, lone_surrogate));
    }

    #[test]
    fn a_row_is_the_same_when_its_version_and_its_json_value_are() {
        let same = |a: &str, b: &str| {
            let item = Item { version: 1.0, deleted: false, json: b.into() };
            stored(Some(1.0), text(a)).is_same_as(&item)
        };
        assert!(same(r#"{"a":1,"b":[1.0,2]}"#, r#"{"b":[1,2.0],"a":1.0}"#));
        assert!(same(r#"{"a":{"x":null}}"#, r#"{"a":{},"y":null}"#));
        assert!(same(r#"{"rules":[{"id":null,"n":1}]}"#, r#"{"rules":[{"n":1}]}"#));
        assert!(!same(r#"{"variations":[{"x":null}]}"#, r#"{"variations":[{}]}"#));
        assert!(!same(r#"{"variations":[null,1]}"#, r#"{"variations":[1]}"#));
        assert!(!same(r#"{"variations":null}"#, "{}"));
        assert!(same(
            r#"{"rollout":{"variations":[{"x":null}]}}"#,
            r#"{"rollout":{"variations":[{}]}}"#
        ));
        assert!(!same(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!same(r#"{"a":1}"#, r#"{"a":1,"b":false}"#));
        let newer = Item { version: 2.0, deleted: false, json: "{}".into() };
        assert!(!stored(Some(1.0), text("{}")).is_same_as(&newer));
        let hidden = StoredRow { deleted: true, ..stored(Some(2.0), text("{}")) };
        assert!(!hidden.is_same_as(&newer));
    }

    /// Generates any JSON value, with members that may be null.
    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-e]|variations", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Removes null members, as SDK 8 and 9 do everywhere but in a flag's `variations`.
    fn without_nulls(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect(),
            Value::Array(elements) => elements.iter().map(without_nulls).collect(),
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn an_item_passes_through_the_table_untouched(
            key in ".{1,40}",
            version in 0_u32..,
            rest in json_value(),
        ) {
            let json = serde_json::json!({"key": key, "version": version, "rest": rest}).to_string();
            let (row_key, item) = Item::from_sdk(&json, None).unwrap();
            prop_assert_eq!(&*row_key, key.as_str());
            let row = StoredRow {
                key: RowKey::new("features", row_key),
                version: Some(item.version),
                item: ItemAttribute::Text(item.json.clone()),
                deleted: false,
            };
            prop_assert!(row.is_same_as(&item));
            prop_assert_eq!(row.decode(), live(f64::from(version), &json));
        }

        #[test]
        fn a_row_without_its_null_members_is_the_same(value in json_value(), own in json_value()) {
            let json = |value: &Value| {
                serde_json::json!({"version": 1, "value": value, "variations": own}).to_string()
            };
            let item = Item { version: 1.0, deleted: false, json: json(&value).into() };
            let stripped = text(&json(&without_nulls(&value)));
            prop_assert!(stored(Some(1.0), stripped).is_same_as(&item));
        }

        #[test]
        fn reading_never_panics(bytes in ".{0,60}") {
            let _ = stored(None, text(&bytes)).decode();
            let _ = stored(None, text(&format!("{{{bytes}}}"))).decode();
        }
    }

    /// Returns JSON so deep that recursion through it overflows the stack.
    fn deep(open: &str, close: &str) -> String {
        format!("{}1{}", open.repeat(100_000), close.repeat(100_000))
    }

    #[test]
    fn items_may_be_nested_however_deep() {
        for deep in [deep("[", "]"), deep(r#"{"a":"#, "}")] {
            let json = format!(
                r#"{{"key":"k","version":1,"prerequisites":[{{"key":"p"}}],"rules":{deep},"variations":{deep}}}"#
            );
            let (_, item) = Item::from_sdk(&json, None).unwrap();
            assert_eq!(stored(Some(1.0), text(&json)).decode(), live(1.0, &json));
            assert!(stored(Some(1.0), text(&json)).is_same_as(&item));
            assert!(!stored(Some(1.0), text(&format!("{json} "))).is_same_as(&item));
            drop(super::super::references("features", &json));
            for name in ["key", "version", "deleted"] {
                let odd = format!(r#"{{"{name}":{deep}}}"#);
                assert!(matches!(stored(None, text(&odd)).decode(), Decoded::Unreadable(_)));
                drop(Item::from_sdk(&odd, None));
            }
            assert!(Item::from_sdk(&deep, None).is_err());
            let cut = json.get(..json.len() / 2).unwrap();
            assert!(matches!(stored(Some(1.0), text(cut)).decode(), Decoded::Unreadable(_)));
        }
    }

    #[test]
    fn a_lone_surrogate_in_an_item_is_passed_through() {
        for json in [
            r#"{"key":"k","version":1,"\ud800":"\udc00"}"#,
            r#"{"\udc00x\\ud800":{"\ud83d":1},"key":"k","version":1}"#,
            r#"{"key":"k","version":1,"\ud800\ud800\udc00":null}"#,
        ] {
            let (key, item) = Item::from_sdk(json, None).unwrap();
            assert_eq!((&*key, &*item.json, item.version), ("k", json, 1.0));
            assert_eq!(stored(Some(1.0), text(json)).decode(), live(1.0, json));
        }
    }
}
