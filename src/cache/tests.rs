use std::collections::BTreeSet;
use std::sync::atomic::AtomicI64;

use proptest::prelude::*;

use super::*;
use crate::config::DEFAULT_MAX_CACHE_BYTES;
use crate::dynamodb::fake::item;

/// Creates a cache with a clock that tests set.
fn cache(ttl_ms: f64) -> (Cache, Arc<AtomicI64>) {
    cache_with(Freshness { ttl_ms, ..Freshness::default() }, DEFAULT_MAX_CACHE_BYTES)
}

fn cache_with(freshness: Freshness, max_bytes: u64) -> (Cache, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(1_000_000));
    let hands = Arc::clone(&now);
    let clock = Clock::from_fn(move || hands.load(Ordering::SeqCst));
    (Cache::new(freshness, max_bytes, true, clock, Arc::default(), Generation::default()), now)
}

impl Cache {
    fn look(&self, row: &RowKey) -> Known<Option<Cached>> {
        self.row(row).map_or(Known::Nothing, |read| self.judge_row(read, 1))
    }

    fn look_all(&self, namespace: &str) -> Known<Arc<Items>> {
        self.collection(namespace).map_or(Known::Nothing, |read| self.judge_all(read, 1))
    }

    /// Returns the answer of a read that found this.
    fn find(&self, sent: Seq, row: &RowKey, found: Option<Item>) -> Answer<Option<Cached>> {
        let read = self.fill(sent, row, found);
        let value = read.value.clone();
        answer(self.judge_row(read, 1), value)
    }

    fn find_all(&self, sent: Seq, namespace: &Arc<str>, found: KeyedItems) -> Answer<Arc<Items>> {
        let read = self.fill_all(sent, namespace, found);
        let value = Arc::clone(&read.value);
        answer(self.judge_all(read, 1), value)
    }

    fn wrote(&self, sent: Seq, row: &RowKey, item: &Item) {
        self.written(sent, row, Some(Cached { item: item.clone(), revision: 0 }));
    }

    fn fresh(&self, row: &RowKey) -> Option<Answer<Option<Cached>>> {
        match self.look(row) {
            Known::Fresh(answer) => Some(answer),
            Known::Stale(_) | Known::Nothing => None,
        }
    }

    /// Returns the versions of all cached items, fresh or not.
    fn known_versions(&self) -> Vec<(String, f64)> {
        self.look_all("features").answer().map(|all| versions(&all.value)).unwrap_or_default()
    }

    fn fresh_all(&self, namespace: &str) -> Option<Answer<Arc<Items>>> {
        match self.look_all(namespace) {
            Known::Fresh(answer) => Some(answer),
            Known::Stale(_) | Known::Nothing => None,
        }
    }
}

/// Returns the answer of a read that found `value`.
fn answer<T>(known: Known<T>, value: T) -> Answer<T> {
    match known {
        Known::Fresh(answer) => answer,
        Known::Stale(_) | Known::Nothing => {
            Answer { value, until: 0.0, generation: 1, stale: false }
        }
    }
}

fn stale<T>(known: Known<T>) -> Option<Stale<T>> {
    match known {
        Known::Stale(stale) => Some(stale),
        Known::Fresh(_) | Known::Nothing => None,
    }
}

/// Returns the data of an init of one item.
fn replaced_by(key: &str, version: f64) -> Vec<Replaced> {
    let items = vec![(key.into(), item(key, version))];
    vec![Replaced { namespace: "features".into(), items, complete: true }]
}

fn row(key: &str) -> RowKey {
    RowKey::new("features", key)
}

/// The size of a large item in bytes, and a limit that holds ten of them.
const LARGE: usize = 1_000;
const TEN_LARGE: u64 = 10 * (ENTRY_OVERHEAD + 20 + 2 * LARGE) as u64;

fn large(key: &str) -> Item {
    Item { version: 1.0, deleted: false, json: format!("{key:LARGE$}").into() }
}

fn many_large(count: usize) -> KeyedItems {
    (0..count).map(|number| (number.to_string().into(), large(&number.to_string()))).collect()
}

fn version(answer: Option<Answer<Option<Cached>>>) -> Option<f64> {
    answer?.value.map(|cached| cached.item.version)
}

fn versions(items: &Items) -> Vec<(String, f64)> {
    items.iter().map(|(key, cached)| (key.to_string(), cached.item.version)).collect()
}

#[test]
fn an_item_is_fresh_for_the_ttl_by_the_wall_clock() {
    let (cache, now) = cache(15_000.0);
    let begun = cache.begin();
    let answer = cache.find(begun, &row("k"), Some(item("k", 1.0)));
    assert_eq!(answer.until, 1_015_000.0);
    now.store(1_014_999, Ordering::SeqCst);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
    now.store(1_015_000, Ordering::SeqCst);
    assert_eq!(cache.fresh(&row("k")), None);
}

#[test]
fn a_clock_that_goes_back_expires_what_is_held() {
    let (cache, now) = cache(f64::INFINITY);
    cache.find(cache.begin(), &row("k"), Some(item("k", 1.0)));
    cache.find_all(cache.begin(), &"features".into(), Vec::new());
    now.store(999_999, Ordering::SeqCst);
    assert_eq!(cache.fresh(&row("k")), None);
    assert!(cache.fresh_all("features").is_none());
}

#[test]
fn an_infinite_ttl_holds_items_for_ever_but_not_what_is_missing() {
    let (cache, now) = cache(f64::INFINITY);
    assert_eq!(cache.find(cache.begin(), &row("k"), Some(item("k", 1.0))).until, f64::INFINITY);
    cache.find(cache.begin(), &row("missing"), None);
    assert!(cache.fresh(&row("missing")).is_some());
    now.fetch_add(15_000, Ordering::SeqCst);
    assert!(cache.fresh(&row("missing")).is_none());
    now.fetch_add(1_000_000_000_000, Ordering::SeqCst);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
}

#[test]
fn a_short_ttl_holds_for_what_is_missing_too() {
    let (cache, now) = cache(1_000.0);
    cache.find(cache.begin(), &row("missing"), None);
    now.fetch_add(1_000, Ordering::SeqCst);
    assert!(cache.fresh(&row("missing")).is_none());
}

#[test]
fn without_caching_nothing_is_held() {
    let (cache, _) = cache(0.0);
    assert_eq!(cache.find(cache.begin(), &row("k"), Some(item("k", 1.0))).until, 0.0);
    cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    cache.wrote(cache.begin(), &row("k"), &item("k", 2.0));
    assert_eq!(cache.fresh(&row("k")), None);
    assert!(cache.fresh_all("features").is_none());
}

#[test]
fn a_read_that_began_before_a_write_does_not_replace_what_it_left() {
    let (cache, _) = cache(15_000.0);
    let read = cache.begin();
    cache.wrote(cache.begin(), &row("k"), &item("k", 2.0));
    let answer = cache.find(read, &row("k"), Some(item("k", 1.0)));
    assert_eq!(version(Some(answer)), Some(2.0), "the read is answered with the newer version");
    assert_eq!(version(cache.fresh(&row("k"))), Some(2.0));
    assert_eq!(version(Some(cache.find(read, &row("k"), None))), Some(2.0));
    // Another process may have written a version that is newer still.
    cache.find(read, &row("k"), Some(item("k", 3.0)));
    assert_eq!(version(cache.fresh(&row("k"))), Some(3.0));
}

#[test]
fn all_items_are_never_older_than_one_of_them() {
    let (cache, _) = cache(15_000.0);
    let read = cache.begin();
    let features: Arc<str> = "features".into();
    cache.find_all(cache.begin(), &features, vec![("k".into(), item("k", 1.0))]);
    cache.find(read, &row("k"), Some(item("k", 9.0)));
    let all = cache.fresh_all("features").unwrap().value;
    assert_eq!((version(cache.fresh(&row("k"))), all["k"].item.version), (Some(9.0), 9.0));
}

#[test]
fn a_row_that_a_later_query_has_not_is_not_used_any_more() {
    let (cache, now) = cache(15_000.0);
    cache.find(cache.begin(), &row("k"), Some(item("k", 1.0)));
    let query = || versions(&cache.find_all(cache.begin(), &"features".into(), Vec::new()).value);
    assert_eq!(query(), [("k".to_owned(), 1.0)], "while get may answer with it");
    now.fetch_add(15_000, Ordering::SeqCst);
    assert_eq!(query(), []);
    assert_eq!(cache.look(&row("k")), Known::Nothing);
}

#[test]
fn a_read_that_begins_later_may_find_an_older_version() {
    let (cache, now) = cache(15_000.0);
    cache.find(cache.begin(), &row("k"), Some(item("k", 9.0)));
    now.fetch_add(15_000, Ordering::SeqCst);
    cache.find(cache.begin(), &row("k"), Some(item("k", 1.0)));
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0), "another process initialised anew");
}

#[test]
fn a_later_read_that_lags_does_not_replace_what_this_process_wrote() {
    let (cache, now) = cache(15_000.0);
    cache.wrote(cache.begin(), &row("k"), &item("k", 2.0));
    cache.wrote(cache.begin(), &row("new"), &item("new", 1.0));
    let lagging = || vec![("k".into(), item("k", 1.0))];
    let all = cache.find_all(cache.begin(), &"features".into(), lagging());
    assert_eq!(versions(&all.value), [("k".to_owned(), 2.0), ("new".to_owned(), 1.0)]);
    assert_eq!(version(Some(cache.find(cache.begin(), &row("new"), None))), Some(1.0));
    now.store(940_000, Ordering::SeqCst);
    assert_eq!(version(Some(cache.find(cache.begin(), &row("new"), None))), Some(1.0));
    // By now no read lags behind the write any more: the table really holds something else.
    now.store(1_015_000, Ordering::SeqCst);
    let all = cache.find_all(cache.begin(), &"features".into(), lagging());
    assert_eq!(versions(&all.value), [("k".to_owned(), 1.0)]);
}

#[test]
fn a_consistent_read_shows_what_is_in_the_table() {
    let cache = Cache::new(
        Freshness::default(),
        DEFAULT_MAX_CACHE_BYTES,
        false,
        Clock::from_fn(|| 1_000_000),
        Arc::default(),
        Generation::default(),
    );
    cache.wrote(cache.begin(), &row("k"), &item("k", 2.0));
    cache.find(cache.begin(), &row("k"), Some(item("k", 1.0)));
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
    cache.find(cache.begin(), &row("k"), Some(item("k", 3.0)));
    cache.wrote(write, &row("k"), &item("k", 2.0));
    assert_eq!(version(cache.fresh(&row("k"))), Some(3.0));
}

#[test]
fn nothing_that_was_read_before_an_init_ended_survives_it() {
    let (cache, _) = cache(15_000.0);
    let (read, read_all) = (cache.begin(), cache.begin());
    cache.find(cache.begin(), &row("old"), Some(item("old", 9.0)));
    cache.replaced(replaced_by("k", 1.0));
    assert_eq!(version(Some(cache.find(read, &row("k"), Some(item("k", 8.0))))), Some(1.0));
    cache.find_all(read_all, &"features".into(), vec![("k".into(), item("k", 8.0))]);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
    assert_eq!(cache.look(&row("old")), Known::Nothing);
    let all = cache.fresh_all("features").unwrap().value;
    assert_eq!(all.keys().map(|key| &**key).collect::<Vec<_>>(), ["k"]);
}

#[test]
fn a_query_freshens_every_item_in_it() {
    let (cache, _) = cache(15_000.0);
    let rows = vec![("k".into(), item("k", 1.0)), ("gone".into(), Item::tombstone("gone", 2.0))];
    let answer = cache.find_all(cache.begin(), &"features".into(), rows);
    assert_eq!(answer.value.size(), 1);
    assert_eq!(version(cache.fresh(&row("k"))), Some(1.0));
    assert!(cache.fresh(&row("gone")).unwrap().value.unwrap().item.deleted);
}

#[test]
fn a_query_invalidates_missing_rows() {
    let (cache, _) = cache(15_000.0);
    let segment = RowKey::new("segments", "s");
    cache.find(cache.begin(), &segment, None);
    cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    assert_eq!(cache.fresh(&segment), None);
    cache.find(cache.begin(), &segment, None);
    assert!(cache.fresh(&segment).is_some());
}

#[test]
fn a_collection_follows_single_writes() {
    let (cache, _) = cache(15_000.0);
    cache.find_all(cache.begin(), &"features".into(), vec![("a".into(), item("a", 1.0))]);
    cache.wrote(cache.begin(), &row("b"), &item("b", 1.0));
    cache.wrote(cache.begin(), &row("a"), &Item::tombstone("a", 2.0));
    let all = cache.fresh_all("features").unwrap().value;
    assert_eq!(all.keys().map(|key| &**key).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_query_that_began_before_a_write_has_what_was_written() {
    let (cache, _) = cache(15_000.0);
    let query = cache.begin();
    cache.wrote(cache.begin(), &row("new"), &item("new", 1.0));
    cache.wrote(cache.begin(), &row("k"), &item("k", 2.0));
    cache.wrote(cache.begin(), &row("gone"), &Item::tombstone("gone", 5.0));
    let rows = vec![("k".into(), item("k", 1.0)), ("gone".into(), item("gone", 4.0))];
    let all = cache.find_all(query, &"features".into(), rows).value;
    assert_eq!(versions(&all), [("k".to_owned(), 2.0), ("new".to_owned(), 1.0)]);
}

#[test]
fn an_expired_entry_is_stale_and_has_its_age() {
    let (cache, now) = cache(15_000.0);
    cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    now.fetch_add(20_000, Ordering::SeqCst);
    let row = stale(cache.look(&row("k"))).unwrap();
    assert_eq!(
        (row.value.unwrap().item.version, row.age_ms, row.revalidate),
        (1.0, 20_000.0, false)
    );
    let all = stale(cache.look_all("features")).unwrap();
    assert_eq!((versions(&all.value), all.age_ms), (vec![("k".to_owned(), 1.0)], 20_000.0));
    assert_eq!(all.answer(7.0).until, 7.0);
}

#[test]
fn what_is_stale_may_be_used_for_as_long_as_stale_if_error_says() {
    let freshness = Freshness { stale_if_error_ms: 10_000.0, ..Freshness::default() };
    let (cache, now) = cache_with(freshness, DEFAULT_MAX_CACHE_BYTES);
    cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    now.fetch_add(24_999, Ordering::SeqCst);
    assert!(stale(cache.look(&row("k"))).is_some() && stale(cache.look_all("features")).is_some());
    now.fetch_add(1, Ordering::SeqCst);
    assert_eq!(cache.look(&row("k")), Known::Nothing);
    assert_eq!(cache.look_all("features"), Known::Nothing);
}

#[test]
fn a_value_of_unknown_age_is_used_only_if_any_age_may_be() {
    for (stale_if_error_ms, usable) in [(f64::INFINITY, true), (1e15, false)] {
        let freshness = Freshness { stale_if_error_ms, ..Freshness::default() };
        let (cache, now) = cache_with(freshness, DEFAULT_MAX_CACHE_BYTES);
        cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
        now.fetch_sub(1, Ordering::SeqCst);
        let age = usable.then_some(f64::INFINITY);
        assert_eq!(stale(cache.look(&row("k"))).map(|stale| stale.age_ms), age);
        assert_eq!(stale(cache.look_all("features")).map(|stale| stale.age_ms), age);
    }
}

#[test]
fn a_just_expired_value_may_be_served_while_it_is_refreshed() {
    let freshness = Freshness { stale_while_revalidate_ms: 5_000.0, ..Freshness::default() };
    let (cache, now) = cache_with(freshness, DEFAULT_MAX_CACHE_BYTES);
    cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    cache.find(cache.begin(), &row("missing"), None);
    let revalidate = |key: &str| stale(cache.look(&row(key))).unwrap().revalidate;
    let revalidate_all = || stale(cache.look_all("features")).unwrap().revalidate;
    now.fetch_add(19_999, Ordering::SeqCst);
    assert!(revalidate("k") && revalidate_all());
    assert!(!revalidate("missing"), "that there is no such row is not believed for long");
    now.fetch_add(1, Ordering::SeqCst);
    assert!(!revalidate("k") && !revalidate_all());
}

#[test]
fn a_value_that_may_have_changed_is_not_served_while_it_is_refreshed() {
    let freshness = Freshness { stale_while_revalidate_ms: 5_000.0, ..Freshness::default() };
    let (cache, now) = cache_with(freshness, DEFAULT_MAX_CACHE_BYTES);
    cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 1.0))]);
    now.fetch_add(1_000, Ordering::SeqCst);
    cache.void_all();
    let (row, all) = (stale(cache.look(&row("k"))), stale(cache.look_all("features")));
    assert_eq!(row.map(|stale| (stale.age_ms, stale.revalidate)), Some((1_000.0, false)));
    assert_eq!(all.map(|stale| (stale.age_ms, stale.revalidate)), Some((1_000.0, false)));
}

#[test]
fn the_same_text_keeps_its_revision_and_another_one_gets_a_new_one() {
    let (cache, _) = cache(15_000.0);
    let fill = |version| cache.find(cache.begin(), &row("k"), Some(item("k", version)));
    let first = fill(1.0).value.unwrap();
    assert_ne!(first.revision, 0);
    cache.void_all();
    let again = fill(1.0);
    cache.wrote(cache.begin(), &row("k"), &item("k", 1.0));
    for same in [again, cache.fresh(&row("k")).unwrap()] {
        let same = same.value.unwrap();
        assert_eq!(same.revision, first.revision);
        assert!(Arc::ptr_eq(&same.item.json, &first.item.json), "the text is held twice");
    }
    assert_ne!(fill(2.0).value.unwrap().revision, first.revision);
    let rows = || vec![("k".into(), item("k", 2.0)), ("other".into(), item("other", 1.0))];
    let fill_all = || cache.find_all(cache.begin(), &"features".into(), rows()).value;
    assert!(Arc::ptr_eq(&fill_all(), &fill_all()), "nothing has changed");
}

#[test]
fn what_a_read_found_newer_shows_in_the_collection_too() {
    let (cache, now) = cache(15_000.0);
    cache.find_all(cache.begin(), &"features".into(), vec![("k".into(), item("k", 5.0))]);
    let all = || cache.known_versions();
    let fill = |key, found| drop(cache.find(cache.begin(), &row(key), found));
    fill("k", Some(item("k", 6.0)));
    fill("new", Some(item("new", 1.0)));
    assert_eq!(all(), [("k".to_owned(), 6.0), ("new".to_owned(), 1.0)]);
    fill("k", Some(item("k", 4.0)));
    assert_eq!(all()[0].1, 6.0, "an older version replaced a newer one");
    now.fetch_add(15_000, Ordering::SeqCst);
    fill("k", Some(Item::tombstone("k", 7.0)));
    fill("new", None);
    assert_eq!(all(), []);
}

#[test]
fn a_key_that_a_collection_lacks_is_looked_up_once_and_believed_missing_for_15_seconds() {
    for replaced in [false, true] {
        let (cache, now) = cache(f64::INFINITY);
        if replaced {
            cache.replaced(replaced_by("k", 1.0));
        } else {
            cache.find_all(cache.begin(), &"features".into(), Vec::new());
        }
        assert_eq!(cache.look(&row("missing")), Known::Nothing);
        cache.find(cache.begin(), &row("missing"), None);
        now.fetch_add(14_999, Ordering::SeqCst);
        assert_eq!(cache.fresh(&row("missing")).unwrap().value, None);
        now.fetch_add(1, Ordering::SeqCst);
        assert_eq!(cache.fresh(&row("missing")), None);
    }
}

#[test]
fn without_a_ttl_nothing_is_answered_but_no_answer_is_older_than_one_before() {
    let features = "features".into();
    let (cache, now) = cache(0.0);
    let (slow, slow_all) = (cache.begin(), cache.begin());
    let fast = cache.find(cache.begin(), &row("k"), Some(item("k", 2.0)));
    assert_eq!((version(Some(fast.clone())), fast.until), (Some(2.0), 0.0));
    assert_eq!(
        (cache.look(&row("k")), cache.look_all("features")),
        (Known::Nothing, Known::Nothing)
    );
    assert_eq!(version(Some(cache.find(slow, &row("k"), Some(item("k", 1.0))))), Some(2.0));
    let all = cache.find_all(slow_all, &features, vec![("k".into(), item("k", 1.0))]);
    assert_eq!(versions(&all.value), [("k".to_owned(), 2.0)]);
    // Later reads may lag behind a write of this process, but not for ever.
    cache.wrote(cache.begin(), &row("k"), &item("k", 3.0));
    let read = || version(Some(cache.find(cache.begin(), &row("k"), Some(item("k", 2.0)))));
    let read_all = || cache.find_all(cache.begin(), &features, vec![("k".into(), item("k", 2.0))]);
    assert_eq!(read(), Some(3.0));
    assert_eq!(versions(&read_all().value), [("k".to_owned(), 3.0)]);
    now.fetch_add(2_000, Ordering::SeqCst);
    assert_eq!(read(), Some(2.0));
    assert_eq!(versions(&read_all().value), [("k".to_owned(), 2.0)]);
}

#[test]
fn of_reads_that_overlapped_the_newer_version_counts_whichever_began_first() {
    let features = "features".into();
    let rows = |version| vec![("k".into(), item("k", version))];
    for ttl_ms in [0.0, 15_000.0] {
        let (cache, now) = cache(ttl_ms);
        let (first, second, third) = (cache.begin(), cache.begin(), cache.begin());
        let found = |begun, version| cache.find(begun, &row("k"), Some(item("k", version)));
        assert_eq!(version(Some(found(first, 2.0))), Some(2.0));
        assert_eq!(version(Some(found(second, 1.0))), Some(2.0));
        let all = cache.find_all(third, &features, rows(1.0));
        assert_eq!(versions(&all.value), [("k".to_owned(), 2.0)]);
        let found_all = |begun, version| cache.find_all(begun, &features, rows(version)).value;
        let (first, second, third) = (cache.begin(), cache.begin(), cache.begin());
        assert_eq!(versions(&found_all(first, 4.0)), [("k".to_owned(), 4.0)]);
        assert_eq!(versions(&found_all(second, 3.0)), [("k".to_owned(), 4.0)]);
        assert_eq!(version(Some(found(third, 3.0))), Some(4.0));
        // A read that began after the others had ended has seen the table later, unless it lags.
        assert_eq!(version(Some(found(cache.begin(), 1.0))), Some(4.0));
        now.fetch_add(15_000, Ordering::SeqCst);
        assert_eq!(version(Some(found(cache.begin(), 1.0))), Some(1.0));
    }
}

#[test]
fn the_generation_advances_with_changes_and_not_with_freshness() {
    let (cache, now) = cache(15_000.0);
    let advances = |change: &dyn Fn()| {
        let before = cache.generation();
        change();
        cache.generation() > before
    };
    let fill = |key: &str, version: Option<f64>| {
        cache.fill(cache.begin(), &row(key), version.map(|version| item(key, version)));
    };
    assert!(!advances(&|| fill("k", Some(1.0))), "no other answer was given");
    now.fetch_add(15_000, Ordering::SeqCst);
    assert!(!advances(&|| fill("k", Some(1.0))));
    assert!(advances(&|| fill("k", Some(2.0))));
    assert!(!advances(&|| fill("missing", None)));
    assert!(advances(&|| fill("missing", Some(1.0))));
    let all = || vec![("k".into(), item("k", 2.0)), ("missing".into(), item("missing", 1.0))];
    cache.fill_all(cache.begin(), &"features".into(), all());
    assert!(advances(&|| fill("new", Some(1.0))), "it was not among all items");
    assert!(advances(&|| cache.wrote(cache.begin(), &row("k"), &item("k", 3.0))));
    assert!(advances(&|| cache.void_all()));
    assert!(advances(&|| cache.forget_missing(cache.begin())));
}

#[test]
fn a_missing_row_is_read_again_after_a_write_that_may_refer_to_it() {
    let (cache, _) = cache(15_000.0);
    let read = cache.begin();
    cache.forget_missing(cache.begin());
    assert_eq!(cache.find(read, &row("k"), None).until, 0.0);
    assert_eq!(cache.fresh(&row("k")), None);
}

#[test]
fn what_this_process_wrote_stays_ahead_after_a_read_has_found_it() {
    let (cache, now) = cache(0.0);
    cache.wrote(cache.begin(), &row("k"), &item("k", 2.0));
    let read = |found| version(Some(cache.find(cache.begin(), &row("k"), Some(item("k", found)))));
    now.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(read(2.0), Some(2.0));
    assert_eq!(read(1.0), Some(2.0), "another copy of the table lags");
    now.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(read(1.0), Some(1.0));
}

#[test]
fn an_answer_that_an_init_overtook_does_not_bring_back_what_was_before() {
    for ttl_ms in [0.0, 15_000.0] {
        let features: Arc<str> = "features".into();
        let (cache, _) = cache(ttl_ms);
        let (get, removed, all) = (cache.begin(), cache.begin(), cache.begin());
        cache.replaced(replaced_by("k", 1.0));
        assert_eq!(version(Some(cache.find(get, &row("k"), Some(item("k", 8.0))))), Some(1.0));
        let removed = cache.find(removed, &row("removed"), Some(item("removed", 8.0)));
        assert_eq!((removed.value, removed.until), (None, 0.0));
        let old = vec![("k".into(), item("k", 8.0)), ("removed".into(), item("removed", 8.0))];
        assert_eq!(versions(&cache.find_all(all, &features, old).value), [("k".to_owned(), 1.0)]);
    }
}

#[test]
fn the_rows_used_least_recently_are_evicted() {
    let (cache, _) = cache_with(Freshness::default(), TEN_LARGE);
    for number in 0..100 {
        let key = number.to_string();
        cache.fill(cache.begin(), &row(&key), Some(large(&key)));
        assert!(cache.fresh(&row("0")).is_some(), "0 is used all the time");
        assert!(cache.bytes() <= TEN_LARGE, "{} bytes after {number}", cache.bytes());
    }
    assert_eq!(cache.count(), 10);
    assert_eq!(cache.look(&row("90")), Known::Nothing);
    assert!(cache.fresh(&row("91")).is_some());
}

#[test]
fn a_row_over_the_bound_is_answered_but_not_held() {
    let (cache, _) = cache_with(Freshness::default(), 1_000);
    assert!(cache.find(cache.begin(), &row("k"), Some(large("k"))).value.is_some());
    assert_eq!((cache.look(&row("k")), cache.bytes()), (Known::Nothing, 0));
}

#[test]
fn a_collection_of_which_a_row_had_to_make_room_is_dropped() {
    let (cache, _) = cache_with(Freshness::default(), TEN_LARGE);
    let features: Arc<str> = "features".into();
    let all = cache.find_all(cache.begin(), &features, many_large(5)).value;
    let taken = cache.changes(&features, 0, &all);
    // Another receiver of the same items reaches the same state.
    assert_eq!(cache.changes(&features, 0, &all), taken);
    for number in 0..5 {
        let key = number.to_string();
        cache.find(cache.begin(), &RowKey::new("segments", &*key), Some(large(&key)));
    }
    assert!(cache.fresh_all("features").is_some());
    cache.find(cache.begin(), &RowKey::new("segments", "one more"), Some(large("one more")));
    assert_eq!(cache.look_all("features"), Known::Nothing);
    let all = cache.find_all(cache.begin(), &features, many_large(5)).value;
    assert_eq!(cache.changes(&features, taken.state, &all).base, None);
}

#[test]
fn a_collection_that_is_larger_than_the_bound_is_not_kept() {
    let (cache, _) = cache_with(Freshness::default(), TEN_LARGE);
    let features: Arc<str> = "features".into();
    let all = cache.find_all(cache.begin(), &features, many_large(11)).value;
    assert_eq!(all.size(), 11);
    assert_eq!(cache.look_all("features"), Known::Nothing);
    assert_eq!(cache.changes(&features, 0, &all), Changes::whole(&all));
    let items = many_large(11);
    cache.replaced(vec![Replaced { namespace: features, items, complete: true }]);
    assert_eq!(cache.look_all("features"), Known::Nothing);
    assert!(cache.bytes() <= TEN_LARGE);
}

#[test]
fn many_threads_at_once_come_to_an_end_within_the_bound() {
    let (cache, _) = cache_with(Freshness::default(), TEN_LARGE);
    let features: Arc<str> = "features".into();
    let (cache, features) = (&cache, &features);
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            scope.spawn(move || {
                for number in 0..500_usize {
                    let key = (number * (thread + 1) % 17).to_string();
                    match (number + thread) % 4 {
                        0 => drop(cache.find(cache.begin(), &row(&key), Some(large(&key)))),
                        1 => cache.wrote(cache.begin(), &row(&key), &large(&key)),
                        2 => drop(cache.look(&row(&key))),
                        _ => {
                            let rows = many_large(number % 12);
                            let all = cache.find_all(cache.begin(), features, rows).value;
                            cache.changes(features, 0, &all);
                        }
                    }
                }
            });
        }
    });
    cache.find(cache.begin(), &row("last"), Some(large("last")));
    assert!(cache.bytes() <= TEN_LARGE, "{}", cache.bytes());
}

#[test]
fn all_items_are_sent_once_and_then_only_changes() {
    let (cache, _) = cache(15_000.0);
    let features: Arc<str> = "features".into();
    let items = ["a", "b", "c"].map(|key| (key.into(), item(key, 1.0)));
    cache.find_all(cache.begin(), &features, items.to_vec());
    let take = |held| {
        let all = cache.fresh_all("features").unwrap().value;
        let Changes { state, base, changed, removed } = cache.changes(&features, held, &all);
        let changed: Vec<_> = changed.iter().map(|(key, _)| key.to_string()).collect();
        (state, base, changed.concat(), removed.concat())
    };
    let (first, base, changed, _) = take(0);
    assert_eq!((base, &*changed), (None, "abc"));
    assert_ne!(first, 0);
    assert_eq!(take(first), (first, Some(first), String::new(), String::new()));
    cache.wrote(cache.begin(), &row("b"), &item("b", 2.0));
    cache.wrote(cache.begin(), &row("d"), &item("d", 1.0));
    cache.wrote(cache.begin(), &row("a"), &Item::tombstone("a", 2.0));
    let (second, base, changed, removed) = take(first);
    assert_eq!((base, &*changed, &*removed), (Some(first), "bd", "a"));
    assert_ne!(second, first);
    for unknown in [0, first, second + 1_000] {
        let (_, base, changed, removed) = take(unknown);
        assert_eq!((base, &*changed, &*removed), (None, "bcd", ""));
    }
}

/// A change of the key `k<number>` or of all keys.
#[derive(Clone, Debug)]
enum Change {
    Write(usize, bool),
    Read(usize, Option<u32>),
    ReadAll(BTreeSet<usize>),
    Init(BTreeSet<usize>),
    Unreadable(usize),
    Forget,
}

fn change() -> impl Strategy<Value = Change> {
    let keys = || prop::collection::btree_set(0..6usize, 0..6);
    prop_oneof![
        (0..6usize, any::<bool>()).prop_map(|(key, live)| Change::Write(key, live)),
        (0..6usize, prop::option::of(1..20u32)).prop_map(|(key, found)| Change::Read(key, found)),
        keys().prop_map(Change::ReadAll),
        keys().prop_map(Change::Init),
        (0..6usize).prop_map(Change::Unreadable),
        Just(Change::Forget),
    ]
}

proptest! {
    #[test]
    fn changes_one_after_the_other_lead_to_what_the_whole_is(
        changes in prop::collection::vec(change(), 1..40),
    ) {
        let (cache, _) = cache(15_000.0);
        let features: Arc<str> = "features".into();
        let key = |number: usize| format!("k{number}");
        let (mut held, mut state) = (HashMap::new(), 0);
        for (index, change) in changes.into_iter().enumerate() {
            // Some items have the same version, but another text.
            let version = 1.0 + (index / 3) as f64;
            let json: Arc<str> = format!("{}", index % 2).into();
            let item = |version| Item { version, deleted: false, json: json.clone() };
            let items = |keys: BTreeSet<usize>| -> KeyedItems {
                keys.into_iter().map(|n| (key(n).into(), item(version))).collect()
            };
            match change {
                Change::Write(n, true) => {
                    cache.wrote(cache.begin(), &row(&key(n)), &item(version));
                }
                Change::Write(n, false) => {
                    let tombstone = Item::tombstone(&key(n), version);
                    cache.wrote(cache.begin(), &row(&key(n)), &tombstone);
                }
                Change::Read(n, found) => {
                    let found = found.map(|version| item(version.into()));
                    cache.find(cache.begin(), &row(&key(n)), found);
                }
                Change::ReadAll(keys) => {
                    cache.find_all(cache.begin(), &features, items(keys));
                }
                Change::Init(keys) => {
                    let items = items(keys);
                    let replaced = Replaced { namespace: features.clone(), items, complete: true };
                    cache.replaced(vec![replaced]);
                }
                Change::Unreadable(n) => {
                    cache.written(cache.begin(), &row(&key(n)), None);
                }
                Change::Forget => state = 0,
            }
            let all = match cache.look_all("features") {
                Known::Fresh(all) => all.value,
                Known::Stale(all) => all.value,
                Known::Nothing => continue,
            };
            let changes = cache.changes(&features, state, &all);
            if changes.base.is_none() {
                held.clear();
            } else {
                prop_assert_eq!(changes.base, Some(state));
            }
            for key in changes.removed {
                prop_assert!(held.remove(&key).is_some(), "{} was not there", key);
            }
            held.extend(changes.changed);
            state = changes.state;
            let expected: HashMap<_, _> = all.iter().map(|(k, c)| (k.clone(), c.clone())).collect();
            prop_assert_eq!(&held, &expected);
        }
    }
}

#[test]
fn a_change_after_all_items_were_taken_does_not_copy_the_others() {
    let (cache, _) = cache(15_000.0);
    let features = "features".into();
    let items: KeyedItems = many_large(1_000);
    let texts: Vec<Arc<str>> = items.iter().map(|(_, item)| Arc::clone(&item.json)).collect();
    let all = cache.find_all(cache.begin(), &features, items);
    drop(cache.changes(&features, 0, &all.value));
    let holders = || texts.iter().map(Arc::strong_count).sum::<usize>();
    let before = holders();
    cache.wrote(cache.begin(), &row("7"), &item("7", 2.0));
    assert!(holders() < before + 100, "{} more", holders() - before);
    assert_eq!(versions(&all.value).len(), 1_000);
}

#[test]
fn all_items_follow_a_query_that_is_older() {
    let features: Arc<str> = "features".into();
    let rows = |version| vec![("k".into(), item("k", version))];
    let (cache, now) = cache(1_000.0);
    cache.find_all(cache.begin(), &features, rows(1.0));
    now.fetch_add(1_000, Ordering::SeqCst);
    let older = cache.begin();
    cache.find_all(cache.begin(), &features, rows(1.0));
    assert_eq!(versions(&cache.find_all(older, &features, rows(2.0)).value)[0].1, 2.0);
    assert_eq!(cache.known_versions(), [("k".to_owned(), 2.0)]);
}

#[test]
fn all_items_have_one_that_a_read_found_which_began_before_the_query() {
    let (cache, _) = cache(15_000.0);
    let read = cache.begin();
    cache.find_all(cache.begin(), &"features".into(), Vec::new());
    cache.find(read, &row("k"), Some(item("k", 1.0)));
    let all = cache.fresh_all("features").unwrap().value;
    assert_eq!(versions(&all), [("k".to_owned(), 1.0)]);
}
