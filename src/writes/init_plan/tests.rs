use proptest::prelude::*;

use super::*;
use crate::dynamodb::fake::{item, stored};
use crate::model::SEGMENTS;

fn layout() -> Layout {
    Layout::new("p")
}

fn flag(key: &str, prerequisites: &[&str], segments: &[&str]) -> (Arc<str>, Item) {
    let prerequisites: Vec<_> =
        prerequisites.iter().map(|key| serde_json::json!({"key": key})).collect();
    let rule = serde_json::json!({"clauses": [{"op": "segmentMatch", "values": segments}]});
    let json = serde_json::json!({
        "key": key, "version": 1, "prerequisites": prerequisites, "rules": [rule],
    });
    (key.into(), Item { version: 1.0, deleted: false, json: json.to_string().into() })
}

fn kind(kind: &str, items: impl IntoIterator<Item = (Arc<str>, Item)>) -> KindData {
    KindData { kind: kind.to_owned(), items: items.into_iter().collect(), ..KindData::default() }
}

fn row(kind: &str, key: &str) -> RowKey {
    RowKey::new(layout().namespace(kind), key)
}

/// Returns the waves, each as the sorted keys of its rows.
fn keys(waves: &[Vec<Write>]) -> Vec<Vec<&str>> {
    let keys = waves.iter().map(|wave| {
        let mut keys: Vec<&str> = wave.iter().map(|write| &*write.row().key).collect();
        keys.sort_unstable();
        keys
    });
    keys.collect()
}

#[test]
fn what_is_referred_to_comes_first_and_the_marker_last() {
    let data = [
        kind(FEATURES, [flag("a", &["b"], &["s"]), flag("b", &["c"], &[]), flag("c", &[], &[])]),
        kind(SEGMENTS, [flag("s", &[], &["t"]), flag("t", &[], &[])]),
    ];
    let waves = plan(&layout(), &data, &[], false);
    assert_eq!(
        keys(&waves),
        [vec!["t"], vec!["s"], vec!["c"], vec!["b"], vec!["a"], vec!["p:$inited"]]
    );
}

#[test]
fn a_circle_of_prerequisites_is_one_wave_and_what_needs_it_comes_later() {
    let data = [kind(
        FEATURES,
        [
            flag("a", &["b"], &[]),
            flag("b", &["a", "c"], &[]),
            flag("c", &["c"], &[]),
            flag("d", &["a"], &[]),
        ],
    )];
    let waves = plan(&layout(), &data, &[], true);
    assert_eq!(keys(&waves), [vec!["c"], vec!["a", "b"], vec!["d"]]);
}

#[test]
fn rows_that_are_no_longer_there_are_deleted_after_the_puts_and_only_for_the_given_kinds() {
    let existing = [
        stored(&row(FEATURES, "old"), &item("old", 9.0)),
        stored(&row(FEATURES, "same"), &item("same", 1.0)),
        stored(&row(SEGMENTS, "other"), &item("other", 1.0)),
    ];
    let same = ("same".into(), item("same", 1.0));
    let data = [kind(FEATURES, [same, ("new".into(), item("new", 1.0))])];
    let waves = plan(&layout(), &data, &existing, true);
    let delete = Write::Delete(row(FEATURES, "old"));
    assert_eq!(waves, [vec![Write::Put(row(FEATURES, "new"), item("new", 1.0))], vec![delete]]);
}

#[test]
fn what_refers_to_others_is_deleted_before_them() {
    let existing = |kind, (key, item): (Arc<str>, Item)| stored(&row(kind, &key), &item);
    let existing = [
        existing(SEGMENTS, flag("s", &[], &["t"])),
        existing(SEGMENTS, flag("t", &[], &[])),
        existing(FEATURES, flag("a", &["b"], &["s"])),
        existing(FEATURES, flag("b", &[], &[])),
    ];
    let waves = plan(&layout(), &[kind(SEGMENTS, []), kind(FEATURES, [])], &existing, true);
    assert_eq!(keys(&waves), [["a"], ["b"], ["s"], ["t"]]);
}

#[test]
fn an_older_version_replaces_a_newer_one() {
    let existing = [stored(&row(FEATURES, "k"), &item("k", 9.0))];
    let data = [kind(FEATURES, [("k".into(), item("k", 1.0))])];
    assert_eq!(keys(&plan(&layout(), &data, &existing, true)), [["k"]]);
}

#[test]
fn rows_that_are_not_ours_or_not_to_be_touched_stay() {
    let not_ours = StoredRow {
        item: ItemAttribute::Binary,
        ..stored(&row(FEATURES, "binary"), &item("binary", 1.0))
    };
    let too_large_now = stored(&row(FEATURES, "large"), &item("large", 1.0));
    let mut data = kind(FEATURES, []);
    data.untouched.insert("large".into());
    let waves = plan(&layout(), &[data], &[not_ours, too_large_now], true);
    assert!(waves.is_empty());
}

#[test]
fn a_long_chain_of_prerequisites_is_planned() {
    let count = 5_000;
    let names: Vec<String> = (0..count).map(|n| format!("f{n}")).collect();
    let flags = (0..count).map(|n| match n {
        0 => flag(&names[0], &[], &[]),
        _ => flag(&names[n], &[&names[n - 1]], &[]),
    });
    let waves = plan(&layout(), &[kind(FEATURES, flags)], &[], true);
    assert_eq!(waves.len(), count);
    assert_eq!(keys(&waves)[count - 1], [names[count - 1].as_str()]);
}

/// Generates flags and segments `0` to `7` with any references among them, including circles.
fn data_set() -> impl Strategy<Value = Vec<KindData>> {
    let items = |refers_to_flags: bool| {
        let references = || prop::collection::vec(0..8_u8, 0..3);
        let one = (0..8_u8, references(), references(), 1..3_u8);
        prop::collection::vec(one, 0..8).prop_map(move |items| {
            let items = items.into_iter().map(|(key, prerequisites, segments, version)| {
                let text = |keys: &[u8]| keys.iter().map(u8::to_string).collect::<Vec<_>>();
                let (mut prerequisites, segments) = (text(&prerequisites), text(&segments));
                prerequisites.retain(|_| refers_to_flags);
                let refs = |keys: &[String]| -> Vec<String> { keys.to_vec() };
                let (p, s) = (refs(&prerequisites), refs(&segments));
                let p: Vec<&str> = p.iter().map(String::as_str).collect();
                let s: Vec<&str> = s.iter().map(String::as_str).collect();
                let (key, item) = flag(&key.to_string(), &p, &s);
                (key, Item { version: f64::from(version), ..item })
            });
            items.collect::<Vec<_>>()
        })
    };
    (items(true), items(false))
        .prop_map(|(flags, segments)| vec![kind(FEATURES, flags), kind(SEGMENTS, segments)])
}

fn rows_of(data: &[KindData]) -> BTreeMap<RowKey, StoredRow> {
    let rows = data.iter().flat_map(|kind| {
        kind.items.iter().map(|(key, item)| {
            let key = row(&kind.kind, key);
            (key.clone(), stored(&key, item))
        })
    });
    rows.collect()
}

/// Returns whether `from` refers to `to` within this data set, directly or through others.
fn reaches(data: &[KindData], from: &RowKey, to: &RowKey) -> bool {
    let (mut seen, mut next) = (HashSet::new(), vec![from.clone()]);
    while let Some(at) = next.pop() {
        for kind in data {
            if layout().namespace(&kind.kind) != at.namespace {
                continue;
            }
            let json = kind.items.get(&at.key).map_or("", |item| &item.json);
            for (kind, key) in references(&kind.kind, json) {
                let target = row(kind, &key);
                if target == *to {
                    return true;
                }
                if seen.insert(target.clone()) {
                    next.push(target);
                }
            }
        }
    }
    false
}

proptest! {
    #[test]
    fn the_table_ends_as_the_new_data_and_a_second_init_writes_nothing(
        before in data_set(),
        after in data_set(),
    ) {
        let mut table = rows_of(&before);
        let existing: Vec<_> = table.values().cloned().collect();
        for write in plan(&layout(), &after, &existing, true).into_iter().flatten() {
            match write {
                Write::Put(key, item) => {
                    prop_assert!(table.insert(key.clone(), stored(&key, &item)).is_none_or(
                        |old| !old.is_same_as(&item)
                    ));
                }
                Write::Delete(key) => prop_assert!(table.remove(&key).is_some()),
                Write::PutMarker(_) => prop_assert!(false, "there is a marker already"),
            }
        }
        prop_assert_eq!(&table, &rows_of(&after));
        let existing: Vec<_> = table.into_values().collect();
        prop_assert!(plan(&layout(), &after, &existing, true).is_empty());
    }

    #[test]
    fn nothing_is_written_before_what_it_refers_to(data in data_set()) {
        let waves = plan(&layout(), &data, &[], false);
        let wave_of: HashMap<RowKey, usize> = waves
            .iter()
            .enumerate()
            .flat_map(|(number, wave)| wave.iter().map(move |w| (w.row().clone(), number)))
            .collect();
        for kind in &data {
            for (key, item) in &kind.items {
                let from = row(&kind.kind, key);
                for (kind, key) in references(&kind.kind, &item.json) {
                    let to = row(kind, &key);
                    let Some(&first) = wave_of.get(&to) else { continue };
                    let circle = reaches(&data, &to, &from);
                    let later = wave_of[&from] > first;
                    prop_assert!(later || (circle && wave_of[&from] == first), "{from} {to}");
                }
            }
        }
        let marker = Write::PutMarker(layout().marker());
        prop_assert_eq!(waves.last(), Some(&vec![marker]));
    }
}
