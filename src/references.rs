//! What an item refers to: a flag to its prerequisites and to the segments in its rules, a segment
//! to the segments in its rules.

use serde_json::Value;

use crate::row::with_whole_characters;

/// The kind of flags, as LaunchDarkly SDKs name it.
pub const FEATURES: &str = "features";
/// The kind of segments, as LaunchDarkly SDKs name it.
pub const SEGMENTS: &str = "segments";

/// The items, as kind and key, that the item `json` of `kind` refers to. Other kinds than flags and
/// segments refer to nothing.
pub fn references(kind: &str, json: &str) -> Vec<(&'static str, String)> {
    // Most items refer to nothing; they aren't worth parsing.
    let may_have_prerequisites = kind == FEATURES && json.contains("\"prerequisites\"");
    let may_have_segments =
        (kind == FEATURES || kind == SEGMENTS) && json.contains("\"segmentMatch\"");
    if !may_have_prerequisites && !may_have_segments {
        return Vec::new();
    }
    let Some(item) = parsed(json) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if may_have_prerequisites {
        let keys = members(&item, "prerequisites").filter_map(|p| p.get("key")?.as_str());
        found.extend(keys.map(|key| (FEATURES, key.to_owned())));
    }
    if may_have_segments {
        let keys = members(&item, "rules")
            .flat_map(|rule| members(rule, "clauses"))
            .filter(|clause| clause.get("op").and_then(Value::as_str) == Some("segmentMatch"))
            .flat_map(|clause| members(clause, "values"))
            .filter_map(Value::as_str);
        found.extend(keys.map(|key| (SEGMENTS, key.to_owned())));
    }
    found
}

fn parsed(json: &str) -> Option<Value> {
    let item = serde_json::from_str(json).ok();
    item.or_else(|| serde_json::from_str(&with_whole_characters(json)?).ok())
}

/// The elements of the array `name` in `value`; none where there is no such array.
fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_refers_to_its_prerequisites_and_to_the_segments_in_its_rules() {
        let flag = r#"{
            "key": "f",
            "prerequisites": [{"key": "p", "variation": 0}],
            "rules": [
                {"clauses": [{"op": "segmentMatch", "values": ["s1", "s2"]}]},
                {"clauses": [{"op": "in", "values": ["not-a-segment"]}]}
            ]
        }"#;
        let found = references(FEATURES, flag);
        let expected = [(FEATURES, "p"), (SEGMENTS, "s1"), (SEGMENTS, "s2")];
        assert_eq!(found, expected.map(|(kind, key)| (kind, key.to_owned())));
    }

    #[test]
    fn a_segment_refers_to_the_segments_in_its_rules_and_has_no_prerequisites() {
        let segment = r#"{
            "prerequisites": [{"key": "p"}],
            "rules": [{"clauses": [{"op": "segmentMatch", "values": ["s"]}]}]
        }"#;
        assert_eq!(references(SEGMENTS, segment), [(SEGMENTS, "s".to_owned())]);
    }

    #[test]
    fn half_a_surrogate_pair_does_not_hide_what_a_flag_refers_to() {
        let flag = r#"{"\ud800": "\udc00\ud83d\ude80", "prerequisites": [{"key": "p"}]}"#;
        assert_eq!(references(FEATURES, flag), [(FEATURES, "p".to_owned())]);
    }

    #[test]
    fn what_has_another_shape_refers_to_nothing() {
        let odd = r#"{"prerequisites": 1, "rules": [{"clauses": {"op": "segmentMatch"}}, null]}"#;
        assert!(references(FEATURES, odd).is_empty());
        assert!(references("metrics", r#"{"prerequisites": [{"key": "p"}]}"#).is_empty());
        assert!(references(FEATURES, r#"{"prerequisites": [{"key": "p"}"#).is_empty());
    }
}
