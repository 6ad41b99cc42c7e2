//! Detects that the table has lost its data: it was created anew or emptied.
//!
//! A row that this process wrote and that a read does not find is a suspect. The loss is confirmed if the
//! marker is missing too, there are no rows at all, and it is still so some seconds later.
//!
//! Some SDKs remove the marker until their init has ended. So if there are other rows, the loss is confirmed only
//! if no marker comes for some minutes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

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
/// The time between looks while there are rows without a marker.
const LATER_LOOK: Duration = Duration::from_secs(30);
/// How long another process may take to initialise the prefix.
const INIT_OF_ANOTHER: Duration = Duration::from_secs(300);
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

    /// Returns the namespaces of the rows that this process wrote.
    fn namespaces(&self) -> HashSet<Arc<str>> {
        lock(&self.written).iter().map(|row| row.namespace.clone()).collect()
    }

    /// Returns a row of this namespace that this process wrote.
    fn written_in(&self, namespace: &str) -> Option<RowKey> {
        lock(&self.written).iter().find(|row| *row.namespace == *namespace).cloned()
    }
}

/// What is left of the data.
enum Look {
    /// The marker, or the row that was missing.
    Present,
    /// Rows without a marker.
    NoMarker,
    /// Nothing.
    Empty,
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
            if self.confirm_loss(&row).await {
                self.lost(&row).await;
            }
            *lock(&self.data_loss.suspect) = None;
        }
    }

    /// Looks at the table until it is clear whether it has lost its data.
    async fn confirm_loss(&self, row: &RowKey) -> bool {
        let patience = Instant::now() + INIT_OF_ANOTHER;
        let mut was_empty = false;
        loop {
            match self.look(row).await {
                Ok(Look::Present) => {
                    // Another process has removed the row, which is allowed.
                    lock(&self.data_loss.written).remove(row);
                    return false;
                }
                Ok(Look::Empty) if was_empty => return true,
                Ok(Look::NoMarker) if Instant::now() >= patience => return true,
                Ok(Look::Empty) => was_empty = true,
                Ok(Look::NoMarker) => was_empty = false,
                Err(_) => return false,
            }
            sleep(if was_empty { SECOND_LOOK } else { LATER_LOOK }).await;
        }
    }

    async fn lost(&self, row: &RowKey) {
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

    async fn look(&self, row: &RowKey) -> Result<Look> {
        for row in [row, &self.context.layout.marker()] {
            let read = self.context.get(row, Reading::FOR_WRITE);
            if self.in_time(read).await?.is_some() {
                return Ok(Look::Present);
            }
        }
        for namespace in self.data_loss.namespaces() {
            let first_page = self.context.query(&namespace, Reading::FOR_WRITE, None);
            if !self.in_time(first_page).await?.rows.is_empty() {
                return Ok(Look::NoMarker);
            }
        }
        Ok(Look::Empty)
    }

    async fn in_time<T>(&self, read: impl Future<Output = Result<T>>) -> Result<T> {
        timeout(self.context.read_timeout, read).await.unwrap_or_else(|_| Err(no_answer()))
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
