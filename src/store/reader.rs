//! Reading: a fresh answer comes from memory. The rest takes one request for all who read the same at the same time.
//! A read that has a stale answer waits only shortly for that request, and not at all while DynamoDB fails.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout, timeout_at};

use super::context::Context;
use super::preload::Preload;
use crate::backoff::{self, Backoff, Retries, no_answer};
use crate::cache::circuit_breaker::{CircuitBreaker, Operation, Permit, Probe};
use crate::cache::{Answer, Cache, Cached, Changes, Items, KeyedItems, Known, Stale};
use crate::clock::Millis;
use crate::config::Config;
use crate::dynamodb::Page;
use crate::error::{Error, ErrorKind, Result};
use crate::log::shown;
use crate::panics::catch;
use crate::requester::{self, working_for};
use crate::row::{RowKey, StoredRow};
use crate::single_flight::{Flight, SingleFlight};
use crate::stats::Stats;
use crate::writes::PendingWrites;

/// Something that a read found, for whoever writes.
pub(super) enum Finding {
    /// Reads work again that had failed; with a failure that somebody had to mend, or a transient one.
    WorksAgain { was_permanent: bool },
    /// There is no such row.
    NoRow(RowKey),
    /// There are no rows in this namespace.
    NoRows(Arc<str>),
}

/// Reads under way, by what they read.
type Reads<K, T> = SingleFlight<K, Result<Answer<T>>>;

/// The reading half of a store.
pub(super) struct Reader {
    pub(super) context: Arc<Context>,
    cache: Cache,
    pending: Arc<PendingWrites>,
    breaker: CircuitBreaker,
    pub(super) preload: Preload,
    gets: Reads<RowKey, Option<Cached>>,
    queries: Reads<Arc<str>, Arc<Items>>,
    marker_reads: SingleFlight<(), Result<()>>,
    availability_reads: SingleFlight<(), Result<()>>,
    initialized: AtomicBool,
    /// When the marker was last found missing.
    uninitialized_at: Mutex<Option<Millis>>,
    stale_if_slow: Duration,
    availability_timeout: Duration,
    on_finding: Box<dyn Fn(Finding) + Send + Sync>,
}

impl Reader {
    pub fn new(
        config: &Config,
        context: Arc<Context>,
        cache: Cache,
        pending: Arc<PendingWrites>,
        on_finding: Box<dyn Fn(Finding) + Send + Sync>,
    ) -> Self {
        Self {
            context,
            cache,
            pending,
            breaker: CircuitBreaker::default(),
            preload: Preload::default(),
            gets: SingleFlight::new(),
            queries: SingleFlight::new(),
            marker_reads: SingleFlight::new(),
            availability_reads: SingleFlight::new(),
            initialized: AtomicBool::new(false),
            uninitialized_at: Mutex::new(None),
            stale_if_slow: config.stale_if_slow,
            availability_timeout: config.availability_timeout,
            on_finding,
        }
    }

    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    pub fn stats(&self) -> &Stats {
        &self.context.stats
    }

    /// The item `key` of `kind`, if it is known freshly.
    pub fn peek(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        // Where it panics, `get` logs that.
        match catch(|| self.known(&self.context.row(kind, key))).ok()? {
            Known::Fresh(answer) => {
                self.context.stats.hits.add_one();
                Some(live(answer))
            }
            Known::Stale(_) | Known::Nothing => None,
        }
    }

    pub async fn get(self: &Arc<Self>, kind: &str, key: &str) -> Result<Answer<Option<Cached>>> {
        let row = self.context.row(kind, key);
        self.context.guarded(|| row_read(&row), self.get_row(row.clone())).await.map(live)
    }

    /// What is newest of an item, however old.
    pub fn newest(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        catch(|| self.newest_row(&self.context.row(kind, key))).ok()?.map(live)
    }

    /// The same of all items, as changes since the state `held`; `None` where that is not known any more.
    pub fn newest_all(&self, kind: &str, held: u64) -> Option<Answer<Changes>> {
        let newest = catch(|| {
            let namespace = self.context.layout.namespace(kind);
            let newest = self.newest_items(&namespace)?;
            Some(self.as_changes(&namespace, held, newest))
        });
        newest.ok()?.filter(|changes| changes.value.base == Some(held))
    }

    pub async fn all(self: &Arc<Self>, kind: &str, held: u64) -> Result<Answer<Changes>> {
        let namespace = self.context.layout.namespace(kind);
        self.context.guarded(|| all_read(&namespace), self.get_all(&namespace, held)).await
    }

    pub async fn is_available(self: &Arc<Self>) -> bool {
        let available = async {
            let read = |probe| {
                let reader = Arc::clone(self);
                async move {
                    let _probe: Option<Probe> = probe;
                    let read = reader.read_availability();
                    reader.context.guarded(|| AVAILABILITY_READ.to_owned(), read).await
                }
            };
            let reads = &self.availability_reads;
            let flight = reads.join_or_start((), || match self.breaker.permit(Operation::Get) {
                Permit::Free => Some(read(None)),
                Permit::Probe(probe) => Some(read(Some(probe))),
                Permit::Wait(_) => None,
            });
            Ok(match flight {
                Some(flight) => matches!(flight.result.await, Some(Ok(()))),
                None => false,
            })
        };
        self.context.guarded(|| AVAILABILITY_READ.to_owned(), available).await.unwrap_or(false)
    }

    pub async fn initialized(self: &Arc<Self>) -> Result<Answer<bool>> {
        let known = async {
            if let Some(known) = self.known_initialized() {
                return Ok(known);
            }
            let read = |deadline| {
                let reader = Arc::clone(self);
                async move {
                    let read = reader.fetch_marker(deadline);
                    reader.context.guarded(|| MARKER_READ.to_owned(), read).await
                }
            };
            self.share(&self.marker_reads, (), self.context.read_timeout, read).await?;
            Ok(self.known_initialized().unwrap_or_else(|| self.initialized_answer(false, 0.0)))
        };
        self.context.guarded(|| MARKER_READ.to_owned(), known).await
    }

    /// Whether the marker has been seen, or written.
    pub fn is_initialized(&self) -> bool {
        self.initialized.load(Ordering::SeqCst)
    }

    pub fn set_initialized(&self) {
        self.initialized.store(true, Ordering::SeqCst);
    }

    /// A write of this row became visible, or failed. Reads of it, and of all rows with it, make requests of their
    /// own from now on. What it `refers` to may have come with it.
    pub fn wrote(&self, row: &RowKey, refers: bool) {
        self.cache.changed();
        if refers {
            self.cache.forget_missing(self.cache.begin());
        }
        self.gets.detach(row);
        self.queries.detach(&row.namespace);
    }

    /// The same of an init: what was read before is void.
    pub fn wrote_all(&self) {
        self.cache.void_all();
        self.detach_all();
    }

    /// Reads make requests of their own from now on.
    pub fn detach_all(&self) {
        self.gets.detach_all();
        self.queries.detach_all();
    }
}

/// How long a read goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Attempts {
    /// One attempt: there is something stale to answer with.
    One,
    /// As many as there is time for until then, and as the caller allows.
    Until(Instant),
}

/// A request that others may join.
struct Request<'a, K, T: Clone> {
    flights: &'a SingleFlight<K, Result<Answer<T>>>,
    key: K,
    operation: Operation,
}

/// So many times the read time-out all pages of a Query may take together.
const TIME_OF_PAGES: u32 = 10;
/// How many bytes the rows of a namespace may have. LaunchDarkly's largest environments have a tenth.
const MOST_BYTES: usize = 96 * 1024 * 1024;

fn no_end(time: Duration) -> Error {
    let message = format!("DynamoDB's pages came to no end within {}", shown(time));
    Error::new(ErrorKind::TimedOut, message)
}

/// What was being done, for the log.
const MARKER_READ: &str = "asking whether the store is initialised";

/// What was being done, for the log.
const AVAILABILITY_READ: &str = "asking whether DynamoDB is available";

fn row_read(row: &RowKey) -> String {
    format!("reading {row}")
}

fn all_read(namespace: &str) -> String {
    format!("reading all of {namespace:?}")
}

/// The answer with tombstones, which are never handed out, as nothing.
fn live(mut answer: Answer<Option<Cached>>) -> Answer<Option<Cached>> {
    answer.value = answer.value.filter(|cached| !cached.item.deleted);
    answer
}

impl Reader {
    async fn get_row(self: &Arc<Self>, row: RowKey) -> Result<Answer<Option<Cached>>> {
        let answer = match self.known(&row) {
            Known::Fresh(answer) => {
                self.context.stats.hits.add_one();
                return Ok(answer);
            }
            // Serves an expired "missing" only while DynamoDB is unreachable.
            Known::Stale(stale)
                if stale.value.is_some() || self.breaker.is_failing(Operation::Get) =>
            {
                self.refresh_row(row.clone(), stale).await
            }
            Known::Stale(_) | Known::Nothing => match self.read_row(row.clone()).await {
                Ok(answer) => answer,
                Err(failure) => return self.known_item(&row).answer().ok_or(failure),
            },
        };
        Ok(self.unless_changed(answer, || self.newest_row(&row)))
    }

    /// The answer of a read that waited, or what is `newest` by now.
    fn unless_changed<T>(
        &self,
        answer: Answer<T>,
        newest: impl FnOnce() -> Option<Answer<T>>,
    ) -> Answer<T> {
        if answer.generation == self.cache.generation() {
            return answer;
        }
        let stale = answer.stale;
        newest().map_or(answer, |newest| Answer { stale, ..newest })
    }

    async fn get_all(self: &Arc<Self>, namespace: &Arc<str>, held: u64) -> Result<Answer<Changes>> {
        let answer = match self.known_all(namespace) {
            Known::Fresh(answer) => {
                self.context.stats.hits.add_one();
                answer
            }
            Known::Stale(stale) => self.refresh_all(namespace.clone(), stale).await,
            Known::Nothing => match self.read_all(namespace.clone()).await {
                Ok(answer) => answer,
                Err(failure) => self.known_all(namespace).answer().ok_or(failure)?,
            },
        };
        let answer = self.unless_changed(answer, || self.newest_items(namespace));
        Ok(self.as_changes(namespace, held, answer))
    }

    fn as_changes(
        &self,
        namespace: &Arc<str>,
        held: u64,
        answer: Answer<Arc<Items>>,
    ) -> Answer<Changes> {
        let Answer { value, until, generation, stale } = answer;
        let value = self.cache.changes(namespace, held, &value);
        Answer { value, until, generation, stale }
    }

    /// What is newest of a row, however old.
    fn newest_row(&self, row: &RowKey) -> Option<Answer<Option<Cached>>> {
        let generation = self.cache.generation();
        let newest = self.pending.newest(row, || self.cache.row(row)).read?;
        let value = newest.value.clone();
        Some(self.cache.judge_row(newest, generation).fresh_or(value, generation))
    }

    /// The same of all items of a namespace.
    fn newest_items(&self, namespace: &str) -> Option<Answer<Arc<Items>>> {
        let generation = self.cache.generation();
        let read = || self.cache.collection(namespace);
        let newest = self.pending.newest_all(namespace, read, |row| self.cache.row(row)).read?;
        let value = Arc::clone(&newest.value);
        Some(self.cache.judge_all(newest, generation).fresh_or(value, generation))
    }

    /// What is known of a row: the newest of what was read and what is pending.
    fn known(&self, row: &RowKey) -> Known<Option<Cached>> {
        let generation = self.cache.generation();
        let newest = self.pending.newest(row, || self.cache.row(row));
        let Some(read) = newest.read else {
            return Known::Nothing;
        };
        let pending = newest.is_pending.then(|| read.value.clone());
        self.cache.judge_row(read, generation).or_pending(pending, generation)
    }

    /// The same where an expired "missing" is not worth an answer.
    fn known_item(&self, row: &RowKey) -> Known<Option<Cached>> {
        match self.known(row) {
            Known::Stale(Stale { value: None, .. }) => Known::Nothing,
            known => known,
        }
    }

    /// What is known of all rows of a namespace.
    fn known_all(&self, namespace: &str) -> Known<Arc<Items>> {
        let generation = self.cache.generation();
        let read = || self.cache.collection(namespace);
        let newest = self.pending.newest_all(namespace, read, |row| self.cache.row(row));
        let Some(read) = newest.read else {
            return Known::Nothing;
        };
        let pending = newest.is_pending.then(|| Arc::clone(&read.value));
        self.cache.judge_all(read, generation).or_pending(pending, generation)
    }

    /// Reads a row of which nothing is known.
    async fn read_row(self: &Arc<Self>, row: RowKey) -> Result<Answer<Option<Cached>>> {
        if self.preloaded(&row).await
            && let Known::Fresh(answer) = self.known(&row)
        {
            self.context.stats.coalesced.add_one();
            return Ok(answer);
        }
        let read = |deadline| self.reading_row(row.clone(), Attempts::Until(deadline), None);
        self.share(&self.gets, row.clone(), self.context.read_timeout, read).await
    }

    /// A newer answer than this one, if it can be had soon.
    async fn refresh_row(
        self: &Arc<Self>,
        row: RowKey,
        stale: Stale<Option<Cached>>,
    ) -> Answer<Option<Cached>> {
        let fetch = |probe| self.reading_row(row.clone(), Attempts::One, probe);
        let request = Request { flights: &self.gets, key: row.clone(), operation: Operation::Get };
        self.refresh(request, stale, fetch, || self.known_item(&row)).await
    }

    /// A newer answer than this one, if it can be had soon.
    async fn refresh_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
        stale: Stale<Arc<Items>>,
    ) -> Answer<Arc<Items>> {
        let fetch = |probe| self.reading_all(namespace.clone(), Attempts::One, probe);
        let (key, operation) = (namespace.clone(), Operation::Query);
        let request = Request { flights: &self.queries, key, operation };
        self.refresh(request, stale, fetch, || self.known_all(&namespace)).await
    }

    /// Requests a newer answer than this one, and waits shortly for it. Who has waited in vain gets what is
    /// `known` by then.
    async fn refresh<K, T, F>(
        self: &Arc<Self>,
        request: Request<'_, K, T>,
        mut stale: Stale<T>,
        fetch: impl FnOnce(Option<Probe>) -> F,
        known: impl FnOnce() -> Known<T>,
    ) -> Answer<T>
    where
        K: Clone + Eq + Hash + Send + 'static,
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<Answer<T>>> + Send + 'static,
    {
        let Request { flights, key, operation } = request;
        let mut pause = None;
        // Nobody waits for what is only fetched for later.
        let requester = if stale.revalidate { None } else { requester::current() };
        let fetch = |probe| working_for(requester, fetch(probe));
        let flight = flights.join_or_start(key, || match self.breaker.permit(operation) {
            Permit::Free => Some(fetch(None)),
            Permit::Probe(probe) => Some(fetch(Some(probe))),
            Permit::Wait(longest) => {
                pause = Some(longest);
                None
            }
        });
        if let (Some(flight), false) = (&flight, stale.revalidate) {
            match timeout_at(flight.begun + self.stale_if_slow, flight.result.clone()).await {
                Ok(Some(Ok(answer))) => {
                    self.count_shared(flight.joined);
                    return answer;
                }
                Ok(_) => pause = Some(self.breaker.pause(operation).max(Backoff::PROBE.first)),
                Err(_) => {}
            }
            match known() {
                Known::Fresh(answer) => {
                    self.context.stats.coalesced.add_one();
                    return answer;
                }
                Known::Stale(known) => stale = known,
                Known::Nothing => {}
            }
        }
        self.context.stats.stale.add_one();
        self.breaker.answered_stale(stale.age_ms);
        // Nobody is going to ask before that.
        let until =
            pause.map_or(0.0, |pause| self.context.clock.now() as f64 + pause.as_secs_f64() * 1e3);
        stale.answer(until)
    }

    async fn fetch_row(
        self: &Arc<Self>,
        row: &RowKey,
        attempts: Attempts,
    ) -> Result<Answer<Option<Cached>>> {
        // Another request may have ended between the look into the cache and this one's start.
        if let Known::Fresh(answer) = self.known(row) {
            return Ok(answer);
        }
        let (mut sent, sent_at) = (self.cache.begin(), Instant::now());
        let read = self.in_read_time(attempts, || {
            sent = self.cache.begin();
            self.context.get(row, self.context.reading())
        });
        let read = read.await;
        self.note(Operation::Get, sent_at, &read, attempts, || row_read(row));
        let stored = read?;
        if stored.is_none() {
            (self.on_finding)(Finding::NoRow(row.clone()));
        }
        let item = stored.as_ref().and_then(|stored| self.context.item_in(stored));
        let version = item.as_ref().map(|item| item.version);
        let read = self.cache.fill(sent, row, item);
        // Only now: what is pending no more must be found in the cache.
        if let Some(version) = version {
            self.pending.found(row, version);
        }
        let known = self.known(row);
        let generation = self.cache.generation();
        let read = || Some(self.cache.row(row).filter(|_| read.is_held()).unwrap_or(read));
        let newest = self.pending.newest(row, read).read.and_then(|read| read.value);
        Ok(known.fresh_or(newest, generation))
    }

    pub(super) async fn read_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
    ) -> Result<Answer<Arc<Items>>> {
        let read = |deadline| self.reading_all(namespace.clone(), Attempts::Until(deadline), None);
        let longest = self.time_of_pages();
        self.share(&self.queries, namespace.clone(), longest, read).await
    }

    fn time_of_pages(&self) -> Duration {
        self.context.read_timeout.saturating_mul(TIME_OF_PAGES)
    }

    /// A read of a row, for a task of its own.
    fn reading_row(
        self: &Arc<Self>,
        row: RowKey,
        attempts: Attempts,
        probe: Option<Probe>,
    ) -> impl Future<Output = Result<Answer<Option<Cached>>>> + Send + use<> {
        let reader = Arc::clone(self);
        async move {
            let _probe = probe;
            reader.context.guarded(|| row_read(&row), reader.fetch_row(&row, attempts)).await
        }
    }

    /// Likewise of all rows of a namespace.
    fn reading_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
        attempts: Attempts,
        probe: Option<Probe>,
    ) -> impl Future<Output = Result<Answer<Arc<Items>>>> + Send + use<> {
        let reader = Arc::clone(self);
        async move {
            let _probe = probe;
            let read = reader.fetch_all(&namespace, attempts);
            reader.context.guarded(|| all_read(&namespace), read).await
        }
    }

    async fn fetch_all(
        self: &Arc<Self>,
        namespace: &Arc<str>,
        attempts: Attempts,
    ) -> Result<Answer<Arc<Items>>> {
        if let Known::Fresh(answer) = self.known_all(namespace) {
            return Ok(answer);
        }
        let (sent, sent_at) = (self.cache.begin(), Instant::now());
        let rows = all_pages(|start| {
            let closed = start.is_some() && self.context.is_closed();
            async move {
                if closed {
                    return Err(Error::new(ErrorKind::Closed, "the store was closed meanwhile"));
                }
                // Each page has the read time-out to itself, so that large prefixes can be read.
                let attempts = match attempts {
                    Attempts::Until(_) if start.is_some() => {
                        Attempts::Until(Instant::now() + self.context.read_timeout)
                    }
                    attempts => attempts,
                };
                let reading = self.context.reading();
                let page = || self.context.query(namespace, reading, start.clone());
                self.in_read_time(attempts, page).await
            }
        });
        let time = self.time_of_pages();
        let rows = timeout(time, rows).await.unwrap_or_else(|_| Err(no_end(time)));
        self.note(Operation::Query, sent_at, &rows, attempts, || all_read(namespace));
        let rows = rows?;
        if rows.is_empty() {
            (self.on_finding)(Finding::NoRows(namespace.clone()));
        }
        let found: KeyedItems = rows
            .iter()
            .filter_map(|stored| Some((stored.key.key.clone(), self.context.item_in(stored)?)))
            .collect();
        let versions: Vec<_> =
            found.iter().map(|(key, item)| (key.clone(), item.version)).collect();
        let read = self.cache.fill_all(sent, namespace, found);
        for (key, version) in versions {
            self.pending.found(&RowKey { namespace: namespace.clone(), key }, version);
        }
        let known = self.known_all(namespace);
        let generation = self.cache.generation();
        let held = |row: &RowKey| self.cache.row(row);
        let read =
            || Some(self.cache.collection(namespace).filter(|_| read.is_held()).unwrap_or(read));
        let newest = self.pending.newest_all(namespace, read, held).read;
        Ok(known.fresh_or(newest.map(|read| read.value).unwrap_or_default(), generation))
    }

    async fn fetch_marker(&self, deadline: Instant) -> Result<()> {
        let marker = self.context.layout.marker();
        let (attempts, sent) = (Attempts::Until(deadline), Instant::now());
        let read = || self.context.get(&marker, self.context.reading());
        let read = self.in_read_time(attempts, read).await;
        self.note(Operation::Get, sent, &read, attempts, || MARKER_READ.to_owned());
        match read? {
            Some(_) => self.set_initialized(),
            None => *self.uninitialized_at() = Some(self.context.clock.now()),
        }
        Ok(())
    }

    async fn read_availability(&self) -> Result<()> {
        let (attempts, sent) = (Attempts::One, Instant::now());
        let marker = self.context.layout.marker();
        let read = self.context.get(&marker, self.context.reading());
        let read = timeout(self.availability_timeout, read).await;
        let read = read.unwrap_or_else(|_| Err(no_answer()));
        self.note(Operation::Get, sent, &read, attempts, || AVAILABILITY_READ.to_owned());
        read.map(drop)
    }

    /// Takes note of how a read went, and logs what is to be known of it.
    fn note<T>(
        &self,
        operation: Operation,
        sent: Instant,
        read: &Result<T>,
        attempts: Attempts,
        what: impl FnOnce() -> String,
    ) {
        let line = match read {
            Ok(_) => {
                if let Some(kind) = self.breaker.failing(operation) {
                    // The same may be so of writes.
                    (self.on_finding)(Finding::WorksAgain { was_permanent: kind.is_permanent() });
                }
                self.breaker.succeeded(operation)
            }
            Err(failure) if failure.kind == ErrorKind::Closed => None,
            Err(failure) => {
                self.breaker.failed(operation, &what(), sent, failure, attempts == Attempts::One)
            }
        };
        self.context.log_line(line);
    }

    /// Reads once for everybody who asks for `key` at the same time; without caching, each for itself.
    /// Whoever joins a read that fails, which may have begun earlier or be a single attempt, reads on until
    /// the read time-out is over. Nobody waits longer than `longest`.
    async fn share<K, T, F>(
        self: &Arc<Self>,
        flights: &SingleFlight<K, Result<T>>,
        key: K,
        longest: Duration,
        read: impl Fn(Instant) -> F,
    ) -> Result<T>
    where
        K: Clone + Eq + Hash + Send + 'static,
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let begun = Instant::now();
        let deadline = begun + self.context.read_timeout;
        if !self.cache.is_on() {
            self.context.stats.misses.add_one();
            return read(deadline).await;
        }
        let mut is_first = true;
        loop {
            let flight = flights.join_or_start(key.clone(), || Some(read(deadline)));
            let Some(Flight { joined, result, .. }) = flight else {
                return Err(Error::panicked());
            };
            if is_first {
                self.count_shared(joined);
            }
            is_first = false;
            // One that was joined may go on for a later caller.
            let result = match joined {
                true => timeout_at(begun + longest, result).await,
                false => Ok(result.await),
            };
            let result = result.unwrap_or_else(|_| Some(Err(no_answer())));
            match result.unwrap_or_else(|| Err(Error::panicked())) {
                Err(failure)
                    if joined
                        && failure.is_retryable()
                        && Instant::now() < deadline
                        && !self.context.is_closed() => {}
                result => return result,
            }
        }
    }

    fn count_shared(&self, joined: bool) {
        if joined { &self.context.stats.coalesced } else { &self.context.stats.misses }.add_one();
    }

    fn known_initialized(&self) -> Option<Answer<bool>> {
        if self.initialized.load(Ordering::SeqCst) || self.pending.has_init() {
            return Some(self.initialized_answer(true, f64::INFINITY));
        }
        let ttl = self.cache.ttl_of(false);
        let at = self.uninitialized_at().filter(|at| self.cache.is_fresh(*at, ttl))?;
        Some(self.initialized_answer(false, at as f64 + ttl))
    }

    fn initialized_answer(&self, value: bool, until: f64) -> Answer<bool> {
        Answer { value, until, generation: self.cache.generation(), stale: false }
    }

    async fn in_read_time<T>(
        &self,
        attempts: Attempts,
        request: impl FnMut() -> BoxFuture<'static, Result<T>>,
    ) -> Result<T> {
        let retries = || match attempts {
            Attempts::Until(_) if !self.context.is_closed() => self.context.read_retries(),
            Attempts::Until(_) | Attempts::One => Retries::NONE,
        };
        let deadline = match attempts {
            Attempts::Until(deadline) => deadline,
            Attempts::One => Instant::now() + self.context.read_timeout,
        };
        backoff::read_until(deadline, retries, request).await
    }

    fn uninitialized_at(&self) -> MutexGuard<'_, Option<Millis>> {
        self.uninitialized_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All rows of a namespace, of which `page` reads the page that begins after a row.
pub(super) async fn all_pages<F>(
    mut page: impl FnMut(Option<RowKey>) -> F,
) -> Result<Vec<StoredRow>>
where
    F: Future<Output = Result<Page>>,
{
    let mut rows = Vec::new();
    let mut bytes = 0_usize;
    let mut start = None;
    loop {
        let page = page(start).await?;
        bytes = page.rows.iter().map(StoredRow::bytes).fold(bytes, usize::saturating_add);
        if bytes > MOST_BYTES {
            let message = "the rows of one namespace are more than 96 MiB, which are no flags";
            return Err(Error::new(ErrorKind::Refused, message));
        }
        rows.extend(page.rows);
        start = page.next;
        if start.is_none() {
            return Ok(rows);
        }
    }
}
