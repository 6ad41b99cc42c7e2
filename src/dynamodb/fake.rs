//! An in-memory table that follows DynamoDB's rules and fails as the script of a test says.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{MAX_BATCH_ROWS, Page, PutOutcome, Reading, Table, Write};
use crate::backoff::Retries;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Item, ItemAttribute, RowKey, StoredRow};

/// A request as a script sees it.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // The fields are the arguments of the table's methods.
pub enum Request {
    Get { row: RowKey, reading: Reading },
    Query { namespace: String, reading: Reading, page: usize },
    Put { row: RowKey, version: f64 },
    Batch { writes: Vec<Write> },
}

impl Request {
    /// Returns DynamoDB's name of the operation.
    pub fn operation(&self) -> &'static str {
        match self {
            Request::Get { .. } => "GetItem",
            Request::Query { .. } => "Query",
            Request::Put { .. } => "PutItem",
            Request::Batch { .. } => "BatchWriteItem",
        }
    }
}

/// The outcome of a request.
pub enum Outcome {
    /// Answers as DynamoDB does.
    Answer,
    /// Fails without effect.
    Fail(ErrorKind),
    /// Takes effect, but loses the answer.
    LoseAnswer(ErrorKind),
    /// Panics when it is called.
    Panic,
    /// Panics when its answer is awaited.
    PanicLater,
    /// Never answers.
    Hang,
    /// Takes effect at once, and answers when the future is done.
    AnswerAfter(BoxFuture<'static, ()>),
    /// Takes effect and answers when the future is done.
    ActAfter(BoxFuture<'static, ()>),
    /// Leaves those rows of a batch unprocessed for whose index this returns true.
    Unprocessed(fn(usize) -> bool),
}

type Script = Box<dyn FnMut(&Request) -> Outcome + Send>;

/// An in-memory table. Clones share its rows.
#[derive(Clone)]
pub struct FakeTable(Arc<Mutex<State>>);

struct State {
    rows: BTreeMap<RowKey, StoredRow>,
    requests: Vec<Request>,
    script: Script,
    page_size: usize,
    read_retries: Retries,
}

impl FakeTable {
    /// Creates an empty table that answers everything.
    #[allow(clippy::new_without_default)] // Nothing needs a default.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            rows: BTreeMap::new(),
            requests: Vec::new(),
            script: Box::new(|_| Outcome::Answer),
            page_size: 100,
            read_retries: Retries::default(),
        })))
    }

    /// Sets the function that decides the outcome of each later request.
    pub fn script(&self, script: impl FnMut(&Request) -> Outcome + Send + 'static) {
        self.state().script = Box::new(script);
    }

    /// Sets how reads are repeated from now on.
    pub fn set_read_retries(&self, retries: Retries) {
        self.state().read_retries = retries;
    }

    /// Puts a row as another process would.
    pub fn put(&self, row: StoredRow) {
        self.state().rows.insert(row.key.clone(), row);
    }

    /// Puts an item as another process would.
    pub fn put_item(&self, namespace: &str, key: &str, version: f64) {
        self.put(stored(&RowKey::new(namespace, key), &item(key, version)));
    }

    /// Removes a row as another process would.
    pub fn remove(&self, row: &RowKey) {
        self.state().rows.remove(row);
    }

    /// Returns a row of the table.
    pub fn row(&self, namespace: &str, key: &str) -> Option<StoredRow> {
        self.state().rows.get(&RowKey::new(namespace, key)).cloned()
    }

    /// Returns the keys of all rows.
    pub fn keys(&self) -> Vec<RowKey> {
        self.state().rows.keys().cloned().collect()
    }

    /// Returns the requests since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().requests)
    }

    /// Returns the operations of [`FakeTable::take_requests`].
    pub fn take_operations(&self) -> Vec<&'static str> {
        self.take_requests().iter().map(Request::operation).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Runs `effect` when the script says, and returns its result or a failure.
    fn respond<T: Send + 'static>(
        &self,
        request: Request,
        effect: impl FnOnce(&mut State, Option<fn(usize) -> bool>) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let mut state = self.state();
        let outcome = (state.script)(&request);
        state.requests.push(request);
        match outcome {
            Outcome::Answer => {
                let result = effect(&mut state, None);
                async { result }.boxed()
            }
            Outcome::Unprocessed(left) => {
                let result = effect(&mut state, Some(left));
                async { result }.boxed()
            }
            Outcome::AnswerAfter(event) => {
                let result = effect(&mut state, None);
                event.map(|()| result).boxed()
            }
            Outcome::LoseAnswer(kind) => {
                drop(effect(&mut state, None));
                async move { Err(Error::new(kind, "scripted")) }.boxed()
            }
            Outcome::Fail(kind) => async move { Err(Error::new(kind, "scripted")) }.boxed(),
            Outcome::Panic => {
                drop(state);
                panic!("scripted")
            }
            Outcome::PanicLater => async { panic!("scripted") }.boxed(),
            Outcome::Hang => pending().boxed(),
            Outcome::ActAfter(event) => {
                let table = self.clone();
                event.map(move |()| effect(&mut table.state(), None)).boxed()
            }
        }
    }
}

/// Creates an item with only a key and a version.
pub fn item(key: &str, version: f64) -> Item {
    let json = format!(r#"{{"key":"{key}","version":{version}}}"#);
    Item { version, deleted: false, json: json.into() }
}

/// Creates the row of an item.
pub fn stored(row: &RowKey, item: &Item) -> StoredRow {
    StoredRow {
        key: row.clone(),
        version: Some(item.version),
        item: ItemAttribute::Text(item.json.clone()),
        deleted: false,
    }
}

impl Table for FakeTable {
    fn read_retries(&self) -> Retries {
        self.state().read_retries
    }

    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        let request = Request::Get { row: row.clone(), reading };
        let row = row.clone();
        self.respond(request, move |state, _| Ok(state.rows.get(&row).cloned()))
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        let found: Vec<StoredRow> = {
            let state = self.state();
            state.rows.values().filter(|row| *row.key.namespace == *namespace).cloned().collect()
        };
        let before = start.map_or(0, |start| found.iter().filter(|r| r.key <= start).count());
        let page_size = self.state().page_size;
        let request =
            Request::Query { namespace: namespace.to_owned(), reading, page: before / page_size };
        self.respond(request, move |state, _| {
            let rows: Vec<_> = found.iter().skip(before).take(state.page_size).cloned().collect();
            let more = before + rows.len() < found.len();
            let next = rows.last().filter(|_| more).map(|row| row.key.clone());
            Ok(Page { rows, next })
        })
    }

    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        let request = Request::Put { row: row.clone(), version: item.version };
        let (row, item) = (row.clone(), item.clone());
        self.respond(request, move |state, _| {
            let held = state.rows.get(&row);
            let refuses = |held: &&StoredRow| {
                held.version.is_some_and(|v| v >= item.version) && held.version != unchanged
            };
            if row.key.contains("REFUSE") {
                return Err(Error::new(ErrorKind::Refused, "ValidationException"));
            }
            if let Some(held) = held.filter(refuses) {
                return Ok(PutOutcome::Newer(Some(held.clone())));
            }
            state.rows.insert(row.clone(), stored(&row, &item));
            Ok(PutOutcome::Stored)
        })
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        let request = Request::Batch { writes: writes.clone() };
        self.respond(request, move |state, left| {
            let mut rows: Vec<_> = writes.iter().map(Write::row).collect();
            rows.sort();
            rows.dedup();
            let allowed = rows.len() == writes.len() && (1..=MAX_BATCH_ROWS).contains(&rows.len());
            if !allowed || rows.iter().any(|row| row.key.contains("REFUSE")) {
                return Err(Error::new(ErrorKind::Refused, "ValidationException"));
            }
            let mut unprocessed = Vec::new();
            for (index, write) in writes.into_iter().enumerate() {
                if left.is_some_and(|left| left(index)) {
                    unprocessed.push(write);
                    continue;
                }
                match &write {
                    Write::Put(row, item) => state.rows.insert(row.clone(), stored(row, item)),
                    Write::PutMarker(row) => state.rows.insert(
                        row.clone(),
                        StoredRow {
                            key: row.clone(),
                            version: None,
                            item: ItemAttribute::Absent,
                            deleted: false,
                        },
                    ),
                    Write::Delete(row) => state.rows.remove(row),
                };
            }
            Ok(unprocessed)
        })
    }
}
