//! The table layout that every LaunchDarkly SDK and the Relay Proxy share.
//!
//! | attribute | content |
//! | --- | --- |
//! | `namespace` (partition key) | the kind, `features` or `segments`, behind `prefix:` if any |
//! | `key` (sort key) | the item's key |
//! | `version` (N) | the item's version |
//! | `item` (S) | the whole item as JSON text, passed through untouched |
//!
//! The marker, a row without `version` and `item`, says that somebody has initialised this prefix.
//! It lies in a partition of its own, so no Query of a kind returns it.

use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};

/// The largest row, by [`Item::size_in_row`], that LaunchDarkly SDKs store. DynamoDB itself takes
/// 409,600 bytes; larger rows than this that are in the table are read.
pub const MAX_ROW_SIZE: usize = 400_000;
/// The longest sort key that DynamoDB takes, in bytes.
pub const MAX_KEY_SIZE: usize = 1024;

/// The identity of a row: a pair, never a joined string, since prefixes and keys may hold any
/// character.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// The partition key, prefix included.
    pub namespace: Arc<str>,
    /// The sort key.
    pub key: Arc<str>,
}

impl RowKey {
    /// The row `key` in the partition `namespace`.
    pub fn new(namespace: impl Into<Arc<str>>, key: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), key: key.into() }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in {:?}", &*self.key, &*self.namespace)
    }
}

/// Where things lie under one prefix.
#[derive(Clone, Debug)]
pub struct Layout {
    prefix: String,
}

impl Layout {
    /// The layout under `prefix`; an empty prefix is none.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The partition of the items of `kind`.
    pub fn namespace(&self, kind: &str) -> Arc<str> {
        if self.prefix.is_empty() { kind.into() } else { format!("{}:{kind}", self.prefix).into() }
    }

    /// The kind whose items lie in this partition.
    pub fn kind<'n>(&self, namespace: &'n str) -> &'n str {
        match namespace.strip_prefix(self.prefix.as_str()) {
            Some(rest) if !self.prefix.is_empty() => rest.strip_prefix(':').unwrap_or(rest),
            _ => namespace,
        }
    }

    /// The row that says that this prefix has been initialised.
    pub fn marker(&self) -> RowKey {
        let name = self.namespace("$inited");
        RowKey { namespace: name.clone(), key: name }
    }

    /// The row that says how new the big segments are.
    pub fn big_segments_metadata(&self) -> RowKey {
        let name = self.namespace("big_segments_metadata");
        RowKey { namespace: name.clone(), key: name }
    }

    /// The row with the big segments of a context, by the hash of its key.
    pub fn big_segments_membership(&self, hash: &str) -> RowKey {
        RowKey::new(self.namespace("big_segments_user"), hash)
    }
}

/// An item as it is held and written: its version and its JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The higher version wins.
    pub version: f64,
    /// Whether this is a tombstone: stored, never returned.
    pub deleted: bool,
    /// The whole item.
    pub json: Arc<str>,
}

impl Item {
    /// What remains of a deleted item, in the form that every SDK reads.
    pub fn tombstone(key: &str, version: f64) -> Self {
        let key = Value::from(key);
        let json = format!(r#"{{"key":{key},"version":{},"deleted":true}}"#, number(version));
        Self { version, deleted: true, json: json.into() }
    }

    /// Reads an item that the SDK hands over. Its key is the one that it had in its data set, whatever
    /// it says itself, as in the stores of other SDKs. An item without a version has version 0.
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

    /// The size of this item's row by the formula that LaunchDarkly SDKs share: 100 bytes, and for
    /// each attribute its name and value.
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

    /// Refuses an item that is over [`MAX_ROW_SIZE`].
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

/// A number as JSON and DynamoDB write it.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        format!("{value:.0}")
    } else {
        value.to_string()
    }
}

/// The `item` attribute as it came out of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemAttribute {
    /// There is none.
    Absent,
    /// A string: the item's JSON, or what somebody left there instead.
    Text(Arc<str>),
    /// Bytes: not an item, but something that the Relay Proxy keeps in the same table.
    Binary,
    /// An attribute of another type, named as DynamoDB names it.
    Other(&'static str),
}

/// A row as it came out of the table; nothing about it can be relied upon.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// Which row this is. The sort key is the item's key, whatever the JSON says.
    pub key: RowKey,
    /// The attribute `version`, where it is numeric.
    pub version: Option<f64>,
    /// The attribute `item`.
    pub item: ItemAttribute,
    /// Whether there is an attribute `deleted` that is true.
    pub deleted: bool,
}

/// Tells whether a row is as it was, without keeping its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fingerprint {
    /// The row's version.
    pub version: Option<f64>,
    text: u64,
}

impl Fingerprint {
    /// The fingerprint of this row.
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

    /// The fingerprint of a row that holds this item.
    pub fn of_item(item: &Item) -> Self {
        let mut hasher = DefaultHasher::new();
        item.json.hash(&mut hasher);
        Self { version: Some(item.version), text: hasher.finish() }
    }
}

/// A stored row, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// A live item or a tombstone.
    Item(Item),
    /// Another program's data.
    NotOurs,
    /// Nothing that can be served; the reason why, for the log.
    Unreadable(String),
}

impl StoredRow {
    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        let text = match &self.item {
            ItemAttribute::Text(text) => text.len(),
            ItemAttribute::Absent | ItemAttribute::Binary | ItemAttribute::Other(_) => 0,
        };
        size_of::<Self>() + self.key.namespace.len() + self.key.key.len() + text
    }

    /// Reads what any LaunchDarkly SDK may have written.
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
        // Java and .NET write tombstones as the JSON null.
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

    /// Whether an init that brings `item` for this row would change nothing: the same version, and
    /// JSON that is the same value.
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

fn same_json(a: &str, b: &str) -> bool {
    match (serde_json::from_str(a), serde_json::from_str(b)) {
        (Ok(Value::Object(mut a)), Ok(Value::Object(mut b))) => {
            let (ours, theirs) = (a.remove("variations"), b.remove("variations"));
            let same_variations = match (&ours, &theirs) {
                (Some(a), Some(b)) => same_value(a, b, Nulls::Count),
                (None, None) => true,
                _ => false,
            };
            same_variations && same_members(&a, &b, Nulls::AreAbsent)
        }
        _ => false,
    }
}

/// What a member is that is null. SDK 8 and 9 strip such members from what they write, except inside
/// a flag's own `variations`, where a null is a value.
#[derive(Clone, Copy, PartialEq)]
enum Nulls {
    AreAbsent,
    Count,
}

/// Equality as LaunchDarkly SDKs see it. Numbers are compared as JavaScript holds them.
fn same_value(a: &Value, b: &Value, nulls: Nulls) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => same_members(a, b, nulls),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b, nulls))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn same_members(a: &Map<String, Value>, b: &Map<String, Value>, nulls: Nulls) -> bool {
    let absent = |value: &Value| nulls == Nulls::AreAbsent && value.is_null();
    let same_in_both = a.iter().all(|(name, value)| match b.get(name) {
        Some(other) => same_value(value, other, nulls),
        None => absent(value),
    });
    same_in_both && b.iter().all(|(name, value)| a.contains_key(name) || absent(value))
}

/// The JSON text with U+FFFD for each escape of half a surrogate pair, which JSON may have and text in Rust may
/// not. `None` where it has none.
pub fn with_whole_characters(json: &str) -> Option<String> {
    let unit = |escape: &str| u16::from_str_radix(escape.get(2..6)?, 16).ok();
    let mut whole = String::new();
    let mut rest = json;
    let mut changed = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let is_unicode = escape.as_bytes().get(1) == Some(&b'u');
        let first = if is_unicode { unit(escape) } else { None };
        let next = escape.get(6..).filter(|next| next.starts_with("\\u")).and_then(unit);
        let length = match (first, next) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                whole.push('\u{fffd}');
                changed = true;
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            _ => escape.chars().take(2).map(char::len_utf8).sum(),
        };
        let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        whole.push_str(escape);
        rest = after;
    }
    whole.push_str(rest);
    changed.then_some(whole)
}

/// The members of an item that decide how it is stored.
#[derive(Default)]
struct Head {
    key: Option<String>,
    version: Option<f64>,
    deleted: bool,
}

impl Head {
    /// Reads them out of the JSON text of an item; the error says what the text is instead.
    fn read(json: &str) -> std::result::Result<Self, &'static str> {
        Self::read_text(json).or_else(|reason| match with_whole_characters(json) {
            Some(json) => Self::read_text(&json),
            None => Err(reason),
        })
    }

    fn read_text(json: &str) -> std::result::Result<Self, &'static str> {
        if !json.trim_start().starts_with('{') {
            return Err(match serde_json::from_str::<IgnoredAny>(json) {
                Ok(_) => "is not a JSON object",
                Err(_) => "is not valid JSON",
            });
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer
            .deserialize_map(HeadVisitor)
            .and_then(|head| deserializer.end().map(|()| head))
            .map_err(|_| "is not valid JSON")
    }
}

/// Unlike a derived `Deserialize`, it takes repeated members (the last one counts, as in
/// JavaScript) and members of an unexpected type (they count as absent).
struct HeadVisitor;

impl<'de> Visitor<'de> for HeadVisitor {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Head, A::Error> {
        let mut head = Head::default();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match &*name {
                "key" => head.key = lenient(map.next_value()?),
                "version" => head.version = lenient(map.next_value()?),
                "deleted" => head.deleted = lenient(map.next_value()?).unwrap_or(false),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(head)
    }
}

fn lenient<'de, T: serde::Deserialize<'de>>(raw: &'de RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
