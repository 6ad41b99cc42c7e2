use std::sync::atomic::AtomicI64;

use super::*;
use crate::dynamodb::fake::item;

/// A cache with a clock that tests set.
fn cache(ttl_ms: f64) -> (Cache, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(1_000_000));
    let hands = Arc::clone(&now);
    (Cache::new(ttl_ms, true, Clock::from_fn(move || hands.load(Ordering::SeqCst))), now)
}

/// What an init left of one item.
fn replaced_by(key: &str, version: f64) -> Vec<Replaced> {
    let items = vec![(key.into(), item(key, version))];
    vec![Replaced { namespace: "features".into(), items, complete: true }]
}

fn row(key: &str) -> RowKey {
    RowKey::new("features", key)
}

fn version(answer: Option<Answer<Option<Item>>>) -> Option<f64> {
    answer?.value.map(|item| item.version)
}

#[test]
fn an_item_is_fresh_for_the_ttl_by_the_wall_clock() {
    let (cache, now) = cache(15_000.0);
    let begun = cache.begin();
    let answer = cache.fill(begun, &row("k"), Some(item("k", 1.0)));
    assert_eq!(answer.fresh_until, 1_015_000.0);
    now.store(1_014_999, Ordering::SeqCst);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
    now.store(1_015_000, Ordering::SeqCst);
    assert_eq!(cache.fresh(&row("k")), None);
}

#[test]
fn a_clock_that_goes_back_expires_what_is_held() {
    let (cache, now) = cache(f64::INFINITY);
    cache.fill(cache.begin(), &row("k"), Some(item("k", 1.0)));
    cache.fill_all(cache.begin(), &"features".into(), Vec::new());
    now.store(999_999, Ordering::SeqCst);
    assert_eq!(cache.fresh(&row("k")), None);
    assert!(cache.fresh_all("features").is_none());
}

#[test]
fn an_infinite_ttl_holds_items_for_ever_but_not_what_is_missing() {
    let (cache, now) = cache(f64::INFINITY);
    assert_eq!(
        cache.fill(cache.begin(), &row("k"), Some(item("k", 1.0))).fresh_until,
        f64::INFINITY
    );
    cache.fill(cache.begin(), &row("missing"), None);
    assert!(cache.fresh(&row("missing")).is_some());
    now.fetch_add(15_000, Ordering::SeqCst);
    assert!(cache.fresh(&row("missing")).is_none());
    now.fetch_add(1_000_000_000_000, Ordering::SeqCst);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
}

#[test]
fn a_short_ttl_holds_for_what_is_missing_too() {
    let (cache, now) = cache(1_000.0);
    cache.fill(cache.begin(), &row("missing"), None);
    now.fetch_add(1_000, Ordering::SeqCst);
    assert!(cache.fresh(&row("missing")).is_none());
}

#[test]
fn without_caching_nothing_is_held() {
    let (cache, _) = cache(0.0);
    assert_eq!(cache.fill(cache.begin(), &row("k"), Some(item("k", 1.0))).fresh_until, 0.0);
    cache.fill_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    cache.written(cache.begin(), &row("k"), &item("k", 2.0));
    assert_eq!(cache.fresh(&row("k")), None);
    assert!(cache.fresh_all("features").is_none());
}

#[test]
fn a_read_that_began_before_a_write_does_not_replace_what_it_left() {
    let (cache, _) = cache(15_000.0);
    let read = cache.begin();
    cache.written(cache.begin(), &row("k"), &item("k", 2.0));
    let answer = cache.fill(read, &row("k"), Some(item("k", 1.0)));
    assert_eq!(answer.value, Some(item("k", 2.0)), "the read is answered with the newer version");
    assert_eq!(version(cache.fresh(&row("k"))), Some(2.0));
    assert_eq!(cache.fill(read, &row("k"), None).value, Some(item("k", 2.0)));
    // Another process may have been faster still.
    cache.fill(read, &row("k"), Some(item("k", 3.0)));
    assert_eq!(version(cache.fresh(&row("k"))), Some(3.0));
}

#[test]
fn a_read_that_begins_later_may_find_an_older_version() {
    let (cache, _) = cache(15_000.0);
    cache.fill(cache.begin(), &row("k"), Some(item("k", 9.0)));
    cache.fill(cache.begin(), &row("k"), Some(item("k", 1.0)));
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0), "another process initialised anew");
}

#[test]
fn a_later_read_that_lags_does_not_replace_what_this_process_wrote() {
    let (cache, now) = cache(15_000.0);
    cache.written(cache.begin(), &row("k"), &item("k", 2.0));
    cache.written(cache.begin(), &row("new"), &item("new", 1.0));
    let versions = |answer: Answer<Arc<Items>>| -> Vec<_> {
        answer.value.iter().map(|(key, item)| (key.to_string(), item.version)).collect()
    };
    let lagging = || vec![("k".into(), item("k", 1.0))];
    let all = cache.fill_all(cache.begin(), &"features".into(), lagging());
    assert_eq!(versions(all), [("k".to_owned(), 2.0), ("new".to_owned(), 1.0)]);
    assert_eq!(cache.fill(cache.begin(), &row("new"), None).value, Some(item("new", 1.0)));
    // By then every read has come up with it, so that the table holds something else.
    now.fetch_add(15_000, Ordering::SeqCst);
    let all = cache.fill_all(cache.begin(), &"features".into(), lagging());
    assert_eq!(versions(all), [("k".to_owned(), 1.0)]);
}

#[test]
fn a_consistent_read_tells_what_is_in_the_table() {
    let cache = Cache::new(15_000.0, false, Clock::from_fn(|| 1_000_000));
    cache.written(cache.begin(), &row("k"), &item("k", 2.0));
    cache.fill(cache.begin(), &row("k"), Some(item("k", 1.0)));
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
}

#[test]
fn an_init_that_left_rows_as_they_were_does_not_answer_for_all() {
    let (cache, _) = cache(15_000.0);
    let incomplete = replaced_by("k", 1.0).into_iter().map(|r| Replaced { complete: false, ..r });
    cache.replaced(incomplete.collect());
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
    assert!(cache.fresh_all("features").is_none());
}

#[test]
fn a_write_does_not_replace_what_was_read_while_it_was_under_way_and_is_newer() {
    let (cache, _) = cache(15_000.0);
    let write = cache.begin();
    cache.fill(cache.begin(), &row("k"), Some(item("k", 3.0)));
    cache.written(write, &row("k"), &item("k", 2.0));
    assert_eq!(version(cache.fresh(&row("k"))), Some(3.0));
}

#[test]
fn nothing_that_was_read_before_an_init_ended_survives_it() {
    let (cache, _) = cache(15_000.0);
    let (read, read_all) = (cache.begin(), cache.begin());
    cache.fill(cache.begin(), &row("old"), Some(item("old", 9.0)));
    cache.replaced(replaced_by("k", 1.0));
    assert_eq!(cache.fill(read, &row("k"), Some(item("k", 8.0))).fresh_until, 0.0);
    cache.fill_all(read_all, &"features".into(), vec![("k".into(), item("k", 8.0))]);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
    assert_eq!(cache.fresh(&row("old")), None);
    let all = cache.fresh_all("features").unwrap().value;
    assert_eq!(all.keys().map(|key| &**key).collect::<Vec<_>>(), ["k"]);
}

#[test]
fn a_query_freshens_every_item_in_it() {
    let (cache, _) = cache(15_000.0);
    let rows = vec![("k".into(), item("k", 1.0)), ("gone".into(), Item::tombstone("gone", 2.0))];
    let answer = cache.fill_all(cache.begin(), &"features".into(), rows);
    assert_eq!(answer.value.len(), 1);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
    assert!(cache.fresh(&row("gone")).unwrap().value.unwrap().deleted);
}

#[test]
fn a_query_lets_missing_rows_be_asked_for_again() {
    let (cache, _) = cache(15_000.0);
    let segment = RowKey::new("segments", "s");
    cache.fill(cache.begin(), &segment, None);
    cache.fill_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    assert_eq!(cache.fresh(&segment), None);
    cache.fill(cache.begin(), &segment, None);
    assert!(cache.fresh(&segment).is_some());
}

#[test]
fn a_snapshot_follows_single_writes() {
    let (cache, _) = cache(15_000.0);
    cache.fill_all(cache.begin(), &"features".into(), vec![("a".into(), item("a", 1.0))]);
    cache.written(cache.begin(), &row("b"), &item("b", 1.0));
    cache.written(cache.begin(), &row("a"), &Item::tombstone("a", 2.0));
    let all = cache.fresh_all("features").unwrap().value;
    assert_eq!(all.keys().map(|key| &**key).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_query_that_began_before_a_write_has_what_was_written() {
    let (cache, _) = cache(15_000.0);
    let query = cache.begin();
    cache.written(cache.begin(), &row("new"), &item("new", 1.0));
    cache.written(cache.begin(), &row("k"), &item("k", 2.0));
    cache.written(cache.begin(), &row("gone"), &Item::tombstone("gone", 5.0));
    let rows = vec![("k".into(), item("k", 1.0)), ("gone".into(), item("gone", 4.0))];
    let all = cache.fill_all(query, &"features".into(), rows).value;
    let versions: Vec<_> = all.iter().map(|(key, item)| (&**key, item.version)).collect();
    assert_eq!(versions, [("k", 2.0), ("new", 1.0)]);
}

#[test]
fn what_is_forgotten_is_asked_for_again() {
    let (cache, _) = cache(15_000.0);
    cache.fill_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    cache.forget(&row("k"));
    assert_eq!(cache.fresh(&row("k")), None);
    assert!(cache.fresh_all("features").is_none());
}
