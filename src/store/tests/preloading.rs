use super::*;

const KINDS: [&str; 2] = ["features", "segments"];

/// Creates a store on a table with fifty flags and fifty segments.
fn setup() -> Setup {
    let setup = Setup::with(|config| config.prefix = "p".into());
    for number in 0..50 {
        for kind in KINDS {
            setup.table.put_item(&format!("p:{kind}"), &number.to_string(), 1.0);
        }
    }
    setup
}

/// Reads every flag and segment at the same time.
async fn read_everything(setup: &Setup) {
    let reads = (0..50).flat_map(|number| KINDS.map(|kind| (kind, number.to_string())));
    join_all(reads.map(async |(kind, key)| {
        let answer = setup.store.get(kind, &key).await.unwrap();
        assert!(answer.value.is_some() && !answer.stale, "{kind} {key}");
    }))
    .await;
}

fn only_queries(
    mut outcome: impl FnMut() -> Outcome + Send,
) -> impl FnMut(&Request) -> Outcome + Send {
    move |request| {
        if matches!(request, Request::Query { .. }) { outcome() } else { Outcome::Answer }
    }
}

#[tokio::test]
async fn after_a_preload_reads_need_no_request() {
    let setup = setup();
    setup.store.preload().await;
    assert_eq!(setup.table.take_operations(), ["Query"; 2]);
    read_everything(&setup).await;
    for kind in KINDS {
        assert_eq!(setup.store.all(kind, 0, None).await.unwrap().value.changed.len(), 50);
    }
    assert!(setup.table.take_requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn reads_that_come_while_a_preload_is_under_way_wait_for_it() {
    let setup = setup();
    setup.table.script(late(Duration::from_secs(1)));
    tokio::spawn(setup.store.preload());
    read_everything(&setup).await;
    assert_eq!(setup.table.take_operations(), ["Query"; 2]);
    assert_eq!(setup.store.stats().coalesced.get(), 100);
}

#[tokio::test(start_paused = true)]
async fn after_a_preload_that_failed_reads_send_their_own_requests() {
    let setup = setup();
    setup.table.script(only_queries(|| Outcome::Fail(ErrorKind::AccessDenied)));
    tokio::spawn(setup.store.preload());
    read_everything(&setup).await;
    let operations = setup.table.take_operations();
    assert_eq!(operations.iter().filter(|operation| **operation == "GetItem").count(), 100);
    assert_eq!(setup.take_lines().len(), 2, "one for each kind");
}

#[tokio::test(start_paused = true)]
async fn a_preload_that_hangs_holds_a_read_up_for_half_its_time_at_most() {
    let setup = setup();
    setup.table.script(only_queries(|| Outcome::Hang));
    tokio::spawn(setup.store.preload());
    let begun = Instant::now();
    read_everything(&setup).await;
    let half = crate::config::DEFAULT_READ_TIMEOUT / 2;
    assert!(begun.elapsed() >= half && begun.elapsed() < half * 11 / 10, "{:?}", begun.elapsed());
    read_everything(&setup).await;
    assert!(begun.elapsed() < half * 11 / 10, "what is known need not wait");
    sleep(crate::config::DEFAULT_READ_TIMEOUT).await;
    let begun = Instant::now();
    assert!(setup.store.get("features", "unknown").await.unwrap().value.is_none());
    assert!(begun.elapsed() < half, "it was given up long ago");
}

#[tokio::test(start_paused = true)]
async fn reads_of_other_kinds_do_not_wait_for_a_preload() {
    let setup = setup();
    setup.table.put_item("p:other", "k", 1.0);
    setup.table.script(only_queries(|| Outcome::Hang));
    tokio::spawn(setup.store.preload());
    let begun = Instant::now();
    assert!(setup.store.get("other", "k").await.unwrap().value.is_some());
    assert!(begun.elapsed() < Duration::from_millis(10));
}
