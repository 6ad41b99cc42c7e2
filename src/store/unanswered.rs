//! Writes whose answer never came. They may take effect after all, and after later writes of the same
//! row.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::backoff::Retries;
use crate::dynamodb::{DynamoDb, Page, PutOutcome, Reading, Write};
use crate::error::{Error, Result};
use crate::panics::caught_request;
use crate::row::{Item, ItemAttribute, RowKey, StoredRow};
use crate::unsaved::{Data, Look, kind_in};

/// For how long after it was given up a request may still arrive.
const TIME_TO_LAND: Duration = Duration::from_secs(60);
/// How soon after the last request was given up the first look is. The next ones are each twice as
/// late as the one before.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// Of how many rows unanswered writes are remembered.
const REMEMBERED_ROWS: usize = 500;

/// What a row holds; `None` for one that is not there.
type Content = Option<Item>;

/// The unanswered writes of one store.
#[derive(Default)]
pub(super) struct Unanswered {
    rows: Mutex<BTreeMap<RowKey, Doubt>>,
    /// So that writes need not lock when there is nothing.
    count: AtomicUsize,
    more: Notify,
}

/// A row of which it is not known what an unanswered write did or will do to it.
#[derive(Default)]
struct Doubt {
    /// How it looks when one of these writes takes effect, and when each was given up.
    sent: Vec<(Option<Look>, Instant)>,
    /// What was there last, once that is known.
    was: Option<Content>,
}

/// A row that a write has undone which took effect late.
pub(super) struct Undone {
    /// What was there before.
    pub was: Content,
    /// The version that is there now.
    pub version: Option<f64>,
}

impl Unanswered {
    /// Whether there is any row in doubt.
    pub(super) fn is_any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Notes what a request was to do of which no answer came.
    fn gave_up(&self, writes: &[(RowKey, Content)]) {
        let mut rows = self.lock();
        let now = Instant::now();
        for (row, content) in writes {
            if rows.len() >= REMEMBERED_ROWS && !rows.contains_key(row) {
                continue;
            }
            let look = content.as_ref().map(Look::of_written);
            let doubt = rows.entry(row.clone()).or_default();
            doubt.sent.retain(|(sent, since)| *sent != look && is_recent(*since, now));
            doubt.sent.push((look, now));
            // It may have been just this one that took effect.
            doubt.was = None;
        }
        self.count.store(rows.len(), Ordering::Relaxed);
        self.more.notify_one();
    }

    /// Ends when there is another unanswered write, and so an earlier time for the next look.
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// Notes what is in a row now.
    fn is(&self, row: &RowKey, content: impl FnOnce() -> Content) {
        if !self.is_any() {
            return;
        }
        if let Some(doubt) = self.lock().get_mut(row) {
            doubt.was = Some(content());
        }
    }

    /// Notes that the table holds just these items of their kinds.
    pub(super) fn are(&self, data: &Data) {
        if !self.is_any() {
            return;
        }
        for (row, doubt) in self.lock().iter_mut() {
            if let Some(kind) = kind_in(data, &row.namespace)
                && !kind.untouched.contains(&row.key)
            {
                doubt.was = Some(kind.items.get(&row.key).cloned());
            }
        }
    }

    /// The rows to look at, and when. Forgets those to which nothing can happen any more.
    pub(super) fn next_look(&self) -> Option<(Instant, Vec<RowKey>)> {
        let mut rows = self.lock();
        let now = Instant::now();
        rows.retain(|_, doubt| {
            doubt.sent.retain(|(_, since)| is_recent(*since, now));
            !doubt.sent.is_empty()
        });
        self.count.store(rows.len(), Ordering::Relaxed);
        let last = rows.values().flat_map(|doubt| doubt.sent.iter().map(|(_, at)| *at)).max()?;
        let wait = now.duration_since(last).max(FIRST_LOOK);
        Some((now + wait, rows.keys().cloned().collect()))
    }

    /// Compares what a look found with what was there.
    pub(super) fn compare(&self, row: &RowKey, found: Option<&StoredRow>) -> Option<Undone> {
        let mut rows = self.lock();
        let doubt = rows.get_mut(row)?;
        let look = found.map(Look::of);
        let content = found.and_then(content_of);
        let is_late = doubt.sent.iter().any(|(sent, _)| *sent == look);
        match &doubt.was {
            Some(was) if is_late && was.as_ref().map(Look::of_written) != look => {
                Some(Undone { was: was.clone(), version: content.map(|item| item.version) })
            }
            // Somebody else may have changed it, which is their right.
            _ => {
                doubt.was = Some(content).filter(|is| is.is_some() == found.is_some());
                None
            }
        }
    }

    /// Gives up looking.
    pub(super) fn forget_all(&self) {
        self.lock().clear();
        self.count.store(0, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RowKey, Doubt>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_recent(given_up: Instant, now: Instant) -> bool {
    now.duration_since(given_up) < TIME_TO_LAND
}

/// What a row holds, if it is of the form in which this process writes items.
fn content_of(stored: &StoredRow) -> Content {
    match (&stored.item, stored.version) {
        (ItemAttribute::Text(json), Some(version)) => {
            Some(Item { version, deleted: false, json: Arc::clone(json) })
        }
        _ => None,
    }
}

/// A write under way. Dropped before its answer is there, it counts as unanswered.
struct Sending {
    unanswered: Arc<Unanswered>,
    writes: Vec<(RowKey, Content)>,
}

impl Sending {
    /// To be told of the answer.
    fn answered<T>(mut self, answer: &Result<T>) {
        if !answer.as_ref().is_err_and(Error::may_take_effect) {
            self.writes.clear();
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if !self.writes.is_empty() {
            self.unanswered.gave_up(&self.writes);
        }
    }
}

/// A table whose unanswered writes are noted, and in which a panic is a failed request.
pub(super) struct Noting {
    table: Arc<dyn DynamoDb>,
    unanswered: Arc<Unanswered>,
}

impl Noting {
    pub(super) fn new(table: Arc<dyn DynamoDb>, unanswered: Arc<Unanswered>) -> Self {
        Self { table, unanswered }
    }

    fn sending(&self, writes: Vec<(RowKey, Content)>) -> Sending {
        Sending { unanswered: Arc::clone(&self.unanswered), writes }
    }
}

impl DynamoDb for Noting {
    fn read_retries(&self) -> Retries {
        self.table.read_retries()
    }

    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        caught_request(|| self.table.get(row, reading))
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        caught_request(|| self.table.query(namespace, reading, start))
    }

    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        let sending = self.sending(vec![(row.clone(), Some(item.clone()))]);
        let put = caught_request(|| self.table.put_if_newer(row, item, unchanged));
        let (unanswered, row, item) = (Arc::clone(&self.unanswered), row.clone(), item.clone());
        async move {
            let outcome = put.await;
            sending.answered(&outcome);
            match &outcome {
                Ok(PutOutcome::Stored) => unanswered.is(&row, || Some(item)),
                Ok(PutOutcome::Newer(Some(stored))) => unanswered.is(&row, || content_of(stored)),
                Ok(PutOutcome::Newer(None)) | Err(_) => {}
            }
            outcome
        }
        .boxed()
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        // The marker is only ever put.
        let of_items = writes.iter().filter_map(|write| match write {
            Write::Put(row, item) => Some((row.clone(), Some(item.clone()))),
            Write::Delete(row) => Some((row.clone(), None)),
            Write::PutMarker(_) => None,
        });
        let sent: Vec<_> = of_items.collect();
        let sending = self.sending(sent.clone());
        let batch = caught_request(|| self.table.batch_write(writes));
        let unanswered = Arc::clone(&self.unanswered);
        async move {
            let outcome = batch.await;
            sending.answered(&outcome);
            if let Ok(unprocessed) = &outcome {
                for (row, content) in sent {
                    if !unprocessed.iter().any(|left| *left.row() == row) {
                        unanswered.is(&row, || content);
                    }
                }
            }
            outcome
        }
        .boxed()
    }
}
