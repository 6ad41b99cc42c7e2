use super::*;

/// Lets the first write of this operation take effect only when told to, and never be answered.
pub(super) fn hold_first(setup: &Setup, operation: &'static str) -> Arc<Notify> {
    let land = Arc::new(Notify::new());
    let (landing, mut held) = (Arc::clone(&land), false);
    setup.table.script(move |request| {
        if held || request.operation() != operation {
            return Fate::Answer;
        }
        held = true;
        let landing = Arc::clone(&landing);
        Fate::LandAfter(async move { landing.notified().await }.boxed())
    });
    land
}

fn version_of(setup: &Setup, key: &str) -> Option<f64> {
    setup.table.row("features", key).and_then(|row| row.version)
}

async fn land(setup: &Setup, land: &Notify) {
    land.notify_one();
    setup.pass(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_lands_after_a_later_update_is_undone() {
    for (data, landed) in [(&[("k", 2), ("l", 1)][..], Some(2.0)), (&[("l", 1)][..], None)] {
        let setup = Setup::new();
        setup.init(&[("k", 1), ("l", 1)]).await.unwrap();
        let held = hold_first(&setup, "BatchWriteItem");
        assert!(setup.init(data).await.is_err());
        setup.caught_up().await;
        setup.upsert("k", 3).await.unwrap();
        setup.take_lines();
        land(&setup, &held).await;
        assert_eq!(version_of(&setup, "k"), landed);
        setup.pass(Duration::from_secs(60)).await;
        assert_eq!(version_of(&setup, "k"), Some(3.0));
        assert_eq!(setup.all().await, [("k".to_owned(), 3.0), ("l".to_owned(), 1.0)]);
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("warn") && lines[0].contains("put right"), "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_lands_after_an_init_is_undone() {
    for (data, after) in [(&[("m", 1)][..], None), (&[("k", 1), ("m", 1)][..], Some(1.0))] {
        let setup = Setup::new();
        let held = hold_first(&setup, "PutItem");
        assert!(setup.upsert("k", 3).await.is_err());
        setup.caught_up().await;
        setup.init(data).await.unwrap();
        assert_eq!(version_of(&setup, "k"), after);
        land(&setup, &held).await;
        assert_eq!(version_of(&setup, "k"), Some(3.0));
        setup.pass(Duration::from_secs(60)).await;
        assert_eq!(setup.version("k").await, after);
        setup.upsert("k", 4).await.unwrap();
        assert_eq!(version_of(&setup, "k"), Some(4.0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_an_init_found_as_it_is_to_be_stays_when_a_delete_lands() {
    let setup = Setup::new();
    setup.init(&[("k", 1), ("l", 1)]).await.unwrap();
    let held = hold_first(&setup, "BatchWriteItem");
    setup.table.take_requests();
    let shrunk = tokio::spawn(setup.init_with(data([("k".to_owned(), 1)].into_iter())));
    setup.requested("BatchWriteItem", 1).await;
    let whole = setup.init(&[("k", 1), ("l", 1)]).await;
    whole.and(shrunk.await.unwrap()).unwrap();
    land(&setup, &held).await;
    assert_eq!(version_of(&setup, "l"), None);
    setup.pass(Duration::from_secs(60)).await;
    assert_eq!(version_of(&setup, "l"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_wrote_is_left_alone() {
    let setup = Setup::new();
    setup.init(&[("k", 1)]).await.unwrap();
    hold_first(&setup, "BatchWriteItem");
    assert!(setup.init(&[("k", 2)]).await.is_err());
    setup.caught_up().await;
    setup.upsert("k", 5).await.unwrap();
    let theirs = Item { json: r#"{"key":"k","version":2,"on":true}"#.into(), ..item("k", 2.0) };
    setup.table.put(stored(&RowKey::new("features", "k"), &theirs));
    setup.pass(Duration::from_secs(60)).await;
    assert_eq!(version_of(&setup, "k"), Some(2.0));
    assert!(setup.take_lines().iter().all(|line| !line.contains("put right")));
}

#[tokio::test(start_paused = true)]
async fn the_table_is_looked_at_for_a_while_and_only_after_a_write_without_an_answer() {
    let setup = Setup::new();
    setup.init(&[("k", 1)]).await.unwrap();
    setup.upsert("k", 2).await.unwrap();
    setup.table.script(fail(ErrorKind::Throttled));
    assert!(setup.upsert("k", 3).await.is_err());
    setup.table.script(|_| Fate::Answer);
    setup.caught_up().await;
    setup.table.take_requests();
    setup.pass(Duration::from_secs(120)).await;
    assert!(setup.table.take_requests().is_empty());

    hold_first(&setup, "PutItem");
    assert!(setup.upsert("k", 4).await.is_err());
    setup.caught_up().await;
    setup.pass(Duration::from_secs(120)).await;
    let looks = setup.table.take_operations().into_iter().filter(|name| *name == "GetItem").count();
    assert!((3..10).contains(&looks), "{looks}");
    setup.pass(Duration::from_secs(120)).await;
    assert!(setup.table.take_requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_closed_looks_no_more() {
    let setup = Setup::new();
    hold_first(&setup, "PutItem");
    assert!(setup.upsert("k", 1).await.is_err());
    setup.caught_up().await;
    setup.store.close().await;
    setup.table.take_requests();
    setup.pass(Duration::from_secs(120)).await;
    assert!(setup.table.take_requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_update_that_a_read_found_stays() {
    let setup = Setup::with(|config| config.freshness.ttl_ms = 0.0);
    for version in [1, 2] {
        let mut sent = 0;
        setup.table.script(move |request| match request {
            Request::Put { .. } if sent == 0 => {
                sent += 1;
                Fate::LoseAnswer(ErrorKind::TimedOut)
            }
            Request::Put { .. } if version == 2 => Fate::Fail(ErrorKind::Unavailable),
            _ => Fate::Answer,
        });
        assert_eq!(setup.upsert("k", version).await.is_ok(), version == 1);
    }
    assert_eq!(setup.version("k").await, Some(2.0));
    assert_eq!(setup.store.unsaved(), 0);
    setup.table.script(|_| Fate::Answer);
    setup.pass(Duration::from_secs(60)).await;
    assert_eq!(version_of(&setup, "k"), Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_write_is_looked_after_soon_however_long_others_have_been() {
    let setup = Setup::new();
    for key in ["k", "l"] {
        setup.upsert(key, 1).await.unwrap();
        hold_first(&setup, "PutItem");
        assert!(setup.upsert(key, 2).await.is_err());
        setup.caught_up().await;
        setup.upsert(key, 3).await.unwrap();
        setup.table.put_item("features", key, 2.0);
        // The looks at the first one are far between by then.
        setup.pass(Duration::from_secs(30)).await;
        assert_eq!(version_of(&setup, key), Some(3.0), "{key}");
    }
}
