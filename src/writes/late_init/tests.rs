use super::*;
use crate::dynamodb::fake::{item, stored};

fn row(key: &str) -> RowKey {
    RowKey::new("features", key)
}

fn rows(versions: &[(&str, f64)]) -> Vec<StoredRow> {
    versions.iter().map(|(key, version)| stored(&row(key), &item(key, *version))).collect()
}

fn base(versions: &[(&str, f64)]) -> Base {
    rows(versions).iter().map(|row| (row.key.clone(), Fingerprint::of(row))).collect()
}

fn data(versions: &[(&str, f64)]) -> Data {
    let items = versions.iter().map(|(key, version)| ((*key).into(), item(key, *version)));
    let kind = KindData { kind: "features".into(), items: items.collect(), ..KindData::default() };
    vec![("features".into(), Arc::new(kind))]
}

/// Returns the keys that are written, those that are replaced whatever their version, and those that stay.
fn decide(
    base: Option<&Base>,
    new: &[(&str, f64)],
    now: &[(&str, f64)],
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let late = LateInit::new(&data(new), base, &rows(now));
    let written = late.data[0].items.keys().map(ToString::to_string).collect();
    let mut unchanged: Vec<_> = late.unchanged.keys().map(|row| row.key.to_string()).collect();
    unchanged.sort();
    let mut untouched: Vec<_> = late.data[0].untouched.iter().map(ToString::to_string).collect();
    untouched.sort();
    (written, unchanged, untouched)
}

fn strings(strings: &[&str]) -> Vec<String> {
    strings.iter().map(ToString::to_string).collect()
}

#[test]
fn what_has_not_changed_is_replaced_whatever_its_version() {
    let then = [("a", 9.0), ("b", 1.0)];
    let decided = decide(Some(&base(&then)), &[("a", 1.0), ("b", 2.0)], &then);
    assert_eq!(decided, (strings(&["a", "b"]), strings(&["a", "b"]), strings(&[])));
}

#[test]
fn what_somebody_else_has_made_newer_or_added_stays() {
    let then = base(&[("a", 1.0), ("b", 1.0)]);
    let now = [("a", 5.0), ("b", 3.0), ("new", 1.0)];
    let decided = decide(Some(&then), &[("a", 4.0), ("b", 4.0)], &now);
    assert_eq!(decided, (strings(&["b"]), strings(&[]), strings(&["a", "new"])));
}

#[test]
fn without_knowing_what_was_there_only_what_is_newer_stays() {
    let decided = decide(None, &[("a", 4.0), ("b", 4.0)], &[("a", 5.0), ("b", 3.0), ("x", 9.0)]);
    assert_eq!(decided, (strings(&["b"]), strings(&[]), strings(&["a"])));
}

#[test]
fn another_environments_data_is_replaced_as_a_whole() {
    let then = base(&[("a", 90.0), ("b", 90.0)]);
    let new = [("a", 91.0), ("b", 91.0)];
    for now in [&[("a", 2.0), ("other", 3.0)][..], &[("other", 3.0)]] {
        let decided = decide(Some(&then), &new, now);
        assert_eq!(decided, (strings(&["a", "b"]), strings(&[]), strings(&[])), "{now:?}");
    }
}

#[test]
fn its_own_doing_is_not_taken_for_somebody_elses() {
    let then = base(&[("a", 9.0), ("gone", 1.0), ("b", 1.0)]);
    let now = [("a", 2.0), ("b", 7.0)];
    let decided = decide(Some(&then), &[("a", 2.0), ("b", 2.0)], &now);
    assert_eq!(decided.2, strings(&["b"]));
}
