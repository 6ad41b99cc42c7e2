//! The requests that reads send, and the handling of their answers.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout};

use super::{
    AVAILABILITY_READ, Attempts, Finding, MARKER_READ, OnPage, Reader, all_read, row_read,
};
use crate::backoff::{self, Retries, no_answer};
use crate::cache::circuit_breaker::Operation;
use crate::cache::{Answer, Cached, Items, KeyedItems, Known};
use crate::dynamodb::Page;
use crate::error::{Error, ErrorKind, Result};
use crate::log::shown;
use crate::model::{RowKey, StoredRow};

/// The time for all pages of a Query together, in read time-outs.
const TIME_OF_PAGES: u32 = 10;
/// The maximum size of a namespace's rows in bytes. LaunchDarkly's largest environments have a tenth of that.
const MOST_BYTES: usize = 96 * 1024 * 1024;

fn no_end(time: Duration) -> Error {
    let message = format!("DynamoDB's pages came to no end within {}", shown(time));
    Error::new(ErrorKind::TimedOut, message)
}

impl Reader {
    pub(super) async fn fetch_row(
        self: &Arc<Self>,
        row: &RowKey,
        attempts: Attempts,
    ) -> Result<Answer<Option<Cached>>> {
        // Another request may have ended since the caller looked into the cache.
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
        // After `fill`: a write that is no longer pending must be in the cache.
        if let Some(version) = version {
            self.pending.found(row, version);
        }
        let known = self.known(row);
        let generation = self.cache.generation();
        let read = || Some(self.cache.row(row).filter(|_| read.is_held()).unwrap_or(read));
        let newest = self.pending.newest(row, read).read.and_then(|read| read.value);
        Ok(known.fresh_or(newest, generation))
    }

    pub(super) async fn fetch_all(
        self: &Arc<Self>,
        namespace: &Arc<str>,
        attempts: Attempts,
        on_page: Option<OnPage>,
    ) -> Result<Answer<Arc<Items>>> {
        if let Known::Fresh(answer) = self.known_all(namespace) {
            return Ok(answer);
        }
        let (sent, sent_at) = (self.cache.begin(), Instant::now());
        let mut found = KeyedItems::new();
        let mut is_empty = true;
        let page = |start: Option<RowKey>| {
            let closed = start.is_some() && self.context.is_closed();
            async move {
                if closed {
                    return Err(Error::new(ErrorKind::Closed, "the store was closed meanwhile"));
                }
                // Each page has its own read time-out, so that large prefixes can be read.
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
        };
        let take = |Page { rows, next }| {
            is_empty &= rows.is_empty();
            let items = rows
                .into_iter()
                .filter_map(|stored| Some((stored.key.key.clone(), self.context.item_in(&stored)?)))
                .collect::<KeyedItems>();
            // After the last page the whole answer comes at once.
            if let (Some(on_page), Some(_)) = (&on_page, next) {
                on_page(self.cache.fill_page(sent, namespace, &items));
            }
            found.extend(items);
        };
        let time = self.time_of_pages();
        let read = timeout(time, all_pages(page, take)).await;
        let read = read.unwrap_or_else(|_| Err(no_end(time)));
        self.note(Operation::Query, sent_at, &read, attempts, || all_read(namespace));
        read?;
        if is_empty {
            (self.on_finding)(Finding::NoRows(namespace.clone()));
        }
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

    pub(super) async fn fetch_marker(&self, deadline: Instant) -> Result<()> {
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

    pub(super) async fn read_availability(&self) -> Result<()> {
        let (attempts, sent) = (Attempts::One, Instant::now());
        let marker = self.context.layout.marker();
        let read = self.context.get(&marker, self.context.reading());
        let read = timeout(self.availability_timeout, read).await;
        let read = read.unwrap_or_else(|_| Err(no_answer()));
        self.note(Operation::Get, sent, &read, attempts, || AVAILABILITY_READ.to_owned());
        read.map(drop)
    }

    /// Reports the result of a read to the circuit breaker, and logs the line that this returns.
    pub(super) fn note<T>(
        &self,
        operation: Operation,
        sent: Instant,
        read: &Result<T>,
        attempts: Attempts,
        what: impl FnOnce() -> String,
    ) {
        let line = match read {
            Ok(_) => {
                if let Some(kind) = self.breaker.last_failure(operation) {
                    // Writes may work again, too.
                    (self.on_finding)(Finding::WorksAgain { was_permanent: kind.is_permanent() });
                }
                self.breaker.record_success(operation)
            }
            Err(failure) if failure.kind == ErrorKind::Closed => None,
            Err(failure) => self.breaker.record_failure(
                operation,
                &what(),
                sent,
                failure,
                attempts == Attempts::One,
            ),
        };
        self.context.log(line);
    }

    pub(super) async fn in_read_time<T>(
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

    pub(super) fn time_of_pages(&self) -> Duration {
        self.context.read_timeout.saturating_mul(TIME_OF_PAGES)
    }
}

/// Reads all rows of a namespace. `page` reads the page that begins after a row, and `take` gets it.
pub(in crate::store) async fn all_pages<F>(
    mut page: impl FnMut(Option<RowKey>) -> F,
    mut take: impl FnMut(Page),
) -> Result<()>
where
    F: Future<Output = Result<Page>>,
{
    let mut bytes = 0_usize;
    let mut start = None;
    loop {
        let page = page(start).await?;
        bytes = page.rows.iter().map(StoredRow::bytes).fold(bytes, usize::saturating_add);
        if bytes > MOST_BYTES {
            let message = "the rows of one namespace are more than 96 MiB, which are no flags";
            return Err(Error::new(ErrorKind::Refused, message));
        }
        start = page.next.clone();
        take(page);
        if start.is_none() {
            return Ok(());
        }
    }
}
