use super::*;

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_served_after_the_first_failed_attempt() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.script(fail(ErrorKind::Throttled));
    let begun = Instant::now();
    assert_eq!(setup.read("k").await, (Some(1.0), true));
    assert_eq!(setup.read_all().await, (vec![1.0], true));
    assert!(begun.elapsed() < Duration::from_millis(10), "somebody waited");
    let read = Reading { consistent: false, for_write: false };
    let requests = setup.table.take_requests();
    assert!(matches!(
        &requests[..],
        [Request::Get { reading: get, .. }, Request::Query { reading: query, .. }]
            if *get == read && *query == read
    ));
}

#[tokio::test(start_paused = true)]
async fn a_read_with_a_stale_answer_waits_no_longer_than_stale_if_slow() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.script(|_| Outcome::Hang);
    let stale_if_slow = crate::config::DEFAULT_STALE_IF_SLOW;
    let waited = async |early: Duration| {
        sleep(early).await;
        let begun = Instant::now();
        let (one, all) = tokio::join!(setup.read("k"), setup.read_all());
        assert_eq!((one, all), ((Some(1.0), true), (vec![1.0], true)));
        begun.elapsed()
    };
    let (first, joined) = tokio::join!(waited(Duration::ZERO), waited(stale_if_slow * 3 / 4));
    let rounding = Duration::from_millis(5);
    assert!(first >= stale_if_slow && first < stale_if_slow + rounding, "{first:?}");
    assert!(joined < stale_if_slow / 4 + rounding, "{joined:?} behind the first");
    assert!(waited(Duration::ZERO).await < rounding, "it is known to be slow");
    assert_eq!(setup.table.take_operations().len(), 2);
    // Reads that probe whether it still hangs do not wait longer either.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        assert!(waited(Duration::from_millis(100)).await < stale_if_slow + rounding);
    }
    assert!(setup.table.take_operations().len() > 4);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_waited_in_vain_answers_with_what_was_cached_meanwhile() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.script(|request| match request {
        Request::Put { .. } => Outcome::Answer,
        _ => Outcome::Hang,
    });
    let update = async {
        sleep(crate::config::DEFAULT_STALE_IF_SLOW / 2).await;
        setup.upsert("k", 2).await.unwrap();
    };
    let (one, all, ()) = tokio::join!(setup.read("k"), setup.read_all(), update);
    assert_eq!((one.0, all.0), (Some(2.0), vec![2.0]));
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_what_later_reads_get() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.put_item("features", "k", 2.0);
    setup.table.script(late(Duration::from_secs(1)));
    assert_eq!(setup.read("k").await, (Some(1.0), true));
    assert_eq!(setup.read_all().await, (vec![1.0], true));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(setup.read("k").await, (Some(2.0), false));
    assert_eq!(setup.read_all().await, (vec![2.0], false));
    assert_eq!(setup.table.take_operations(), ["GetItem", "Query"]);
}

#[tokio::test(start_paused = true)]
async fn while_everything_fails_one_probe_at_a_time_after_pauses_that_grow() {
    let setup = Setup::new();
    let keys: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    setup.hold_stale(&keys.iter().map(|key| &**key).collect::<Vec<_>>()).await;
    let tries: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let noted = Arc::clone(&tries);
    setup.table.script(move |_| {
        noted.lock().unwrap().push(Instant::now());
        Outcome::Fail(ErrorKind::Unavailable)
    });
    let begun = Instant::now();
    for _ in 0..1_000 {
        for key in &keys {
            assert_eq!(setup.read(key).await, (Some(1.0), true));
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(12), "somebody waited");
    let tries = tries.lock().unwrap();
    let pauses: Vec<_> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let millis = Duration::from_millis;
    assert!(pauses[0] >= millis(40) && pauses[0] <= millis(120), "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= millis(1_020)), "{pauses:?}");
    assert!(pauses[5..].iter().all(|pause| *pause >= millis(490)), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn while_one_read_probes_the_others_are_answered_at_once() {
    let setup = Setup::new();
    setup.hold_stale(&["k", "other"]).await;
    setup.table.script(fail(ErrorKind::Unavailable));
    setup.read("k").await;
    setup.table.script(|_| Outcome::Hang);
    sleep(Duration::from_millis(100)).await;
    setup.table.take_requests();
    let begun = Instant::now();
    let others = async {
        tokio::task::yield_now().await;
        for _ in 0..100 {
            assert_eq!(setup.read("other").await, (Some(1.0), true));
        }
        begun.elapsed()
    };
    let (tried, waited) = tokio::join!(setup.read("k"), others);
    assert_eq!(tried, (Some(1.0), true));
    assert!(waited < Duration::from_millis(10), "{waited:?}");
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_lasts_until_somebody_tries_again() {
    let setup = Setup::new();
    setup.hold_stale(&["k", "other"]).await;
    setup.table.script(fail(ErrorKind::Unavailable));
    let mut pauses = Vec::new();
    for key in ["k", "other"] {
        let answer = setup.store.get("features", key).await.unwrap();
        pauses.push(answer.until - setup.now.load(Ordering::SeqCst) as f64);
    }
    assert!(pauses.iter().all(|pause| (40.0..=100.0).contains(pause)), "{pauses:?}");
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
    sleep(Duration::from_secs_f64(pauses[1] / 1_000.0 - 0.005)).await;
    setup.read("k").await;
    assert!(setup.table.take_operations().is_empty());
    sleep(Duration::from_millis(10)).await;
    setup.read("k").await;
    assert_eq!(setup.table.take_operations(), ["GetItem"]);
}

#[tokio::test(start_paused = true)]
async fn when_it_works_again_the_next_try_makes_everything_fresh() {
    let setup = Setup::new();
    setup.hold_stale(&["k", "other"]).await;
    setup.table.script(fail(ErrorKind::Unavailable));
    for _ in 0..10 {
        setup.read("k").await;
        setup.read_all().await;
        setup.pass(Duration::from_secs(1)).await;
    }
    setup.table.script(|_| Outcome::Answer);
    setup.table.put_item("features", "k", 2.0);
    setup.table.put_item("features", "other", 2.0);
    assert_eq!(setup.read("k").await, (Some(2.0), false));
    assert_eq!(setup.read("other").await, (Some(2.0), false), "one success closes all breakers");
    assert_eq!(setup.read_all().await, (vec![2.0, 2.0], false));
}

#[tokio::test(start_paused = true)]
async fn a_read_without_a_cached_answer_fails_within_the_read_timeout_and_is_not_cached() {
    for stale_if_error_ms in [f64::INFINITY, 5_000.0] {
        let setup = Setup::with(|config| config.freshness.stale_if_error_ms = stale_if_error_ms);
        setup.hold_stale(&["k"]).await;
        let key = if stale_if_error_ms.is_finite() { "k" } else { "unknown" };
        setup.now.fetch_add(5_000, Ordering::SeqCst);
        setup.table.script(|_| Outcome::Hang);
        for _ in 0..3 {
            let begun = Instant::now();
            assert_eq!(kind(setup.store.get("features", key).await), Some(ErrorKind::TimedOut));
            let timeout = crate::config::DEFAULT_READ_TIMEOUT;
            assert!(begun.elapsed() >= timeout && begun.elapsed() < timeout * 11 / 10);
            let expected = Reading { consistent: false, for_write: false };
            assert!(matches!(
                &setup.table.take_requests()[..],
                [Request::Get { reading, .. }] if *reading == expected
            ));
        }
        if key == "k" {
            assert!(setup.store.all("features", 0, None).await.is_err());
        }
        setup.table.script(|_| Outcome::Answer);
        assert!(setup.store.get("features", key).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_missing_is_read_again_unless_dynamodb_is_unreachable() {
    let setup = Setup::new();
    assert_eq!(setup.read("k").await, (None, false));
    setup.expire();
    assert_eq!(setup.read("k").await, (None, false));
    assert_eq!(setup.table.take_operations(), ["GetItem"; 2], "it is not answered unasked");
    setup.expire();
    setup.table.script(fail(ErrorKind::Unavailable));
    assert!(setup.store.get("features", "k").await.is_err());
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(setup.read("k").await, (None, true));
        sleep(Duration::from_millis(10)).await;
    }
    assert!(begun.elapsed() < Duration::from_millis(1_200), "somebody waited");
    setup.table.script(|_| Outcome::Answer);
    setup.table.put_item("features", "k", 1.0);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(setup.read("k").await, (Some(1.0), false));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_two_lines_however_many_reads_there_are() {
    let setup = Setup::new();
    setup.hold_stale(&["k", "other"]).await;
    let read = async |seconds: u64| {
        for _ in 0..seconds * 20 {
            setup.read("k").await;
            setup.read("other").await;
            setup.read_all().await;
            setup.pass(Duration::from_millis(50)).await;
        }
    };
    setup.table.script(fail(ErrorKind::Unavailable));
    read(6).await;
    setup.table.script(|_| Outcome::Answer);
    read(20).await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let parts =
        ["error [UNAVAILABLE]: ", "failed: scripted", "Last known values are used meanwhile"];
    assert!(parts.iter().all(|part| lines[0].contains(part)), "{}", lines[0]);
    // The last probe before the recovery is up to a second old.
    let parts =
        ["warn [RECOVERED]: ", "reading works again after ", "values up to 2", "s old were used"];
    assert!(parts.iter().all(|part| lines[1].contains(part)), "{}", lines[1]);
}

#[tokio::test(start_paused = true)]
async fn a_single_transient_failure_of_an_answered_read_is_not_logged() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.script(fail(ErrorKind::TimedOut));
    setup.read("k").await;
    setup.table.script(|_| Outcome::Answer);
    setup.pass(Duration::from_millis(200)).await;
    assert_eq!(setup.read("k").await, (Some(1.0), false));
    assert_eq!(setup.take_lines(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_logged_at_once() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.script(fail(ErrorKind::AccessDenied));
    assert_eq!(setup.read("k").await, (Some(1.0), true));
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("\"k\" in \"features\"") && lines[0].contains("dynamodb:GetItem"));
}

/// Long advice that a line may contain.
const ADVICE: [&str; 3] = ["Check the network path", "Allow dynamodb:GetItem", "Raise the table"];

fn advice_in(lines: &[String]) -> Vec<&'static str> {
    let advice = |line: &String| {
        ADVICE.into_iter().filter(|advice| line.contains(advice)).collect::<Vec<_>>()
    };
    lines.iter().flat_map(advice).collect()
}

#[tokio::test(start_paused = true)]
async fn advice_is_given_once_for_each_cause_of_an_outage() {
    let setup = Setup::new();
    let read = async |kind: ErrorKind| {
        setup.table.script(fail(kind));
        for key in ["a", "b", "c"] {
            assert!(setup.store.get("features", key).await.is_err());
        }
        setup.take_lines()
    };
    for other in ["d", "e"] {
        let lines = read(ErrorKind::AccessDenied).await;
        assert_eq!((lines.len(), advice_in(&lines)), (3, vec!["Allow dynamodb:GetItem"]));
        let lines = read(ErrorKind::Unavailable).await;
        assert_eq!(
            (lines.len(), advice_in(&lines)),
            (1, vec!["Check the network path"]),
            "{lines:?}"
        );
        assert!(lines[0].starts_with("error [UNAVAILABLE]: reading \"a\""), "{lines:?}");
        let lines = read(ErrorKind::AccessDenied).await;
        assert_eq!(lines, [""; 0], "nothing new");
        setup.table.script(|_| Outcome::Answer);
        setup.pass(Duration::from_secs(10)).await;
        setup.read(other).await;
        assert_eq!(setup.take_lines().len(), 1, "it works again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_cause_is_logged_while_all_reads_have_answers() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    for (kind, count) in [
        (ErrorKind::AccessDenied, 1),
        (ErrorKind::BadCredentials, 1),
        (ErrorKind::TimedOut, 0),
        (ErrorKind::AccessDenied, 0),
    ] {
        setup.table.script(fail(kind));
        setup.pass(Duration::from_secs(2)).await;
        setup.read("k").await;
        setup.settle().await;
        let lines = setup.take_lines();
        assert_eq!(lines.len(), count, "{kind:?}: {lines:?}");
        assert!(lines.iter().all(|line| line.contains(kind.code())), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lasting_outage_is_logged_again_every_five_minutes() {
    let setup = Setup::new();
    setup.hold_stale(&["k"]).await;
    setup.table.script(fail(ErrorKind::Unavailable));
    for _ in 0..16 * 60 {
        setup.read("k").await;
        setup.pass(Duration::from_secs(1)).await;
    }
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 4, "{lines:?}");
    for (line, minutes) in lines[1..].iter().zip([5, 10, 15]) {
        let reminder = format!("reading has been failing for {minutes} min: scripted");
        let age = format!("values up to {minutes} min old were used");
        assert!(line.contains(&reminder) && line.contains(&age), "{line}");
        assert!(!line.contains("Check the network path"), "{line}");
    }
    setup.table.script(|_| Outcome::Answer);
    setup.pass(Duration::from_secs(1)).await;
    setup.read("k").await;
    assert_eq!(setup.take_lines().len(), 1);
}
