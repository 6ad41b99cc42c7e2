mod order;

use std::collections::HashMap;
use std::time::Duration;

use super::*;
use crate::cache::{Cached, Items, Read};
use crate::dynamodb::fake::{item, stored};
use crate::error::ErrorKind;
use crate::model::Fingerprint;

fn row(key: &str) -> RowKey {
    RowKey::new("features", key)
}

fn update(pending: &PendingWrites, key: &str, version: f64, references: &[&str]) -> Arc<Update> {
    let references = references.iter().map(|key| row(key)).collect();
    Arc::new(Update { id: pending.begin(), row: row(key), item: item(key, version), references })
}

fn data(versions: &[(&str, f64)]) -> Data {
    let items = versions.iter().map(|(key, version)| ((*key).into(), item(key, *version)));
    let kind = KindData { kind: "features".into(), items: items.collect(), ..KindData::default() };
    vec![("features".into(), Arc::new(kind))]
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "gone")
}

fn new() -> PendingWrites {
    PendingWrites::new(Clock::from_fn(|| 1_000), Arc::default())
}

/// Adds an init with this data.
fn add_init(pending: &PendingWrites, id: WriteId, data: Data) {
    let live = data.iter().map(|(namespace, kind)| {
        let cached = |item: &Item| Cached { item: item.clone(), revision: id };
        let items = kind.items.iter().map(|(key, item)| (key.clone(), cached(item)));
        (namespace.clone(), Arc::new(items.collect::<Items>()))
    });
    let live = live.collect();
    pending.add_init(id, data, live);
}

/// Returns a read of `value` that was sent last.
fn read<T>(pending: &PendingWrites, value: T) -> Read<T> {
    let (sent, known) = (pending.sequence.next(), pending.sequence.next());
    Read { value, read_at: 1_000, sent, known, valid: true }
}

fn cached(key: &str, version: f64) -> Cached {
    Cached { item: item(key, version), revision: 1 }
}

fn is_retrying(pending: &PendingWrites, update: &Update) -> bool {
    let state = pending.lock();
    let row = state.rows.get(&update.row);
    row.is_some_and(|row| row.update().id == update.id && row.stage.is_retrying())
}

/// Returns the newest version of a flag, after a read that found this version in the table.
fn newest(pending: &PendingWrites, key: &str, in_table: Option<f64>) -> Option<f64> {
    let found = in_table.map(|version| cached(key, version));
    if let Some(found) = &found {
        pending.found(&row(key), found.item.version);
    }
    let newest = pending.newest(&row(key), || Some(read(pending, found)));
    newest.read?.value.map(|cached| cached.item.version)
}

/// Like `newest`, for all flags.
fn newest_all(pending: &PendingWrites, in_table: &[(&str, f64)]) -> Vec<(String, f64)> {
    let found: HashMap<_, _> =
        in_table.iter().map(|(key, version)| (row(key), cached(key, *version))).collect();
    let items = found.iter().map(|(row, cached)| (row.key.clone(), cached.clone()));
    let all = read(pending, Arc::new(items.collect::<Items>()));
    let held = |row: &RowKey| Some(read(pending, found.get(row).cloned()));
    let newest = pending.newest_all("features", || Some(all), held).read.unwrap();
    newest.value.iter().map(|(key, cached)| (key.to_string(), cached.item.version)).collect()
}

#[test]
fn the_newer_of_row_and_pending_item_is_the_newest() {
    let pending = new();
    assert_eq!(pending.add(&update(&pending, "k", 2.0, &[])), Added::Pending);
    assert_eq!(pending.count(), 1);
    assert_eq!(newest(&pending, "k", None), Some(2.0));
    assert_eq!(newest(&pending, "k", Some(1.0)), Some(2.0));
    assert_eq!(newest(&pending, "k", Some(3.0)), Some(3.0));
    assert_eq!(pending.count(), 1, "whoever writes it will hear of it");
}

#[test]
fn an_item_that_waits_is_dropped_when_the_row_is_as_new() {
    let pending = new();
    let waits = update(&pending, "k", 2.0, &[]);
    pending.add(&waits);
    assert_eq!(pending.failed(&waits, &failure(ErrorKind::Unavailable)), Failed::Retrying);
    assert_eq!(newest(&pending, "k", Some(1.0)), Some(2.0));
    assert!(is_retrying(&pending, &waits));
    assert_eq!(newest(&pending, "k", Some(2.0)), Some(2.0));
    assert_eq!((pending.count(), is_retrying(&pending, &waits)), (0, false));
}

#[test]
fn an_item_that_waits_behind_an_init_is_kept_though_the_row_is_as_new() {
    let pending = new();
    add_init(&pending, pending.begin(), data(&[]));
    let waits = update(&pending, "k", 2.0, &[]);
    pending.add(&waits);
    pending.failed(&waits, &failure(ErrorKind::AccessDenied));
    assert_eq!(newest(&pending, "k", Some(2.0)), Some(2.0));
    assert!(is_retrying(&pending, &waits), "the init would delete the row");
}

#[test]
fn of_each_row_only_the_newest_is_kept() {
    let pending = new();
    let (old, new) = (update(&pending, "k", 2.0, &[]), update(&pending, "k", 3.0, &[]));
    assert_eq!([&old, &new].map(|update| pending.add(update)), [Added::Pending; 2]);
    assert_eq!(Arc::strong_count(&old), 1, "its text is not kept");
    let as_old = update(&pending, "k", 3.0, &[]);
    assert_eq!(pending.add(&as_old), Added::Superseded(new.id));
    assert_eq!(pending.failed(&old, &failure(ErrorKind::Unavailable)), Failed::Superseded);
    pending.saved(&old);
    assert_eq!(newest(&pending, "k", None), Some(3.0));
    pending.saved(&new);
    assert_eq!((pending.count(), newest(&pending, "k", None)), (0, None));
}

#[test]
fn an_init_takes_the_place_of_what_was_before_and_updates_come_on_top() {
    let pending = new();
    pending.add(&update(&pending, "k", 9.0, &[]));
    let id = pending.begin();
    pending.add(&update(&pending, "later", 5.0, &[]));
    add_init(&pending, id, data(&[("k", 1.0), ("later", 4.0)]));
    let versions = |all: Vec<(String, f64)>| all.into_iter().map(|(_, v)| v).collect::<Vec<_>>();
    assert_eq!(versions(newest_all(&pending, &[("k", 9.0), ("other", 7.0)])), [1.0, 5.0]);
    assert_eq!(pending.add(&update(&pending, "k", 1.0, &[])), Added::SupersededByInit(id));
    assert_eq!(pending.add(&update(&pending, "k", 2.0, &[])), Added::Pending);
    assert_eq!(newest(&pending, "k", None), Some(2.0));
    assert_eq!(newest(&pending, "other", Some(7.0)), None, "it is about to be deleted");
    pending.init_failed(id, &failure(ErrorKind::Unavailable));
    assert_eq!(newest(&pending, "other", Some(7.0)), None, "it still is");
    assert_eq!(newest(&pending, "k", Some(7.0)), Some(7.0), "somebody made it newer, maybe");
    pending.init_is_memory_only(id);
    assert_eq!(newest(&pending, "other", Some(7.0)), Some(7.0), "it is not for the table");
    assert_eq!(versions(newest_all(&pending, &[])), [2.0, 5.0]);
    pending.init_saved(id);
    assert_eq!(pending.count(), 2, "the updates are not in yet");
}

#[test]
fn an_init_in_flight_replaces_the_rows_it_found() {
    let pending = new();
    let id = pending.begin();
    add_init(&pending, id, data(&[("k", 1.0)]));
    assert_eq!(newest(&pending, "k", Some(9.0)), Some(1.0), "whatever is there is replaced");
    assert_eq!(newest(&pending, "gone", Some(9.0)), None);
    let found = ["k", "gone"].map(|key| stored(&row(key), &item(key, 9.0)));
    pending
        .init_found(id, found.iter().map(|row| (row.key.clone(), Fingerprint::of(row))).collect());
    pending.init_failed(id, &failure(ErrorKind::Unavailable));
    assert_eq!(newest(&pending, "k", Some(9.0)), Some(1.0));
    assert_eq!(newest(&pending, "gone", Some(9.0)), None);
    assert_eq!(newest(&pending, "k", Some(10.0)), Some(10.0), "somebody has written since");
    assert_eq!(newest(&pending, "gone", Some(10.0)), Some(10.0));
    let all = newest_all(&pending, &[("gone", 9.0), ("new", 1.0)]);
    assert_eq!(all, [("k".to_owned(), 1.0), ("new".to_owned(), 1.0)]);
}

#[test]
fn a_failed_write_is_fresh_only_after_a_later_read() {
    let pending = new();
    let write = update(&pending, "k", 2.0, &[]);
    let early = read(&pending, Some(cached("k", 1.0)));
    let valid =
        |read: &Read<_>| pending.newest(&row("k"), || Some(read.clone())).read.unwrap().valid;
    let valid_all = |read: &Read<Option<Cached>>| {
        let Read { sent, known, read_at, .. } = *read;
        let all = Read { value: Arc::default(), read_at, sent, known, valid: true };
        pending.newest_all("features", || Some(all), |_| None).read.unwrap().valid
    };
    pending.add(&write);
    assert!(valid(&early) && valid_all(&early));
    pending.failed(&write, &failure(ErrorKind::Unavailable));
    assert!(!valid(&early) && !valid_all(&early));
    let late = read(&pending, Some(cached("k", 1.0)));
    assert!(valid(&late) && valid_all(&late));
}

#[test]
fn a_second_init_keeps_the_kinds_that_it_lacks() {
    let pending = new();
    let first = pending.begin();
    let mut both = data(&[("k", 1.0)]);
    both.push(("segments".into(), Arc::default()));
    add_init(&pending, first, both);
    let second = pending.begin();
    add_init(&pending, second, data(&[("k", 2.0)]));
    assert!(pending.init(first).is_none());
    assert_eq!(pending.init(second).unwrap().data.len(), 2);
    add_init(&pending, first, data(&[]));
    assert!(pending.is_last_init(second), "the first one was requested before");
}

#[tokio::test(start_paused = true)]
async fn rejected_rows_are_due_ever_later_and_others_at_once() {
    let pending = new();
    let (refused, denied) = (update(&pending, "r", 1.0, &[]), update(&pending, "d", 1.0, &[]));
    for (update, kind) in [(&refused, ErrorKind::Refused), (&denied, ErrorKind::AccessDenied)] {
        pending.add(update);
        pending.failed(update, &failure(kind));
    }
    let due = |time| -> Vec<_> {
        pending.due_updates(time).iter().map(|update| update.row.key.to_string()).collect()
    };
    let now = Instant::now();
    assert_eq!(due(now), ["d"]);
    assert_eq!(pending.next_time(), Some(None));
    pending.saved(&denied);
    for failures in 2..12 {
        let time = pending.next_time().flatten().unwrap();
        assert!(time > now && time <= now + Backoff::PERMANENT.longest);
        assert_eq!(due(time), ["r"]);
        pending.failed(&refused, &failure(ErrorKind::Refused));
        let next = pending.next_time().flatten().unwrap();
        assert!(failures > 8 || next > time, "{failures}");
    }
    pending.retry_now();
    assert_eq!(due(now), ["r"]);
}

#[test]
fn all_that_is_not_in_the_table_is_bounded_together() {
    let pending = new();
    let json: Arc<str> = "x".repeat(MAX_BYTES / 5).into();
    let large = |key: &str, version| {
        let mut update = (*update(&pending, key, version, &[])).clone();
        update.item.json = Arc::clone(&json);
        Arc::new(update)
    };
    let mut init = data(&[]);
    put_into(&mut init, &row("of the init"), large("of the init", 1.0).item.clone());
    add_init(&pending, pending.begin(), init);
    let waits = large("waits", 1.0);
    assert_eq!(pending.add(&waits), Added::Pending);
    assert_eq!(pending.failed(&waits, &failure(ErrorKind::Unavailable)), Failed::Retrying);
    assert_eq!(pending.add_memory_only(&large("kept", 1.0)), Added::Pending);
    assert_eq!(pending.add(&large("under way", 1.0)), Added::Pending);
    assert_eq!(pending.add(&large("too much", 1.0)), Added::NoRoom);
    assert_eq!(pending.add_memory_only(&large("too much", 1.0)), Added::NoRoom);
    assert_eq!(newest(&pending, "too much", None), None);
    assert_eq!(
        pending.add(&large("under way", 2.0)),
        Added::Pending,
        "in the place of the older one"
    );
    pending.saved(&waits);
    assert_eq!(pending.add(&large("too much", 1.0)), Added::Pending);
    assert_eq!(pending.give_up().len(), 3);
    assert_eq!((pending.count(), pending.is_any_to_write()), (0, false));
    assert_eq!(pending.add(&waits), Added::Pending);
}

#[test]
fn an_init_that_failed_is_given_up_where_there_is_no_room() {
    let pending = new();
    let mut init = data(&[]);
    let json = "x".repeat(MAX_BYTES).into();
    put_into(&mut init, &row("k"), Item { version: 1.0, deleted: false, json });
    let id = pending.begin();
    add_init(&pending, id, init);
    let becomes = pending.init_failed(id, &failure(ErrorKind::Unavailable));
    assert_eq!((becomes, pending.count()), (Failed::GivenUp, 0));
}

#[test]
fn a_memory_only_item_is_not_retried() {
    let pending = new();
    assert_eq!(pending.add_memory_only(&update(&pending, "k", 2.0, &[])), Added::Pending);
    assert!(!pending.is_any_to_write());
    assert_eq!(pending.next_time(), None);
    assert_eq!(newest(&pending, "k", Some(1.0)), Some(2.0));
    assert!(pending.give_up().is_empty());
}

#[tokio::test(start_paused = true)]
async fn retries_are_logged_at_their_beginning_and_end_and_at_intervals() {
    let mut log = RetryLog::default();
    let text = |line: Option<crate::log::Line>| format!("{line:?}");
    let gone = failure(ErrorKind::Unavailable);
    assert!(text(log.retrying("saving k", &gone)).contains("tried again until"));
    assert_eq!(log.retrying("saving l", &gone), None);
    let late = failure(ErrorKind::TimedOut);
    assert_eq!(log.retrying("saving l", &late), None, "no new cause");
    let denied = failure(ErrorKind::AccessDenied);
    assert!(text(log.retrying("saving l", &denied)).contains("It is kept in memory"));
    assert_eq!(log.retrying("saving m", &denied), None);
    assert_eq!(log.still_retrying(2, &gone), None);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(text(log.still_retrying(2, &gone)).contains("for 5 min"));
    assert_eq!(log.still_retrying(2, &gone), None);
    log.saved(2);
    assert!(text(log.ended()).contains("after 5 min: 2 items had waited"));
    assert_eq!(log.ended(), None);
}
