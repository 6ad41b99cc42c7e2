//! Reading: what is fresh is answered from memory. The rest takes one request for everybody who asks
//! for it at the same time. Who has something stale to answer with waits for that request only
//! shortly, and while DynamoDB fails not at all.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Inner, Store};
use crate::backoff::{self, Backoff, Retries, no_answer};
use crate::cache::{Answer, Cached, Delta, Items, Known, Stale};
use crate::dynamodb::{Page, Reading};
use crate::error::{Error, ErrorKind, Result};
use crate::log::shown;
use crate::outage::{Operation, Permit, Probe};
use crate::panics::catch;
use crate::requester::{self, working_for};
use crate::row::{Item, RowKey, StoredRow};
use crate::single_flight::{Flight, SingleFlight};

impl Store {
    /// The item `key` of `kind`, if it is known freshly: `None` in the answer for one that is unknown,
    /// deleted or unreadable.
    pub fn peek(&self, kind: &str, key: &str) -> Option<Answer<Option<Cached>>> {
        // Where it panics, `get` tells.
        match catch(|| self.0.cache.look(&self.0.row(kind, key))).ok()? {
            Known::Fresh(answer) => {
                self.0.stats.hits.add_one();
                Some(live(answer))
            }
            Known::Stale(_) | Known::Nothing => None,
        }
    }

    /// The item `key` of `kind`; `None` for one that is unknown, deleted or unreadable.
    pub async fn get(&self, kind: &str, key: &str) -> Result<Answer<Option<Cached>>> {
        let row = self.0.row(kind, key);
        self.0.guarded(|| row_read(&row), self.0.get(row.clone())).await.map(live)
    }

    /// All live items of `kind`, told as a change of the state `held`, which an earlier answer named;
    /// 0 for none.
    pub async fn all(&self, kind: &str, held: u64) -> Result<Answer<Delta>> {
        let namespace = self.0.layout.namespace(kind);
        self.0.guarded(|| all_read(&namespace), self.0.all(&namespace, held)).await
    }

    /// Whether DynamoDB answers, as one read shows for all who ask meanwhile. While reads are known to fail,
    /// it is not available, and nothing is sent but the read that tries it now and then.
    pub async fn is_available(&self) -> bool {
        let inner = &self.0;
        let available = async {
            let read = |probe| {
                let inner = Arc::clone(inner);
                async move {
                    let _probe: Option<Probe> = probe;
                    let read = inner.read_availability();
                    inner.guarded(|| AVAILABILITY_READ.to_owned(), read).await
                }
            };
            let reads = &inner.availability_reads;
            let flight = reads.join_or_start((), || match inner.outages.permit(Operation::Get) {
                Permit::Free => Some(read(None)),
                Permit::Probe(probe) => Some(read(Some(probe))),
                Permit::Wait(_) => None,
            });
            Ok(match flight {
                Some(flight) => matches!(flight.result.await, Some(Ok(()))),
                None => false,
            })
        };
        inner.guarded(|| AVAILABILITY_READ.to_owned(), available).await.unwrap_or(false)
    }

    /// Whether somebody has initialised this prefix, or this process was given the data for it. Once it has been seen to be true it stays so:
    /// no SDK removes the marker.
    pub async fn initialized(&self) -> Result<Answer<bool>> {
        let inner = &self.0;
        let known = async {
            if let Some(known) = inner.known_initialized() {
                return Ok(known);
            }
            let read = |deadline| {
                let inner = Arc::clone(inner);
                async move {
                    let read = inner.fetch_marker(deadline);
                    inner.guarded(|| MARKER_READ.to_owned(), read).await
                }
            };
            inner.share(&inner.marker_reads, (), inner.read_timeout, read).await?;
            Ok(inner.known_initialized().unwrap_or_else(|| inner.initialized_answer(false, 0.0)))
        };
        inner.guarded(|| MARKER_READ.to_owned(), known).await
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
struct Asked<'a, K, T: Clone> {
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
pub(super) fn live(mut answer: Answer<Option<Cached>>) -> Answer<Option<Cached>> {
    answer.value = answer.value.filter(|cached| !cached.item.deleted);
    answer
}

impl Inner {
    async fn get(self: &Arc<Self>, row: RowKey) -> Result<Answer<Option<Cached>>> {
        match self.cache.look(&row) {
            Known::Fresh(answer) => {
                self.stats.hits.add_one();
                Ok(answer)
            }
            // That there is no such row is not to be believed for long, but when nobody can be asked.
            Known::Stale(stale)
                if stale.value.is_some() || self.outages.is_failing(Operation::Get) =>
            {
                Ok(self.refresh_row(row, stale).await)
            }
            Known::Stale(_) | Known::Nothing => match self.unsaved_row(&row) {
                Some(unsaved) => Ok(self.refresh_row(row, unsaved).await),
                None => match self.read_row(row.clone()).await {
                    Ok(answer) => Ok(answer),
                    Err(failure) => self.known_row(&row).answer().ok_or(failure),
                },
            },
        }
    }

    /// What is known of a row in spite of a read that has failed.
    fn known_row(&self, row: &RowKey) -> Known<Option<Cached>> {
        match self.cache.look(row) {
            Known::Stale(Stale { value: None, .. }) | Known::Nothing => {
                self.unsaved_row(row).map_or(Known::Nothing, Known::Stale)
            }
            known => known,
        }
    }

    /// Likewise for all rows of a namespace.
    fn known_rows(&self, namespace: &str) -> Known<Arc<Items>> {
        match self.cache.look_all(namespace) {
            Known::Nothing => self.unsaved_all(namespace).map_or(Known::Nothing, Known::Stale),
            known => known,
        }
    }

    async fn all(self: &Arc<Self>, namespace: &Arc<str>, held: u64) -> Result<Answer<Delta>> {
        let answer = match self.cache.look_all(namespace) {
            Known::Fresh(answer) => {
                self.stats.hits.add_one();
                answer
            }
            Known::Stale(stale) => self.refresh_all(namespace.clone(), stale).await,
            Known::Nothing => match self.unsaved_all(namespace) {
                Some(unsaved) => self.refresh_all(namespace.clone(), unsaved).await,
                None => match self.read_all(namespace.clone()).await {
                    Ok(answer) => answer,
                    Err(failure) => self.known_rows(namespace).answer().ok_or(failure)?,
                },
            },
        };
        let delta = self.cache.take_all(namespace, held, &answer.value);
        Ok(Answer { value: delta, until: answer.until, ticket: answer.ticket, stale: answer.stale })
    }

    /// Reads a row of which nothing is known.
    async fn read_row(self: &Arc<Self>, row: RowKey) -> Result<Answer<Option<Cached>>> {
        if self.preloaded(&row).await
            && let Known::Fresh(answer) = self.cache.look(&row)
        {
            self.stats.coalesced.add_one();
            return Ok(answer);
        }
        let read = |deadline| self.reading_row(row.clone(), Attempts::Until(deadline), None);
        self.share(&self.gets, row.clone(), self.read_timeout, read).await
    }

    /// A newer answer than this one, if it can be had soon.
    async fn refresh_row(
        self: &Arc<Self>,
        row: RowKey,
        stale: Stale<Option<Cached>>,
    ) -> Answer<Option<Cached>> {
        let fetch = |probe| self.reading_row(row.clone(), Attempts::One, probe);
        let asked = Asked { flights: &self.gets, key: row.clone(), operation: Operation::Get };
        self.refresh(asked, stale, fetch, || self.known_row(&row)).await
    }

    /// A newer answer than this one, if it can be had soon.
    async fn refresh_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
        stale: Stale<Arc<Items>>,
    ) -> Answer<Arc<Items>> {
        let fetch = |probe| self.reading_all(namespace.clone(), Attempts::One, probe);
        let (key, operation) = (namespace.clone(), Operation::Query);
        let asked = Asked { flights: &self.queries, key, operation };
        self.refresh(asked, stale, fetch, || self.known_rows(&namespace)).await
    }

    /// Asks for a newer answer than this one, and waits shortly for it. Who has waited in vain gets what is
    /// `known` by then, which may have come by another way.
    async fn refresh<K, T, F>(
        self: &Arc<Self>,
        asked: Asked<'_, K, T>,
        mut stale: Stale<T>,
        fetch: impl FnOnce(Option<Probe>) -> F,
        known: impl FnOnce() -> Known<T>,
    ) -> Answer<T>
    where
        K: Clone + Eq + Hash + Send + 'static,
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<Answer<T>>> + Send + 'static,
    {
        let Asked { flights, key, operation } = asked;
        let mut pause = None;
        // Nobody waits for what is only fetched for later.
        let requester = if stale.revalidate { None } else { requester::current() };
        let fetch = |probe| working_for(requester, fetch(probe));
        let flight = flights.join_or_start(key, || match self.outages.permit(operation) {
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
                Ok(_) => pause = Some(self.outages.pause(operation).max(Backoff::PROBE.first)),
                Err(_) => {}
            }
            match known() {
                Known::Fresh(answer) => {
                    self.stats.coalesced.add_one();
                    return answer;
                }
                Known::Stale(known) => stale = known,
                Known::Nothing => {}
            }
        }
        self.stats.stale.add_one();
        self.outages.answered_stale(stale.age_ms);
        // Nobody is going to ask before that.
        let until = pause.map_or(0.0, |pause| self.clock.now() as f64 + pause.as_secs_f64() * 1e3);
        stale.answer(until)
    }

    /// What this process was given of a row and that is not in the table, where nothing newer was read.
    fn unsaved_row(&self, row: &RowKey) -> Option<Stale<Option<Cached>>> {
        let item = self.unsaved.newest(row)?;
        Some(self.unsaved_answer(Some(self.newest(row, item))))
    }

    fn newest(&self, row: &RowKey, unsaved: Item) -> Cached {
        let held = self.cache.held(row).filter(|held| held.item.version > unsaved.version);
        held.unwrap_or(Cached { item: unsaved, revision: 0 })
    }

    /// What this process was given of a namespace, likewise.
    fn unsaved_all(&self, namespace: &str) -> Option<Stale<Arc<Items>>> {
        let items = self.unsaved.all(namespace)?.into_iter();
        let items = items.filter_map(|(key, item)| {
            let newest = self.newest(&RowKey::new(namespace, Arc::clone(&key)), item);
            (!newest.item.deleted).then_some((key, newest))
        });
        Some(self.unsaved_answer(Arc::new(items.collect())))
    }

    fn unsaved_answer<T>(&self, value: T) -> Stale<T> {
        Stale { value, ticket: self.cache.begin(), age_ms: 0.0, revalidate: false }
    }

    async fn fetch_row(
        self: &Arc<Self>,
        row: &RowKey,
        attempts: Attempts,
    ) -> Result<Answer<Option<Cached>>> {
        // Another request may have ended between the look into the cache and this one's start.
        if let Known::Fresh(answer) = self.cache.look(row) {
            return Ok(answer);
        }
        let (mut begun, sent) = (self.cache.begin(), Instant::now());
        let read = self.in_read_time(attempts, || {
            begun = self.cache.begin();
            self.dynamodb.get(row, self.reading())
        });
        let read = read.await;
        self.note(Operation::Get, sent, &read, attempts, || row_read(row));
        let stored = read?;
        if stored.is_none() {
            self.found_nothing(row);
        }
        let item = stored.as_ref().and_then(|stored| self.item_in(stored));
        let item = self.unsaved.over(row, stored.as_ref(), item);
        Ok(self.cache.fill(begun, row, item))
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
        self.read_timeout.saturating_mul(TIME_OF_PAGES)
    }

    /// A read of a row, for a task of its own.
    fn reading_row(
        self: &Arc<Self>,
        row: RowKey,
        attempts: Attempts,
        probe: Option<Probe>,
    ) -> impl Future<Output = Result<Answer<Option<Cached>>>> + Send + use<> {
        let inner = Arc::clone(self);
        async move {
            let _probe = probe;
            inner.guarded(|| row_read(&row), inner.fetch_row(&row, attempts)).await
        }
    }

    /// Likewise of all rows of a namespace.
    fn reading_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
        attempts: Attempts,
        probe: Option<Probe>,
    ) -> impl Future<Output = Result<Answer<Arc<Items>>>> + Send + use<> {
        let inner = Arc::clone(self);
        async move {
            let _probe = probe;
            inner.guarded(|| all_read(&namespace), inner.fetch_all(&namespace, attempts)).await
        }
    }

    async fn fetch_all(
        self: &Arc<Self>,
        namespace: &Arc<str>,
        attempts: Attempts,
    ) -> Result<Answer<Arc<Items>>> {
        if let Known::Fresh(answer) = self.cache.look_all(namespace) {
            return Ok(answer);
        }
        let (begun, sent) = (self.cache.begin(), Instant::now());
        let rows = all_pages(|start| {
            let closed = start.is_some() && *self.closed.borrow();
            async move {
                if closed {
                    return Err(Error::new(ErrorKind::Closed, "the store was closed meanwhile"));
                }
                // Each page has the read time-out to itself, so that large prefixes can be read.
                let attempts = match attempts {
                    Attempts::Until(_) if start.is_some() => {
                        Attempts::Until(Instant::now() + self.read_timeout)
                    }
                    attempts => attempts,
                };
                let page = || self.dynamodb.query(namespace, self.reading(), start.clone());
                self.in_read_time(attempts, page).await
            }
        });
        let time = self.time_of_pages();
        let rows = timeout(time, rows).await.unwrap_or_else(|_| Err(no_end(time)));
        self.note(Operation::Query, sent, &rows, attempts, || all_read(namespace));
        let rows = rows?;
        if rows.is_empty() {
            self.found_nothing_in(namespace);
        }
        let found = rows.into_iter().map(|stored| {
            let item = self.item_in(&stored);
            (stored, item)
        });
        let items = self.unsaved.over_all(namespace, found.collect());
        Ok(self.cache.fill_all(begun, namespace, items))
    }

    async fn fetch_marker(&self, deadline: Instant) -> Result<()> {
        let marker = self.layout.marker();
        let (attempts, sent) = (Attempts::Until(deadline), Instant::now());
        let read = || self.dynamodb.get(&marker, self.reading());
        let read = self.in_read_time(attempts, read).await;
        self.note(Operation::Get, sent, &read, attempts, || MARKER_READ.to_owned());
        match read? {
            Some(_) => self.set_initialized(),
            None => *self.uninitialized_at() = Some(self.clock.now()),
        }
        Ok(())
    }

    async fn read_availability(&self) -> Result<()> {
        let (attempts, sent) = (Attempts::One, Instant::now());
        let read = self.dynamodb.get(&self.layout.marker(), self.reading());
        let read = timeout(self.availability_timeout, read).await;
        let read = read.unwrap_or_else(|_| Err(no_answer()));
        self.note(Operation::Get, sent, &read, attempts, || AVAILABILITY_READ.to_owned());
        read.map(drop)
    }

    fn reading(&self) -> Reading {
        Reading { consistent: self.consistent_read, for_write: false }
    }

    /// Takes note of how a read went, and logs what is to be told of it.
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
                if let Some(kind) = self.outages.failing(operation) {
                    // The same may be so of writes.
                    if kind.is_refusal() {
                        self.unsaved.hurry();
                    }
                    self.wrote();
                }
                self.outages.succeeded(operation)
            }
            Err(failure) if failure.kind == ErrorKind::Closed => None,
            Err(failure) => {
                self.outages.failed(operation, &what(), sent, failure, attempts == Attempts::One)
            }
        };
        self.log_line(line);
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
        let deadline = begun + self.read_timeout;
        if !self.cache.is_on() {
            self.stats.misses.add_one();
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
            // One that was joined may go on for somebody who asked later.
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
                        && !*self.closed.borrow() => {}
                result => return result,
            }
        }
    }

    fn count_shared(&self, joined: bool) {
        if joined { &self.stats.coalesced } else { &self.stats.misses }.add_one();
    }

    fn known_initialized(&self) -> Option<Answer<bool>> {
        if self.initialized.load(Ordering::SeqCst) || self.unsaved.has_replacement() {
            return Some(self.initialized_answer(true, f64::INFINITY));
        }
        let ttl = self.cache.ttl_of(false);
        let at = self.uninitialized_at().filter(|at| self.cache.is_fresh(*at, ttl))?;
        Some(self.initialized_answer(false, at as f64 + ttl))
    }

    fn initialized_answer(&self, value: bool, until: f64) -> Answer<bool> {
        Answer { value, until, ticket: self.cache.begin(), stale: false }
    }

    async fn in_read_time<T>(
        &self,
        attempts: Attempts,
        request: impl FnMut() -> BoxFuture<'static, Result<T>>,
    ) -> Result<T> {
        let retries = || match attempts {
            Attempts::Until(_) if !*self.closed.borrow() => self.dynamodb.read_retries(),
            Attempts::Until(_) | Attempts::One => Retries::NONE,
        };
        let deadline = match attempts {
            Attempts::Until(deadline) => deadline,
            Attempts::One => Instant::now() + self.read_timeout,
        };
        backoff::read_until(deadline, retries, request).await
    }

    /// Lets reads of this row, and of all rows with it, that come from now on make requests of their
    /// own.
    pub(super) fn detach(&self, row: &RowKey) {
        self.gets.detach(row);
        self.queries.detach(&row.namespace);
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
