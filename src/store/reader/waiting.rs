//! Waiting for requests. Concurrent readers of the same thing share one.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Attempts, OnPage, Reader, all_read, row_read};
use crate::backoff::{Backoff, no_answer};
use crate::cache::circuit_breaker::{Operation, Permit, Probe};
use crate::cache::{Answer, Cached, Items, Known, Stale};
use crate::error::{Error, Result};
use crate::model::RowKey;
use crate::requester::{self, working_for};
use crate::single_flight::{Flight, SingleFlight};

/// A request that other readers may join.
struct Request<'a, K, T: Clone> {
    flights: &'a SingleFlight<K, Result<Answer<T>>>,
    key: K,
    operation: Operation,
}

impl Reader {
    /// Reads a row for which there is no answer yet.
    pub(super) async fn read_row(self: &Arc<Self>, row: RowKey) -> Result<Answer<Option<Cached>>> {
        if self.preloaded(&row).await
            && let Known::Fresh(answer) = self.known(&row)
        {
            self.context.stats.coalesced.add_one();
            return Ok(answer);
        }
        let read = |deadline| self.reading_row(row.clone(), Attempts::Until(deadline), None);
        self.share(&self.gets, row.clone(), self.context.read_timeout, read).await
    }

    pub(super) async fn read_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
        on_page: Option<OnPage>,
    ) -> Result<Answer<Arc<Items>>> {
        let read = |deadline| {
            let attempts = Attempts::Until(deadline);
            self.reading_all(namespace.clone(), attempts, None, on_page.clone())
        };
        let longest = self.time_of_pages();
        self.share(&self.queries, namespace.clone(), longest, read).await
    }

    /// Returns a newer answer than `stale` if one arrives soon, and `stale` otherwise.
    pub(super) async fn refresh_row(
        self: &Arc<Self>,
        row: RowKey,
        stale: Stale<Option<Cached>>,
    ) -> Answer<Option<Cached>> {
        let fetch = |probe| self.reading_row(row.clone(), Attempts::One, probe);
        let request = Request { flights: &self.gets, key: row.clone(), operation: Operation::Get };
        self.refresh(request, stale, fetch, || self.known_item(&row)).await
    }

    /// Like [`Reader::refresh_row`], for all rows of a namespace.
    pub(super) async fn refresh_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
        stale: Stale<Arc<Items>>,
    ) -> Answer<Arc<Items>> {
        let fetch = |probe| self.reading_all(namespace.clone(), Attempts::One, probe, None);
        let (key, operation) = (namespace.clone(), Operation::Query);
        let request = Request { flights: &self.queries, key, operation };
        self.refresh(request, stale, fetch, || self.known_all(&namespace)).await
    }

    /// Requests a newer answer than `stale`, and waits for it until the request is `stale_if_slow` old. After
    /// that, returns what is `known` by then, or `stale`.
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
        // A refresh in the background has no requester: no caller waits for it.
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
        // The next probe is not sent before then.
        let until =
            pause.map_or(0.0, |pause| self.context.clock.now() as f64 + pause.as_secs_f64() * 1e3);
        stale.answer(until)
    }

    /// Returns a read of a row that can run in its own task.
    pub(super) fn reading_row(
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

    /// Like [`Reader::reading_row`], for all rows of a namespace.
    pub(super) fn reading_all(
        self: &Arc<Self>,
        namespace: Arc<str>,
        attempts: Attempts,
        probe: Option<Probe>,
        on_page: Option<OnPage>,
    ) -> impl Future<Output = Result<Answer<Arc<Items>>>> + Send + use<> {
        let reader = Arc::clone(self);
        async move {
            let _probe = probe;
            let read = reader.fetch_all(&namespace, attempts, on_page);
            reader.context.guarded(|| all_read(&namespace), read).await
        }
    }

    /// Reads once for all concurrent callers with the same `key`; without caching, once for each. A joined
    /// read that fails may have begun earlier or be a single attempt, so its joiners continue until their own
    /// read time-out. No caller waits longer than `longest`.
    pub(super) async fn share<K, T, F>(
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
            // A joined read may belong to a caller with a later deadline.
            let result = match joined {
                true => timeout_at(begun + longest, result).await,
                false => Ok(result.await),
            };
            let result = result.unwrap_or_else(|_| Some(Err(no_answer())));
            match result.unwrap_or_else(|| Err(Error::panicked())) {
                // A request that would soon be cut off is useless, and would count as a failure.
                Err(failure)
                    if joined
                        && failure.is_retryable()
                        && Instant::now() + self.context.read_timeout / 10 < deadline
                        && !self.context.is_closed() => {}
                result => return result,
            }
        }
    }

    fn count_shared(&self, joined: bool) {
        if joined { &self.context.stats.coalesced } else { &self.context.stats.misses }.add_one();
    }
}
