use std::sync::atomic::AtomicUsize;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::*;
use crate::dynamodb::Write;
use crate::dynamodb::fake::{FakeDynamoDb, Fate, Request, item, stored};
use crate::error::ErrorKind;
use crate::row::ItemAttribute;

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn log(&self, level: Level, line: String) {
        self.0.lock().unwrap().push(format!("{}: {line}", level.name()));
    }
}

struct Setup {
    store: Store,
    table: FakeDynamoDb,
    lines: Arc<Lines>,
    now: Arc<std::sync::atomic::AtomicI64>,
}

impl Setup {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("flags");
        change(&mut config);
        let (table, lines) = (FakeDynamoDb::new(), Arc::new(Lines::default()));
        let now = Arc::new(std::sync::atomic::AtomicI64::new(1_000_000));
        let hands = Arc::clone(&now);
        let clock = Clock::from_fn(move || hands.load(Ordering::SeqCst));
        let store = Store::new(&config, Arc::new(table.clone()), lines.clone(), clock);
        Self { store, table, lines, now }
    }

    fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.0.lock().unwrap())
    }

    async fn version(&self, key: &str) -> Option<f64> {
        let json = self.store.get("features", key).await.unwrap().value?;
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["version"].as_f64()
    }

    async fn init(&self, versions: &[(&str, u32)]) -> Result<()> {
        self.store.init(vec![flags(versions.iter().map(|(k, v)| (k.to_string(), *v)))]).await
    }

    async fn upsert(&self, key: &str, version: u32) -> Result<()> {
        self.store.upsert("features", &item(key, version.into()).json).await
    }
}

fn flags(versions: impl Iterator<Item = (String, u32)>) -> NewItems {
    let items = versions
        .map(|(key, version)| (key.clone(), serde_json::json!({"key": key, "version": version})));
    let items: serde_json::Map<_, _> = items.collect();
    NewItems { kind: "features".into(), json: serde_json::Value::from(items).to_string() }
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|failure| failure.kind)
}

mod reading {
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
        let setup = Setup::with(|config| config.cache_ttl_ms = 0.0);
        setup.table.put_item("features", "k", 1.0);
        join_all((0..5).map(|_| setup.store.get("features", "k"))).await;
        assert_eq!(setup.table.take_operations(), ["GetItem"; 5]);
        assert_eq!(setup.store.get("features", "k").await.unwrap().fresh_until, 0.0);
    }

    #[tokio::test]
    async fn what_is_missing_is_remembered_for_15_seconds_and_a_failure_is_not() {
        let setup = Setup::with(|config| config.cache_ttl_ms = 60_000.0);
        assert_eq!(setup.version("k").await, None);
        assert_eq!(setup.version("k").await, None);
        assert_eq!(setup.table.take_operations(), ["GetItem"]);
        setup.table.put_item("features", "k", 1.0);
        setup.now.fetch_add(15_000, Ordering::SeqCst);
        setup.table.script(|_| Fate::Fail(ErrorKind::Unavailable));
        assert_eq!(kind(setup.store.get("features", "k").await), Some(ErrorKind::Unavailable));
        setup.table.script(|_| Fate::Answer);
        assert_eq!(setup.version("k").await, Some(1.0));
    }

    #[tokio::test]
    async fn a_failed_read_is_one_line_that_names_table_namespace_and_key() {
        let setup = Setup::with(|config| config.prefix = "p".into());
        setup.table.script(|_| Fate::Fail(ErrorKind::AccessDenied));
        let reads = join_all((0..5).map(|_| setup.store.get("features", "k"))).await;
        assert!(reads.into_iter().all(|read| kind(read) == Some(ErrorKind::AccessDenied)));
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1);
        for part in ["error: ", "\"flags\"", "\"p:features\"", "\"k\"", "dynamodb:GetItem"] {
            assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_without_an_answer_ends_after_the_read_timeout() {
        let setup = Setup::new();
        setup.table.script(|_| Fate::Hang);
        let begun = Instant::now();
        assert_eq!(kind(setup.store.get("features", "k").await), Some(ErrorKind::TimedOut));
        assert_eq!(kind(setup.store.all("features").await), Some(ErrorKind::TimedOut));
        assert_eq!(kind(setup.store.initialized().await), Some(ErrorKind::TimedOut));
        let expected = crate::config::DEFAULT_READ_TIMEOUT * 3;
        assert!(begun.elapsed() >= expected && begun.elapsed() < expected * 2);
        assert_eq!(setup.take_lines().len(), 3);
    }

    #[tokio::test]
    async fn all_reads_every_page() {
        let setup = Setup::new();
        for number in 0..250 {
            setup.table.put_item("features", &number.to_string(), 1.0);
        }
        let all = setup.store.all("features").await.unwrap().value;
        let all: serde_json::Value = serde_json::from_str(&all).unwrap();
        assert_eq!(all.as_object().unwrap().len(), 250);
        assert_eq!(setup.table.take_operations(), ["Query"; 3]);
        assert_eq!(setup.version("7").await, Some(1.0));
        assert!(setup.table.take_operations().is_empty(), "the Query freshened the item");
    }

    #[tokio::test]
    async fn a_failing_second_page_fails_the_read_and_is_not_remembered() {
        let setup = Setup::new();
        for number in 0..150 {
            setup.table.put_item("features", &number.to_string(), 1.0);
        }
        setup.table.script(|request| match request {
            Request::Query { page: 1, .. } => Fate::Fail(ErrorKind::Refused),
            _ => Fate::Answer,
        });
        assert_eq!(kind(setup.store.all("features").await), Some(ErrorKind::Refused));
        assert_eq!(setup.take_lines().len(), 1);
        setup.table.script(|_| Fate::Answer);
        assert!(setup.store.all("features").await.is_ok());
    }

    #[tokio::test]
    async fn an_unreadable_row_is_logged_once_and_harms_no_other() {
        let setup = Setup::with(|config| config.cache_ttl_ms = 0.0);
        setup.table.put_item("features", "good", 1.0);
        let bad = stored(&RowKey::new("features", "bad"), &item("bad", 1.0));
        setup.table.put(StoredRow { item: ItemAttribute::Text("{oops".into()), ..bad.clone() });
        let all = setup.store.all("features").await.unwrap().value;
        assert_eq!(all, r#"{"good":{"key":"good","version":1}}"#);
        assert_eq!(setup.version("bad").await, None);
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("\"bad\""));
        setup.table.put(bad.clone());
        assert_eq!(setup.version("bad").await, Some(1.0));
        setup.table.put(StoredRow { item: ItemAttribute::Absent, ..bad });
        assert_eq!(setup.version("bad").await, None);
        assert_eq!(setup.take_lines().len(), 1, "it was readable in between");
    }

    #[tokio::test]
    async fn initialized_is_remembered_when_true_briefly_when_false_and_never_on_error() {
        let setup = Setup::new();
        setup.table.script(|_| Fate::Fail(ErrorKind::Unavailable));
        assert!(setup.store.initialized().await.is_err());
        setup.table.script(|_| Fate::Answer);
        assert!(!setup.store.initialized().await.unwrap());
        setup.table.put_item("$inited", "$inited", 0.0);
        assert!(!setup.store.initialized().await.unwrap());
        setup.now.fetch_add(15_000, Ordering::SeqCst);
        setup.table.take_requests();
        assert!(setup.store.initialized().await.unwrap());
        assert!(setup.store.initialized().await.unwrap());
        assert_eq!(setup.table.take_operations(), ["GetItem"]);
    }

    #[tokio::test]
    async fn reads_are_consistent_when_asked_to_be() {
        for consistent_read in [false, true] {
            let setup = Setup::with(|config| config.consistent_read = consistent_read);
            setup.store.get("features", "k").await.unwrap();
            setup.store.all("features").await.unwrap();
            setup.store.initialized().await.unwrap();
            let expected = if consistent_read { Reading::Consistent } else { Reading::Eventual };
            for request in setup.table.take_requests() {
                let (Request::Get { reading, .. } | Request::Query { reading, .. }) = request
                else {
                    panic!("{request:?}");
                };
                assert_eq!(reading, expected);
            }
        }
    }
}

mod updating {
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
                Fate::AnswerAfter(async move { held.notified().await }.boxed())
            }
            _ => Fate::Answer,
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
    async fn a_throttled_upsert_is_tried_until_it_is_in() {
        let setup = Setup::new();
        let mut failures = 6;
        setup.table.script(move |_| {
            failures -= 1;
            if failures > 0 { Fate::Fail(ErrorKind::Throttled) } else { Fate::Answer }
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
                Fate::LoseAnswer(ErrorKind::Unavailable)
            } else {
                Fate::Answer
            }
        });
        setup.upsert("k", 1).await.unwrap();
        assert_eq!(setup.version("k").await, Some(1.0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_upsert_that_does_not_get_in_is_a_line_that_names_it() {
        let setup = Setup::new();
        setup.table.put_item("features", "k", 1.0);
        assert_eq!(setup.version("k").await, Some(1.0));
        for fate in [|| Fate::Hang, || Fate::Fail(ErrorKind::Throttled)] {
            setup.table.script(move |_| fate());
            let begun = Instant::now();
            assert!(setup.upsert("k", 2).await.is_err());
            assert!(begun.elapsed() <= crate::config::DEFAULT_WRITE_TIMEOUT * 2);
            let lines = setup.take_lines();
            assert_eq!(lines.len(), 1);
            assert!(lines[0].contains("version 2 of \"k\" in \"features\""), "{}", lines[0]);
        }
        setup.table.script(|_| Fate::Answer);
        setup.table.take_requests();
        setup.version("k").await;
        assert_eq!(setup.table.take_operations(), ["GetItem"], "the table is asked what it has");
    }

    #[tokio::test]
    async fn an_item_without_a_key_or_over_the_size_is_refused_and_logged() {
        let setup = Setup::new();
        let refused = setup.store.upsert("features", r#"{"version":1}"#).await;
        assert_eq!(kind(refused), Some(ErrorKind::InvalidData));
        let large = format!(r#"{{"key":"large","version":1,"x":"{}"}}"#, "x".repeat(400_000));
        let refused = setup.store.upsert("features", &large).await;
        assert_eq!(kind(refused), Some(ErrorKind::TooLarge));
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
        let versions = setup.table.take_requests().into_iter().map(|request| match request {
            Request::Put { version, .. } => version,
            other => panic!("{other:?}"),
        });
        assert_eq!(versions.collect::<Vec<_>>(), [5.0, 7.0]);
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
    async fn a_flag_is_written_after_the_segment_that_it_refers_to() {
        let setup = Setup::new();
        let go = Arc::new(Notify::new());
        let held = Arc::clone(&go);
        setup.table.script(move |request| match request {
            Request::Put { row, .. } if &*row.namespace == "segments" => {
                let held = Arc::clone(&held);
                Fate::AnswerAfter(async move { held.notified().await }.boxed())
            }
            _ => Fate::Answer,
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
    async fn an_upsert_of_an_item_lets_what_it_refers_to_be_asked_for_again() {
        let setup = Setup::new();
        assert_eq!(setup.version("prerequisite").await, None);
        setup.table.put_item("features", "prerequisite", 1.0);
        let flag = r#"{"key":"f","version":1,"prerequisites":[{"key":"prerequisite"}]}"#;
        setup.store.upsert("features", flag).await.unwrap();
        assert_eq!(setup.version("prerequisite").await, Some(1.0));
    }

    impl Setup {
        fn upsert_task(&self, key: &str) -> impl Future<Output = Result<()>> + use<> {
            self.store.upsert("features", &item(key, 1.0).json)
        }
    }
}

mod initialising {
    use super::*;

    fn many(count: u32) -> Vec<(String, u32)> {
        (0..count).map(|number| (format!("flag-{number}"), 1)).collect()
    }

    async fn init(setup: &Setup, items: Vec<(String, u32)>) -> Result<()> {
        setup.store.init(vec![flags(items.into_iter())]).await
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
        assert!(setup.store.initialized().await.unwrap());
        setup.table.take_requests();
        setup.init(&[("k", 1), ("new", 1)]).await.unwrap();
        assert_eq!(setup.table.take_operations(), ["Query", "GetItem"]);
    }

    #[tokio::test]
    async fn after_an_init_reads_need_no_request() {
        let setup = Setup::new();
        setup.init(&[("k", 1)]).await.unwrap();
        setup.table.take_requests();
        assert_eq!(setup.version("k").await, Some(1.0));
        assert!(setup.store.all("features").await.unwrap().value.contains("\"k\""));
        assert!(setup.store.initialized().await.unwrap());
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
                return Fate::Answer;
            }
            calls += 1;
            match calls % 5 {
                0 => Fate::Fail(ErrorKind::Throttled),
                _ => Fate::Unprocessed(|index| index % 3 == 1),
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
            Request::Batch { .. } => Fate::Unprocessed(|index| index > 0),
            _ => Fate::Answer,
        });
        init(&setup, many(600)).await.unwrap();
        assert_eq!(setup.table.keys().len(), 601);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_get_in_is_named_and_the_marker_is_not_written() {
        for fate in [
            || Fate::Hang,
            || Fate::Fail(ErrorKind::Throttled),
            || Fate::Fail(ErrorKind::AccessDenied),
        ] {
            let setup = Setup::new();
            let batches = AtomicUsize::new(0);
            setup.table.script(move |request| match request {
                Request::Batch { .. } if batches.fetch_add(1, Ordering::SeqCst) > 0 => fate(),
                _ => Fate::Answer,
            });
            assert!(init(&setup, many(40)).await.is_err());
            assert!(setup.table.row("$inited", "$inited").is_none());
            let lines = setup.take_lines();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].contains("16 of 41 rows"), "{}", lines[0]);
            assert!(lines[0].contains("and 6 more"), "{}", lines[0]);
            setup.table.script(|_| Fate::Answer);
            assert!(!setup.store.initialized().await.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_init_that_cannot_read_the_table_writes_nothing() {
        let setup = Setup::new();
        setup.table.script(|_| Fate::Fail(ErrorKind::Unavailable));
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
        assert_eq!(setup.version("REFUSE").await, None);
        assert!(!setup.store.initialized().await.unwrap());
    }

    #[tokio::test]
    async fn an_item_that_cannot_be_stored_is_logged_and_its_older_row_stays() {
        let setup = Setup::new();
        setup.table.put_item("features", "large", 1.0);
        let large = serde_json::json!({"key": "large", "version": 2, "x": "x".repeat(400_000)});
        let json = serde_json::json!({"large": large, "null": null, "k": {"version": 3}});
        let data = NewItems { kind: "features".into(), json: json.to_string() };
        setup.store.init(vec![data]).await.unwrap();
        let lines = setup.take_lines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("\"large\" in \"features\"") && lines[0].contains("bytes"));
        assert!(lines[1].contains("\"null\" in \"features\""));
        assert_eq!(setup.version("large").await, Some(1.0));
        assert_eq!(setup.version("k").await, Some(3.0));
    }

    #[tokio::test]
    async fn data_that_is_no_object_is_refused_whole() {
        let setup = Setup::new();
        let data = NewItems { kind: "features".into(), json: "[]".into() };
        assert_eq!(kind(setup.store.init(vec![data]).await), Some(ErrorKind::InvalidData));
        assert!(setup.table.take_requests().is_empty());
        assert_eq!(setup.take_lines().len(), 1);
    }

    #[tokio::test]
    async fn a_wave_begins_when_the_one_before_it_is_in() {
        let setup = Setup::new();
        let mut first = true;
        setup.table.script(move |request| match request {
            Request::Batch { .. } if std::mem::take(&mut first) => Fate::Unprocessed(|_| true),
            _ => Fate::Answer,
        });
        let flag = r#"{"f":{"key":"f","version":1,"prerequisites":[{"key":"p"}]},
            "p":{"key":"p","version":1}}"#;
        let data = vec![
            NewItems { kind: "features".into(), json: flag.into() },
            NewItems { kind: "segments".into(), json: r#"{"s":{"version":1}}"#.into() },
        ];
        setup.store.init(data).await.unwrap();
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
    async fn an_init_waits_for_the_upserts_before_it_and_they_for_it() {
        let setup = Setup::new();
        let before = setup.store.upsert("features", &item("before", 5.0).json);
        let init = setup.store.init(vec![flags([("k".to_owned(), 1)].into_iter())]);
        let after = setup.store.upsert("features", &item("k", 2.0).json);
        let (after, init, before) = tokio::join!(after, init, before);
        after.and(init).and(before).unwrap();
        let operations = setup.table.take_operations();
        assert_eq!(operations.first(), Some(&"PutItem"));
        assert_eq!(operations.last(), Some(&"PutItem"));
        assert_eq!(setup.version("before").await, None);
        assert_eq!(setup.version("k").await, Some(2.0));
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
}
