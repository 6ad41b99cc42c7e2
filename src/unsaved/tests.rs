use std::time::Duration;

use futures_util::FutureExt;

use super::*;
use crate::dynamodb::fake::{item, stored};
use crate::error::ErrorKind;

fn row(key: &str) -> RowKey {
    RowKey::new("features", key)
}

fn update(unsaved: &Unsaved, key: &str, version: f64, references: &[&str]) -> Arc<Update> {
    let references = references.iter().map(|key| row(key)).collect();
    Arc::new(Update { id: unsaved.begin(), row: row(key), item: item(key, version), references })
}

fn data(versions: &[(&str, f64)]) -> Data {
    let items = versions.iter().map(|(key, version)| ((*key).into(), item(key, *version)));
    let kind = KindData { kind: "features".into(), items: items.collect(), ..KindData::default() };
    vec![("features".into(), Arc::new(kind))]
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "gone")
}

fn version_over(unsaved: &Unsaved, key: &str, in_table: Option<f64>) -> Option<f64> {
    let stored = in_table.map(|version| stored(&row(key), &item(key, version)));
    let found = in_table.map(|version| item(key, version));
    unsaved.over(&row(key), stored.as_ref(), found).map(|item| item.version)
}

#[test]
fn the_newer_of_row_and_unsaved_item_is_so() {
    let unsaved = Unsaved::default();
    assert_eq!(unsaved.add(&update(&unsaved, "k", 2.0, &[])), Taken::In);
    assert_eq!(unsaved.count(), 1);
    assert_eq!(version_over(&unsaved, "k", None), Some(2.0));
    assert_eq!(version_over(&unsaved, "k", Some(1.0)), Some(2.0));
    assert_eq!(version_over(&unsaved, "k", Some(3.0)), Some(3.0));
    assert_eq!(unsaved.count(), 1, "whoever tries to bring it in will hear of it");
}

#[test]
fn an_item_that_waits_is_dropped_when_the_row_is_as_new() {
    let unsaved = Unsaved::default();
    let waits = update(&unsaved, "k", 2.0, &[]);
    unsaved.add(&waits);
    assert_eq!(unsaved.hand_over(&waits, &failure(ErrorKind::Unavailable)), HandedOver::Waits);
    assert_eq!(version_over(&unsaved, "k", Some(1.0)), Some(2.0));
    assert!(unsaved.waits(&waits));
    assert_eq!(version_over(&unsaved, "k", Some(2.0)), Some(2.0));
    assert_eq!((unsaved.count(), unsaved.waits(&waits)), (0, false));
}

#[test]
fn an_item_that_waits_behind_an_init_is_kept_though_the_row_is_as_new() {
    let unsaved = Unsaved::default();
    unsaved.replace(unsaved.begin(), data(&[]));
    let waits = update(&unsaved, "k", 2.0, &[]);
    unsaved.add(&waits);
    unsaved.hand_over(&waits, &failure(ErrorKind::AccessDenied));
    assert_eq!(version_over(&unsaved, "k", Some(2.0)), Some(2.0));
    assert!(unsaved.waits(&waits), "the init would delete the row");
}

#[test]
fn of_each_row_only_the_newest_is_kept() {
    let unsaved = Unsaved::default();
    let (old, new) = (update(&unsaved, "k", 2.0, &[]), update(&unsaved, "k", 3.0, &[]));
    assert_eq!([&old, &new].map(|update| unsaved.add(update)), [Taken::In; 2]);
    assert_eq!(Arc::strong_count(&old), 1, "its text is not kept");
    let as_old = update(&unsaved, "k", 3.0, &[]);
    assert_eq!(unsaved.add(&as_old), Taken::Superseded(Some(new.id)));
    assert_eq!(unsaved.hand_over(&old, &failure(ErrorKind::Unavailable)), HandedOver::Superseded);
    unsaved.saved(&old);
    assert_eq!(unsaved.newest(&row("k")).unwrap().version, 3.0);
    unsaved.saved(&new);
    assert_eq!((unsaved.count(), unsaved.newest(&row("k"))), (0, None));
}

#[test]
fn an_init_takes_the_place_of_what_was_before_and_updates_come_on_top() {
    let unsaved = Unsaved::default();
    unsaved.add(&update(&unsaved, "k", 9.0, &[]));
    let id = unsaved.begin();
    unsaved.add(&update(&unsaved, "later", 5.0, &[]));
    let now = unsaved.replace(id, data(&[("k", 1.0), ("later", 4.0)]));
    let versions: Vec<f64> = now[0].1.items.values().map(|item| item.version).collect();
    assert_eq!(versions, [1.0, 5.0]);
    assert_eq!(unsaved.add(&update(&unsaved, "k", 1.0, &[])), Taken::Superseded(None));
    assert_eq!(unsaved.add(&update(&unsaved, "k", 2.0, &[])), Taken::In);
    assert_eq!(version_over(&unsaved, "k", None), Some(2.0));
    assert_eq!(version_over(&unsaved, "other", Some(7.0)), None, "it is about to be deleted");
    unsaved.hand_over_replacement(id, &failure(ErrorKind::Unavailable));
    assert_eq!(version_over(&unsaved, "other", Some(7.0)), None, "it still is");
    assert_eq!(version_over(&unsaved, "k", Some(7.0)), Some(7.0), "somebody made it newer, maybe");
    unsaved.keep_replacement(id);
    assert_eq!(version_over(&unsaved, "other", Some(7.0)), Some(7.0), "it is not for the table");
    let all: Vec<_> =
        unsaved.all("features").unwrap().into_iter().map(|(_, i)| i.version).collect();
    assert_eq!(all, [2.0, 5.0]);
    unsaved.saved_replacement(id);
    assert_eq!(unsaved.count(), 2, "the updates are not in yet");
}

#[test]
fn what_an_init_found_it_is_about_to_replace() {
    let unsaved = Unsaved::default();
    let id = unsaved.begin();
    unsaved.replace(id, data(&[("k", 1.0)]));
    assert_eq!(version_over(&unsaved, "k", Some(9.0)), Some(1.0), "whatever is there is replaced");
    let found = ["k", "gone"].map(|key| stored(&row(key), &item(key, 9.0)));
    unsaved.found(id, found.iter().map(|row| (row.key.clone(), Look::of(row))).collect());
    assert_eq!(version_over(&unsaved, "k", Some(9.0)), Some(1.0));
    assert_eq!(version_over(&unsaved, "gone", Some(9.0)), None);
    assert_eq!(version_over(&unsaved, "k", Some(10.0)), Some(10.0));
    assert_eq!(version_over(&unsaved, "gone", Some(10.0)), Some(10.0));
    let rows = ["gone", "new"].map(|key| {
        let version = if key == "new" { 1.0 } else { 9.0 };
        (stored(&row(key), &item(key, version)), Some(item(key, version)))
    });
    let all = unsaved.over_all(&"features".into(), rows.into());
    let keys: Vec<_> = all.iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(keys, ["k", "new"]);
}

#[test]
fn a_second_init_keeps_the_kinds_that_it_does_not_give() {
    let unsaved = Unsaved::default();
    let first = unsaved.begin();
    let mut both = data(&[("k", 1.0)]);
    both.push(("segments".into(), Arc::default()));
    unsaved.replace(first, both);
    let second = unsaved.begin();
    unsaved.replace(second, data(&[("k", 2.0)]));
    assert!(unsaved.replacement(first).is_none());
    assert_eq!(unsaved.replacement(second).unwrap().data.len(), 2);
    assert!(unsaved.replace(first, data(&[])).is_empty(), "it was asked for before");
}

#[test]
fn an_update_is_blocked_by_what_has_taken_the_place_of_what_waits_before_it() {
    let unsaved = Unsaved::default();
    let segment = update(&unsaved, "segment", 1.0, &[]);
    let flag = update(&unsaved, "flag", 1.0, &["segment"]);
    let newer = update(&unsaved, "segment", 2.0, &[]);
    for update in [&segment, &flag, &newer] {
        assert_eq!(unsaved.add(update), Taken::In);
    }
    assert!(matches!(unsaved.blocked(&flag), Some(Blocked::Waiting(_))));
    // What was asked for after it is nothing to wait for.
    unsaved.saved(&segment);
    assert!(unsaved.blocked(&flag).is_none());
}

#[test]
fn an_update_is_blocked_by_what_waits_before_it() {
    for (kind, refused) in [(ErrorKind::Unavailable, false), (ErrorKind::AccessDenied, true)] {
        let unsaved = Unsaved::default();
        let prerequisite = update(&unsaved, "p", 1.0, &[]);
        unsaved.add(&prerequisite);
        let flag = update(&unsaved, "f", 1.0, &["p"]);
        assert!(unsaved.blocked(&flag).is_none(), "it has its turn");
        unsaved.hand_over(&prerequisite, &failure(kind));
        assert_eq!(matches!(unsaved.blocked(&flag), Some(Blocked::Refused(_))), refused);
        assert!(unsaved.blocked(&update(&unsaved, "other", 1.0, &[])).is_none());
        let earlier = Update { id: 0, ..(*flag).clone() };
        assert!(unsaved.blocked(&earlier).is_none());
    }
    let unsaved = Unsaved::default();
    let init = unsaved.begin();
    unsaved.replace(init, data(&[]));
    let after = update(&unsaved, "k", 1.0, &[]);
    assert!(unsaved.blocked(&after).is_none());
    unsaved.hand_over_replacement(init, &failure(ErrorKind::Throttled));
    assert!(matches!(unsaved.blocked(&after), Some(Blocked::Waiting(_))));
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_for_itself_is_due_ever_later_and_the_rest_at_once() {
    let unsaved = Unsaved::default();
    let (refused, denied) = (update(&unsaved, "r", 1.0, &[]), update(&unsaved, "d", 1.0, &[]));
    for (update, kind) in [(&refused, ErrorKind::Refused), (&denied, ErrorKind::AccessDenied)] {
        unsaved.add(update);
        unsaved.hand_over(update, &failure(kind));
    }
    let due = |time| -> Vec<_> {
        unsaved.due_updates(time).iter().map(|update| update.row.key.to_string()).collect()
    };
    let now = Instant::now();
    assert_eq!(due(now), ["d"]);
    assert_eq!(unsaved.next_time(), Some(None));
    unsaved.saved(&denied);
    for failures in 2..12 {
        let time = unsaved.next_time().flatten().unwrap();
        assert!(time > now && time <= now + Backoff::PERMANENT.longest);
        assert_eq!(due(time), ["r"]);
        unsaved.hand_over(&refused, &failure(ErrorKind::Refused));
        let next = unsaved.next_time().flatten().unwrap();
        assert!(failures > 8 || next > time, "{failures}");
    }
    unsaved.hurry();
    assert_eq!(due(now), ["r"]);
}

#[test]
fn all_that_is_not_in_the_table_is_bounded_together() {
    let unsaved = Unsaved::default();
    let json: Arc<str> = "x".repeat(MAX_BYTES / 5).into();
    let large = |key: &str, version| {
        let mut update = (*update(&unsaved, key, version, &[])).clone();
        update.item.json = Arc::clone(&json);
        Arc::new(update)
    };
    let mut init = data(&[]);
    put_into(&mut init, &row("of the init"), large("of the init", 1.0).item.clone());
    unsaved.replace(unsaved.begin(), init);
    let waits = large("waits", 1.0);
    assert_eq!(unsaved.add(&waits), Taken::In);
    assert_eq!(unsaved.hand_over(&waits, &failure(ErrorKind::Unavailable)), HandedOver::Waits);
    assert_eq!(unsaved.keep(&large("kept", 1.0)), Taken::In);
    assert_eq!(unsaved.add(&large("under way", 1.0)), Taken::In);
    assert_eq!(unsaved.add(&large("too much", 1.0)), Taken::NoRoom);
    assert_eq!(unsaved.keep(&large("too much", 1.0)), Taken::NoRoom);
    assert_eq!(unsaved.newest(&row("too much")), None);
    assert_eq!(unsaved.add(&large("under way", 2.0)), Taken::In, "in the place of the older one");
    unsaved.saved(&waits);
    assert_eq!(unsaved.add(&large("too much", 1.0)), Taken::In);
    assert_eq!(unsaved.give_up().len(), 3);
    assert_eq!((unsaved.count(), unsaved.is_under_way()), (0, false));
    assert_eq!(unsaved.add(&waits), Taken::In);
}

#[test]
fn an_init_that_failed_is_given_up_where_there_is_no_room() {
    let unsaved = Unsaved::default();
    let mut init = data(&[]);
    let json = "x".repeat(MAX_BYTES).into();
    put_into(&mut init, &row("k"), Item { version: 1.0, deleted: false, json });
    let id = unsaved.begin();
    unsaved.replace(id, init);
    let handed_over = unsaved.hand_over_replacement(id, &failure(ErrorKind::Unavailable));
    assert_eq!((handed_over, unsaved.count()), (HandedOver::GivenUp, 0));
}

#[test]
fn whoever_waits_for_an_update_hears_when_it_or_a_newer_one_waits_no_more() {
    let unsaved = Unsaved::default();
    let waits = update(&unsaved, "k", 1.0, &[]);
    unsaved.add(&waits);
    let mut settled = Box::pin(unsaved.settled(&waits.row, waits.id));
    assert!((&mut settled).now_or_never().is_none());
    let newer = update(&unsaved, "k", 2.0, &[]);
    unsaved.add(&newer);
    assert!((&mut settled).now_or_never().is_none(), "neither is in the table");
    unsaved.add(&update(&unsaved, "k", 3.0, &[]));
    unsaved.saved(&newer);
    assert!(matches!(settled.now_or_never(), Some(Settled::Saved)));

    let mut settled = Box::pin(unsaved.settled(&newer.row, newer.id + 1));
    assert!((&mut settled).now_or_never().is_none());
    let init = unsaved.begin();
    unsaved.replace(init, data(&[]));
    assert!(matches!(settled.now_or_never(), Some(Settled::Replaced)));
    let mut ended = Box::pin(unsaved.ended_after(newer.id));
    assert!((&mut ended).now_or_never().is_none());
    unsaved.ended(init, Some(&failure(ErrorKind::Throttled)));
    assert!(matches!(ended.now_or_never(), Some(Err(_))));
}

#[test]
fn what_is_kept_is_not_to_be_brought_in() {
    let unsaved = Unsaved::default();
    assert_eq!(unsaved.keep(&update(&unsaved, "k", 2.0, &[])), Taken::In);
    assert!(!unsaved.is_under_way());
    assert_eq!(unsaved.next_time(), None);
    assert_eq!(version_over(&unsaved, "k", Some(1.0)), Some(2.0));
    assert!(unsaved.give_up().is_empty());
}

#[tokio::test(start_paused = true)]
async fn waiting_is_told_when_it_begins_when_it_ends_and_now_and_then() {
    let mut report = Report::default();
    let text = |line: Option<crate::log::Line>| format!("{line:?}");
    let gone = failure(ErrorKind::Unavailable);
    assert!(text(report.waits("saving k", &gone)).contains("saving k failed: gone"));
    assert_eq!(report.waits("saving l", &gone), None);
    let denied = failure(ErrorKind::AccessDenied);
    assert!(text(report.waits("saving l", &denied)).contains("tried again until"));
    assert_eq!(report.still_waits(2, &gone), None);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert!(text(report.still_waits(2, &gone)).contains("for 5 min"));
    assert_eq!(report.still_waits(2, &gone), None);
    report.saved(2);
    assert!(text(report.ended()).contains("after 5 min: 2 items had waited"));
    assert_eq!(report.ended(), None);
}
