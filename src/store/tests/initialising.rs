use super::*;

fn many(count: u32) -> Vec<(String, u32)> {
    (0..count).map(|number| (format!("flag-{number}"), 1)).collect()
}

async fn init(setup: &Setup, items: Vec<(String, u32)>) -> Result<()> {
    setup.init_with(data(items.into_iter())).await
}

#[tokio::test]
async fn an_init_replaces_everything_and_the_second_one_writes_nothing() {
    let setup = Setup::new();
    setup.table.put_item("features", "old", 9.0);
    setup.table.put_item("features", "k", 9.0);
    setup.table.put_item("segments", "other kind", 1.0);
    setup.init(&[("k", 1), ("new", 1)]).await.unwrap();
    assert_eq!(setup.version("k").await, Some(1.0));
    assert_eq!(setup.version("old").await, None);
    let keys: Vec<_> = setup.table.keys().iter().map(|row| row.key.to_string()).collect();
    assert_eq!(keys, ["$inited", "k", "new", "other kind"]);
    assert!(setup.store.initialized().await.unwrap().value);
    setup.table.take_requests();
    setup.init(&[("k", 1), ("new", 1)]).await.unwrap();
    assert_eq!(setup.table.take_operations(), ["Query", "Query", "GetItem"]);
}

#[tokio::test]
async fn an_init_reads_the_table_while_its_data_is_on_its_way() {
    let setup = Setup::new();
    setup.table.put_item("features", "old", 1.0);
    let (complete, waiting) = oneshot::channel::<()>();
    let flags = data([("k".to_owned(), 1)].into_iter());
    let init = tokio::spawn(setup.init_with(async move {
        waiting.await.unwrap();
        flags.await
    }));
    setup.requested("Query", 2).await;
    complete.send(()).unwrap();
    init.await.unwrap().unwrap();
    assert_eq!(setup.all().await, [("k".to_owned(), 1.0)]);
    let operations = setup.table.take_operations();
    assert!(!operations.contains(&"Query"), "{operations:?}");
    assert_eq!(setup.table.keys().len(), 2, "the old row is deleted");
}

#[tokio::test]
async fn an_init_reads_the_table_only_after_the_writes_before_it() {
    let setup = Setup::new();
    let gate = Arc::new(Semaphore::new(0));
    setup.table.script(gated("PutItem", &gate));
    let upsert = setup.start_upsert("k", 5);
    let init = setup.start_init(&[("k", 1)]);
    setup.settle().await;
    assert_eq!(setup.table.take_operations(), ["PutItem"]);
    gate.add_permits(1);
    upsert.await.unwrap().unwrap();
    init.await.unwrap().unwrap();
    assert_eq!(setup.table.row("features", "k").unwrap().version, Some(1.0));
}

#[tokio::test]
async fn after_an_init_reads_need_no_request() {
    let setup = Setup::new();
    setup.init(&[("k", 1)]).await.unwrap();
    setup.table.take_requests();
    assert_eq!(setup.version("k").await, Some(1.0));
    assert_eq!(setup.all().await, [("k".to_owned(), 1.0)]);
    assert!(setup.store.initialized().await.unwrap().value);
    assert!(setup.table.take_requests().is_empty());
}

#[tokio::test]
async fn an_init_without_items_sets_the_marker() {
    let setup = Setup::new();
    setup.init(&[]).await.unwrap();
    assert_eq!(setup.table.keys(), [RowKey::new("$inited", "$inited")]);
}

#[tokio::test(start_paused = true)]
async fn unprocessed_and_throttled_rows_are_sent_until_all_are_in() {
    let setup = Setup::new();
    let mut calls = 0;
    setup.table.script(move |request| {
        if !matches!(request, Request::Batch { .. }) {
            return Outcome::Answer;
        }
        calls += 1;
        match calls % 5 {
            0 => Outcome::Fail(ErrorKind::Throttled),
            _ => Outcome::Unprocessed(|index| index % 3 == 1),
        }
    });
    init(&setup, many(1_000)).await.unwrap();
    assert_eq!(setup.table.keys().len(), 1_001);
    assert!(setup.take_lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_init_goes_on_for_as_long_as_dynamodb_takes_rows() {
    let setup = Setup::with(|config| config.write_timeout = Duration::from_millis(100));
    setup.table.script(|request| match request {
        Request::Batch { .. } => Outcome::Unprocessed(|index| index > 0),
        _ => Outcome::Answer,
    });
    init(&setup, many(600)).await.unwrap();
    assert_eq!(setup.table.keys().len(), 601);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_get_in_is_named_and_the_marker_is_not_written() {
    for outcome in [
        || Outcome::Hang,
        || Outcome::Fail(ErrorKind::Throttled),
        || Outcome::Fail(ErrorKind::AccessDenied),
    ] {
        let setup = Setup::new();
        let batches = AtomicUsize::new(0);
        setup.table.script(move |request| match request {
            Request::Batch { .. } if batches.fetch_add(1, Ordering::SeqCst) > 0 => outcome(),
            _ => Outcome::Answer,
        });
        assert!(init(&setup, many(40)).await.is_err());
        assert!(setup.table.row("$inited", "$inited").is_none());
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("16 of 41 rows"), "{}", lines[0]);
        assert!(lines[0].contains("and 6 more"), "{}", lines[0]);
        assert!(setup.store.initialized().await.unwrap().value, "this process has all of it");
    }
}

#[tokio::test(start_paused = true)]
async fn an_init_that_cannot_read_the_table_writes_nothing() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Fail(ErrorKind::Unavailable));
    assert_eq!(kind(setup.init(&[("k", 1)]).await), Some(ErrorKind::Unavailable));
    assert!(!setup.table.take_operations().contains(&"BatchWriteItem"));
    assert_eq!(setup.take_lines().len(), 1);
}

#[tokio::test]
async fn a_row_that_dynamodb_refuses_does_not_hold_up_the_others_but_the_marker() {
    let setup = Setup::new();
    let refused = setup.init(&[("a", 1), ("REFUSE", 1), ("b", 1)]).await;
    assert_eq!(kind(refused), Some(ErrorKind::Refused));
    let keys: Vec<_> = setup.table.keys().iter().map(|row| row.key.to_string()).collect();
    assert_eq!(keys, ["a", "b"]);
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains("\"REFUSE\" in \"features\""), "{}", lines[0]);
    assert!(lines[1].contains("1 of 4 rows"), "{}", lines[1]);
    assert_eq!(setup.version("REFUSE").await, Some(1.0), "this process has it");
}

#[tokio::test]
async fn an_item_that_cannot_be_stored_is_logged_and_its_older_row_stays() {
    let setup = Setup::new();
    setup.table.put_item("features", "large", 1.0);
    let large = serde_json::json!({"key": "large", "version": 2, "x": "x".repeat(400_000)});
    let json = serde_json::json!({"large": large, "null": null, "k": {"version": 3}});
    let data = NewItems { kind: "features".into(), json: json.to_string() };
    setup.init_with(std::future::ready(Some(vec![data]))).await.unwrap();
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("\"null\" in \"features\""));
    assert!(lines[1].contains("\"large\" in \"features\"") && lines[1].contains("bytes"));
    assert_eq!(setup.table.row("features", "large").unwrap().version, Some(1.0));
    assert_eq!(setup.version("large").await, Some(2.0), "this process has it");
    assert_eq!(setup.all().await, [("k".to_owned(), 3.0), ("large".to_owned(), 2.0)]);
}

#[tokio::test]
async fn data_that_is_no_object_is_refused_whole() {
    let setup = Setup::new();
    let data = NewItems { kind: "features".into(), json: "[]".into() };
    assert_eq!(
        kind(setup.init_with(std::future::ready(Some(vec![data]))).await),
        Some(ErrorKind::InvalidData)
    );
    assert!(setup.table.take_requests().is_empty());
    assert_eq!(setup.take_lines().len(), 1);
}

#[tokio::test]
async fn a_wave_begins_when_the_one_before_it_is_in() {
    let setup = Setup::new();
    let mut first = true;
    setup.table.script(move |request| match request {
        Request::Batch { .. } if std::mem::take(&mut first) => Outcome::Unprocessed(|_| true),
        _ => Outcome::Answer,
    });
    let flag = r#"{"f":{"key":"f","version":1,"prerequisites":[{"key":"p"}]},
        "p":{"key":"p","version":1}}"#;
    let data = vec![
        NewItems { kind: "features".into(), json: flag.into() },
        NewItems { kind: "segments".into(), json: r#"{"s":{"version":1}}"#.into() },
    ];
    setup.init_with(std::future::ready(Some(data))).await.unwrap();
    let written = setup.table.take_requests().into_iter().filter_map(|request| match request {
        Request::Batch { writes } => {
            Some(writes.iter().map(|w| w.row().key.to_string()).collect::<Vec<_>>())
        }
        _ => None,
    });
    let written: Vec<_> = written.collect();
    assert_eq!(written, [["s"], ["s"], ["p"], ["f"], ["$inited"]]);
}

#[tokio::test]
async fn an_init_waits_for_the_upserts_under_way_and_later_ones_for_it() {
    let setup = Setup::new();
    let gate = Arc::new(Semaphore::new(0));
    setup.table.script(gated("PutItem", &gate));
    let before = setup.start_upsert("before", 5);
    setup.requested("PutItem", 1).await;
    let init = setup.start_init(&[("k", 1)]);
    let after = setup.start_upsert("k", 2);
    setup.settle().await;
    assert!(setup.table.take_requests().is_empty());
    gate.add_permits(2);
    for write in [before, init, after] {
        write.await.unwrap().unwrap();
    }
    let operations = setup.table.take_operations();
    assert_eq!(operations.last(), Some(&"PutItem"));
    assert!(!operations[..operations.len() - 1].contains(&"PutItem"));
    assert_eq!(setup.version("before").await, None);
    assert_eq!(setup.version("k").await, Some(2.0));
}

#[tokio::test]
async fn an_upsert_that_an_init_overtakes_is_not_written_and_ends_with_it() {
    for fails in [false, true] {
        let setup = Setup::new();
        if fails {
            setup.table.script(fail(ErrorKind::AccessDenied));
        }
        let before = setup.store.upsert("features", &item("before", 5.0).json);
        let init = setup.init_with(data([("k".to_owned(), 1)].into_iter()));
        let init = tokio::spawn(init);
        setup.settle().await;
        let before = before.await;
        assert_eq!(kind(before), kind(init.await.unwrap()));
        assert_eq!(setup.take_puts(), []);
        assert_eq!(setup.table.row("features", "k").is_some(), !fails);
    }
}

#[tokio::test]
async fn an_init_that_another_one_overtakes_ends_when_that_is_in_the_table() {
    for upserts in [0, 1] {
        for inits in 2..6 {
            let setup = Setup::new();
            let gate = Arc::new(Semaphore::new(0));
            setup.table.script(gated("BatchWriteItem", &gate));
            let mut writes: Vec<_> = (0..upserts).map(|_| setup.start_upsert("u", 1)).collect();
            writes.extend((1..=inits).map(|number| setup.start_init(&[("k", number)])));
            setup.settle().await;
            assert_eq!(setup.version("k").await, Some(inits.into()));
            let answered = writes.iter().skip(upserts).filter(|write| write.is_finished());
            assert_eq!(answered.count(), 0, "nothing is in the table");
            gate.add_permits(100);
            for write in writes {
                write.await.unwrap().unwrap();
            }
            assert_eq!(setup.table.row("features", "k").unwrap().version, Some(inits.into()));
            let batches = setup.table.take_requests();
            let batches = batches.into_iter().filter(|r| r.operation() == "BatchWriteItem");
            let batches: Vec<_> = batches.collect();
            // The first init may already be in flight.
            assert!(batches.len() <= 3 + upserts, "{batches:?}");
            assert_eq!(setup.take_lines(), [""; 0]);
        }
    }
}

#[tokio::test]
async fn an_init_that_is_overtaken_while_it_writes_gives_its_turn_away() {
    for outcome in [|| Outcome::Answer, || Outcome::Fail(ErrorKind::AccessDenied)] {
        let setup = Setup::new();
        let gate = Arc::new(Semaphore::new(0));
        let mut script = gated("BatchWriteItem", &gate);
        setup.table.script(move |request| script(request));
        let first = setup.start_init(&[("a", 1), ("b", 1)]);
        setup.requested("BatchWriteItem", 1).await;
        let between = setup.start_upsert("between", 7);
        let second = setup.start_init(&[("b", 2)]);
        setup.settle().await;
        assert!(!first.is_finished());
        setup.table.script(move |_| outcome());
        gate.add_permits(1);
        let results = [first, between, second].map(|write| async { kind(write.await.unwrap()) });
        let [first, between, second] = results;
        let (first, between, second) = tokio::join!(first, between, second);
        assert_eq!((first, between), (second, second));
        assert_eq!(setup.take_puts(), []);
        if second.is_none() {
            let keys: Vec<_> = setup.table.keys().iter().map(|row| row.key.to_string()).collect();
            assert_eq!(keys, ["$inited", "b"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn inits_that_are_closed_while_they_wait_for_one_another_are_answered() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Hang);
    let writes = (1..5).map(|number| setup.start_init(&[("k", number)]));
    let writes: Vec<_> = writes.collect();
    sleep(Duration::from_millis(100)).await;
    setup.store.close().await;
    for write in writes {
        assert_eq!(kind(write.await.unwrap()), Some(ErrorKind::Closed));
    }
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("closed with 1 item not in the table"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn an_init_whose_data_comes_while_it_is_closed_is_written() {
    let setup = Setup::new();
    let (send, receive) = tokio::sync::oneshot::channel();
    let init = tokio::spawn(setup.init_with(async { receive.await.ok() }));
    let closing = setup.store.clone();
    let close = tokio::spawn(async move { closing.close().await });
    sleep(Duration::from_millis(100)).await;
    let kind = NewItems { kind: "features".into(), json: r#"{"k":{"version":1}}"#.into() };
    send.send(vec![kind]).unwrap();
    close.await.unwrap();
    init.await.unwrap().unwrap();
    assert!(setup.table.row("$inited", "$inited").is_some());
    assert_eq!(setup.take_lines(), [""; 0]);
}

#[tokio::test]
async fn an_item_is_filed_under_the_key_that_its_data_set_gives_it() {
    let setup = Setup::new();
    let json =
        r#"{"filed":{"key":"own","version":1},"gone":{"key":"own","version":2,"deleted":true}}"#;
    let kind = NewItems { kind: "features".into(), json: json.into() };
    setup.init_with(std::future::ready(Some(vec![kind]))).await.unwrap();
    assert!(setup.table.row("features", "own").is_none());
    assert_eq!(setup.version("filed").await, Some(1.0));
    let row = setup.table.row("features", "gone").unwrap();
    let tombstone = r#"{"key":"gone","version":2,"deleted":true}"#;
    assert_eq!(row.item, ItemAttribute::Text(tombstone.into()));
    setup.expire();
    assert_eq!(setup.all().await, [("filed".to_owned(), 1.0)]);
    setup.store.upsert("features", r#"{"key":"filed","version":2}"#).await.unwrap();
    assert_eq!(setup.all().await, [("filed".to_owned(), 2.0)]);
}

#[tokio::test]
async fn two_prefixes_do_not_touch_each_other() {
    let setup = Setup::with(|config| config.prefix = "a$b:c".into());
    setup.table.put_item("features", "k", 9.0);
    setup.table.put_item("a$b:features", "k", 9.0);
    setup.init(&[("$", 1)]).await.unwrap();
    setup.init(&[("a:b", 1)]).await.unwrap();
    let rows: Vec<_> =
        setup.table.keys().iter().map(|row| format!("{}|{}", row.namespace, row.key)).collect();
    assert_eq!(
        rows,
        ["a$b:c:$inited|a$b:c:$inited", "a$b:c:features|a:b", "a$b:features|k", "features|k"]
    );
    assert!(matches!(setup.table.take_requests().last(), Some(Request::Batch { writes })
        if matches!(writes[..], [Write::Delete(_)])));
}

#[tokio::test]
async fn an_init_whose_data_does_not_come_does_nothing_and_holds_up_nobody() {
    let setup = Setup::new();
    let init = setup.init_with(std::future::ready(None));
    let after = setup.store.upsert("features", &item("k", 1.0).json);
    let (after, init) = tokio::join!(after, init);
    after.map(drop).and(init).unwrap();
    assert_eq!(setup.table.take_operations(), ["PutItem"]);
}

#[tokio::test]
async fn after_an_init_that_failed_its_data_is_stale_but_there() {
    let setup = Setup::new();
    setup.init(&[("k", 1)]).await.unwrap();
    setup.table.script(|request| match request {
        Request::Batch { .. }
        | Request::Query { reading: Reading { consistent: false, .. }, .. } => {
            Outcome::Fail(ErrorKind::AccessDenied)
        }
        _ => Outcome::Answer,
    });
    assert_eq!(kind(setup.init(&[("k", 2)]).await), Some(ErrorKind::AccessDenied));
    assert_eq!(setup.read_all().await, (vec![2.0], true));
    setup.table.put_item("features", "k", 3.0);
    assert_eq!(setup.read("k").await, (Some(3.0), false), "the table is asked what it has");
    setup.init(&[("k", 2)]).await.unwrap_err();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert_eq!(setup.read("k").await, (Some(2.0), true));
}
