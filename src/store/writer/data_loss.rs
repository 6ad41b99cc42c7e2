//! Detects that the table has lost its data: it was created anew or emptied.
//!
//! A row that this process wrote and that a read does not find is a suspect. The loss is confirmed if the
//! marker is missing too, and both are still missing some seconds later.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Writer;
use crate::backoff::no_answer;
use crate::dynamodb::Reading;
use crate::error::{Code, Result};
use crate::log::Line;
use crate::model::{Item, RowKey};
use crate::supervised_task::SupervisedTask;
use crate::writes::init_plan::{KindData, plan};
use crate::writes::pending::Data;

/// The time between the first look and the second one.
const SECOND_LOOK: Duration = Duration::from_secs(5);
/// How many written rows are remembered.
const REMEMBERED_ROWS: usize = 100_000;

/// The rows that this process has written, so that their loss is noticed.
pub(super) struct DataLoss {
    written: Mutex<HashSet<RowKey>>,
    /// The row that is being checked because a read did not find it.
    suspect: Mutex<Option<RowKey>>,
    /// All items by namespace, if the option `refill` is set.
    whole: Option<Mutex<HashMap<Arc<str>, KindData>>>,
    check: SupervisedTask,
}

impl DataLoss {
    pub(super) fn new(refill: bool) -> Self {
        Self {
            written: Mutex::default(),
            suspect: Mutex::default(),
            whole: refill.then(Mutex::default),
            check: SupervisedTask::new("the data-loss check"),
        }
    }

    /// Records that this process wrote a row.
    pub(super) fn remember(&self, row: &RowKey) {
        let mut written = lock(&self.written);
        if written.len() < REMEMBERED_ROWS {
            written.insert(row.clone());
        }
    }

    /// Records that this process wrote the data of an init.
    pub(super) fn remember_all(&self, data: &Data) {
        let mut written = lock(&self.written);
        for (namespace, kind) in data {
            written.retain(|row| row.namespace != *namespace);
            let row = |key: &Arc<str>| RowKey { namespace: namespace.clone(), key: key.clone() };
            let room = REMEMBERED_ROWS.saturating_sub(written.len());
            written.extend(kind.items.keys().take(room).map(row));
        }
        if let Some(whole) = &self.whole {
            let kinds = data.iter().map(|(namespace, kind)| (namespace.clone(), (**kind).clone()));
            lock(whole).extend(kinds);
        }
    }

    /// Records the item that is in the table after an update.
    pub(super) fn is_now(&self, row: &RowKey, item: Option<&Item>) {
        if let Some(whole) = &self.whole
            && let Some(kind) = lock(whole).get_mut(&row.namespace)
            && let Some(item) = item
        {
            kind.items.insert(row.key.clone(), item.clone());
        }
    }

    fn has_written(&self, row: &RowKey) -> bool {
        lock(&self.written).contains(row)
    }

    /// Returns a row of this namespace that this process wrote.
    fn written_in(&self, namespace: &str) -> Option<RowKey> {
        lock(&self.written).iter().find(|row| *row.namespace == *namespace).cloned()
    }
}

impl Writer {
    /// Handles a read that did not find a row.
    pub(super) fn no_row(self: &Arc<Self>, row: &RowKey) {
        if self.data_loss.has_written(row) {
            self.suspect_loss(row.clone());
        }
    }

    /// Handles a read that found no rows in a namespace.
    pub(super) fn no_rows(self: &Arc<Self>, namespace: &str) {
        if let Some(row) = self.data_loss.written_in(namespace) {
            self.suspect_loss(row);
        }
    }

    fn suspect_loss(self: &Arc<Self>, row: RowKey) {
        // Without a marker there was no data set to lose.
        if !self.reader.is_initialized() {
            return;
        }
        lock(&self.data_loss.suspect).get_or_insert(row);
        let writer = Arc::clone(self);
        self.context.wake(&self.data_loss.check, move || Arc::clone(&writer).look_at_suspect());
    }

    async fn look_at_suspect(self: Arc<Self>) {
        let suspect = lock(&self.data_loss.suspect).clone();
        if let Some(row) = suspect {
            self.look_twice(&row).await;
            *lock(&self.data_loss.suspect) = None;
        }
    }

    async fn look_twice(&self, row: &RowKey) {
        match self.is_lost(row).await {
            Ok(true) => sleep(SECOND_LOOK).await,
            Ok(false) => {
                // Another process has removed the row, which is allowed.
                lock(&self.data_loss.written).remove(row);
                return;
            }
            Err(_) => return,
        }
        if !matches!(self.is_lost(row).await, Ok(true)) {
            return;
        }
        lock(&self.data_loss.written).clear();
        let gone = format!("the table has lost its data: {row} and the marker are gone");
        let Some(whole) = &self.data_loss.whole else {
            self.context.log(Line::error(
                Code::DataLost,
                format!(
                    "{gone}. If that was not meant, restart a process that writes flags, such as \
                     the Relay Proxy, or set the option refill"
                ),
            ));
            return;
        };
        let data: Vec<KindData> = lock(whole).values().cloned().collect();
        if data.is_empty() {
            let text = format!("{gone}, and this process never received all of it");
            self.context.log(Line::error(Code::DataLost, text));
            return;
        }
        let items: usize = data.iter().map(|kind| kind.items.len()).sum();
        let text = format!("{gone}; writing {items} items anew");
        self.context.log(Line::warn(Code::DataLost, text));
        if let Err(failure) = self.refill(&data).await {
            self.context.log_failure("writing them anew", &failure);
        }
        let data = data
            .into_iter()
            .map(|kind| (self.context.layout.namespace(&kind.kind), Arc::new(kind)));
        self.data_loss.remember_all(&data.collect());
    }

    async fn is_lost(&self, row: &RowKey) -> Result<bool> {
        for row in [row, &self.context.layout.marker()] {
            let read = self.context.get(row, Reading::FOR_WRITE);
            let read = timeout(self.context.read_timeout, read).await;
            if read.unwrap_or_else(|_| Err(no_answer()))?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes what is missing, by conditional puts, in the order of an init.
    async fn refill(&self, data: &[KindData]) -> Result<()> {
        let turn = self.pending.begin_init();
        turn.wait().await;
        for wave in plan(&self.context.layout, data, &[], false) {
            self.write_if_newer(wave, &HashMap::new()).await?;
        }
        self.reader.invalidate_all();
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
