use super::*;

#[tokio::test]
async fn an_upsert_during_a_read_of_its_key_is_what_every_later_read_sees() {
    let setup = Setup::new();
    setup.table.put_item("features", "k", 1.0);
    let go = Arc::new(Notify::new());
    let held = Arc::clone(&go);
    setup.table.script(move |request| match request {
        Request::Get { .. } => {
            let held = Arc::clone(&held);
            Outcome::AnswerAfter(async move { held.notified().await }.boxed())
        }
        _ => Outcome::Answer,
    });
    let store = setup.store.clone();
    let early = tokio::spawn(async move { store.get("features", "k").await });
    while setup.table.take_requests().is_empty() {
        tokio::task::yield_now().await;
    }
    setup.upsert("k", 2).await.unwrap();
    assert_eq!(setup.version("k").await, Some(2.0));
    go.notify_one();
    early.await.unwrap().unwrap();
    assert_eq!(setup.version("k").await, Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn what_a_late_read_found_before_an_upsert_replaces_nothing() {
    for stale in [false, true] {
        let setup = Setup::new();
        setup.table.put_item("features", "k", 1.0);
        if stale {
            setup.hold_stale(&["k"]).await;
        }
        setup.table.script(late(Duration::from_secs(1)));
        let (get, all) = (setup.store.clone(), setup.store.clone());
        let get = tokio::spawn(async move { get.get("features", "k").await });
        let all = tokio::spawn(async move { all.all("features", 0, None).await });
        sleep(Duration::from_millis(500)).await;
        assert_eq!(setup.table.take_operations().len(), 2);
        setup.table.script(|_| Outcome::Answer);
        setup.upsert("k", 2).await.unwrap();
        for _ in 0..2 {
            assert_eq!(setup.read("k").await, (Some(2.0), false));
            assert_eq!(setup.read_all().await, (vec![2.0], false));
            sleep(Duration::from_secs(1)).await;
        }
        let (get, all) = (get.await.unwrap().unwrap(), all.await.unwrap().unwrap());
        assert_eq!((get.stale, all.stale), (stale, stale));
        let expected = if stale { 1.0 } else { 2.0 };
        assert_eq!(get.value.unwrap().item.version, expected);
        assert_eq!(all.value.changed[0].1.item.version, expected);
    }
}

#[tokio::test]
async fn what_is_in_the_table_after_an_upsert_is_what_reads_find() {
    let setup = Setup::new();
    setup.table.put_item("features", "k", 5.0);
    setup.upsert("k", 4).await.unwrap();
    assert_eq!(setup.version("k").await, Some(5.0));
    setup.upsert("k", 5).await.unwrap();
    setup.upsert("k", 6).await.unwrap();
    assert_eq!(setup.version("k").await, Some(6.0));
    setup.store.delete("features", "k", 7.0).await.unwrap();
    assert_eq!(setup.version("k").await, None);
    assert_eq!(setup.table.take_operations(), ["PutItem"; 4]);
    let row = setup.table.row("features", "k").unwrap();
    let tombstone = r#"{"key":"k","version":7,"deleted":true}"#;
    assert_eq!(row.item, ItemAttribute::Text(tombstone.into()));
}

#[tokio::test(start_paused = true)]
async fn after_an_upsert_of_unknown_outcome_no_read_takes_part_in_an_earlier_one() {
    for stale in [false, true] {
        let setup = Setup::new();
        setup.table.put_item("features", "k", 1.0);
        if stale {
            setup.hold_stale(&["k"]).await;
        }
        setup.table.script(late(Duration::from_secs(1)));
        let (get, all) = (setup.store.clone(), setup.store.clone());
        tokio::spawn(async move { get.get("features", "k").await });
        tokio::spawn(async move { all.all("features", 0, None).await });
        sleep(Duration::from_millis(100)).await;
        assert_eq!(setup.table.take_operations().len(), 2);
        setup.table.script(|request| match request {
            Request::Put { .. } => Outcome::LoseAnswer(ErrorKind::AccessDenied),
            _ => Outcome::Answer,
        });
        assert!(setup.upsert("k", 2).await.is_err());
        for _ in 0..2 {
            assert_eq!(setup.read("k").await, (Some(2.0), false));
            assert_eq!(setup.read_all().await, (vec![2.0], false));
            sleep(Duration::from_secs(1)).await;
        }
    }
}

#[tokio::test]
async fn after_an_update_reads_find_what_is_in_the_table() {
    let setup = Setup::new();
    setup.table.put_item("features", "k", 5.0);
    for (version, expected) in [(4.0, 5.0), (6.0, 6.0)] {
        setup.store.upsert("features", &item("k", version).json).await.unwrap();
        let known = setup.store.peek("features", "k").unwrap();
        assert_eq!((known.until, known.stale), (1_015_000.0, false));
        assert_eq!(known.value.unwrap().item.version, expected);
    }
    setup.store.delete("features", "k", 7.0).await.unwrap();
    assert_eq!(setup.store.peek("features", "k").unwrap().value, None);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_upsert_is_tried_until_it_is_in() {
    let setup = Setup::new();
    let mut failures = 6;
    setup.table.script(move |_| {
        failures -= 1;
        if failures > 0 { Outcome::Fail(ErrorKind::Throttled) } else { Outcome::Answer }
    });
    setup.upsert("k", 1).await.unwrap();
    assert!(setup.table.row("features", "k").is_some());
    assert!(setup.take_lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_upsert_whose_answer_was_lost_is_in_when_it_is_tried_again() {
    let setup = Setup::new();
    let mut first = true;
    setup.table.script(move |_| {
        if std::mem::take(&mut first) {
            Outcome::LoseAnswer(ErrorKind::Unavailable)
        } else {
            Outcome::Answer
        }
    });
    setup.upsert("k", 1).await.unwrap();
    assert_eq!(setup.version("k").await, Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn an_upsert_that_does_not_get_in_is_a_line_that_names_it() {
    for outcome in [|| Outcome::Hang, || Outcome::Fail(ErrorKind::Throttled)] {
        let setup = Setup::new();
        setup.table.put_item("features", "k", 1.0);
        assert_eq!(setup.version("k").await, Some(1.0));
        setup.table.script(move |_| outcome());
        let begun = Instant::now();
        assert!(setup.upsert("k", 2).await.is_err());
        assert!(begun.elapsed() <= crate::config::DEFAULT_WRITE_TIMEOUT);
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("version 2 of \"k\" in \"features\""), "{}", lines[0]);
        setup.table.script(|_| Outcome::Answer);
        setup.table.take_requests();
        setup.table.put_item("features", "k", 3.0);
        assert_eq!(setup.read("k").await, (Some(3.0), false), "the table is asked what it has");
        assert_eq!(setup.table.take_operations(), ["GetItem"]);
    }
}

#[tokio::test]
async fn an_item_without_a_key_or_over_the_size_is_not_written_but_logged() {
    let setup = Setup::new();
    let refused = setup.store.upsert("features", r#"{"version":1}"#).await;
    assert_eq!(kind(refused), Some(ErrorKind::InvalidData));
    let large = format!(r#"{{"key":"large","version":1,"x":"{}"}}"#, "x".repeat(400_000));
    setup.store.upsert("features", &large).await.unwrap();
    assert!(setup.table.take_requests().is_empty());
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].contains("\"large\" in \"features\""), "{}", lines[1]);
}

#[tokio::test]
async fn an_item_over_the_size_does_not_let_others_overtake_an_earlier_update() {
    let setup = Setup::new();
    let earlier = setup.store.upsert("features", &item("k", 5.0).json);
    let large = format!(r#"{{"key":"k","version":6,"x":"{}"}}"#, "x".repeat(400_000));
    let refused = setup.store.upsert("features", &large);
    let later = setup.store.upsert("features", &item("k", 7.0).json);
    let (_, later, earlier) = tokio::join!(refused, later, earlier);
    later.and(earlier).unwrap();
    assert_eq!(setup.take_puts(), [("k".to_owned(), 7)]);
}

#[tokio::test]
async fn updates_of_one_key_reach_the_table_in_call_order() {
    let setup = Setup::new();
    let updates = (1..=20).map(|version| setup.upsert("k", version));
    join_all(updates.collect::<Vec<_>>()).await;
    let versions = setup.table.take_requests().into_iter().map(|request| match request {
        Request::Put { version, .. } => version as u32,
        other => panic!("{other:?}"),
    });
    assert_eq!(versions.collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_an_earlier_update_left_does_not_hide_a_later_one_that_is_on_its_way() {
    let setup = Setup::new();
    let gate = Arc::new(Semaphore::new(0));
    let (mut answer, mut second) = (gated("PutItem", &gate), false);
    setup.table.script(move |request| match request {
        Request::Put { .. } if std::mem::replace(&mut second, true) => Outcome::Hang,
        request => answer(request),
    });
    let first = tokio::spawn(setup.store.upsert("features", &item("k", 1.0).json));
    setup.requested("PutItem", 1).await;
    let later = setup.start_upsert("k", 2);
    gate.add_permits(1);
    first.await.unwrap().unwrap();
    assert_eq!(setup.read("k").await, (Some(2.0), false));
    assert_eq!(setup.table.row("features", "k").unwrap().version, Some(1.0));
    later.abort();
}

#[tokio::test]
async fn of_the_updates_of_a_key_that_wait_only_the_newest_is_written() {
    let setup = Setup::new();
    let gate = Arc::new(Semaphore::new(0));
    setup.table.script(gated("PutItem", &gate));
    // First they wait for an update of the same key, then for a permit.
    for others in [1, PARALLEL_UPDATES] {
        let base = others as u32 * 1_000;
        let under_way: Vec<_> = (0..others)
            .map(|number| {
                let key = if others == 1 { "k".to_owned() } else { format!("other-{number}") };
                setup.start_upsert(&key, base)
            })
            .collect();
        setup.requested("PutItem", others).await;
        let waiting: Vec<_> =
            [1, 2, 500, 3].map(|version| setup.start_upsert("k", base + version)).into();
        setup.settle().await;
        assert!(waiting.iter().all(|update| !update.is_finished()));
        assert_eq!(setup.version("k").await, Some(f64::from(base + 500)));
        gate.add_permits(others + 1);
        for update in under_way.into_iter().chain(waiting) {
            update.await.unwrap().unwrap();
        }
        assert_eq!(setup.take_puts(), [("k".to_owned(), base + 500)]);
    }
    assert_eq!(setup.store.pending(), 0);
    assert_eq!(setup.take_lines(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_tried_again_gives_way_to_a_newer_one() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Throttled));
    let first = setup.start_upsert("k", 1);
    setup.requested("PutItem", 1).await;
    let second = setup.start_upsert("k", 2);
    setup.settle().await;
    setup.table.script(|_| Outcome::Answer);
    for update in [first, second] {
        update.await.unwrap().unwrap();
    }
    assert_eq!(setup.take_puts(), [("k".to_owned(), 2)]);
}

#[tokio::test(start_paused = true)]
async fn each_update_that_waits_is_answered_in_its_own_time_and_the_newest_gets_in() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Hang);
    let mut updates = Vec::new();
    let begun = Instant::now();
    for version in 1..=30 {
        updates.push(setup.start_upsert("k", version));
        sleep(Duration::from_millis(100)).await;
    }
    for (number, update) in updates.into_iter().enumerate() {
        assert_eq!(kind(update.await.unwrap()), Some(ErrorKind::TimedOut));
        let late = begun.elapsed() - crate::config::DEFAULT_WRITE_TIMEOUT;
        assert_eq!(late.as_millis() as usize / 100, number);
    }
    assert!(setup.take_puts().len() <= 3, "each request has time enough");
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("version 30 of"), "{lines:?}");
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    assert_eq!(setup.table.row("features", "k").unwrap().version, Some(30.0));
}

#[tokio::test(start_paused = true)]
async fn an_older_update_ends_with_the_newer_one_that_the_retry_worker_has() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.upsert("k", 5).await.is_err());
    let older = setup.start_upsert("k", 4);
    setup.settle().await;
    assert!(!older.is_finished());
    setup.table.script(|_| Outcome::Answer);
    setup.table.take_requests();
    older.await.unwrap().unwrap();
    assert_eq!(setup.take_puts(), [("k".to_owned(), 5)]);

    setup.table.script(fail(ErrorKind::AccessDenied));
    assert!(setup.upsert("k", 7).await.is_err());
    let begun = Instant::now();
    assert_eq!(kind(setup.upsert("k", 6).await), Some(ErrorKind::AccessDenied));
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_flag_is_written_after_a_newer_version_of_the_segment_that_it_refers_to() {
    let setup = Setup::new();
    let gate = Arc::new(Semaphore::new(0));
    setup.table.script(gated("PutItem", &gate));
    let others: Vec<_> =
        (0..PARALLEL_UPDATES).map(|n| setup.start_upsert(&format!("other-{n}"), 1)).collect();
    setup.requested("PutItem", PARALLEL_UPDATES).await;
    let flag = r#"{"key":"f","version":1,
        "rules":[{"clauses":[{"op":"segmentMatch","values":["s"]}]}]}"#;
    let writes = [
        setup.store.upsert("segments", &item("s", 1.0).json),
        setup.store.upsert("features", flag),
        setup.store.upsert("segments", &item("s", 2.0).json),
    ];
    let writes = writes.map(tokio::spawn);
    setup.settle().await;
    gate.add_permits(PARALLEL_UPDATES + 2);
    for other in others {
        other.await.unwrap().unwrap();
    }
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(setup.take_puts(), [("s".to_owned(), 2), ("f".to_owned(), 1)]);
}

#[tokio::test]
async fn a_store_that_is_closed_after_many_updates_of_a_key_writes_the_newest() {
    let setup = Setup::new();
    let updates: Vec<_> = (1..=2_000).map(|version| setup.start_upsert("k", version)).collect();
    setup.store.close().await;
    for update in updates {
        update.await.unwrap().unwrap();
    }
    assert_eq!(setup.table.row("features", "k").unwrap().version, Some(2_000.0));
    assert_eq!(setup.take_lines(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_update_without_room_is_logged_and_given_up() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Hang);
    let large = |key: usize| {
        let json = format!(r#"{{"key":"{key}","version":1,"x":"{}"}}"#, "x".repeat(300_000));
        tokio::spawn(setup.store.upsert("features", &json))
    };
    let fitting = crate::writes::pending::MAX_BYTES / 300_234;
    let updates: Vec<_> = (0..fitting).map(large).collect();
    assert_eq!(setup.take_lines(), [""; 0]);
    assert_eq!(kind(large(fitting).await.unwrap()), Some(ErrorKind::TimedOut));
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("256 MiB") && lines[0].contains("given up"), "{lines:?}");
    assert_eq!(setup.store.pending(), fitting);
    updates.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_flag_is_written_after_the_segment_that_it_refers_to() {
    let setup = Setup::new();
    let go = Arc::new(Notify::new());
    let held = Arc::clone(&go);
    setup.table.script(move |request| match request {
        Request::Put { row, .. } if &*row.namespace == "segments" => {
            let held = Arc::clone(&held);
            Outcome::AnswerAfter(async move { held.notified().await }.boxed())
        }
        _ => Outcome::Answer,
    });
    let flag = r#"{"key":"f","version":1,
        "rules":[{"clauses":[{"op":"segmentMatch","values":["s"]}]}]}"#;
    let segment = tokio::spawn(setup.store.upsert("segments", &item("s", 1.0).json));
    let flag = tokio::spawn(setup.store.upsert("features", flag));
    let other = tokio::spawn(setup.upsert_task("other"));
    other.await.unwrap().unwrap();
    assert!(setup.table.row("features", "f").is_none());
    go.notify_one();
    segment.await.unwrap().unwrap();
    flag.await.unwrap().unwrap();
    assert!(setup.table.row("features", "f").is_some());
}

#[tokio::test]
async fn an_upsert_invalidates_missing_rows_that_it_refers_to() {
    let setup = Setup::new();
    assert_eq!(setup.version("prerequisite").await, None);
    setup.table.put_item("features", "prerequisite", 1.0);
    let flag = r#"{"key":"f","version":1,"prerequisites":[{"key":"prerequisite"}]}"#;
    setup.store.upsert("features", flag).await.unwrap();
    assert_eq!(setup.version("prerequisite").await, Some(1.0));
}

impl Setup {
    fn upsert_task(&self, key: &str) -> impl Future<Output = Result<()>> + use<> {
        self.store.upsert("features", &item(key, 1.0).json).map(|result| result.map(drop))
    }
}

#[tokio::test]
async fn an_older_update_that_comes_just_before_a_newer_one_is_known_to_be_stored_is_not_left_pending()
 {
    let setup = Setup::new();
    let gate = Arc::new(Semaphore::new(0));
    setup.table.script(gated("PutItem", &gate));
    let newer = setup.start_upsert("k", 5);
    setup.requested("PutItem", 1).await;
    // A read has found it in the table before its put is answered.
    setup.store.writer.pending().saved_row(&RowKey::new("features", "k"));
    let older = setup.start_upsert("k", 3);
    gate.add_permits(2);
    newer.await.unwrap().unwrap();
    older.await.unwrap().unwrap();
    assert_eq!(setup.store.pending(), 0);
    assert_eq!(setup.read("k").await.0, Some(5.0));
}

#[tokio::test]
async fn an_update_that_dynamodb_has_taken_does_not_wait_for_the_init_that_replaces_it() {
    let setup = Setup::new();
    let gates = ["PutItem", "Query"].map(|operation| (operation, Arc::new(Semaphore::new(0))));
    let mut gated = gates.each_ref().map(|(operation, gate)| gated(operation, gate));
    setup.table.script(move |request| match request.operation() {
        "PutItem" => gated[0](request),
        _ => gated[1](request),
    });
    let update = setup.start_upsert("gone", 1);
    setup.requested("PutItem", 1).await;
    let init = setup.start_init(&[("kept", 1)]);
    setup.settle().await;
    gates[0].1.add_permits(1);
    setup.settle().await;
    assert!(update.is_finished() && !init.is_finished());
    update.await.unwrap().unwrap();
    gates[1].1.add_permits(2);
    init.await.unwrap().unwrap();
    assert_eq!(setup.read("gone").await.0, None);
}

#[tokio::test(start_paused = true)]
async fn an_older_update_whose_newer_one_fails_after_it_was_settled_is_not_left_pending() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.upsert("k", 5).await.is_err());
    setup.table.script(|_| Outcome::AnswerAfter(sleep(Duration::from_secs(5)).boxed()));
    setup.table.take_requests();
    sleep(Duration::from_secs(3)).await;
    assert_eq!(setup.table.take_operations(), ["PutItem"], "the retry worker tries once more");
    setup.store.writer.pending().saved_row(&RowKey::new("features", "k"));
    setup.table.script(fail(ErrorKind::Unavailable));
    let older = setup.start_upsert("k", 3);
    assert!(older.await.unwrap().is_err());
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    assert!(setup.table.row("features", "k").is_some());
}
