use super::*;

#[tokio::test]
async fn concurrent_reads_of_one_key_make_one_request() {
    let setup = Setup::new();
    setup.table.put_item("features", "k", 1.0);
    let reads = join_all((0..50).map(|_| setup.store.get("features", "k"))).await;
    assert!(reads.iter().all(|read| read.as_ref().unwrap().value.is_some()));
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
    assert_eq!(setup.version("k").await, Some(1.0));
    assert!(setup.table.take_operations().is_empty());
}

#[tokio::test]
async fn without_caching_every_read_is_a_request() {
    let setup = Setup::with(|config| config.freshness.ttl_ms = 0.0);
    setup.table.put_item("features", "k", 1.0);
    join_all((0..5).map(|_| setup.store.get("features", "k"))).await;
    assert_eq!(setup.table.take_operations(), ["GetItem"; 5]);
    assert_eq!(setup.store.get("features", "k").await.unwrap().until, 0.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_remembered_for_15_seconds_and_a_failure_is_not() {
    let setup = Setup::with(|config| config.freshness.ttl_ms = 60_000.0);
    assert_eq!(setup.version("k").await, None);
    assert_eq!(setup.version("k").await, None);
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
    setup.table.put_item("features", "k", 1.0);
    setup.now.fetch_add(15_000, Ordering::SeqCst);
    setup.table.script(|_| Outcome::Fail(ErrorKind::Unavailable));
    assert_eq!(kind(setup.store.get("features", "k").await), Some(ErrorKind::Unavailable));
    setup.table.script(|_| Outcome::Answer);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(setup.version("k").await, Some(1.0));
}

#[tokio::test]
async fn a_key_that_an_init_and_a_query_lacked_is_looked_up_once() {
    for ttl_ms in [1_000.0, 60_000.0, f64::INFINITY] {
        let setup = Setup::with(|config| config.freshness.ttl_ms = ttl_ms);
        setup.init(&[("k", 1)]).await.unwrap();
        // Another process adds flags that this one has never looked at.
        setup.table.put_item("features", "after init", 1.0);
        assert_eq!(setup.version("after init").await, Some(1.0));
        assert_eq!(setup.version("missing").await, None);
        setup.now.fetch_add(ttl_ms.min(1e9) as i64, Ordering::SeqCst);
        assert!(!setup.all().await.is_empty());
        setup.table.take_requests();
        setup.table.put_item("features", "after all", 1.0);
        setup.table.put_item("features", "missing", 1.0);
        for _ in 0..2 {
            assert_eq!(setup.version("after all").await, Some(1.0), "with a TTL of {ttl_ms}");
            assert_eq!(setup.version("missing").await, Some(1.0), "with a TTL of {ttl_ms}");
        }
        assert_eq!(setup.table.take_operations(), ["GetItem"; 2]);
    }
}

#[tokio::test]
async fn a_failed_read_is_one_line_that_names_table_namespace_and_key() {
    let setup = Setup::with(|config| config.prefix = "p".into());
    setup.table.script(|_| Outcome::Fail(ErrorKind::AccessDenied));
    let reads = join_all((0..5).map(|_| setup.store.get("features", "k"))).await;
    assert!(reads.into_iter().all(|read| kind(read) == Some(ErrorKind::AccessDenied)));
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1);
    for part in ["error [ACCESS_DENIED]: ", "\"p:features\"", "\"k\"", "dynamodb:GetItem"] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_without_an_answer_ends_after_the_read_timeout() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Hang);
    let begun = Instant::now();
    assert_eq!(kind(setup.store.get("features", "k").await), Some(ErrorKind::TimedOut));
    assert_eq!(kind(setup.store.all("features", 0, None).await), Some(ErrorKind::TimedOut));
    assert_eq!(kind(setup.store.initialized().await), Some(ErrorKind::TimedOut));
    let expected = crate::config::DEFAULT_READ_TIMEOUT * 3;
    assert!(begun.elapsed() >= expected && begun.elapsed() < expected * 2);
    assert_eq!(setup.take_lines().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_read_with_nothing_to_answer_with_is_repeated_until_it_is_answered() {
    for failure in [ErrorKind::Throttled, ErrorKind::Unavailable, ErrorKind::TimedOut] {
        let setup = Setup::with(|config| config.freshness.ttl_ms = 0.0);
        setup.table.put_item("features", "k", 1.0);
        setup.table.put_item("$inited", "$inited", 0.0);
        let mut left = 0;
        setup.table.script(move |_| {
            left = if left == 0 { 12 } else { left - 1 };
            if left == 0 { Outcome::Answer } else { Outcome::Fail(failure) }
        });
        assert_eq!(setup.version("k").await, Some(1.0));
        assert_eq!(setup.all().await, [("k".to_owned(), 1.0)]);
        assert!(setup.store.initialized().await.unwrap().value);
        assert_eq!(setup.table.take_operations().len(), 3 * 13);
        assert!(setup.take_lines().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_goes_on_failing_ends_with_its_time_and_one_line() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Fail(ErrorKind::Throttled));
    let begun = Instant::now();
    assert_eq!(kind(setup.store.get("features", "k").await), Some(ErrorKind::Throttled));
    let timeout = crate::config::DEFAULT_READ_TIMEOUT;
    assert!(begun.elapsed() > timeout / 2 && begun.elapsed() <= timeout);
    assert!(setup.table.take_operations().len() > 12);
    assert_eq!(setup.take_lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_configured_number_of_attempts_bounds_a_read() {
    let setup = Setup::new();
    let retries = Retries { max_attempts: Some(4), ..Retries::default() };
    setup.table.set_read_retries(retries);
    setup.table.script(|_| Outcome::Fail(ErrorKind::Throttled));
    assert_eq!(kind(setup.store.get("features", "k").await), Some(ErrorKind::Throttled));
    assert_eq!(setup.table.take_operations(), ["GetItem"; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_not_retried() {
    let setup = Setup::new();
    for failure in [ErrorKind::AccessDenied, ErrorKind::TableNotFound, ErrorKind::WrongKeySchema] {
        setup.table.script(move |_| Outcome::Fail(failure));
        assert_eq!(kind(setup.store.get("features", "k").await), Some(failure));
        assert_eq!(setup.table.take_operations(), ["GetItem"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_is_not_repeated_after_the_store_was_closed() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Fail(ErrorKind::Throttled));
    let (read, ()) = tokio::join!(setup.store.get("features", "k"), setup.store.close());
    assert_eq!(kind(read), Some(ErrorKind::Throttled));
    assert!(setup.table.take_operations().len() <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_fails_is_answered_with_what_came_meanwhile() {
    for ttl_ms in [0.0, 60_000.0] {
        let setup = Setup::with(|config| config.freshness.ttl_ms = ttl_ms);
        setup.table.script(|_| Outcome::Fail(ErrorKind::Throttled));
        let upsert = async {
            sleep(Duration::from_secs(1)).await;
            setup.upsert("k", 2).await
        };
        let (read, _) = tokio::join!(setup.store.get("features", "k"), upsert);
        assert_eq!(read.unwrap().value.unwrap().item.version, 2.0);
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_availability_checks_share_one_read() {
    let setup = Setup::new();
    let asked = || join_all((0..20).map(|_| setup.store.is_available()));
    assert_eq!(asked().await, [true; 20]);
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
    setup.table.script(|_| Outcome::Hang);
    let begun = Instant::now();
    assert_eq!(asked().await, [false; 20]);
    let timeout = crate::config::DEFAULT_AVAILABILITY_TIMEOUT;
    assert!(begun.elapsed() >= timeout && begun.elapsed() < timeout * 11 / 10);
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
    let begun = Instant::now();
    assert_eq!(asked().await, [false; 20]);
    assert!(begun.elapsed().is_zero(), "reads are known to fail");
    setup.table.script(|_| Outcome::Answer);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(asked().await, [true; 20]);
}

#[tokio::test]
async fn all_reads_every_page() {
    let setup = Setup::new();
    for number in 0..250 {
        setup.table.put_item("features", &number.to_string(), 1.0);
    }
    assert_eq!(setup.all().await.len(), 250);
    assert_eq!(setup.table.take_operations(), ["Query"; 3]);
    assert_eq!(setup.version("7").await, Some(1.0));
    assert!(setup.table.take_operations().is_empty(), "the Query freshened the item");
}

#[tokio::test]
async fn pages_are_handed_over_before_the_whole_answer() {
    let setup = Setup::new();
    for number in 0..250 {
        setup.table.put_item("features", &number.to_string(), 1.0);
    }
    let pages = Arc::new(Mutex::new(Vec::new()));
    let on_page = || -> Option<OnPage> {
        let pages = Arc::clone(&pages);
        Some(Arc::new(move |page| pages.lock().unwrap().push(page)))
    };
    let all = setup.store.all("features", 0, on_page()).await.unwrap().value.changed;
    let pages_found = std::mem::take(&mut *pages.lock().unwrap());
    assert_eq!(pages_found.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100]);
    for item in pages_found.iter().flatten() {
        assert!(all.contains(item), "{item:?}");
    }
    setup.store.all("features", 0, on_page()).await.unwrap();
    assert!(pages.lock().unwrap().is_empty(), "the second answer comes from the cache");
}

#[tokio::test]
async fn a_failing_second_page_fails_the_read_and_is_not_remembered() {
    let setup = Setup::new();
    for number in 0..150 {
        setup.table.put_item("features", &number.to_string(), 1.0);
    }
    setup.table.script(|request| match request {
        Request::Query { page: 1, .. } => Outcome::Fail(ErrorKind::Refused),
        _ => Outcome::Answer,
    });
    assert_eq!(kind(setup.store.all("features", 0, None).await), Some(ErrorKind::Refused));
    assert_eq!(setup.take_lines().len(), 1);
    setup.table.script(|_| Outcome::Answer);
    assert!(setup.store.all("features", 0, None).await.is_ok());
}

#[tokio::test]
async fn an_unreadable_row_is_logged_once_and_harms_no_other() {
    let setup = Setup::with(|config| config.freshness.ttl_ms = 0.0);
    setup.table.put_item("features", "good", 1.0);
    let bad = stored(&RowKey::new("features", "bad"), &item("bad", 1.0));
    setup.table.put(StoredRow { item: ItemAttribute::Text("{oops".into()), ..bad.clone() });
    assert_eq!(setup.all().await, [("good".to_owned(), 1.0)]);
    assert_eq!(setup.version("bad").await, None);
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("\"bad\""));
    setup.table.put(bad.clone());
    assert_eq!(setup.version("bad").await, Some(1.0));
    setup.table.put(StoredRow { item: ItemAttribute::Absent, ..bad });
    setup.expire();
    assert_eq!(setup.version("bad").await, None);
    assert_eq!(setup.take_lines().len(), 1, "it was readable in between");
}

#[tokio::test]
async fn initialized_is_remembered_when_true_briefly_when_false_and_never_on_error() {
    let setup = Setup::new();
    setup.table.script(|_| Outcome::Fail(ErrorKind::Unavailable));
    assert!(setup.store.initialized().await.is_err());
    setup.table.script(|_| Outcome::Answer);
    assert!(!setup.store.initialized().await.unwrap().value);
    setup.table.put_item("$inited", "$inited", 0.0);
    assert!(!setup.store.initialized().await.unwrap().value);
    setup.now.fetch_add(15_000, Ordering::SeqCst);
    setup.table.take_requests();
    assert!(setup.store.initialized().await.unwrap().value);
    assert!(setup.store.initialized().await.unwrap().value);
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
}

#[tokio::test]
async fn reads_are_consistent_if_the_option_is_set() {
    for consistent_read in [false, true] {
        let setup = Setup::with(|config| config.consistent_read = consistent_read);
        setup.store.get("features", "k").await.unwrap();
        setup.store.all("features", 0, None).await.unwrap();
        setup.store.initialized().await.unwrap();
        let expected = Reading { consistent: consistent_read, for_write: false };
        for request in setup.table.take_requests() {
            let (Request::Get { reading, .. } | Request::Query { reading, .. }) = request else {
                panic!("{request:?}");
            };
            assert_eq!(reading, expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn concurrent_reads_of_an_expired_item_make_one_request() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.put_item("features", "k", 2.0);
    let reads = join_all((0..50).map(|_| setup.read("k"))).await;
    assert_eq!(reads, vec![(Some(2.0), false); 50]);
    let all = join_all((0..50).map(|_| setup.read_all())).await;
    assert_eq!(all, vec![(vec![2.0], false); 50]);
    assert_eq!(setup.table.take_operations(), ["GetItem", "Query"]);
}

#[tokio::test]
async fn what_is_fresh_for_ever_is_read_once() {
    let setup = Setup::with(|config| config.freshness.ttl_ms = f64::INFINITY);
    setup.table.put_item("features", "k", 1.0);
    for _ in 0..2 {
        assert_eq!(setup.store.get("features", "k").await.unwrap().until, f64::INFINITY);
        assert_eq!(setup.store.all("features", 0, None).await.unwrap().until, f64::INFINITY);
        setup.now.fetch_add(1_000_000_000_000, Ordering::SeqCst);
    }
    assert_eq!(setup.table.take_operations(), ["GetItem", "Query"]);
}

#[tokio::test(start_paused = true)]
async fn a_just_expired_value_is_served_while_it_is_refreshed() {
    let setup = Setup::with(|config| config.freshness.stale_while_revalidate_ms = 10_000.0);
    setup.hold_stale(&["k"]).await;
    for version in [2.0, 3.0] {
        setup.table.put_item("features", "k", version);
        setup.table.script(late(Duration::from_millis(100)));
        let begun = Instant::now();
        assert_eq!(setup.read("k").await, (Some(version - 1.0), true));
        assert_eq!(setup.read_all().await, (vec![version - 1.0], true));
        assert!(begun.elapsed() < Duration::from_millis(100), "somebody waited");
        sleep(Duration::from_millis(150)).await;
        assert_eq!(setup.read("k").await, (Some(version), false));
        assert_eq!(setup.read_all().await, (vec![version], false));
        let mut operations = setup.table.take_operations();
        operations.sort_unstable();
        assert_eq!(operations, ["GetItem", "Query"]);
        setup.expire();
    }
    setup.table.put_item("features", "k", 4.0);
    setup.now.fetch_add(10_000, Ordering::SeqCst);
    assert_eq!(setup.read("k").await, (Some(4.0), false), "it was only just past its time");
}

#[tokio::test]
async fn that_the_store_is_not_initialised_is_not_taken_for_true_after_an_error() {
    let setup = Setup::new();
    assert!(!setup.store.initialized().await.unwrap().value);
    setup.expire();
    setup.table.script(fail(ErrorKind::Unavailable));
    for _ in 0..2 {
        assert_eq!(kind(setup.store.initialized().await), Some(ErrorKind::Unavailable));
    }
    setup.table.script(|_| Outcome::Answer);
    setup.table.put_item("$inited", "$inited", 0.0);
    let answer = setup.store.initialized().await.unwrap();
    assert_eq!((answer.value, answer.until), (true, f64::INFINITY));
}

#[tokio::test]
async fn all_items_are_sent_as_changes_to_the_collection_sent_before() {
    let setup = Setup::new();
    setup.table.put_item("features", "a", 1.0);
    setup.table.put_item("features", "b", 1.0);
    let first = setup.store.all("features", 0, None).await.unwrap().value;
    assert_eq!((first.base, first.changed.len()), (None, 2));
    setup.table.put_item("features", "b", 2.0);
    setup.table.remove(&RowKey::new("features", "a"));
    setup.expire();
    let second = setup.store.all("features", first.state, None).await.unwrap().value;
    let changed: Vec<_> = second.changed.iter().map(|(key, _)| &**key).collect();
    assert_eq!((second.base, changed), (Some(first.state), vec!["b"]));
    assert_eq!(second.removed, [Arc::from("a")]);
    setup.expire();
    let third = setup.store.all("features", second.state, None).await.unwrap().value;
    assert_eq!((third.state, third.base), (second.state, Some(second.state)));
    assert!(third.changed.is_empty() && third.removed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_read_is_counted_once_by_its_result() {
    let setup = Setup::new();
    setup.hold_stale(&["k", "other"]).await;
    let base = setup.store.stats().misses.get();
    join_all((0..10).map(|_| setup.read("k"))).await;
    setup.read("k").await;
    assert!(setup.store.peek("features", "k").is_some());
    assert!(setup.store.peek("features", "other").is_none());
    setup.table.script(fail(ErrorKind::Unavailable));
    setup.read("other").await;
    setup.read_all().await;
    assert!(setup.store.get("features", "unknown").await.is_err());
    let stats = setup.store.stats();
    assert_eq!(stats.misses.get() - base, 2, "the first of the ten, and the unknown one");
    assert_eq!(stats.coalesced.get(), 9);
    assert_eq!(stats.hits.get(), 2);
    assert_eq!(stats.stale.get(), 2);
}

#[tokio::test]
async fn whoever_has_an_older_answer_gets_what_is_newest() {
    let setup = Setup::new();
    setup.table.put_item("features", "k", 1.0);
    assert_eq!(setup.store.newest("features", "k"), None);
    let (first, all) = (
        setup.store.get("features", "k").await.unwrap(),
        setup.store.all("features", 0, None).await.unwrap(),
    );
    assert!(first.generation < all.generation, "all may have brought something newer");
    assert_eq!(all.generation, setup.store.generation());
    setup.table.script(|_| Outcome::Hang);
    let _write = setup.start_upsert("k", 2);
    assert!(setup.store.generation() > all.generation);
    let version = |answer: Answer<Option<Cached>>| answer.value.unwrap().item.version;
    assert_eq!(version(setup.store.newest("features", "k").unwrap()), 2.0);
    let changes = setup.store.newest_all("features", all.value.state).unwrap().value;
    assert_eq!((changes.base, changes.changed.len()), (Some(all.value.state), 1));
    assert_eq!(setup.store.newest_all("features", all.value.state + 100), None);
    setup.expire();
    assert_eq!(version(setup.store.newest("features", "k").unwrap()), 2.0, "however old");
}

/// Reads a flag and all flags repeatedly while another task writes new versions of it, and returns the
/// versions seen. Reads are answered late, with the table as it was when the request arrived.
async fn versions_seen(change: fn(&mut Config)) -> Vec<(&'static str, Vec<f64>)> {
    let setup = Setup::with(change);
    setup.init(&[("k", 1)]).await.unwrap();
    setup.table.script(|request| {
        // Reads overtake one another, and writes are acknowledged while reads are in flight.
        let longest = if matches!(request, Request::Put { .. }) { 20 } else { 50 };
        let delay = Duration::from_millis(fastrand::u64(0..longest));
        match request {
            Request::Put { .. } => Outcome::ActAfter(sleep(delay).boxed()),
            _ => Outcome::AnswerAfter(sleep(delay).boxed()),
        }
    });
    let (gets, alls) = (Arc::<Mutex<Vec<f64>>>::default(), Arc::<Mutex<Vec<f64>>>::default());
    let mut readers = Vec::new();
    for _ in 0..200 {
        let (store, gets, alls) = (setup.store.clone(), Arc::clone(&gets), Arc::clone(&alls));
        readers.push(tokio::spawn(async move {
            let get = async {
                let found = store.get("features", "k").await.unwrap().value.unwrap();
                gets.lock().unwrap().push(found.item.version);
            };
            let all = async {
                let found = store.all("features", 0, None).await.unwrap().value;
                alls.lock().unwrap().push(found.changed[0].1.item.version);
            };
            tokio::join!(get, all);
        }));
        sleep(Duration::from_millis(7)).await;
        if fastrand::bool() {
            let version = 2 + readers.len() as u32;
            let store = setup.store.clone();
            drop(tokio::spawn(store.upsert("features", &item("k", version.into()).json)));
        }
    }
    join_all(readers).await;
    let versions = |seen: Arc<Mutex<Vec<f64>>>| seen.lock().unwrap().clone();
    vec![("get", versions(gets)), ("all", versions(alls))]
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_older_than_the_one_before() {
    let setups: [fn(&mut Config); 4] = [
        |config| config.freshness.ttl_ms = 0.0,
        |config| (config.freshness.ttl_ms, config.consistent_read) = (0.0, true),
        |config| config.freshness.ttl_ms = 1.0,
        |_| {},
    ];
    for change in setups {
        for (what, versions) in versions_seen(change).await {
            assert!(versions.is_sorted(), "{what}: {versions:?}");
        }
    }
}
