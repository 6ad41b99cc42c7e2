//! A table that lost its data behind our back: it was made anew, or emptied.
//!
//! A row that this process wrote and that a read doesn't find raises the suspicion; that the marker is
//! gone too, and both are still gone some seconds later, confirms it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Inner;
use crate::dynamodb::Reading;
use crate::error::Result;
use crate::init_plan::{KindData, plan};
use crate::log::Level;
use crate::row::{Item, RowKey};
use crate::unsaved::Data;

/// How long after the first look the second one is.
const SECOND_LOOK: Duration = Duration::from_secs(5);
/// Of how many rows it is remembered that this process wrote them.
const REMEMBERED_ROWS: usize = 100_000;

/// What this process has written, so that it is noticed when that is gone.
pub(super) struct Losses {
    written: Mutex<HashSet<RowKey>>,
    /// The row that is looked at since a read did not find it.
    suspect: Mutex<Option<RowKey>>,
    /// All items by namespace, where they are to be written anew.
    whole: Option<Mutex<HashMap<Arc<str>, KindData>>>,
}

impl Losses {
    pub(super) fn new(refill: bool) -> Self {
        Self {
            written: Mutex::default(),
            suspect: Mutex::default(),
            whole: refill.then(Mutex::default),
        }
    }

    /// To be told of each row that this process wrote.
    pub(super) fn wrote(&self, row: &RowKey) {
        let mut written = lock(&self.written);
        if written.len() < REMEMBERED_ROWS {
            written.insert(row.clone());
        }
    }

    /// To be told of the data of each init.
    pub(super) fn wrote_all(&self, data: &Data) {
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

    /// To be told of what is in the table after an update.
    pub(super) fn keep(&self, row: &RowKey, item: Option<&Item>) {
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

    /// A row of this namespace that this process wrote.
    fn written_in(&self, namespace: &str) -> Option<RowKey> {
        lock(&self.written).iter().find(|row| *row.namespace == *namespace).cloned()
    }
}

impl Inner {
    /// To be told of each read that doesn't find a row.
    pub(super) fn found_nothing(self: &Arc<Self>, row: &RowKey) {
        if self.losses.has_written(row) {
            self.suspect_loss(row.clone());
        }
    }

    /// To be told of each read that finds no rows in a namespace.
    pub(super) fn found_nothing_in(self: &Arc<Self>, namespace: &str) {
        if let Some(row) = self.losses.written_in(namespace) {
            self.suspect_loss(row);
        }
    }

    fn suspect_loss(self: &Arc<Self>, row: RowKey) {
        // Without a marker, this was never a data set.
        if !self.initialized.load(Ordering::SeqCst) {
            return;
        }
        lock(&self.losses.suspect).get_or_insert(row);
        self.wake(&self.data_loss_check, Self::look_at_suspect);
    }

    async fn look_at_suspect(self: Arc<Self>) {
        let suspect = lock(&self.losses.suspect).clone();
        if let Some(row) = suspect {
            self.look_twice(&row).await;
            *lock(&self.losses.suspect) = None;
        }
    }

    async fn look_twice(&self, row: &RowKey) {
        match self.is_lost(row).await {
            Ok(true) => sleep(SECOND_LOOK).await,
            Ok(false) => {
                // Somebody has removed it, which is their right.
                lock(&self.losses.written).remove(row);
                return;
            }
            Err(_) => return,
        }
        if !matches!(self.is_lost(row).await, Ok(true)) {
            return;
        }
        lock(&self.losses.written).clear();
        let gone = format!("the table has lost its data: {row} and the marker are gone");
        let Some(whole) = &self.losses.whole else {
            self.log_error(&format!(
                "{gone}. If that was not meant, restart a process that writes flags, such as the \
                 Relay Proxy, or set the option refill"
            ));
            return;
        };
        let data: Vec<KindData> = lock(whole).values().cloned().collect();
        if data.is_empty() {
            self.log_error(&format!("{gone}, and this process was never given all of it"));
            return;
        }
        let items: usize = data.iter().map(|kind| kind.items.len()).sum();
        self.log_at(Level::Warn, &format!("{gone}; writing {items} items anew"));
        if let Err(failure) = self.refill(&data).await {
            self.log_failure("writing them anew", &failure);
        }
        let data = data.into_iter().map(|kind| (self.layout.namespace(&kind.kind), Arc::new(kind)));
        self.losses.wrote_all(&data.collect());
    }

    async fn is_lost(&self, row: &RowKey) -> Result<bool> {
        for row in [row, &self.layout.marker()] {
            let read = self.dynamodb.get(row, Reading::FOR_WRITE);
            let read = timeout(self.read_timeout, read).await;
            if read.unwrap_or_else(|_| Err(crate::backoff::no_answer()))?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes what is not there, in the order of an init.
    async fn refill(&self, data: &[KindData]) -> Result<()> {
        let turn = self.order.init();
        turn.come().await;
        for wave in plan(&self.layout, data, &[], false) {
            self.write_carefully(wave, &HashMap::new()).await?;
        }
        self.cache.outdate_all(self.cache.begin());
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
