use super::*;

/// Empties the table.
fn empty(setup: &Setup) {
    for row in setup.table.keys() {
        setup.table.remove(&row);
    }
}

/// Reads all flags once a second, for this many seconds.
async fn read_for(setup: &Setup, seconds: u64) {
    for _ in 0..seconds {
        setup.expire();
        setup.read_all().await;
        setup.pass(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_lost_its_data_is_one_line_that_says_what_to_do() {
    let setup = Setup::new();
    setup.init(&[("k", 1)]).await.unwrap();
    empty(&setup);
    read_for(&setup, 30).await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("error") && lines[0].contains("refill"), "{lines:?}");
    assert!(setup.table.keys().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_row_that_somebody_removed_is_no_loss() {
    let setup = Setup::new();
    setup.init(&[("k", 1)]).await.unwrap();
    setup.table.remove(&RowKey::new("features", "k"));
    read_for(&setup, 30).await;
    assert!(setup.take_lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn data_that_comes_back_is_no_loss() {
    let setup = Setup::new();
    setup.init(&[("k", 1)]).await.unwrap();
    let rows: Vec<_> =
        setup.table.keys().iter().map(|row| setup.table.row(&row.namespace, &row.key)).collect();
    empty(&setup);
    read_for(&setup, 2).await;
    for row in rows.into_iter().flatten() {
        setup.table.put(row);
    }
    read_for(&setup, 30).await;
    assert!(setup.take_lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refills_writes_its_data_anew() {
    let setup = Setup::with(|config| config.refill = true);
    setup.init(&[("k", 1), ("l", 1)]).await.unwrap();
    setup.upsert("k", 2).await.unwrap();
    // With the row of another process, that process may be the one that has removed the others.
    for minutes in [1, 6] {
        empty(&setup);
        if minutes > 1 {
            setup.table.put_item("features", "l", 7.0);
        }
        setup.expire();
        assert_eq!(setup.version("k").await, None);
        setup.pass(Duration::from_secs(60 * minutes)).await;
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("writing 2 items anew"), "{lines:?}");
        setup.expire();
        let other = if minutes > 1 { 7.0 } else { 1.0 };
        assert_eq!(setup.all().await, [("k".to_owned(), 2.0), ("l".to_owned(), other)]);
        assert!(setup.table.row("$inited", "$inited").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn an_init_of_another_process_that_removes_the_marker_meanwhile_is_no_loss() {
    for refill in [false, true] {
        let setup = Setup::with(|config| config.refill = refill);
        setup.init(&[("k", 1), ("l", 1), ("gone", 1)]).await.unwrap();
        let marker = setup.table.row("$inited", "$inited").unwrap();
        setup.table.remove(&marker.key);
        setup.table.remove(&RowKey::new("features", "gone"));
        // It takes two minutes.
        for version in 2..14 {
            setup.table.put_item("features", "k", f64::from(version));
            read_for(&setup, 10).await;
            assert!(setup.store.initialized().await.unwrap().value);
            assert_eq!(setup.version("l").await, Some(1.0));
            assert_eq!(setup.version("gone").await, None);
        }
        setup.table.put(marker);
        read_for(&setup, 60).await;
        assert_eq!(setup.take_lines(), [""; 0]);
        assert!(setup.table.row("features", "gone").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_never_comes_back_is_a_loss() {
    let setup = Setup::new();
    setup.init(&[("k", 1), ("l", 1)]).await.unwrap();
    for row in [RowKey::new("$inited", "$inited"), RowKey::new("features", "k")] {
        setup.table.remove(&row);
    }
    setup.expire();
    assert_eq!(setup.version("k").await, None);
    setup.pass(Duration::from_secs(400)).await;
    let lines = setup.take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("DATA_LOST"), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_gone_from_a_table_without_a_marker_is_no_loss() {
    let setup = Setup::new();
    setup.upsert("k", 1).await.unwrap();
    empty(&setup);
    read_for(&setup, 30).await;
    assert!(setup.take_lines().is_empty());
}
