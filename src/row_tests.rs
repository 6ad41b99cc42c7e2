use proptest::prelude::*;

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
fn a_prefix_is_put_before_the_kind_and_before_both_keys_of_the_marker() {
    let layout = Layout::new("a$b:c");
    assert_eq!(&*layout.namespace("features"), "a$b:c:features");
    assert_eq!(layout.marker(), RowKey::new("a$b:c:$inited", "a$b:c:$inited"));
    assert_eq!(Layout::new("").marker(), RowKey::new("$inited", "$inited"));
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
fn what_cannot_be_served_is_told_apart() {
    assert!(reason(&stored(Some(1.0), text("{nonsense"))).contains("not valid JSON"));
    assert!(reason(&stored(Some(1.0), text(r#"{"a":1} x"#))).contains("not valid JSON"));
    assert!(reason(&stored(Some(1.0), text(""))).contains("empty"));
    for other in ["1", "\"text\"", "[1,2]", "true"] {
        assert!(reason(&stored(Some(1.0), text(other))).contains("not a JSON object"), "{other}");
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

#[test]
fn numbers_are_written_as_javascript_and_dynamodb_read_them() {
    assert_eq!(number(1_700_000_000_000.0), "1700000000000");
    assert_eq!(number(-0.0), "-0");
    assert_eq!(number(1.5), "1.5");
}

/// Any JSON value, with members that may be null.
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

/// The value without its null members, as SDK 8 and 9 write everything but a flag's `variations`.
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

/// JSON so deep that whoever walks through it by recursion has no stack left.
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
        drop(crate::references::references("features", &json));
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
fn half_a_surrogate_pair_in_an_item_is_passed_through() {
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

#[test]
fn only_half_pairs_are_replaced() {
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
        assert_eq!(with_whole_characters(json).as_deref(), whole, "{json}");
    }
}
