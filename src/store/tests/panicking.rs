//! A panic leaves one line, a failure, and a store that still works.

use proptest::prelude::*;

use super::*;

/// Makes the first request of this operation panic.
fn panic_once(setup: &Setup, operation: &'static str, outcome: fn() -> Outcome) {
    let mut outcome = Some(outcome);
    setup.table.script(move |request| match outcome {
        Some(panics) if request.operation() == operation => {
            outcome = None;
            panics()
        }
        _ => Outcome::Answer,
    });
}

/// Makes the request of this number panic.
fn panic_at(setup: &Setup, number: usize, outcome: fn() -> Outcome) {
    let mut requests = 0;
    setup.table.script(move |_| {
        requests += 1;
        if requests == number { outcome() } else { Outcome::Answer }
    });
}

const PANICS: [fn() -> Outcome; 2] = [|| Outcome::Panic, || Outcome::PanicLater];

/// Asserts that there is one error line, with each text of `what` and the place of the panic.
fn assert_logged(setup: &Setup, what: &[&str]) {
    let mut lines = setup.take_lines();
    lines.retain(|line| line.starts_with("error"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("error [INTERNAL]: "), "{lines:?}");
    assert!(lines[0].contains(".rs:"), "{lines:?}");
    for what in ["a defect in dynamodb-feature-store"].iter().chain(what) {
        assert!(lines[0].contains(what), "{what}: {lines:?}");
    }
}

/// Asserts that the store still works after a panic.
async fn assert_well(setup: &Setup) {
    setup.upsert("z", 1).await.unwrap();
    setup.init(&[("k", 5), ("z", 5)]).await.unwrap();
    setup.upsert("k", 6).await.unwrap();
    setup.expire();
    assert_eq!(setup.read_all().await, (vec![6.0, 5.0], false));
    setup.expire();
    assert_eq!(setup.read("k").await, (Some(6.0), false));
    assert_eq!(setup.store.pending(), 0);
    assert_eq!(setup.store.free_update_permits(), PARALLEL_UPDATES);
}

fn is_defect<T>(result: Result<T>) -> bool {
    kind(result) == Some(ErrorKind::Internal)
}

#[tokio::test(start_paused = true)]
async fn a_read_that_panics_is_one_line_for_all_who_wait_for_it() {
    for outcome in PANICS {
        for caching in [true, false] {
            let setup = Setup::with(|config| {
                if !caching {
                    config.freshness.ttl_ms = 0.0;
                }
            });
            setup.table.put_item("features", "k", 1.0);
            panic_once(&setup, "GetItem", outcome);
            let gets = (0..3).map(|_| setup.store.get("features", "k"));
            let defects = join_all(gets).await.into_iter().filter(|got| got.is_err()).count();
            assert_eq!(defects, if caching { 3 } else { 1 });
            assert_logged(&setup, &["reading \"k\" in \"features\""]);
            assert_eq!(setup.version("k").await, Some(1.0));

            panic_once(&setup, "Query", outcome);
            assert!(is_defect(setup.store.all("features", 0, None).await));
            setup.take_lines();
            assert_eq!(setup.all().await, [("k".to_owned(), 1.0)]);
            panic_once(&setup, "GetItem", outcome);
            assert!(is_defect(setup.store.initialized().await));
            setup.take_lines();
            assert!(!setup.store.initialized().await.unwrap().value);
            panic_once(&setup, "GetItem", outcome);
            assert!(!setup.store.is_available().await);
            assert!(setup.store.is_available().await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_panics_is_one_line_and_the_next_read_is_fresh() {
    for outcome in PANICS {
        let setup = Setup::new();
        setup.hold_stale(&["k"]).await;
        panic_once(&setup, "GetItem", outcome);
        assert_eq!(setup.read("k").await, (Some(1.0), true));
        assert_logged(&setup, &["reading \"k\" in \"features\""]);
        setup.pass(Duration::from_secs(2)).await;
        assert_eq!(setup.read("k").await, (Some(1.0), false));
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_panics_is_retried() {
    for outcome in PANICS {
        let setup = Setup::new();
        panic_once(&setup, "PutItem", outcome);
        assert!(is_defect(setup.upsert("k", 1).await));
        assert_logged(&setup, &["saving version 1 of \"k\" in \"features\""]);
        assert_eq!(setup.version("k").await, Some(1.0));
        setup.retried().await;
        assert_eq!(setup.table.row("features", "k").unwrap().version, Some(1.0));
        setup.take_lines();

        panic_once(&setup, "PutItem", outcome);
        assert!(is_defect(setup.store.delete("features", "k", 2.0).await));
        assert_logged(&setup, &["saving version 2 of \"k\" in \"features\""]);
        setup.retried().await;
        assert_eq!(setup.table.row("features", "k").unwrap().version, Some(2.0));
        assert_well(&setup).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_init_that_panics_in_any_of_its_requests_is_retried() {
    for outcome in PANICS {
        for number in 1..=5 {
            let setup = Setup::new();
            setup.table.put_item("features", "old", 1.0);
            panic_at(&setup, number, outcome);
            assert!(is_defect(setup.init(&[("k", 1)]).await), "{number}");
            assert_logged(&setup, &["initialising"]);
            assert_eq!(setup.version("k").await, Some(1.0));
            setup.retried().await;
            assert!(setup.table.row("$inited", "$inited").is_some());
            assert!(setup.table.row("features", "old").is_none());
            assert_well(&setup).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_preload_that_panics_lets_reads_send_their_own_requests() {
    for outcome in PANICS {
        let setup = Setup::new();
        setup.table.put_item("features", "k", 1.0);
        panic_once(&setup, "Query", outcome);
        let (preload, get) = tokio::join!(setup.store.preload(), setup.store.get("features", "k"));
        let () = preload;
        assert_eq!(get.unwrap().value.unwrap().item.version, 1.0);
        assert_logged(&setup, &["reading all of \"features\""]);
        assert_well(&setup).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_background_task_whose_request_panics_goes_on() {
    for outcome in PANICS {
        // The retry worker.
        let setup = Setup::new();
        setup.table.script(fail(ErrorKind::Unavailable));
        assert!(setup.upsert("k", 1).await.is_err());
        setup.take_lines();
        panic_once(&setup, "PutItem", outcome);
        setup.retried().await;
        assert_well(&setup).await;

        // The data-loss check.
        for row in setup.table.keys() {
            setup.table.remove(&row);
        }
        setup.expire();
        setup.read_all().await;
        panic_once(&setup, "GetItem", outcome);
        for _ in 0..30 {
            setup.pass(Duration::from_secs(1)).await;
            setup.expire();
            setup.read_all().await;
        }
        let lines = setup.take_lines();
        assert!(lines.iter().any(|line| line.contains("the table has lost its data")), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_in_which_a_write_panics_ends_and_logs_what_is_given_up() {
    for outcome in PANICS {
        let setup = Setup::new();
        setup.table.script(fail(ErrorKind::Unavailable));
        assert!(setup.upsert("k", 1).await.is_err());
        setup.take_lines();
        setup.table.script(move |_| outcome());
        setup.store.close().await;
        let lines = setup.take_lines();
        assert!(lines.iter().any(|line| line.contains("given up: \"k\"")), "{lines:?}");
    }
}

// From here on the store itself panics, because its log or its clock does.

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_in_a_read_is_one_line_and_answers_the_next_one() {
    let setup = Setup::new();
    let unreadable = |key: &str| StoredRow {
        key: RowKey::new("features", key),
        version: None,
        item: ItemAttribute::Absent,
        deleted: false,
    };
    for key in ["a", "b"] {
        setup.table.put(unreadable(key));
    }
    setup.panic_at_line("the row \"a\"");
    assert!(is_defect(setup.store.get("features", "a").await));
    assert_logged(&setup, &["reading \"a\" in \"features\""]);
    assert_eq!(setup.version("a").await, None);

    setup.panic_at_line("the row \"b\"");
    assert!(is_defect(setup.store.all("features", 0, None).await));
    assert_logged(&setup, &["reading all of \"features\""]);
    assert_eq!(setup.all().await, []);

    let failing = Setup::new();
    failing.table.script(fail(ErrorKind::Refused));
    failing.panic_at_line("checking whether the store is initialised");
    assert!(is_defect(failing.store.initialized().await));
    assert_logged(&failing, &["checking whether the store is initialised"]);
    failing.panic_at_line("checking whether DynamoDB is available");
    assert!(!failing.store.is_available().await);
    assert_logged(&failing, &["checking whether DynamoDB is available"]);
    failing.table.script(|_| Outcome::Answer);
    assert!(failing.store.is_available().await);
    assert!(!failing.store.initialized().await.unwrap().value);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_in_an_update_retries_it() {
    // First the log panics, then the clock.
    let large = format!(r#"{{"key":"k","version":1,"x":"{}"}}"#, "x".repeat(350_000));
    let setup = Setup::new();
    setup.panic_at_line("takes 350");
    assert!(is_defect(setup.store.upsert("features", &large).await));
    assert_logged(&setup, &["saving version 1 of \"k\" in \"features\""]);
    setup.store.upsert("features", &large).await.unwrap();
    setup.take_lines();
    assert_well(&setup).await;

    let setup = Setup::new();
    setup.panic_at_time();
    assert!(is_defect(setup.upsert("k", 1).await));
    assert_logged(&setup, &["saving version 1 of \"k\" in \"features\""]);
    setup.retried().await;
    setup.take_lines();
    assert_well(&setup).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_in_an_init_is_not_held_up() {
    let setup = Setup::new();
    setup.panic_at_line("saving \"\" in \"features\"");
    assert!(is_defect(setup.init(&[("", 1), ("k", 1)]).await));
    assert_logged(&setup, &["initialising"]);
    assert_well(&setup).await;

    // An init that panics after its data is visible is retried.
    let setup = Setup::new();
    let broken_clock = Arc::clone(&setup.broken_clock);
    let known = move || broken_clock.store(true, Ordering::SeqCst);
    let init = setup.store.init(data([("k".to_owned(), 1)].into_iter()), known);
    assert!(is_defect(init.await));
    assert_logged(&setup, &["initialising"]);
    setup.retried().await;
    setup.take_lines();
    assert_eq!(setup.table.row("features", "k").unwrap().version, Some(1.0));
    assert_well(&setup).await;
}

#[tokio::test(start_paused = true)]
async fn a_background_task_that_panics_is_one_line_and_begins_anew() {
    // The retry worker.
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.upsert("k", 1).await.is_err());
    setup.take_lines();
    setup.panic_at_time();
    setup.table.script(|_| Outcome::Answer);
    setup.retried().await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("the retry worker failed: a defect"), "{lines:?}");
    assert!(lines[1].contains("all writes are in the table"), "{lines:?}");
    assert_well(&setup).await;

    // The data-loss check.
    let setup = Setup::with(|config| config.refill = true);
    setup.init(&[("k", 1)]).await.unwrap();
    for row in setup.table.keys() {
        setup.table.remove(&row);
    }
    setup.panic_at_line("writing 1 items anew");
    setup.expire();
    assert_eq!(setup.read("k").await.0, None);
    for _ in 0..30 {
        setup.pass(Duration::from_secs(1)).await;
    }
    let lines = setup.take_lines();
    assert!(lines[0].contains("the data-loss check failed: a defect"), "{lines:?}");
    assert!(setup.table.row("features", "k").is_some(), "{lines:?}");
    assert_well(&setup).await;
}

#[tokio::test(start_paused = true)]
async fn a_close_that_panics_closes() {
    let setup = Setup::new();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.upsert("k", 1).await.is_err());
    setup.take_lines();
    setup.panic_at_time();
    setup.table.script(|_| Outcome::Answer);
    setup.store.close().await;
    assert!(setup.store.is_closed());
    assert!(setup.init(&[("k", 1)]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_after_close_and_nothing_keeps_the_store() {
    let retrying = Setup::new();
    retrying.table.script(fail(ErrorKind::Unavailable));
    assert!(retrying.upsert("k", 1).await.is_err());

    let panicking = Setup::new();
    panicking.table.script(fail(ErrorKind::Unavailable));
    assert!(panicking.upsert("k", 1).await.is_err());
    panicking.panic_at_line("all writes are in the table");
    panicking.table.script(|_| Outcome::Answer);
    panicking.pass(Duration::from_secs(1)).await;

    // It waits for its second look.
    let checking = Setup::with(|config| config.refill = true);
    checking.init(&[("k", 1)]).await.unwrap();
    for row in checking.table.keys() {
        checking.table.remove(&row);
    }
    checking.expire();
    assert_eq!(checking.read("k").await.0, None);
    sleep(Duration::from_millis(1)).await;

    for setup in [checking, retrying, panicking] {
        setup.store.close().await;
        setup.take_lines();
        setup.table.take_requests();
        let Setup { store, table, lines, .. } = setup;
        let kept = (Arc::downgrade(&store.reader), Arc::downgrade(&store.writer));
        drop(store);
        sleep(Duration::from_millis(1)).await;
        assert!(kept.0.upgrade().is_none() && kept.1.upgrade().is_none());
        sleep(Duration::from_secs(600)).await;
        assert_eq!(table.take_operations(), [""; 0]);
        assert_eq!(*lines.lines.lock().unwrap(), [""; 0]);
    }
}

/// Generates numbers that JavaScript may pass.
fn any_number() -> impl Strategy<Value = f64> {
    let special =
        [0.0, -1.0, 1e-300, 1e-9, 1e300, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    prop_oneof![prop::sample::select(special.to_vec()), any::<f64>(), 0.0..60_000.0]
}

/// Generates times that a clock may show.
fn any_time() -> impl Strategy<Value = Millis> {
    prop_oneof![Just(Millis::MIN), Just(0), Just(Millis::MAX), any::<Millis>()]
}

#[derive(Clone, Debug)]
enum Call {
    Get(String),
    All,
    Upsert(String),
    Delete(String, f64),
    Init(String),
    Time(Millis),
    Fail(bool),
    Pass,
}

fn any_call() -> impl Strategy<Value = Call> {
    let version = || any_number().prop_map(crate::model::number);
    let item = || {
        (".{0,3}", version(), any::<bool>()).prop_map(|(key, version, deleted)| {
            let key = serde_json::Value::from(key);
            format!(r#"{{"key":{key},"version":{version},"deleted":{deleted}}}"#)
        })
    };
    let json = || prop_oneof![".{0,30}", item()];
    prop_oneof![
        ".{0,3}".prop_map(Call::Get),
        Just(Call::All),
        json().prop_map(Call::Upsert),
        (".{0,3}", any_number()).prop_map(|(key, version)| Call::Delete(key, version)),
        json().prop_map(Call::Init),
        item().prop_map(|item| Call::Init(format!(r#"{{"k":{item}}}"#))),
        any_time().prop_map(Call::Time),
        any::<bool>().prop_map(Call::Fail),
        Just(Call::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_option_no_item_and_no_clock_makes_it_panic(
        freshness in [any_number(), any_number(), any_number()],
        times in [any_number(), any_number(), any_number()],
        bytes in any_number(),
        calls in prop::collection::vec(any_call(), 1..12),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let setup = Setup::with(|config| {
                let [ttl_ms, stale_if_error_ms, stale_while_revalidate_ms] = freshness;
                config.freshness =
                    Freshness { ttl_ms, stale_if_error_ms, stale_while_revalidate_ms };
                let times = times.map(duration);
                [config.read_timeout, config.write_timeout, config.stale_if_slow] = times;
                config.max_cache_bytes = bytes as u64;
                config.refill = true;
            });
            for call in calls {
                match call {
                    Call::Get(key) => drop(setup.store.get("features", &key).await),
                    Call::All => drop(setup.store.all("features", 0, None).await),
                    Call::Upsert(json) => drop(setup.store.upsert("features", &json).await),
                    Call::Delete(key, version) => {
                        drop(setup.store.delete("features", &key, version).await);
                    }
                    Call::Init(json) => {
                        let items = vec![NewItems { kind: "features".into(), json }];
                        drop(setup.init_with(std::future::ready(Some(items))).await);
                    }
                    Call::Time(now) => setup.now.store(now, Ordering::SeqCst),
                    Call::Fail(true) => setup.table.script(fail(ErrorKind::Refused)),
                    Call::Fail(false) => setup.table.script(|_| Outcome::Answer),
                    Call::Pass => sleep(Duration::from_secs(400)).await,
                }
            }
            drop(setup.store.initialized().await);
            setup.store.is_available().await;
            setup.store.preload().await;
            setup.store.close().await;
            for line in setup.take_lines() {
                assert!(!line.contains("a defect"), "{line}");
            }
        });
    }
}
