//! References between items: from a flag to its prerequisites, and from a flag or segment to the segments in
//! its rules.

use serde_json::Value;

use super::json::replace_lone_surrogates;

/// The kind of flags, as LaunchDarkly SDKs name it.
pub const FEATURES: &str = "features";
/// The kind of segments, as LaunchDarkly SDKs name it.
pub const SEGMENTS: &str = "segments";

/// Returns the kind and key of each item that `json`, an item of this kind, refers to. Only flags and
/// segments refer to other items.
pub fn references(kind: &str, json: &str) -> Vec<(&'static str, String)> {
    // Most items refer to nothing and are not parsed.
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
    item.or_else(|| serde_json::from_str(&replace_lone_surrogates(json)?).ok())
}

/// Returns the elements of the array `name` in `value`, if there is one.
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
    fn a_lone_surrogate_does_not_hide_what_a_flag_refers_to() {
        let flag = r#"{"\ud800": "\udc00\ud83d\ude80", "prerequisites": [{"key": "p"}]}"#;
        assert_eq!(references(FEATURES, flag), [(FEATURES, "p".to_owned())]);
    }

    #[test]
    fn an_item_of_another_shape_refers_to_nothing() {
        let odd = r#"{"prerequisites": 1, "rules": [{"clauses": {"op": "segmentMatch"}}, null]}"#;
        assert!(references(FEATURES, odd).is_empty());
        assert!(references("metrics", r#"{"prerequisites": [{"key": "p"}]}"#).is_empty());
        assert!(references(FEATURES, r#"{"prerequisites": [{"key": "p"}"#).is_empty());
    }
}
