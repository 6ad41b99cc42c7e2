//! The JSON text of items: equality, and the members that the store needs.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Returns whether two items are equal JSON objects by the rules of LaunchDarkly SDKs.
pub fn same_json(a: &str, b: &str) -> bool {
    match (serde_json::from_str(a), serde_json::from_str(b)) {
        (Ok(Value::Object(a)), Ok(Value::Object(b))) => same_items(a, b),
        _ => false,
    }
}

/// Returns whether two items are equal JSON objects, but perhaps for their versions.
pub fn same_content(a: &str, b: &str) -> bool {
    match (serde_json::from_str(a), serde_json::from_str(b)) {
        (Ok(Value::Object(mut a)), Ok(Value::Object(mut b))) => {
            drop((a.remove("version"), b.remove("version")));
            same_items(a, b)
        }
        _ => a == b,
    }
}

fn same_items(mut a: Map<String, Value>, mut b: Map<String, Value>) -> bool {
    let (ours, theirs) = (a.remove("variations"), b.remove("variations"));
    let same_variations = match (&ours, &theirs) {
        (Some(a), Some(b)) => same_value(a, b, Nulls::Count),
        (None, None) => true,
        _ => false,
    };
    same_variations && same_members(&a, &b, Nulls::AreAbsent)
}

/// How to compare null members. SDK 8 and 9 do not write them, except inside a flag's own `variations`, where
/// null is a value.
#[derive(Clone, Copy, PartialEq)]
enum Nulls {
    AreAbsent,
    Count,
}

/// Compares values. Numbers are compared as in JavaScript, by their `f64` values.
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

/// Replaces each escaped lone surrogate, which Rust strings cannot hold, by U+FFFD. Returns `None` if there is
/// none.
pub fn replace_lone_surrogates(json: &str) -> Option<String> {
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

/// The members of an item that decide how it is stored. A member of an unexpected type counts as absent.
#[derive(Default)]
pub struct Head {
    /// The member `key`.
    pub key: Option<String>,
    /// The member `version`.
    pub version: Option<f64>,
    /// Whether the member `deleted` is true.
    pub deleted: bool,
}

impl Head {
    /// Reads the JSON text of an item. The error describes the problem of the text.
    pub fn read(json: &str) -> std::result::Result<Self, &'static str> {
        Self::read_text(json).or_else(|reason| match replace_lone_surrogates(json) {
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

/// Reads a [`Head`]. Unlike a derived `Deserialize`, it accepts repeated members (the last one counts, as in
/// JavaScript) and members of an unexpected type.
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
mod tests {
    use super::*;

    #[test]
    fn content_is_compared_without_the_version() {
        let a = r#"{"key":"k","version":1,"on":true,"rules":[],"salt":null}"#;
        assert!(same_content(a, r#"{"version":2,"rules":[],"on":true,"key":"k"}"#));
        assert!(same_content(a, r#"{"rules":[],"on":true,"key":"k"}"#));
        assert!(!same_content(a, r#"{"key":"k","version":1,"on":false,"rules":[]}"#));
        assert!(!same_content(a, r#"{"key":"k","version":1,"on":true,"rules":[{"version":1}]}"#));
        assert!(!same_content(a, "[]"));
    }

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (json, whole) in [
            (r#""\ud83d\ude80""#, None),
            (r#""\\ud800""#, None),
            (r#""\"\u0041 \uD83D\uDE80""#, None),
            (r#""\ud800\ud83d\ude80\udc00""#, Some("\"\u{fffd}\\ud83d\\ude80\u{fffd}\"")),
            (r#""é\\\ud800""#, Some("\"é\\\\\u{fffd}\"")),
            (r"\", None),
            (r"\u12", None),
            (r"\ué", None),
        ] {
            assert_eq!(replace_lone_surrogates(json).as_deref(), whole, "{json}");
        }
    }
}
