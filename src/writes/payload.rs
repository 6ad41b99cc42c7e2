//! The data of an environment in the form of LaunchDarkly's polling endpoint.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::init_plan::KindData;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{FEATURES, Item, Layout, RowKey, SEGMENTS};

/// All flags and segments of an environment.
#[derive(Debug)]
pub struct Payload {
    /// The flags and the segments.
    pub kinds: Vec<KindData>,
    /// Items that are too large to store. Their rows stay as they are.
    pub too_large: Vec<RowKey>,
}

/// The largest number up to which `f64` and JavaScript have all integers.
const MAX_VERSION: f64 = 9_007_199_254_740_991.0;

/// The JSON text: other members are ignored.
#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    flags: BTreeMap<String, &'a RawValue>,
    #[serde(borrow)]
    segments: BTreeMap<String, &'a RawValue>,
}

/// What each item has.
#[derive(Deserialize)]
struct Versioned {
    version: f64,
}

impl Versioned {
    /// Other SDKs read versions as integers, and DynamoDB refuses very large numbers.
    fn is_valid(&self) -> bool {
        self.version.fract() == 0.0 && (0.0..=MAX_VERSION).contains(&self.version)
    }
}

impl Payload {
    /// Reads the JSON text. Fails with `BadAnswer` if it has another form, because a wrong answer must not replace
    /// flags.
    pub fn read(layout: &Layout, json: &str) -> Result<Self> {
        let bad = |reason: String| Error::new(ErrorKind::BadAnswer, reason);
        let other = || bad("LaunchDarkly's answer is not an object with flags and segments".into());
        let Text { flags, segments } = serde_json::from_str(json).map_err(|failure| {
            if failure.is_data() {
                return other();
            }
            bad(format!("LaunchDarkly's answer of {} bytes is not JSON, or is cut off", json.len()))
        })?;
        // Serde also reads an array of the two.
        if !json.trim_start().starts_with('{') {
            return Err(other());
        }
        let mut too_large = Vec::new();
        let mut read = |kind: &str, items: BTreeMap<String, &RawValue>| {
            let mut data = KindData { kind: kind.to_owned(), ..KindData::default() };
            for (key, json) in items {
                let row = RowKey::new(layout.namespace(kind), key);
                let read = serde_json::from_str::<Versioned>(json.get())
                    .ok()
                    .filter(Versioned::is_valid)
                    .ok_or_else(|| "it is not an object with a version".to_owned())
                    .and_then(|_| {
                        let item = Item::from_sdk(json.get(), Some(&row.key));
                        item.map_err(|failure| failure.message().to_owned())
                    });
                let (key, item) = read
                    .map_err(|reason| bad(format!("LaunchDarkly's answer has {row}: {reason}")))?;
                if item.check_size(&row).is_ok() {
                    data.items.insert(key, item);
                } else {
                    data.untouched.insert(key);
                    too_large.push(row);
                }
            }
            Ok(data)
        };
        let kinds = vec![read(FEATURES, flags)?, read(SEGMENTS, segments)?];
        Ok(Self { kinds, too_large })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Payload> {
        Payload::read(&Layout::new("p"), json)
    }

    #[test]
    fn the_text_of_each_item_stays_as_it_is() {
        let json = r#"{"segments":{},"flags":{"a":{"version":3,"key":"a","n":1.0},"b":{"version":4,"deleted":true}},"more":1}"#;
        let Payload { kinds, too_large } = read(json).unwrap();
        let [flags, segments] = &kinds[..] else { panic!("{kinds:?}") };
        assert_eq!(&*flags.items["a"].json, r#"{"version":3,"key":"a","n":1.0}"#);
        assert_eq!(&*flags.items["b"].json, r#"{"key":"b","version":4,"deleted":true}"#);
        assert!(segments.items.is_empty() && too_large.is_empty());
    }

    #[test]
    fn an_answer_of_another_form_is_refused_without_its_content() {
        for (json, reason) in [
            ("", "not JSON"),
            (r#"{"flags":{"a":{"version":1}},"segm"#, "cut off"),
            ("<html>hush</html>", "not JSON"),
            ("null", "not an object with flags"),
            (r#"["hush"]"#, "not an object with flags"),
            (r#"{"flags":{}}"#, "not an object with flags"),
            (r#"{"flags":[],"segments":{}}"#, "not an object with flags"),
            (r#"{"flags":{"a":"hush"},"segments":{}}"#, "\"a\" in \"p:features\": it is not"),
            (r#"{"flags":{"a":{"version":"hush"}},"segments":{}}"#, "with a version"),
            (r#"{"flags":{"a":{"version":1.5}},"segments":{}}"#, "with a version"),
            (r#"{"flags":{"a":{"version":-1}},"segments":{}}"#, "with a version"),
            (r#"{"flags":{"a":{"version":1e200}},"segments":{}}"#, "with a version"),
            (r#"[{"a":{"version":1}},{}]"#, "not an object with flags"),
            (r#"{"flags":{"":{"version":1}},"segments":{}}"#, "key is empty"),
        ] {
            let failure = read(json).unwrap_err();
            assert_eq!(failure.kind, ErrorKind::BadAnswer, "{json}");
            assert!(failure.message().contains(reason), "{json}: {failure}");
            assert!(!failure.message().contains("hush"), "{failure}");
        }
    }

    #[test]
    fn an_item_that_is_too_large_leaves_its_row_alone() {
        let json = format!(
            r#"{{"flags":{{"a":{{"version":1,"x":"{}"}},"b":{{"version":1}}}},"segments":{{}}}}"#,
            "x".repeat(400_000)
        );
        let Payload { kinds, too_large } = read(&json).unwrap();
        assert_eq!(too_large, [RowKey::new("p:features", "a")]);
        assert!(kinds[0].untouched.contains("a") && kinds[0].items.contains_key("b"));
    }
}
