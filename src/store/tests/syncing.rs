use serde_json::{Map, json};

use super::*;

const RULES: SyncRules = SyncRules { allow_older: false, allow_empty: false };

/// Returns LaunchDarkly's answer with these flags.
fn answer(versions: &[(&str, u32)]) -> String {
    let flags: Map<_, _> = versions
        .iter()
        .map(|(key, version)| (key.to_string(), json!({"key": key, "version": version})))
        .collect();
    json!({"flags": flags, "segments": {}}).to_string()
}

fn synced(put: usize, deleted: usize, unchanged: usize) -> Synced {
    Synced { put, deleted, unchanged, is_overtaken: false }
}

/// Returns the versions of all flags in the table.
fn in_table(table: &FakeTable) -> Vec<(String, f64)> {
    let keys = table.keys().into_iter().filter(|row| *row.namespace == *"features");
    keys.map(|row| (row.key.to_string(), table.row("features", &row.key).unwrap().version.unwrap()))
        .collect()
}

fn flags(versions: &[(&str, u32)]) -> Vec<(String, f64)> {
    versions.iter().map(|(key, version)| (key.to_string(), f64::from(*version))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_sync_reads_again_until_nothing_differs() {
    let setup = Setup::new();
    let sync = |versions: &[(&str, u32)]| {
        let (store, json) = (setup.store.clone(), answer(versions));
        async move { store.sync(&json, RULES).await }
    };
    assert_eq!(sync(&[("a", 1), ("b", 1)]).await, Ok(synced(2, 0, 0)));
    let first = setup.table.take_operations();
    assert_eq!(first.iter().filter(|name| **name == "Query").count(), 4, "{first:?}");
    assert_eq!(sync(&[("a", 1), ("b", 1)]).await, Ok(synced(0, 0, 2)));
    assert_eq!(setup.table.take_operations().len(), 3);
    assert_eq!(sync(&[("a", 2)]).await, Ok(synced(1, 1, 0)));
    assert_eq!(in_table(&setup.table), flags(&[("a", 2)]));
    assert_eq!(setup.take_lines(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_older_one_of_two_syncs_undoes_nothing_and_says_so() {
    // The newer sync runs wholly while the older one is at this request.
    for (operation, number) in [("Query", 1), ("Query", 2), ("PutItem", 1), ("BatchWriteItem", 1)] {
        let setup = Setup::new();
        setup.table.put_item("features", "gone", 1.0);
        let (gate, arrived) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (opened, count) = (Arc::clone(&gate), Arc::clone(&arrived));
        setup.table.script(move |request| {
            let is_it = request.operation() == operation
                && count.fetch_add(1, Ordering::SeqCst) + 1 == number;
            if !is_it {
                return Outcome::Answer;
            }
            let gate = Arc::clone(&opened);
            Outcome::ActAfter(async move { gate.acquire().await.unwrap().forget() }.boxed())
        });
        let (store, older) = (setup.store.clone(), answer(&[("a", 1), ("b", 1), ("old", 1)]));
        let older = tokio::spawn(async move { store.sync(&older, RULES).await });
        while arrived.load(Ordering::SeqCst) < number {
            tokio::task::yield_now().await;
        }
        let newest = answer(&[("a", 2), ("b", 2), ("new", 1)]);
        let other = Store::new(
            &Config::new("flags"),
            Arc::new(setup.table.clone()),
            setup.lines.clone(),
            Clock::system(),
            Arc::default(),
            Generation::default(),
        );
        other.sync(&newest, RULES).await.unwrap();
        gate.add_permits(1);
        let older = older.await.unwrap();
        let is_told = match &older {
            Ok(synced) => synced.is_overtaken,
            Err(failure) => failure.kind == ErrorKind::OlderData,
        };
        assert!(is_told, "{operation} {number}: {older:?}");
        let found = in_table(&setup.table);
        for expected in flags(&[("a", 2), ("b", 2), ("new", 1)]) {
            assert!(found.contains(&expected), "{operation} {number}: {found:?}");
        }
        // The older one is told to fetch again, and then has the newer data.
        other.sync(&newest, RULES).await.unwrap();
        assert_eq!(in_table(&setup.table), flags(&[("a", 2), ("b", 2), ("new", 1)]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_fails_says_how_far_it_came_and_leaves_nothing_behind() {
    let setup = Setup::with(|config| config.write_timeout = Duration::from_secs(5));
    let mut puts = 0;
    setup.table.script(move |request| match request {
        Request::Put { .. } => {
            puts += 1;
            if puts > 40 { Outcome::Fail(ErrorKind::Throttled) } else { Outcome::Answer }
        }
        _ => Outcome::Answer,
    });
    let keys: Vec<_> = (0..100).map(|key| format!("f{key}")).collect();
    let versions: Vec<_> = keys.iter().map(|key| (&**key, 1)).collect();
    let failure = setup.store.sync(&answer(&versions), RULES).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Throttled);
    let text = failure.to_string();
    assert!(text.starts_with("40 of 101 rows were written, then this failed: scripted"), "{text}");
    assert!(text.contains("Sync again to write the rest. Raise the table's"), "{text}");
    assert_eq!((in_table(&setup.table).len(), setup.store.pending()), (40, 0));
    setup.table.take_requests();
    setup.pass(Duration::from_secs(3600)).await;
    assert!(setup.table.take_requests().is_empty());

    setup.table.script(|_| Outcome::Answer);
    assert_eq!(setup.store.sync(&answer(&versions), RULES).await, Ok(synced(60, 0, 40)));
}

#[tokio::test(start_paused = true)]
async fn a_sync_goes_on_while_a_busy_table_accepts_rows_slowly() {
    let setup = Setup::with(|config| config.write_timeout = Duration::from_secs(5));
    // The table takes one row each second, as one with little capacity does.
    let mut last = Instant::now();
    setup.table.script(move |request| match request {
        Request::Put { .. } if last.elapsed() < Duration::from_secs(1) => {
            Outcome::Fail(ErrorKind::Throttled)
        }
        Request::Put { .. } => {
            last = Instant::now();
            Outcome::Answer
        }
        _ => Outcome::Answer,
    });
    let keys: Vec<_> = (0..100).map(|key| format!("f{key}")).collect();
    let versions: Vec<_> = keys.iter().map(|key| (&**key, 1)).collect();
    assert_eq!(setup.store.sync(&answer(&versions), RULES).await, Ok(synced(100, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_put_whose_answer_was_lost_counts() {
    let setup = Setup::new();
    let mut is_lost = false;
    setup.table.script(move |request| match request {
        Request::Put { .. } if !std::mem::replace(&mut is_lost, true) => {
            Outcome::LoseAnswer(ErrorKind::Unavailable)
        }
        _ => Outcome::Answer,
    });
    assert_eq!(setup.store.sync(&answer(&[("a", 1)]), RULES).await, Ok(synced(1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_table_that_somebody_keeps_changing_ends_a_sync() {
    let setup = Setup::new();
    let table = setup.table.clone();
    setup.table.script(move |request| match request {
        Request::Batch { .. } | Request::Put { .. } => {
            let table = table.clone();
            Outcome::AnswerAfter(async move { table.put_item("features", "stray", 1.0) }.boxed())
        }
        _ => Outcome::Answer,
    });
    let done = setup.store.sync(&answer(&[("a", 1)]), RULES).await.unwrap();
    assert!(done.is_overtaken, "{done:?}");
}
