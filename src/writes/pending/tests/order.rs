use futures_util::FutureExt;

use super::*;

fn add(pending: &PendingWrites, key: &str, version: f64, references: &[&str]) -> Arc<Update> {
    let update = update(pending, key, version, references);
    assert_eq!(pending.add(&update), Added::Pending);
    update
}

/// The version that is to be sent for an update, if it may be sent.
fn to_send(pending: &PendingWrites, update: &Update) -> Option<f64> {
    match pending.next_step(&update.row, update.id) {
        Step::Send(claim) => claim.newest().map(|update| update.item.version),
        _ => None,
    }
}

fn claim<'a>(pending: &'a PendingWrites, update: &Update) -> Claim<'a> {
    match pending.next_step(&update.row, update.id) {
        Step::Send(claim) => claim,
        _ => panic!("it has to wait"),
    }
}

fn waiting(pending: &PendingWrites, update: &Update) -> impl Future<Output = ()> + use<> {
    match pending.next_step(&update.row, update.id) {
        Step::Wait(change) => change,
        _ => panic!("it need not wait"),
    }
}

fn step(pending: &PendingWrites, update: &Update) -> &'static str {
    match pending.next_step(&update.row, update.id) {
        Step::Saved => "saved",
        Step::Failed(_) => "failed",
        Step::Replaced => "replaced",
        Step::Wait(_) => "wait",
        Step::Blocked(..) => "blocked",
        Step::Send(_) => "send",
    }
}

#[test]
fn updates_of_one_row_are_sent_by_one_caller_and_others_do_not_wait() {
    let pending = new();
    let (first, other) = (add(&pending, "a", 1.0, &[]), add(&pending, "b", 1.0, &[]));
    let claim = claim(&pending, &first);
    let second = add(&pending, "a", 2.0, &[]);
    assert_eq!(to_send(&pending, &other), Some(1.0));
    let mut ended = Box::pin(waiting(&pending, &second));
    assert!((&mut ended).now_or_never().is_none());
    assert_eq!(claim.newest().map(|update| update.id), Some(second.id));
    drop(claim);
    assert!(ended.now_or_never().is_some());
    assert_eq!(to_send(&pending, &second), Some(2.0));
}

#[test]
fn only_the_newest_update_of_a_row_is_sent_and_it_decides_for_the_older_ones() {
    let pending = new();
    let (first, third) = (add(&pending, "a", 1.0, &[]), add(&pending, "a", 3.0, &[]));
    assert_eq!(Arc::strong_count(&first), 1);
    assert_eq!(pending.add(&update(&pending, "a", 2.0, &[])), Added::Superseded(third.id));
    assert_eq!(to_send(&pending, &first), Some(3.0));
    pending.saved(&first);
    assert_eq!((step(&pending, &first), step(&pending, &third)), ("saved", "send"));
    pending.failed(&third, &failure(ErrorKind::Unavailable));
    assert_eq!(step(&pending, &third), "wait");
    pending.failed(&third, &failure(ErrorKind::AccessDenied));
    assert_eq!(step(&pending, &third), "failed");
    pending.saved(&third);
    assert_eq!(step(&pending, &third), "saved");
}

#[test]
fn an_update_waits_for_what_it_refers_to_as_it_was_then() {
    let pending = new();
    let segment = add(&pending, "s", 1.0, &[]);
    let flag = add(&pending, "a", 1.0, &["s", "absent", "a"]);
    let newer = add(&pending, "s", 2.0, &[]);
    let changed = waiting(&pending, &flag);
    // The text of the first one is gone, but whoever has it may send it still.
    pending.saved(&segment);
    assert!(changed.now_or_never().is_some());
    assert_eq!(to_send(&pending, &flag), Some(1.0));

    let dependent = add(&pending, "b", 1.0, &["s"]);
    add(&pending, "s", 3.0, &[]);
    assert_eq!(step(&pending, &dependent), "wait", "a newer update has taken its place");
    pending.saved(&newer);
    assert_eq!(step(&pending, &dependent), "send");
}

#[test]
fn of_items_that_refer_to_each_other_the_first_goes_first() {
    let pending = new();
    let flag = add(&pending, "a", 1.0, &["d"]);
    let segment = add(&pending, "s", 1.0, &["a"]);
    let dependent = add(&pending, "d", 1.0, &["s"]);
    assert_eq!(step(&pending, &flag), "send");
    // Now the flag is the last of them, and refers to the one that waits for it.
    let newer = add(&pending, "a", 2.0, &["d"]);
    assert_eq!((step(&pending, &segment), step(&pending, &dependent)), ("send", "wait"));
    assert_eq!(step(&pending, &newer), "wait");
    pending.saved(&segment);
    pending.saved(&dependent);
    assert_eq!(to_send(&pending, &newer), Some(2.0));
}

#[test]
fn an_update_is_blocked_by_an_earlier_write_that_is_retrying() {
    for kind in [ErrorKind::Unavailable, ErrorKind::AccessDenied] {
        let pending = new();
        let prerequisite = add(&pending, "p", 1.0, &[]);
        let flag = add(&pending, "f", 1.0, &["p"]);
        assert_eq!(step(&pending, &flag), "wait");
        pending.failed(&prerequisite, &failure(kind));
        assert_eq!(step(&pending, &flag), "blocked");
        assert_eq!(step(&pending, &add(&pending, "other", 1.0, &[])), "send");
        // While it is being retried, there is reason to wait.
        let Step::Send(claim) = pending.next_retry(&prerequisite) else {
            panic!("nothing is before it");
        };
        assert_eq!(step(&pending, &flag), "wait");
        drop(claim);
        pending.saved(&prerequisite);
        assert_eq!(step(&pending, &flag), "send");
        assert!(matches!(pending.next_retry(&prerequisite), Step::Saved));
    }
    let pending = new();
    let init = pending.begin();
    add_init(&pending, init, data(&[]));
    let after = add(&pending, "k", 1.0, &[]);
    pending.init_failed(init, &failure(ErrorKind::Throttled));
    assert_eq!(step(&pending, &after), "blocked");
}

#[test]
fn an_init_is_a_barrier() {
    let pending = Arc::new(new());
    let before = add(&pending, "a", 1.0, &[]);
    let sending = claim(&pending, &before);
    let init = pending.begin_init();
    let mut waits = Box::pin(init.wait());
    assert!((&mut waits).now_or_never().is_none());
    add_init(&pending, init.id, data(&[]));
    assert_eq!(step(&pending, &before), "replaced");
    let after = add(&pending, "a", 2.0, &[]);
    let next_init = pending.begin_init();
    assert!(sending.newest().is_none(), "the newer one is behind the init");
    drop(sending);
    assert!(waits.now_or_never().is_some());
    let ended = waiting(&pending, &after);
    assert!(next_init.wait().now_or_never().is_none());
    drop(init);
    assert!(ended.now_or_never().is_some());
    pending.init_saved(1);
    assert_eq!(step(&pending, &after), "send");
    assert!(next_init.wait().now_or_never().is_some());
}

#[test]
fn callers_of_a_replaced_update_get_the_result_of_the_init() {
    let pending = new();
    let replaced = add(&pending, "k", 1.0, &[]);
    let init = pending.begin();
    add_init(&pending, init, data(&[("k", 2.0)]));
    assert_eq!(step(&pending, &replaced), "replaced");
    let old = update(&pending, "k", 2.0, &[]);
    assert_eq!(pending.add(&old), Added::SupersededByInit(init));
    let mut ended = Box::pin(pending.ended_after(replaced.id));
    assert!((&mut ended).now_or_never().is_none());
    pending.ended(init, Some(&failure(ErrorKind::Throttled)));
    assert!(matches!(ended.now_or_never(), Some(Err(_))));
}

#[test]
fn an_item_that_is_memory_only_does_not_keep_an_older_one_from_the_table() {
    let pending = new();
    let stored = add(&pending, "k", 1.0, &[]);
    assert_eq!(pending.add_memory_only(&update(&pending, "k", 2.0, &[])), Added::Pending);
    assert_eq!(to_send(&pending, &stored), Some(1.0));
    assert_eq!(newest(&pending, "k", None), Some(2.0));
    pending.saved(&stored);
    assert_eq!((newest(&pending, "k", Some(1.0)), pending.count()), (Some(2.0), 1));
    add(&pending, "k", 3.0, &[]);
    assert_eq!((newest(&pending, "k", Some(1.0)), pending.count()), (Some(3.0), 1));
}

#[test]
fn a_store_is_drained_when_the_last_init_has_ended_and_nothing_is_to_be_written() {
    let pending = Arc::new(new());
    assert!(pending.drained().now_or_never().is_some());
    let init = pending.begin_init();
    let stored = add(&pending, "k", 1.0, &[]);
    let mut drained = Box::pin(pending.drained());
    assert!((&mut drained).now_or_never().is_none());
    pending.saved(&stored);
    assert!((&mut drained).now_or_never().is_none());
    drop(init);
    assert!(drained.now_or_never().is_some());
}
