//! Updates of single items.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::read::live;
use super::{Inner, Store};
use crate::cache::{Answer, Cached, Known};
use crate::dynamodb::{PutOutcome, Reading};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Level;
use crate::panics::{catch, caught};
use crate::references::references;
use crate::retry;
use crate::row::{Item, RowKey};
use crate::unsaved::{Blocked, HandedOver, Update};
use crate::write_order::Turn;

/// What is known of a row after it was updated.
pub type Updated = Answer<Option<Cached>>;

impl Store {
    /// Stores the item `json` of `kind`, unless a version as new is in the table already. Reads find it
    /// from now on.
    ///
    /// Ends when DynamoDB has taken it, has refused it for good, or the write time-out has passed, with
    /// what is known of the row then. What is not in the table by then is brought in later.
    pub fn upsert(&self, kind: &str, json: &str) -> BoxFuture<'static, Result<Updated>> {
        match catch(|| Item::from_sdk(json, None)).flatten() {
            Ok((key, item)) => self.update(kind, key, item),
            Err(invalid) => {
                self.0.log_failure(&format!("saving an item of {kind:?}"), &invalid);
                failed(invalid)
            }
        }
    }

    /// Replaces the item `key` of `kind` by a tombstone of this version, as [`Store::upsert`] does.
    pub fn delete(
        &self,
        kind: &str,
        key: &str,
        version: f64,
    ) -> BoxFuture<'static, Result<Updated>> {
        let tombstone = Item::tombstone(key, version);
        match Item::from_sdk(&tombstone.json, None) {
            Ok((key, item)) => self.update(kind, key, item),
            Err(invalid) => {
                self.0.log_failure(&format!("deleting an item of {kind:?}"), &invalid);
                failed(invalid)
            }
        }
    }

    fn update(&self, kind: &str, key: Arc<str>, item: Item) -> BoxFuture<'static, Result<Updated>> {
        let inner = Arc::clone(&self.0);
        let row = RowKey { namespace: inner.layout.namespace(kind), key };
        let references: Arc<[RowKey]> = references(kind, &item.json)
            .into_iter()
            .map(|(kind, key)| inner.row(kind, &key))
            .collect();
        let id = inner.unsaved.begin();
        let update = Arc::new(Update { id, row, item, references });
        let begun = catch(|| inner.begin_update(&update));
        let deadline = Instant::now() + inner.write_timeout;
        async move {
            let saved = match begun {
                Ok(Ok(turn)) => {
                    caught(inner.unless_closed(inner.save(turn, deadline, &update))).await
                }
                Ok(Err(unstorable)) => Ok(Err(unstorable)),
                Err(defect) => Err(defect),
            };
            saved.unwrap_or_else(|defect| {
                if inner.hand_over(&update, &defect) == HandedOver::Superseded {
                    inner.log_failure(&saving(&update), &defect);
                }
                Err(defect)
            })
        }
        .boxed()
    }
}

fn failed(failure: Error) -> BoxFuture<'static, Result<Updated>> {
    async { Err(failure) }.boxed()
}

/// What is being done, for the log.
pub(super) fn saving(update: &Update) -> String {
    format!("saving version {} of {}", update.item.version, update.row)
}

impl Inner {
    /// Whether this item may go into the table at all. That it may not is logged, and that it soon may
    /// not.
    pub(super) fn check_storable(&self, row: &RowKey, item: &Item) -> Result<()> {
        if self.read_only {
            self.log_read_only();
            return Err(Error::new(ErrorKind::ReadOnly, "the store is read-only"));
        }
        let (size, limit) = (item.size_in_row(row), crate::row::MAX_ROW_SIZE);
        match item.check_size(row) {
            Err(too_large) => {
                let what = format!("saving version {} of {row}", item.version);
                self.log_error(&format!(
                    "{what} failed: {too_large}. It is not written; this process uses it all the same"
                ));
                Err(too_large)
            }
            Ok(()) if size >= limit / 5 * 4 => {
                let share = size * 100 / limit;
                self.log_at(
                    Level::Warn,
                    &format!(
                        "{row} takes {size} bytes in DynamoDB, {share}% of what LaunchDarkly SDKs \
                         store; a larger one would not be written"
                    ),
                );
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Lets reads find an update, and gives it its turn, if it may go into the table.
    fn begin_update(&self, update: &Arc<Update>) -> Result<Turn> {
        if let Err(unstorable) = self.check_storable(&update.row, &update.item) {
            if self.unsaved.keep(update) {
                self.receive(update);
            }
            return Err(unstorable);
        }
        if self.unsaved.add(update) {
            self.receive(update);
        }
        Ok(self.order.update(update.row.clone(), update.references.iter().cloned()))
    }

    /// Lets reads find an update that is on its way.
    fn receive(&self, update: &Update) {
        self.cache.received(&update.row, &update.item);
        self.forget_missing_of(update);
        self.detach(&update.row);
    }

    /// What an item refers to may have come with it.
    fn forget_missing_of(&self, update: &Update) {
        if !update.references.is_empty() {
            self.cache.forget_missing(self.cache.begin());
        }
    }

    async fn save(
        self: &Arc<Self>,
        mut turn: Turn,
        deadline: Instant,
        update: &Arc<Update>,
    ) -> Result<Updated> {
        let came = timeout_at(deadline, turn.come()).await.is_ok();
        if let Some(blocked) = self.unsaved.blocked(update) {
            return self.save_later(turn, deadline, update, blocked).await;
        }
        let failure = if came {
            match retry::until(deadline, || self.put(update)).await {
                Ok(updated) => {
                    self.wrote();
                    return Ok(updated);
                }
                Err(failure) => failure,
            }
        } else {
            Error::new(ErrorKind::TimedOut, "earlier writes are not in the table yet")
        };
        self.hand_over(update, &failure);
        Err(failure)
    }

    /// Waits with others for what has to be in the table before.
    async fn save_later(
        self: &Arc<Self>,
        turn: Turn,
        deadline: Instant,
        update: &Arc<Update>,
        blocked: Blocked,
    ) -> Result<Updated> {
        let (Blocked::Waiting(failure) | Blocked::Refused(failure)) = &blocked;
        self.hand_over(update, failure);
        drop(turn);
        let refused = matches!(blocked, Blocked::Refused(_));
        if refused || timeout_at(deadline, self.unsaved.settled(update)).await.is_err() {
            return Err(failure.clone());
        }
        Ok(live(self.known(&update.row)))
    }

    /// What is known of a row for certain; nothing that may be used, where there is no such thing.
    fn known(&self, row: &RowKey) -> Updated {
        match self.cache.look(row) {
            Known::Fresh(known) => known,
            Known::Stale(_) | Known::Nothing => {
                Answer { value: None, until: 0.0, ticket: self.cache.begin(), stale: false }
            }
        }
    }

    /// Lets an update wait until DynamoDB takes it.
    fn hand_over(self: &Arc<Self>, update: &Arc<Update>, failure: &Error) -> HandedOver {
        // It may have been stored without our hearing of it, or somebody else may have stored a newer.
        self.cache.outdate(&update.row);
        self.forget_missing_of(update);
        self.detach(&update.row);
        let handed_over = self.unsaved.hand_over(update, failure);
        self.tell_waiting(handed_over, &saving(update), failure);
        handed_over
    }

    /// Sends an update once, and keeps what is in the table then.
    pub(super) async fn put(self: &Arc<Self>, update: &Update) -> Result<Updated> {
        let Update { row, item, .. } = update;
        let _permit = self.update_permits.acquire().await;
        let begun = self.cache.begin();
        let in_table = match self.dynamodb.put_if_newer(row, item, None).await? {
            PutOutcome::Stored => {
                self.losses.wrote(row);
                Some(item.clone())
            }
            PutOutcome::Newer(Some(stored)) => self.item_in(&stored),
            PutOutcome::Newer(None) => self.winner(row).await?,
        };
        self.losses.keep(row, in_table.as_ref());
        let known = match in_table {
            // The init will take it out again, if that doesn't have it too.
            Some(_) if self.unsaved.is_replaced(update) => self.known(row),
            Some(in_table) => {
                // A newer one may be on its way already.
                let newest = self.unsaved.newest(row).filter(|n| n.version > in_table.version);
                self.cache.written(begun, row, &newest.unwrap_or(in_table))
            }
            None => {
                let ticket = self.cache.outdate(row);
                Answer { value: None, until: 0.0, ticket, stale: false }
            }
        };
        self.forget_missing_of(update);
        self.detach(row);
        // Only now: a read that began before the put must not find neither of them.
        self.unsaved.saved(update);
        self.watch_for_late_landings();
        Ok(live(known))
    }

    /// The item that an update lost against, for engines that don't return it with their refusal.
    async fn winner(&self, row: &RowKey) -> Result<Option<Item>> {
        let read = self.dynamodb.get(row, Reading::FOR_WRITE).await?;
        Ok(read.and_then(|stored| self.item_in(&stored)))
    }

    /// Ends work early when the store is closed.
    pub(super) async fn unless_closed<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::select! {
            biased;
            result = work => result,
            () = self.closed() => {
                Err(Error::new(ErrorKind::Closed, "the store was closed before it was done"))
            }
        }
    }
}
