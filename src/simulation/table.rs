//! The table that all processes of a run share, and its faults.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::model::Rows;
use super::oracle::Oracle;
use super::plan::{Defect, Plan, Spell};
use crate::dynamodb::fake::stored;
use crate::dynamodb::{Page, PutOutcome, Reading, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Item, ItemAttribute, Layout, RowKey, StoredRow};

/// The number of rows on a page: small, so that Queries have several pages.
const PAGE: usize = 2;

pub struct Table {
    /// The rows after each change, with the time of the change.
    history: Mutex<Vec<(Instant, Rows)>>,
    random: Mutex<fastrand::Rng>,
    oracle: Arc<Oracle>,
    lag_ms: u64,
    latency_ms: u64,
    defect: Option<Defect>,
}

impl Table {
    pub fn new(plan: &Plan, oracle: Arc<Oracle>) -> Self {
        let history = Mutex::new(vec![(Instant::now(), Rows::new())]);
        let random = Mutex::new(fastrand::Rng::with_seed(plan.seed));
        let Plan { latency_ms, defect, .. } = *plan;
        let lag_ms = if defect == Some(Defect::OldReads) { 60_000 } else { plan.lag_ms };
        Self { history, random, oracle, lag_ms, latency_ms, defect }
    }

    pub fn rows(&self) -> Rows {
        self.history.lock().unwrap().last().unwrap().1.clone()
    }

    /// Returns all states of the rows from `since` on.
    pub fn rows_since(&self, since: Instant) -> Vec<Rows> {
        let history = self.history.lock().unwrap();
        let first = history.partition_point(|(at, _)| *at <= since).saturating_sub(1);
        history[first..].iter().map(|(_, rows)| rows.clone()).collect()
    }

    /// Removes the marker without a request.
    pub fn remove_marker(&self) {
        self.change(|rows| drop(rows.remove(&Layout::new("").marker())));
    }

    /// Returns the rows that a read finds.
    fn seen(&self, reading: Reading) -> Rows {
        let consistent = reading.consistent && self.defect != Some(Defect::OldReads);
        let lags = !consistent && self.lag_ms > 0 && self.random.lock().unwrap().bool();
        let lag = if lags { self.random.lock().unwrap().u64(..self.lag_ms) } else { 0 };
        let history = self.history.lock().unwrap();
        let at = Instant::now() - Duration::from_millis(lag);
        let last = history.partition_point(|(since, _)| *since <= at).saturating_sub(1);
        history[last].1.clone()
    }

    /// Returns whether a write of this row takes effect, and if not, whether it does later.
    fn is_done(&self, row: &RowKey) -> (bool, bool) {
        let is_flag = &*row.namespace == "features";
        match self.defect {
            Some(Defect::LostFlags) if is_flag => (false, false),
            Some(Defect::LateSegments) if &*row.namespace == "segments" => (false, true),
            _ => (true, false),
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Rows) -> T) -> T {
        let mut rows = self.rows();
        let result = change(&mut rows);
        self.oracle.table_is(&rows);
        self.history.lock().unwrap().push((Instant::now(), rows));
        result
    }
}

/// The connection of one process to the table.
#[derive(Clone)]
pub struct Connection {
    pub table: Arc<Table>,
    pub process: usize,
    pub spell: Arc<Mutex<Spell>>,
}

/// The outcome of a request.
enum Outcome {
    Answered,
    Failed(ErrorKind),
    AnswerLost,
    NeverAnswered,
}

impl Connection {
    fn outcome(&self, writes: bool) -> (Duration, Duration, Outcome) {
        let mut random = self.table.random.lock().unwrap();
        let mut delay = random.u64(1..self.table.latency_ms);
        let hit = |share: u8, random: &mut fastrand::Rng| random.u8(..100) < share;
        let outcome = match *self.spell.lock().unwrap() {
            Spell::Slow(ms) => {
                delay += random.u64(..ms);
                Outcome::Answered
            }
            Spell::Throttled(share) if hit(share, &mut random) => {
                Outcome::Failed(ErrorKind::Throttled)
            }
            Spell::Reset(share) if hit(share, &mut random) => {
                Outcome::Failed(ErrorKind::Unavailable)
            }
            Spell::LostAnswers(share) if hit(share, &mut random) => Outcome::AnswerLost,
            Spell::Hanging(share) if hit(share, &mut random) => Outcome::NeverAnswered,
            Spell::Denied { reads, writes: writing } if if writes { writing } else { reads } => {
                Outcome::Failed(ErrorKind::AccessDenied)
            }
            Spell::Down => Outcome::Failed(ErrorKind::Unavailable),
            _ => Outcome::Answered,
        };
        let there = random.u64(..=delay);
        (Duration::from_millis(there), Duration::from_millis(delay - there), outcome)
    }

    /// Sends a request that has this effect on arrival. Dropping the future earlier cancels the
    /// request.
    fn request<T: Send + 'static>(
        &self,
        what: String,
        row: Option<(RowKey, bool)>,
        effect: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let connection = self.clone();
        async move {
            let oracle = Arc::clone(&connection.table.oracle);
            assert!(connection.table.defect != Some(Defect::Panic), "on purpose");
            let (there, back, outcome) = connection.outcome(row.is_none());
            let request = oracle.sent(connection.process, what, row);
            sleep(there).await;
            let result = match outcome {
                Outcome::Answered => effect(&connection),
                Outcome::Failed(kind) => Err(Error::new(kind, "simulated")),
                Outcome::AnswerLost => {
                    drop(effect(&connection));
                    Err(Error::new(ErrorKind::TimedOut, "simulated"))
                }
                Outcome::NeverAnswered => pending().await,
            };
            sleep(back).await;
            request.answered(result.as_ref().err());
            result
        }
        .boxed()
    }
}

impl crate::dynamodb::Table for Connection {
    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        let wanted = row.clone();
        self.request(
            format!("GetItem {row}"),
            Some((row.clone(), reading.for_write)),
            move |connection| Ok(connection.table.seen(reading).get(&wanted).cloned()),
        )
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        let namespace = namespace.to_owned();
        let what = format!("Query {namespace} {}", if start.is_some() { "on" } else { "" });
        let row = RowKey::new(&*namespace, "");
        self.request(what, Some((row, reading.for_write)), move |connection| {
            let rows = connection.table.seen(reading).into_values();
            let rows = rows.filter(|row| *row.key.namespace == *namespace);
            let mut rows = rows.filter(|row| start.as_ref().is_none_or(|start| row.key > *start));
            let page: Vec<_> = rows.by_ref().take(PAGE).collect();
            let next = rows.next().and(page.last()).map(|row| row.key.clone());
            Ok(Page { rows: page, next })
        })
    }

    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        let (row, item) = (row.clone(), item.clone());
        let what = format!("PutItem {row} version {}", item.version);
        self.request(what, None, move |connection| {
            connection.table.change(|rows| {
                let held = rows.get(&row).filter(|held| {
                    held.version.is_some_and(|v| v >= item.version) && held.version != unchanged
                });
                if let Some(held) = held {
                    return Ok(PutOutcome::Newer(Some(held.clone())));
                }
                rows.insert(row.clone(), stored(&row, &item));
                Ok(PutOutcome::Stored)
            })
        })
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        let describe = |write: &Write| match write {
            Write::Put(row, item) => format!("put {row} version {}", item.version),
            Write::PutMarker(_) => "put the marker".to_owned(),
            Write::Delete(row) => format!("delete {row}"),
        };
        let described: Vec<_> = writes.iter().map(describe).collect();
        self.request(format!("BatchWriteItem {}", described.join(", ")), None, move |connection| {
            let share = match *connection.spell.lock().unwrap() {
                Spell::Unprocessed(share) => share,
                _ => 0,
            };
            let mut unprocessed = Vec::new();
            for write in writes {
                if connection.table.random.lock().unwrap().u8(..100) < share {
                    unprocessed.push(write);
                    continue;
                }
                let (is_done, is_done_later) = connection.table.is_done(write.row());
                if is_done_later {
                    let table = Arc::clone(&connection.table);
                    tokio::spawn(async move {
                        sleep(Duration::from_secs(1)).await;
                        table.change(|rows| apply(rows, &write));
                    });
                    continue;
                }
                if !is_done {
                    continue;
                }
                // DynamoDB writes the rows of a batch one by one.
                connection.table.change(|rows| apply(rows, &write));
            }
            Ok(unprocessed)
        })
    }
}

fn apply(rows: &mut Rows, write: &Write) {
    match write {
        Write::Put(row, item) => drop(rows.insert(row.clone(), stored(row, item))),
        Write::PutMarker(row) => drop(rows.insert(row.clone(), marker(row))),
        Write::Delete(row) => drop(rows.remove(row)),
    }
}

fn marker(row: &RowKey) -> StoredRow {
    StoredRow { key: row.clone(), version: None, item: ItemAttribute::Absent, deleted: false }
}
