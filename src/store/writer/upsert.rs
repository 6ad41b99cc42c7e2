//! Updates of single items.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Writer;
use crate::backoff::{Backoff, no_answer};
use crate::cache::Cached;
use crate::dynamodb::{PutOutcome, Reading};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::log::Line;
use crate::model::{Item, RowKey, references};
use crate::panics::{catch, caught};
use crate::writes::pending::{Added, Claim, Failed, Step, Update, WriteId};

impl Writer {
    pub fn upsert(self: &Arc<Self>, kind: &str, json: &str) -> BoxFuture<'static, Result<()>> {
        match catch(|| Item::from_sdk(json, None)).flatten() {
            Ok((key, item)) => self.update(kind, key, item),
            Err(invalid) => {
                self.context.log_failure(&format!("saving an item of {kind:?}"), &invalid);
                failed(invalid)
            }
        }
    }

    pub fn delete(
        self: &Arc<Self>,
        kind: &str,
        key: &str,
        version: f64,
    ) -> BoxFuture<'static, Result<()>> {
        let tombstone = Item::tombstone(key, version);
        match Item::from_sdk(&tombstone.json, None) {
            Ok((key, item)) => self.update(kind, key, item),
            Err(invalid) => {
                self.context.log_failure(&format!("deleting an item of {kind:?}"), &invalid);
                failed(invalid)
            }
        }
    }

    fn update(
        self: &Arc<Self>,
        kind: &str,
        key: Arc<str>,
        item: Item,
    ) -> BoxFuture<'static, Result<()>> {
        let writer = Arc::clone(self);
        let row = RowKey { namespace: writer.context.layout.namespace(kind), key };
        let references: Arc<[RowKey]> = references(kind, &item.json)
            .into_iter()
            .map(|(kind, key)| writer.context.row(kind, &key))
            .collect();
        let id = writer.pending.begin();
        let update = Arc::new(Update { id, row: row.clone(), item, references });
        // The future must not keep the text of the item: many updates of one item may wait.
        let begun = match catch(|| writer.begin_update(&update)) {
            Ok(begun) => begun,
            Err(defect) => Begun::Panicked(update, defect),
        };
        let deadline = Instant::now() + writer.write_timeout;
        async move {
            match begun {
                Begun::Pending => writer.save(Waiting { row, id, decisive: id, deadline }).await,
                Begun::Superseded(by) => {
                    writer.save(Waiting { row, id, decisive: by, deadline }).await
                }
                Begun::SupersededByInit(by) => {
                    let ended = writer.init_ended(by - 1, deadline);
                    writer.context.unless_closed(ended).await
                }
                Begun::MemoryOnly => Ok(()),
                Begun::Failed(failure) => Err(failure),
                Begun::Panicked(update, defect) => {
                    writer.panicked(&update, &defect);
                    Err(defect)
                }
            }
        }
        .boxed()
    }
}

/// A call that waits for its update. Only the pending writes keep the text, and only that of the newest update.
struct Waiting {
    row: RowKey,
    id: WriteId,
    /// The update that decides the result: this one, or the newer one that superseded it.
    decisive: WriteId,
    deadline: Instant,
}

/// The immediate result of an update.
enum Begun {
    /// It is pending.
    Pending,
    /// This pending update is as new.
    Superseded(WriteId),
    /// This pending init has an item that is as new.
    SupersededByInit(WriteId),
    /// It is never written.
    MemoryOnly,
    /// There is no room for it.
    Failed(Error),
    /// Something panicked.
    Panicked(Arc<Update>, Error),
}

fn failed(failure: Error) -> BoxFuture<'static, Result<()>> {
    async { Err(failure) }.boxed()
}

/// Describes an update in the log.
pub(super) fn saving(update: &Update) -> String {
    format!("saving version {} of {}", update.item.version, update.row)
}

impl Writer {
    /// Checks whether this item may be stored in the table. Warns if it is close to the size limit.
    pub(super) fn check_storable(&self, row: &RowKey, item: &Item) -> Result<()> {
        if self.read_only {
            self.log_read_only();
            return Err(Error::new(ErrorKind::ReadOnly, "the store is read-only"));
        }
        item.check_size(row)?;
        let (size, limit) = (item.size_in_row(row), crate::model::MAX_ROW_SIZE);
        if size >= limit / 5 * 4 {
            let share = size * 100 / limit;
            self.context.log(Line::warn(
                Code::LargeItem,
                format!(
                    "{row} takes {size} bytes in DynamoDB, {share}% of what LaunchDarkly SDKs \
                     store; a larger one would not be written"
                ),
            ));
        }
        Ok(())
    }

    /// Keeps an update in this process only, because it is `unstorable`.
    pub(super) fn keep_in_memory(&self, update: &Arc<Update>, unstorable: &Error) {
        let added = self.pending.add_memory_only(update);
        if added == Added::Pending {
            self.is_visible(update);
        }
        if unstorable.kind == ErrorKind::TooLarge {
            let used = match added {
                Added::NoRoom => "nor kept: too much is kept in memory already",
                Added::Pending | Added::Superseded(_) | Added::SupersededByInit(_) => {
                    "but this process uses it all the same"
                }
            };
            let what = saving(update);
            let text = format!("{what} failed: {unstorable}. It is not written, {used}");
            self.context.log(Line::error(unstorable.kind, text));
        }
    }

    /// Makes an update pending, so that reads see it.
    fn begin_update(self: &Arc<Self>, update: &Arc<Update>) -> Begun {
        if let Err(unstorable) = self.check_storable(&update.row, &update.item) {
            self.keep_in_memory(update, &unstorable);
            return Begun::MemoryOnly;
        }
        match self.pending.add(update) {
            Added::Pending => {
                self.is_visible(update);
                Begun::Pending
            }
            Added::Superseded(by) => Begun::Superseded(by),
            Added::SupersededByInit(by) => Begun::SupersededByInit(by),
            Added::NoRoom => {
                let full = "256 MiB of writes are not in the table yet";
                let failure = Error::new(ErrorKind::TimedOut, full);
                self.after_failure(Failed::GivenUp, &saving(update), &failure);
                Begun::Failed(failure)
            }
        }
    }

    /// Makes later reads see the change of this update's row.
    fn is_visible(&self, update: &Update) {
        self.reader.invalidate(&update.row, !update.references.is_empty());
    }

    /// Waits until an update, or something as new, is in the table. If that fails, leaves the update to the retry
    /// worker.
    async fn save(self: &Arc<Self>, write: Waiting) -> Result<()> {
        let saved = async {
            let mut last =
                Error::new(ErrorKind::TimedOut, "earlier writes are not in the table yet");
            let saved = timeout_at(write.deadline, self.save_repeatedly(&write, &mut last)).await;
            saved.unwrap_or(Err(last))
        };
        match caught(self.context.unless_closed(saved)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => {
                // A newer update has more time.
                let own = self.pending.in_flight(&write.row).filter(|it| it.id == write.id);
                if let Some(update) = own {
                    self.leave_to_retries(&update, &failure);
                }
                Err(failure)
            }
            Err(defect) => {
                match self.pending.in_flight(&write.row) {
                    Some(update) => self.panicked(&update, &defect),
                    None => self.context.log_failure(&format!("saving {}", write.row), &defect),
                }
                Err(defect)
            }
        }
    }

    /// Sends the newest update of a row whenever its turn comes, or waits for other callers that do. `last` becomes
    /// the last failure.
    async fn save_repeatedly(self: &Arc<Self>, write: &Waiting, last: &mut Error) -> Result<()> {
        loop {
            match self.pending.next_step(&write.row, write.decisive) {
                Step::Saved => return Ok(()),
                Step::Failed(failure) => return Err(failure),
                Step::Replaced => return self.init_ended(write.decisive, write.deadline).await,
                Step::Wait(change) => change.await,
                Step::Blocked(update, failure) => {
                    self.leave_to_retries(&update, &failure);
                    *last = failure;
                }
                Step::Send(claim) => {
                    if self.send(claim, write, last).await {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Sends the newest update of a row, again after transient failures, until `write` has its result or hardly any
    /// time left. Returns whether DynamoDB has taken `write`, even if an init replaces it.
    async fn send(self: &Arc<Self>, claim: Claim<'_>, write: &Waiting, last: &mut Error) -> bool {
        let permit = self.update_permits.acquire().await;
        let mut failures = 0;
        while let Some(update) = claim.newest() {
            // A request that would soon be cut off is useless. Callers of newer updates have more time.
            let enough = self.write_timeout / if update.id == write.id { 10 } else { 2 };
            if Instant::now() + enough > write.deadline {
                let change = claim.next_change();
                drop((claim, permit));
                change.await;
                return false;
            }
            *last = no_answer();
            match self.put(&update).await {
                Ok(()) => {
                    self.write_succeeded();
                    if update.id >= write.decisive {
                        return true;
                    }
                }
                Err(failure) if failure.is_retryable() => {
                    *last = failure;
                    // Keeps its permit: the more writes wait, the fewer requests make sense.
                    failures += 1;
                    let pause = Backoff::WRITE.pause_after(failures);
                    sleep_until(write.deadline.min(Instant::now() + pause)).await;
                }
                Err(failure) => {
                    self.leave_to_retries(&update, &failure);
                    *last = failure;
                }
            }
        }
        false
    }

    /// Waits for the end of an init that was requested after this write and replaces it.
    async fn init_ended(&self, write: WriteId, deadline: Instant) -> Result<()> {
        let ended = timeout_at(deadline, self.pending.ended_after(write)).await;
        ended.unwrap_or_else(|_| Err(no_answer()))
    }

    /// Leaves an update that panicked to the retry worker. Logs the panic if the update is superseded.
    fn panicked(self: &Arc<Self>, update: &Arc<Update>, defect: &Error) {
        if self.leave_to_retries(update, defect) == Failed::Superseded {
            self.context.log_failure(&saving(update), defect);
        }
    }

    /// Leaves an update to the retry worker. The table may have it although no answer came, or another
    /// process may have stored a newer one.
    fn leave_to_retries(self: &Arc<Self>, update: &Arc<Update>, failure: &Error) -> Failed {
        let becomes = self.pending.failed(update, failure);
        self.is_visible(update);
        self.after_failure(becomes, &saving(update), failure);
        becomes
    }

    /// Sends an update once, and caches what is in the table after that.
    pub(super) async fn put(self: &Arc<Self>, update: &Update) -> Result<()> {
        let Update { row, item, .. } = update;
        let sent = self.reader.cache().begin();
        let in_table = match self.context.put_if_newer(row, item, None).await? {
            PutOutcome::Stored => {
                self.data_loss.remember(row);
                Some(Cached { item: item.clone(), revision: update.id })
            }
            PutOutcome::Newer(stored) => {
                let newer = match stored {
                    Some(stored) => self.context.item_in(&stored),
                    None => self.winner(row).await?,
                };
                newer.map(|item| Cached { item, revision: 0 })
            }
        };
        self.data_loss.is_now(row, in_table.as_ref().map(|cached| &cached.item));
        // An init that replaces the update will remove its row, or write its own item.
        if !self.pending.is_replaced(update) {
            self.reader.cache().written(sent, row, in_table);
        }
        // After `written`: concurrent reads must find the item in one of the two places.
        self.pending.saved(update);
        self.is_visible(update);
        Ok(())
    }

    /// Reads the item that an update lost against, for engines that do not return it.
    async fn winner(&self, row: &RowKey) -> Result<Option<Item>> {
        let read = self.context.get(row, Reading::FOR_WRITE).await?;
        Ok(read.and_then(|stored| self.context.item_in(&stored)))
    }
}
