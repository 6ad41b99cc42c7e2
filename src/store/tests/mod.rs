mod initialising;
mod losing;
mod outages;
mod panicking;
mod preloading;
mod reading;
mod syncing;
mod waiting;
mod writing;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::{Instant, sleep};

use super::writer::PARALLEL_UPDATES;
use super::*;
use crate::backoff::Retries;
use crate::clock::{Millis, duration};
use crate::config::Freshness;
use crate::dynamodb::fake::{FakeTable, Outcome, Request, item, stored};
use crate::dynamodb::{Reading, Write};
use crate::error::ErrorKind;
use crate::log::Line;
use crate::model::{ItemAttribute, RowKey, StoredRow};

#[derive(Default)]
struct Lines {
    lines: Mutex<Vec<String>>,
    /// The next line that contains this text panics.
    panics: Mutex<Option<&'static str>>,
}

impl Log for Lines {
    fn log(&self, Line { level, code, text }: Line) {
        let line = format!("{} [{}]: {text}", level.name(), code.text());
        let panics = self.panics.lock().unwrap().take_if(|text| line.contains(*text));
        assert!(panics.is_none(), "on purpose");
        self.lines.lock().unwrap().push(line);
    }
}

struct Setup {
    store: Store,
    table: FakeTable,
    lines: Arc<Lines>,
    now: Arc<AtomicI64>,
    broken_clock: Arc<AtomicBool>,
}

impl Setup {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("flags");
        change(&mut config);
        let (table, lines) = (FakeTable::new(), Arc::new(Lines::default()));
        let now = Arc::new(AtomicI64::new(1_000_000));
        let hands = Arc::clone(&now);
        let broken_clock = Arc::new(AtomicBool::new(false));
        let breaks = Arc::clone(&broken_clock);
        let clock = Clock::from_fn(move || {
            assert!(!breaks.swap(false, Ordering::SeqCst), "on purpose");
            hands.load(Ordering::SeqCst)
        });
        let store = Store::new(
            &config,
            Arc::new(table.clone()),
            lines.clone(),
            clock,
            Arc::default(),
            Generation::default(),
        );
        Self { store, table, lines, now, broken_clock }
    }

    fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lines.lock().unwrap())
    }

    /// Makes the next line that contains this text panic.
    fn panic_at_line(&self, text: &'static str) {
        *self.lines.panics.lock().unwrap() = Some(text);
    }

    /// Makes the next reading of the clock panic.
    fn panic_at_time(&self) {
        self.broken_clock.store(true, Ordering::SeqCst);
    }

    /// Advances both clocks.
    async fn pass(&self, time: Duration) {
        self.now.fetch_add(time.as_millis().try_into().unwrap(), Ordering::SeqCst);
        sleep(time).await;
    }

    /// Expires everything that is cached.
    fn expire(&self) {
        self.now.fetch_add(crate::config::DEFAULT_CACHE_TTL_MS as i64, Ordering::SeqCst);
    }

    /// Caches flags of version 1 and expires them.
    async fn hold_stale(&self, keys: &[&str]) {
        for key in keys {
            self.table.put_item("features", key, 1.0);
        }
        assert_eq!(self.all().await.len(), keys.len());
        self.expire();
        self.table.take_requests();
    }

    /// Returns the version of a flag, and whether the answer is stale.
    async fn read(&self, key: &str) -> (Option<f64>, bool) {
        let answer = self.store.get("features", key).await.unwrap();
        (answer.value.map(|cached| cached.item.version), answer.stale)
    }

    /// Returns the versions of all flags, and whether the answer is stale.
    async fn read_all(&self) -> (Vec<f64>, bool) {
        let answer = self.store.all("features", 0, None).await.unwrap();
        (answer.value.changed.iter().map(|(_, cached)| cached.item.version).collect(), answer.stale)
    }

    async fn version(&self, key: &str) -> Option<f64> {
        let json = self.store.get("features", key).await.unwrap().value?.item.json;
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["version"].as_f64()
    }

    async fn all(&self) -> Vec<(String, f64)> {
        let all = self.store.all("features", 0, None).await.unwrap().value;
        assert_eq!(all.base, None);
        all.changed.iter().map(|(key, cached)| (key.to_string(), cached.item.version)).collect()
    }

    fn init_with(
        &self,
        data: impl Future<Output = Option<Vec<NewItems>>> + Send + 'static,
    ) -> BoxFuture<'static, Result<()>> {
        self.store.init(data, || {})
    }

    async fn init(&self, versions: &[(&str, u32)]) -> Result<()> {
        self.init_with(data(versions.iter().map(|(k, v)| (k.to_string(), *v)))).await
    }

    /// Waits until this many requests of `operation` were sent, and takes them.
    async fn requested(&self, operation: &str, count: usize) {
        let mut requests = 0;
        while requests < count {
            tokio::task::yield_now().await;
            let taken = self.table.take_operations();
            requests += taken.iter().filter(|name| **name == operation).count();
        }
    }

    /// Starts an upsert. Its place in the write order is that of this call.
    fn start_upsert(&self, key: &str, version: u32) -> tokio::task::JoinHandle<Result<()>> {
        let upsert = self.store.upsert("features", &item(key, version.into()).json);
        tokio::spawn(upsert.map(|result| result.map(drop)))
    }

    /// Starts an init. Its place in the write order is that of this call.
    fn start_init(&self, versions: &[(&str, u32)]) -> tokio::task::JoinHandle<Result<()>> {
        let versions: Vec<_> = versions.iter().map(|(k, v)| (k.to_string(), *v)).collect();
        tokio::spawn(self.init_with(data(versions.into_iter())))
    }

    /// Lets all tasks run as far as they can while the clocks stand still.
    async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    /// Returns the versions put since the last call, in order.
    fn take_puts(&self) -> Vec<(String, u32)> {
        let puts = self.table.take_requests().into_iter().filter_map(|request| match request {
            Request::Put { row, version } => Some((row.key.to_string(), version as u32)),
            _ => None,
        });
        puts.collect()
    }

    /// Lets time pass until nothing is pending.
    async fn retried(&self) {
        let begun = Instant::now();
        while self.store.pending() > 0 {
            self.pass(Duration::from_secs(1)).await;
            assert!(begun.elapsed() < Duration::from_secs(3600), "nothing gets into the table");
        }
        self.pass(Duration::from_secs(1)).await;
    }

    async fn upsert(&self, key: &str, version: u32) -> Result<()> {
        self.store.upsert("features", &item(key, version.into()).json).await.map(drop)
    }
}

/// Returns the data of an init with these flags.
fn data(
    versions: impl Iterator<Item = (String, u32)>,
) -> impl Future<Output = Option<Vec<NewItems>>> + Send + 'static {
    let items = versions
        .map(|(key, version)| (key.clone(), serde_json::json!({"key": key, "version": version})));
    let items: serde_json::Map<_, _> = items.collect();
    let json = serde_json::Value::from(items).to_string();
    std::future::ready(Some(vec![NewItems { kind: "features".into(), json }]))
}

/// Answers each request of this operation when a permit is available.
fn gated(
    operation: &'static str,
    gate: &Arc<Semaphore>,
) -> impl FnMut(&Request) -> Outcome + Send + 'static + use<> {
    let gate = Arc::clone(gate);
    move |request| {
        if request.operation() != operation {
            return Outcome::Answer;
        }
        let gate = Arc::clone(&gate);
        Outcome::AnswerAfter(async move { gate.acquire().await.unwrap().forget() }.boxed())
    }
}

/// Fails all requests with this kind of failure.
fn fail(kind: ErrorKind) -> impl FnMut(&Request) -> Outcome + Send + 'static {
    move |_| Outcome::Fail(kind)
}

/// Answers each request late, with the table as it was when the request arrived.
fn late(by: Duration) -> impl FnMut(&Request) -> Outcome + Send + 'static {
    move |_| Outcome::AnswerAfter(sleep(by).boxed())
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|failure| failure.kind)
}
