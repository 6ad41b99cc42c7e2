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
    for _ in 0..2 {
        empty(&setup);
        setup.table.put_item("features", "l", 7.0);
        setup.expire();
        assert_eq!(setup.version("k").await, None);
        setup.pass(Duration::from_secs(30)).await;
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("writing 2 items anew"), "{lines:?}");
        setup.expire();
        assert_eq!(setup.all().await, [("k".to_owned(), 2.0), ("l".to_owned(), 7.0)]);
        assert!(setup.table.row("$inited", "$inited").is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_gone_from_a_table_without_a_marker_is_no_loss() {
    let setup = Setup::new();
    setup.upsert("k", 1).await.unwrap();
    empty(&setup);
    read_for(&setup, 30).await;
    assert!(setup.take_lines().is_empty());
}
