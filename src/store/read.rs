//! Reading: what is fresh is answered from memory; the rest takes one request for everybody who asks
//! for it at the same time.

use std::fmt::Write as _;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use tokio::time::timeout;

use super::{Inner, Store};
use crate::cache::{Answer, Items};
use crate::dynamodb::Page;
use crate::error::{Error, Result};
use crate::retry::no_answer;
use crate::row::{Item, RowKey, StoredRow};
use crate::single_flight::SingleFlight;

impl Store {
    /// The JSON of the item `key` of `kind`; `None` for one that is unknown, deleted or unreadable.
    pub async fn get(&self, kind: &str, key: &str) -> Result<Answer<Option<Arc<str>>>> {
        let row = self.0.row(kind, key);
        let answer = match self.0.cache.fresh(&row) {
            Some(answer) => answer,
            None => self.0.read_row(row).await?,
        };
        let live = answer.value.filter(|item| !item.deleted);
        Ok(Answer { value: live.map(|item| item.json), fresh_until: answer.fresh_until })
    }

    /// All live items of `kind` in one JSON object by key.
    pub async fn all(&self, kind: &str) -> Result<Answer<String>> {
        let namespace = self.0.layout.namespace(kind);
        let answer = match self.0.cache.fresh_all(&namespace) {
            Some(answer) => answer,
            None => self.0.read_all(namespace).await?,
        };
        Ok(Answer { value: json_object(&answer.value), fresh_until: answer.fresh_until })
    }

    /// Whether somebody has initialised this prefix. Once it has been seen to be true it stays so:
    /// no SDK removes the marker.
    pub async fn initialized(&self) -> Result<bool> {
        if self.0.initialized.load(Ordering::SeqCst) {
            return Ok(true);
        }
        if self.0.is_known_uninitialized() {
            return Ok(false);
        }
        let inner = Arc::clone(&self.0);
        let read = async move { inner.fetch_marker().await };
        self.0.share(&self.0.marker_reads, (), read, || MARKER_READ.to_owned()).await
    }
}

/// What was being done, for the log.
const MARKER_READ: &str = "asking whether the store is initialised";

fn row_read(row: &RowKey) -> String {
    format!("reading {row}")
}

fn all_read(namespace: &str) -> String {
    format!("reading all of {namespace:?}")
}

impl Inner {
    async fn read_row(self: &Arc<Self>, row: RowKey) -> Result<Answer<Option<Item>>> {
        let (inner, wanted) = (Arc::clone(self), row.clone());
        let read = async move { inner.fetch_row(&wanted).await };
        self.share(&self.gets, row.clone(), read, || row_read(&row)).await
    }

    async fn fetch_row(&self, row: &RowKey) -> Result<Answer<Option<Item>>> {
        // Another request may have ended between the look into the cache and this one's start.
        if let Some(answer) = self.cache.fresh(row) {
            return Ok(answer);
        }
        let begun = self.cache.begin();
        match self.in_read_time(self.dynamodb.get(row, self.reading)).await {
            Ok(stored) => {
                let item = stored.and_then(|stored| self.item_in(&stored));
                Ok(self.cache.fill(begun, row, item))
            }
            Err(failure) => {
                self.log_failure(&row_read(row), &failure);
                Err(failure)
            }
        }
    }

    async fn read_all(self: &Arc<Self>, namespace: Arc<str>) -> Result<Answer<Arc<Items>>> {
        let (inner, wanted) = (Arc::clone(self), namespace.clone());
        let read = async move { inner.fetch_all(&wanted).await };
        self.share(&self.queries, namespace.clone(), read, || all_read(&namespace)).await
    }

    async fn fetch_all(&self, namespace: &Arc<str>) -> Result<Answer<Arc<Items>>> {
        if let Some(answer) = self.cache.fresh_all(namespace) {
            return Ok(answer);
        }
        let begun = self.cache.begin();
        // Each page has the read time-out to itself: no prefix is too large to be read.
        let rows = all_pages(|start| {
            self.in_read_time(self.dynamodb.query(namespace, self.reading, start))
        });
        match rows.await {
            Ok(rows) => {
                let items = rows
                    .iter()
                    .filter_map(|row| Some((row.key.key.clone(), self.item_in(row)?)))
                    .collect();
                Ok(self.cache.fill_all(begun, namespace, items))
            }
            Err(failure) => {
                self.log_failure(&all_read(namespace), &failure);
                Err(failure)
            }
        }
    }

    async fn fetch_marker(&self) -> Result<bool> {
        let marker = self.layout.marker();
        match self.in_read_time(self.dynamodb.get(&marker, self.reading)).await {
            Ok(Some(_)) => {
                self.set_initialized();
                Ok(true)
            }
            Ok(None) => {
                *self.uninitialized_at() = Some(self.clock.now());
                Ok(self.initialized.load(Ordering::SeqCst))
            }
            Err(failure) => {
                self.log_failure(MARKER_READ, &failure);
                Err(failure)
            }
        }
    }

    /// Reads once for everybody who asks for `key` at the same time; without caching, each for
    /// itself. A shared read that panicked has logged nothing; `what` it was doing is logged here.
    async fn share<K, T>(
        &self,
        flights: &SingleFlight<K, Result<T>>,
        key: K,
        read: impl Future<Output = Result<T>> + Send + 'static,
        what: impl FnOnce() -> String,
    ) -> Result<T>
    where
        K: Clone + Eq + Hash + Send + 'static,
        T: Clone + Send + Sync + 'static,
    {
        if !self.cache.is_on() {
            return read.await;
        }
        flights.join(key, read).await.unwrap_or_else(|| {
            let failure = Error::panicked();
            self.log_failure(&what(), &failure);
            Err(failure)
        })
    }

    fn is_known_uninitialized(&self) -> bool {
        let ttl = self.cache.ttl_of(None);
        self.uninitialized_at().is_some_and(|at| self.cache.is_fresh(at, ttl))
    }

    async fn in_read_time<T>(&self, request: BoxFuture<'static, Result<T>>) -> Result<T> {
        timeout(self.read_timeout, request).await.unwrap_or_else(|_| Err(no_answer()))
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
    let mut start = None;
    loop {
        let page = page(start).await?;
        rows.extend(page.rows);
        start = page.next;
        if start.is_none() {
            return Ok(rows);
        }
    }
}

/// The items as one JSON object, their texts untouched.
fn json_object(items: &Items) -> String {
    let size = items.iter().map(|(key, item)| key.len() + item.json.len() + 8).sum::<usize>();
    let mut json = String::with_capacity(size + 2);
    json.push('{');
    for (key, item) in items {
        if json.len() > 1 {
            json.push(',');
        }
        let key = serde_json::Value::from(&**key);
        write!(json, "{key}:{}", item.json).expect("a String takes everything");
    }
    json.push('}');
    json
}
