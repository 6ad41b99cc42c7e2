use super::*;
use crate::backoff::Backoff;
use crate::dynamodb::fake::stored;

/// Fails writes, but not reads.
fn deny_writes() -> impl FnMut(&Request) -> Outcome + Send + 'static {
    |request| match request {
        Request::Put { .. } | Request::Batch { .. } => Outcome::Fail(ErrorKind::AccessDenied),
        Request::Get { .. } | Request::Query { .. } => Outcome::Answer,
    }
}

fn versions(setup: &Setup) -> Vec<(String, f64)> {
    let rows = setup.table.keys().into_iter().filter(|row| &*row.namespace == "features");
    let version = |row: &RowKey| setup.table.row("features", &row.key).unwrap().version.unwrap();
    rows.map(|row| (row.key.to_string(), version(&row))).collect()
}

fn flags(versions: &[(&str, f64)]) -> Vec<(String, f64)> {
    versions.iter().map(|(key, version)| ((*key).to_owned(), *version)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_written_is_read_counted_and_written_later() {
    for ttl_ms in [0.0, 15_000.0] {
        let setup = Setup::with(|config| config.freshness.ttl_ms = ttl_ms);
        setup.table.put_item("features", "k", 1.0);
        setup.table.script(fail(ErrorKind::Unavailable));
        for key in ["k", "l"] {
            assert_eq!(kind(setup.upsert(key, 2).await), Some(ErrorKind::Unavailable));
        }
        assert!(setup.store.delete("features", "m", 2.0).await.is_err());
        assert_eq!(setup.store.pending(), 3);
        for key in ["k", "l"] {
            assert_eq!(setup.read(key).await, (Some(2.0), true));
        }
        assert_eq!(setup.read("m").await, (None, true));
        let lines = setup.take_lines();
        let of_writing = lines.iter().filter(|line| line.contains("kept in memory"));
        assert_eq!(of_writing.count(), 1, "{lines:?}");
        setup.table.script(|_| Outcome::Answer);
        setup.retried().await;
        assert_eq!(versions(&setup), flags(&[("k", 2.0), ("l", 2.0), ("m", 2.0)]));
        let lines = setup.take_lines();
        let of_writing: Vec<_> = lines.iter().filter(|line| line.contains("all writes")).collect();
        assert_eq!(of_writing.len(), 1, "{lines:?}");
        assert!(of_writing[0].contains("3 items had waited"), "{of_writing:?}");
        setup.expire();
        assert_eq!(setup.read("k").await, (Some(2.0), false));
    }
}

#[tokio::test(start_paused = true)]
async fn an_init_that_could_not_be_written_is_read_and_written_later() {
    for ttl_ms in [0.0, 15_000.0] {
        let setup = Setup::with(|config| config.freshness.ttl_ms = ttl_ms);
        setup.table.put_item("features", "old", 1.0);
        setup.table.script(fail(ErrorKind::Unavailable));
        assert!(setup.init(&[("a", 1), ("b", 1)]).await.is_err());
        setup.upsert("b", 2).await.unwrap_err();
        setup.upsert("c", 1).await.unwrap_err();
        assert_eq!(setup.store.pending(), 4);
        assert_eq!(setup.read_all().await, (vec![1.0, 2.0, 1.0], true));
        assert_eq!(setup.read("b").await, (Some(2.0), true));
        assert!(setup.store.initialized().await.unwrap().value);
        setup.expire();
        assert_eq!(setup.read_all().await, (vec![1.0, 2.0, 1.0], true));
        setup.take_lines();
        setup.table.script(|_| Outcome::Answer);
        setup.retried().await;
        assert_eq!(versions(&setup), flags(&[("a", 1.0), ("b", 2.0), ("c", 1.0)]));
        assert!(setup.table.row("$inited", "$inited").is_some());
        let lines = setup.take_lines();
        assert!(lines.iter().any(|line| line.contains("all writes are in")), "{lines:?}");
        assert_eq!(setup.read_all().await.0, [1.0, 2.0, 1.0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_init_replaces_what_has_not_changed_and_leaves_what_others_made_newer() {
    let setup = Setup::new();
    for (key, version) in [("same", 9.0), ("theirs", 1.0), ("gone", 1.0)] {
        setup.table.put_item("features", key, version);
    }
    setup.table.script(deny_writes());
    assert!(setup.init(&[("same", 2), ("theirs", 2), ("new", 2)]).await.is_err());
    setup.table.put_item("features", "theirs", 3.0);
    setup.table.put_item("features", "added", 1.0);
    setup.expire();
    let all = setup.all().await;
    assert_eq!(all, flags(&[("added", 1.0), ("new", 2.0), ("same", 2.0), ("theirs", 3.0)]));
    setup.table.script(|_| Outcome::Answer);
    setup.table.take_requests();
    setup.pass(Backoff::PERMANENT.longest).await;
    setup.retried().await;
    assert_eq!(versions(&setup), all);
    assert_eq!(setup.all().await, all);
    let puts_in_batches = setup.table.take_requests().into_iter().any(|request| {
        matches!(request, Request::Batch { writes }
            if writes.iter().any(|write| matches!(write, Write::Put(..))))
    });
    assert!(!puts_in_batches, "each put is conditional");
}

#[tokio::test(start_paused = true)]
async fn a_late_init_does_not_mix_two_environments() {
    for could_read in [false, true] {
        let setup = Setup::new();
        setup.table.put_item("features", "a", 90.0);
        let script = if could_read {
            setup.table.script(deny_writes());
            setup.init(&[("a", 91), ("b", 91)]).await
        } else {
            setup.table.script(fail(ErrorKind::Unavailable));
            setup.init(&[("a", 91), ("b", 91)]).await
        };
        assert!(script.is_err());
        setup.table.put_item("features", "a", 2.0);
        setup.table.put_item("features", "other", 3.0);
        setup.table.script(|_| Outcome::Answer);
        setup.pass(Backoff::PERMANENT.longest).await;
        setup.retried().await;
        assert_eq!(versions(&setup), flags(&[("a", 91.0), ("b", 91.0)]), "{could_read}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_made_newer_in_an_outage_stays() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.init(&[("k", 2), ("l", 2)]).await.is_err());
    assert!(setup.upsert("m", 2).await.is_err());
    for (key, version) in [("k", 3.0), ("m", 5.0)] {
        setup.table.put_item("features", key, version);
    }
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    assert_eq!(versions(&setup), flags(&[("k", 3.0), ("l", 2.0), ("m", 5.0)]));
    assert_eq!(setup.version("k").await, Some(3.0));
}

#[tokio::test(start_paused = true)]
async fn denied_writes_are_logged_once_and_retried_ever_more_rarely() {
    let setup = Setup::new();
    setup.table.script(deny_writes());
    let begun = Instant::now();
    assert_eq!(kind(setup.upsert("k", 1).await), Some(ErrorKind::AccessDenied));
    assert_eq!(kind(setup.upsert("l", 1).await), Some(ErrorKind::AccessDenied));
    assert!(begun.elapsed() < Duration::from_millis(10));
    assert_eq!(setup.take_lines().len(), 1);
    setup.table.take_requests();
    setup.pass(Duration::from_secs(3_600)).await;
    let tries = setup.table.take_requests().len();
    assert!((15..=25).contains(&tries), "{tries}");
    setup.take_lines();
    setup.table.put_item("features", "k", 4.0);
    setup.expire();
    assert_eq!(setup.read("k").await, (Some(4.0), false), "reads follow the table");
    assert_eq!(setup.store.pending(), 1);
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    assert!(begun.elapsed() <= Duration::from_secs(3_600) + Backoff::PERMANENT.longest * 2);
    assert_eq!(versions(&setup), flags(&[("k", 4.0), ("l", 1.0)]));
    assert_eq!(setup.take_lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_cause_of_waiting_writes_is_one_line_and_the_first_says_what_becomes_of_them() {
    let setup = Setup::new();
    for (kind, keys, kept) in [
        (ErrorKind::AccessDenied, ["a", "b"], "it is lost if the process ends before"),
        (ErrorKind::Throttled, ["c", "d"], "It is kept in memory and tried again"),
    ] {
        setup.table.script(fail(kind));
        for key in keys {
            assert!(setup.upsert(key, 1).await.is_err());
        }
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let begin = format!("error [{}]: saving version 1 of ", kind.code());
        assert!(lines[0].starts_with(&begin) && lines[0].ends_with(kept), "{lines:?}");
    }
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("warn [RECOVERED]: all writes are in the table"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn writes_denied_for_three_seconds_are_in_the_table_three_seconds_later() {
    type Denied = fn(&Request) -> bool;
    let second_page: Denied = |request| matches!(request, Request::Query { page: 1, .. });
    let writes: Denied = |request| matches!(request.operation(), "PutItem" | "BatchWriteItem");
    let everything: Denied = |_| true;
    for denied in [second_page, writes, everything] {
        for is_init in [false, true] {
            let setup = Setup::new();
            for number in 0..150 {
                setup.table.put_item("features", &format!("flag-{number}"), 1.0);
            }
            let begun = Instant::now();
            setup.table.script(move |request| {
                if denied(request) && begun.elapsed() < Duration::from_secs(3) {
                    Outcome::Fail(ErrorKind::AccessDenied)
                } else {
                    Outcome::Answer
                }
            });
            if is_init {
                assert!(setup.init(&[("k", 1)]).await.is_err());
            } else {
                drop(setup.upsert("k", 1).await);
            }
            while setup.store.pending() > 0 {
                sleep(Duration::from_millis(100)).await;
                assert!(begun.elapsed() < Duration::from_secs(6), "{is_init}");
            }
            assert!(setup.table.row("features", "k").is_some());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_denied_page_of_an_init_is_soon_forgotten() {
    let setup = Setup::new();
    for number in 0..150 {
        setup.table.put_item("features", &format!("flag-{number}"), 1.0);
    }
    let mut denied = false;
    setup.table.script(move |request| match request {
        Request::Query { page: 1, .. } if !std::mem::replace(&mut denied, true) => {
            Outcome::Fail(ErrorKind::AccessDenied)
        }
        _ => Outcome::Answer,
    });
    assert_eq!(kind(setup.init(&[("k", 1)]).await), Some(ErrorKind::AccessDenied));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(versions(&setup), flags(&[("k", 1.0)]));
}

#[tokio::test(start_paused = true)]
async fn permissions_for_one_namespace_are_used_and_the_other_is_tried_with_one_write() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    let writes = (0..20).flat_map(|number| {
        let json = item(&format!("item-{number}"), 1.0).json;
        ["segments", "features"].map(|kind| setup.store.upsert(kind, &json))
    });
    join_all(writes.collect::<Vec<_>>()).await;
    setup.table.script(|request| match request {
        Request::Put { row, .. } if &*row.namespace == "segments" => {
            Outcome::Fail(ErrorKind::AccessDenied)
        }
        _ => Outcome::Answer,
    });
    setup.table.take_requests();
    setup.pass(Duration::from_secs(31)).await;
    assert_eq!(versions(&setup).len(), 20);
    assert_eq!(setup.store.pending(), 20);
    let puts = setup.take_puts();
    assert!(puts.len() < 30, "{puts:?}");
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
}

#[tokio::test(start_paused = true)]
async fn a_rejected_row_is_retried_ever_more_rarely_and_delays_no_other() {
    let setup = Setup::new();
    assert_eq!(kind(setup.upsert("REFUSE", 1).await), Some(ErrorKind::Refused));
    let mut tries = 0;
    for number in 0..3_600 {
        setup.upsert("k", number + 1).await.unwrap();
        setup.pass(Duration::from_secs(1)).await;
        tries += setup.take_puts().iter().filter(|(key, _)| key == "REFUSE").count();
    }
    assert!((15..=25).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn in_a_lasting_outage_one_write_at_a_time_is_retried_ever_more_rarely() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    let upserts = (0..100).map(|number| setup.upsert_of(number));
    join_all(upserts.collect::<Vec<_>>()).await;
    setup.pass(Duration::from_secs(300)).await;
    setup.table.take_requests();
    setup.pass(Duration::from_secs(300)).await;
    let tries = setup.table.take_operations().len();
    assert!((10..=30).contains(&tries), "{tries}");
    let lines = setup.take_lines();
    assert!(lines.iter().any(|line| line.contains("now 100 items")), "{lines:?}");
    assert!(lines.len() <= 4, "{lines:?}");
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    assert_eq!(versions(&setup).len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_read_or_a_write_that_works_again_ends_the_pause() {
    for by_read in [false, true] {
        let setup = Setup::new();
        setup.table.script(fail(ErrorKind::Unavailable));
        assert!(setup.upsert("k", 1).await.is_err());
        assert!(setup.store.get("features", "other").await.is_err());
        setup.pass(Duration::from_secs(300)).await;
        setup.table.script(|_| Outcome::Answer);
        let begun = Instant::now();
        if by_read {
            setup.read("other").await;
        } else {
            setup.upsert("l", 1).await.unwrap();
        }
        while setup.store.pending() > 0 && begun.elapsed() < Duration::from_secs(60) {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(begun.elapsed() < Duration::from_millis(100), "{by_read}");
        assert!(setup.table.row("features", "k").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_flag_waits_for_a_segment_that_waits() {
    let setup = Setup::new();
    setup.table.script(|request| match request {
        Request::Put { row, .. } if &*row.namespace == "segments" => {
            Outcome::Fail(ErrorKind::Throttled)
        }
        _ => Outcome::Answer,
    });
    let flag = r#"{"key":"f","version":1,
        "rules":[{"clauses":[{"op":"segmentMatch","values":["s"]}]}]}"#;
    let segment = setup.store.upsert("segments", &item("s", 1.0).json);
    let flag = setup.store.upsert("features", flag);
    let (segment, flag) = tokio::join!(segment, flag);
    assert!(segment.is_err() && flag.is_err());
    setup.upsert("other", 1).await.unwrap();
    setup.pass(Duration::from_secs(60)).await;
    assert!(setup.table.row("features", "f").is_none());
    assert_eq!(setup.store.pending(), 2);
    setup.table.script(|_| Outcome::Answer);
    setup.table.take_requests();
    setup.retried().await;
    let puts = setup.table.take_requests().into_iter().map(|request| match request {
        Request::Put { row, .. } => row.key.to_string(),
        other => panic!("{other:?}"),
    });
    assert_eq!(puts.collect::<Vec<_>>(), ["s", "f"]);
}

#[tokio::test(start_paused = true)]
async fn a_flag_waits_for_a_newer_version_of_a_segment_that_waits() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::AccessDenied));
    let flag = r#"{"key":"f","version":1,
        "rules":[{"clauses":[{"op":"segmentMatch","values":["s"]}]}]}"#;
    let segment =
        async |version| setup.store.upsert("segments", &item("s", version).json).await.map(drop);
    assert!(segment(1.0).await.is_err());
    assert!(setup.store.upsert("features", flag).await.is_err());
    assert!(segment(2.0).await.is_err());
    setup.table.script(|_| Outcome::Answer);
    setup.table.take_requests();
    setup.retried().await;
    assert_eq!(setup.take_puts(), [("s".to_owned(), 2), ("f".to_owned(), 1)]);
}

/// LaunchDarkly has such circles only for the moment between two updates.
#[tokio::test(start_paused = true)]
async fn flags_that_wait_for_each_other_are_written_all_the_same() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::AccessDenied));
    let flag = |key: &str, version: u32, prerequisite: &str| {
        format!(
            r#"{{"key":"{key}","version":{version},"prerequisites":[{{"key":"{prerequisite}"}}]}}"#
        )
    };
    for json in [flag("a", 1, "none"), flag("b", 1, "c"), flag("c", 1, "a"), flag("a", 2, "b")] {
        assert!(setup.store.upsert("features", &json).await.is_err());
    }
    setup.table.script(|_| Outcome::Answer);
    setup.table.take_requests();
    setup.retried().await;
    let mut puts = setup.take_puts();
    puts.sort();
    assert_eq!(puts, [("a".to_owned(), 2), ("b".to_owned(), 1), ("c".to_owned(), 1)]);
}

#[tokio::test(start_paused = true)]
async fn an_update_behind_an_init_that_waits_is_answered_when_both_are_in_or_its_time_is_up() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.init(&[("k", 1)]).await.is_err());
    let begun = Instant::now();
    assert_eq!(kind(setup.upsert("k", 2).await), Some(ErrorKind::Unavailable));
    assert_eq!(begun.elapsed().as_secs(), crate::config::DEFAULT_WRITE_TIMEOUT.as_secs());
    let upsert = tokio::spawn(setup.store.upsert("features", &item("k", 3.0).json));
    sleep(Duration::from_secs(1)).await;
    setup.table.script(|_| Outcome::Answer);
    setup.store.get("features", "other").await.unwrap();
    upsert.await.unwrap().unwrap();
    assert_eq!(versions(&setup), flags(&[("k", 3.0)]));
}

#[tokio::test(start_paused = true)]
async fn a_later_init_takes_the_place_of_one_that_waits() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.init(&[("a", 1), ("b", 1)]).await.is_err());
    assert!(setup.upsert("c", 7).await.is_err());
    setup.table.script(|_| Outcome::Answer);
    setup.init(&[("a", 2)]).await.unwrap();
    setup.pass(Duration::from_secs(60)).await;
    assert_eq!(versions(&setup), flags(&[("a", 2.0)]));
    assert_eq!((setup.store.pending(), setup.all().await), (0, flags(&[("a", 2.0)])));
}

#[tokio::test(start_paused = true)]
async fn an_init_is_read_while_it_is_being_written() {
    let setup = Setup::new();
    setup.table.put_item("features", "k", 9.0);
    setup.table.put_item("features", "old", 1.0);
    assert_eq!(setup.all().await.len(), 2);
    let go = Arc::new(Notify::new());
    let held = Arc::clone(&go);
    setup.table.script(move |request| match request {
        Request::Batch { .. } => {
            let held = Arc::clone(&held);
            Outcome::AnswerAfter(async move { held.notified().await }.boxed())
        }
        _ => Outcome::Answer,
    });
    let known = Arc::new(Notify::new());
    let notify = Arc::clone(&known);
    let init =
        setup.store.init(data([("k".to_owned(), 1)].into_iter()), move || notify.notify_one());
    let init = tokio::spawn(init);
    known.notified().await;
    assert_eq!(setup.read("k").await, (Some(1.0), false));
    assert_eq!(setup.read("old").await.0, None);
    assert_eq!(setup.read_all().await.0, [1.0]);
    while setup.store.pending() > 0 {
        go.notify_one();
        tokio::task::yield_now().await;
    }
    init.await.unwrap().unwrap();
    assert_eq!(versions(&setup), flags(&[("k", 1.0)]));
}

#[tokio::test(start_paused = true)]
async fn an_oversized_item_is_used_until_something_newer_is_there() {
    let setup = Setup::with(|config| config.freshness.ttl_ms = 0.0);
    setup.table.put_item("features", "k", 1.0);
    let large = format!(r#"{{"key":"k","version":2,"x":"{}"}}"#, "x".repeat(400_000));
    setup.store.upsert("features", &large).await.unwrap();
    assert_eq!((setup.version("k").await, setup.store.pending()), (Some(2.0), 1));
    assert!(setup.store.is_available().await);
    assert_eq!(setup.table.row("features", "k").unwrap().version, Some(1.0));
    setup.pass(Backoff::PERMANENT.longest * 3).await;
    assert_eq!(setup.take_lines().len(), 1);
    setup.upsert("k", 3).await.unwrap();
    assert_eq!((setup.version("k").await, setup.store.pending()), (Some(3.0), 0));
}

#[tokio::test]
async fn an_item_that_is_nearly_too_large_is_a_warning() {
    let setup = Setup::new();
    let large = format!(r#"{{"key":"k","version":2,"x":"{}"}}"#, "x".repeat(330_000));
    setup.store.upsert("features", &large).await.unwrap();
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("warn") && lines[0].contains("\"k\" in \"features\""),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_read_only_store_writes_nothing_and_keeps_writes_in_memory() {
    let setup = Setup::with(|config| config.read_only = true);
    setup.table.put_item("features", "theirs", 5.0);
    setup.init(&[("k", 1), ("theirs", 1)]).await.unwrap();
    setup.upsert("l", 1).await.unwrap();
    assert!(setup.store.is_available().await);
    setup.table.take_operations();
    setup.expire();
    let all = setup.all().await;
    assert_eq!(all, flags(&[("k", 1.0), ("l", 1.0), ("theirs", 5.0)]));
    setup.pass(Backoff::PERMANENT.longest * 3).await;
    setup.store.close().await;
    let operations = setup.table.take_operations();
    assert!(operations.iter().all(|operation| *operation == "Query"), "{operations:?}");
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_closed_tries_once_more() {
    let setup = Setup::new();
    setup.table.script(deny_writes());
    assert!(setup.upsert("k", 1).await.is_err());
    setup.table.script(|_| Outcome::Answer);
    setup.take_lines();
    let begun = Instant::now();
    setup.store.close().await;
    assert!(begun.elapsed() < Duration::from_millis(100));
    assert!(setup.table.row("features", "k").is_some());
    let lines = setup.take_lines();
    assert!(lines.iter().all(|line| line.starts_with("warn")), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_closed_takes_what_follows_until_nothing_more_comes() {
    let setup = Setup::new();
    let (last_came, no_more_requests) = tokio::sync::oneshot::channel::<()>();
    let store = setup.store.clone();
    let closing =
        tokio::spawn(
            async move { store.close_after(async { drop(no_more_requests.await) }).await },
        );
    for version in 1..=3 {
        setup.upsert("k", version).await.unwrap();
    }
    assert!(!closing.is_finished());
    drop(last_came);
    closing.await.unwrap();

    let setup = Setup::new();
    let begun = Instant::now();
    setup.store.close_after(std::future::pending()).await;
    assert!(begun.elapsed() <= Duration::from_millis(1_100), "it waits for too long");
}

#[tokio::test(start_paused = true)]
async fn the_last_line_of_a_store_that_is_closed_in_an_outage_says_what_is_lost() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.init(&[("a", 1), ("b", 1)]).await.is_err());
    let updates = [setup.start_upsert("b", 2), setup.start_upsert("c", 2)];
    setup.settle().await;
    setup.store.close().await;
    for update in updates {
        assert!(update.await.unwrap().is_err());
    }
    sleep(Duration::from_secs(600)).await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].contains("closed with 3 items not in the table"), "{lines:?}");
    for key in ["a", "b", "c"] {
        assert!(lines[1].contains(&format!("{key:?} in \"features\"")), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_retries_is_logged_only_after_newer_updates_too() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.upsert("k", 1).await.is_err());
    setup.take_lines();
    setup.table.script(|_| Outcome::Hang);
    let newer = setup.start_upsert("k", 2);
    setup.pass(Duration::from_secs(5)).await;
    assert_eq!(setup.take_lines(), [""; 0]);
    setup.table.script(|_| Outcome::Answer);
    drop(newer.await);
    setup.retried().await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("all writes are in the table"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_closed_after_an_outage_says_that_all_is_in() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.upsert("k", 1).await.is_err());
    setup.table.script(|_| Outcome::Answer);
    setup.take_lines();
    setup.store.close().await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("all writes are in the table"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_closed_gives_up_what_is_not_in_and_answers_everybody() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Hang);
    let init = tokio::spawn(setup.init_with(data([("k".to_owned(), 1)].into_iter())));
    let upsert = tokio::spawn(setup.store.upsert("features", &item("l", 1.0).json));
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    setup.store.close().await;
    assert!(begun.elapsed() <= Duration::from_millis(1_100));
    assert_eq!(kind(init.await.unwrap()), Some(ErrorKind::Closed));
    assert_eq!(kind(upsert.await.unwrap()), Some(ErrorKind::Closed));
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("2 items") && lines[0].contains("\"k\" in \"features\""),
        "{lines:?}"
    );
    assert_eq!(setup.store.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_late_init_goes_on_where_it_was() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    let items = (0..300).map(|number| (format!("flag-{number}"), 1));
    assert!(setup.init_with(data(items)).await.is_err());
    let mut calls = 0;
    setup.table.script(move |request| match request {
        Request::Put { .. } | Request::Batch { .. } => {
            calls += 1;
            if calls % 3 == 0 { Outcome::Fail(ErrorKind::Throttled) } else { Outcome::Answer }
        }
        _ => Outcome::Answer,
    });
    setup.retried().await;
    assert_eq!(versions(&setup).len(), 300);
}

#[tokio::test]
async fn an_availability_check_is_one_read() {
    let setup = Setup::new();
    assert!(setup.store.is_available().await);
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(!setup.store.is_available().await);
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
    assert!(setup.take_lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_is_available_again_when_what_waits_is_in_the_table() {
    let setup = Setup::new();
    setup.table.script(deny_writes());
    assert!(setup.init(&[("k", 1)]).await.is_err());
    assert!(!setup.store.is_available().await);
    assert!(setup.upsert("l", 1).await.is_err());
    assert!(!setup.store.is_available().await);
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    assert!(setup.store.is_available().await);
    // A write that nobody has found to fail does not count.
    setup.table.script(|request| match request {
        Request::Put { .. } => Outcome::Hang,
        _ => Outcome::Answer,
    });
    let update = tokio::spawn(setup.store.upsert("features", &item("k", 2.0).json));
    tokio::task::yield_now().await;
    assert_eq!(setup.store.pending(), 1);
    assert!(setup.store.is_available().await);
    update.abort();
}

#[tokio::test(start_paused = true)]
async fn a_read_that_began_before_an_update_was_in_replaces_nothing() {
    let setup = Setup::with(|config| config.consistent_read = true);
    setup.table.put(stored(&RowKey::new("features", "k"), &item("k", 1.0)));
    setup.table.script(late(Duration::from_secs(1)));
    let store = setup.store.clone();
    let early = tokio::spawn(async move { store.get("features", "k").await });
    sleep(Duration::from_millis(500)).await;
    setup.table.script(|_| Outcome::Answer);
    setup.upsert("k", 2).await.unwrap();
    early.await.unwrap().unwrap();
    assert_eq!(setup.read("k").await, (Some(2.0), false));
}

impl Setup {
    fn upsert_of(&self, number: usize) -> impl Future<Output = Result<()>> + use<> {
        let item = item(&format!("flag-{number}"), 1.0);
        self.store.upsert("features", &item.json).map(|result| result.map(drop))
    }
}

#[tokio::test(start_paused = true)]
async fn reads_that_are_allowed_again_let_refused_writes_be_tried() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::AccessDenied));
    assert!(setup.init(&[("k", 1)]).await.is_err());
    assert!(setup.upsert("l", 1).await.is_err());
    setup.expire();
    assert_eq!(setup.read_all().await, (vec![1.0, 1.0], true));
    setup.table.script(|_| Outcome::Answer);
    setup.pass(Duration::from_secs(2)).await;
    let begun = Instant::now();
    setup.read_all().await;
    setup.retried().await;
    assert!(begun.elapsed() < Backoff::PERMANENT.longest / 2);
    assert_eq!(versions(&setup), flags(&[("k", 1.0), ("l", 1.0)]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_a_write_whose_own_was_lost_does_not_hide_it() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.script(late(Duration::from_millis(150)));
    let (get, all) = (setup.store.clone(), setup.store.clone());
    let get = tokio::spawn(async move { get.get("features", "k").await });
    let all = tokio::spawn(async move { all.all("features", 0, None).await });
    sleep(Duration::from_millis(50)).await;
    setup.table.script(|_| Outcome::LoseAnswer(ErrorKind::AccessDenied));
    setup.upsert("k", 2).await.unwrap_err();
    setup.table.script(|_| Outcome::Answer);
    assert_eq!(setup.read("k").await, (Some(2.0), false));
    assert_eq!(setup.store.pending(), 0, "the read has found it in the table");
    assert_eq!(get.await.unwrap().unwrap().value.unwrap().item.version, 2.0);
    assert_eq!(all.await.unwrap().unwrap().value.changed[0].1.item.version, 2.0);
}
