//! Updates of single items.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Writer;
use crate::backoff::{Backoff, no_answer};
use crate::cache::Cached;
use crate::dynamodb::{PutOutcome, Reading};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Level;
use crate::model::{Item, RowKey, references};
use crate::panics::{catch, caught};
use crate::writes::order::{Conclusion, Turn};
use crate::writes::pending::{Added, Blocked, Failed, Settled, Update, WriteId};

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
        let write = Waiting { row, id, deadline: Instant::now() + writer.write_timeout };
        async move {
            match begun {
                Begun::Turn(turn) => writer.save(turn, write).await,
                Begun::Superseded(by) => {
                    let follow = writer.follow(&write, by, no_answer());
                    writer.context.unless_closed(follow).await
                }
                Begun::Refused(failure) => Err(failure),
                Begun::Panicked(update, defect) => {
                    writer.panicked(&update, &defect);
                    Err(defect)
                }
            }
        }
        .boxed()
    }
}

/// An update that waits. The write order keeps its text, unless a newer update supersedes it.
struct Waiting {
    row: RowKey,
    id: WriteId,
    deadline: Instant,
}

/// The immediate result of an update.
enum Begun {
    /// It has a place in the write order.
    Turn(Turn),
    /// It is older than this pending update.
    Superseded(WriteId),
    /// It is not written.
    Refused(Error),
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
            self.context.log_at(
                Level::Warn,
                &format!(
                    "{row} takes {size} bytes in DynamoDB, {share}% of what LaunchDarkly SDKs \
                     store; a larger one would not be written"
                ),
            );
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
                Added::Pending | Added::Superseded(_) => "but this process uses it all the same",
            };
            let what = saving(update);
            let line = format!("{what} failed: {unstorable}. It is not written, {used}");
            self.context.log_error(&line);
        }
    }

    /// Makes an update visible to reads and, if it may be stored, puts it into the write order.
    fn begin_update(self: &Arc<Self>, update: &Arc<Update>) -> Begun {
        if let Err(unstorable) = self.check_storable(&update.row, &update.item) {
            self.keep_in_memory(update, &unstorable);
            return Begun::Refused(unstorable);
        }
        match self.pending.add(update) {
            Added::Pending => self.is_visible(update),
            Added::Superseded(Some(by)) => return Begun::Superseded(by),
            // A pending init has something newer, or the newer update is memory only.
            Added::Superseded(None) => {}
            Added::NoRoom => {
                let full = "256 MiB of writes are not in the table yet";
                let failure = Error::new(ErrorKind::TimedOut, full);
                self.after_failure(Failed::GivenUp, &saving(update), &failure);
                return Begun::Refused(failure);
            }
        }
        Begun::Turn(self.order.update(update))
    }

    /// Makes later reads see the change of this update's row.
    fn is_visible(&self, update: &Update) {
        self.reader.wrote(&update.row, !update.references.is_empty());
    }

    /// Writes an update, or waits for a newer one that supersedes it. If that fails, leaves it to the retry
    /// worker.
    async fn save(self: &Arc<Self>, turn: Turn, write: Waiting) -> Result<()> {
        let result = self.save_in_turn(turn, &write).await;
        // It may have become pending just after the newer one that decides its result was settled.
        match &result {
            Ok(()) => self.pending.saved_with(&write.row, write.id),
            Err(failure) => {
                if let Some(update) = self.pending.in_flight(&write.row, write.id) {
                    self.leave_to_retries(&update, failure);
                }
            }
        }
        result
    }

    async fn save_in_turn(self: &Arc<Self>, turn: Turn, write: &Waiting) -> Result<()> {
        let mut failure =
            Error::new(ErrorKind::TimedOut, "earlier writes are not in the table yet");
        let driven = async {
            let driven = self.drive(&turn, write.deadline, &mut failure);
            Ok(timeout_at(write.deadline, driven).await.ok())
        };
        let conclusion = match caught(self.context.unless_closed(driven)).await {
            Ok(Ok(conclusion)) => conclusion,
            Ok(Err(closed)) => return Err(closed),
            Err(defect) => {
                if let Some(update) = turn.newest() {
                    self.panicked(&update, &defect);
                    turn.conclude(update.id, Conclusion::Failed(defect.clone()));
                } else {
                    self.context.log_failure(&format!("saving {}", write.row), &defect);
                }
                return Err(defect);
            }
        };
        let Some(conclusion) = conclusion else {
            // A newer update in this place has more time.
            if let Some(update) = turn.own() {
                self.leave_to_retries(&update, &failure);
                turn.conclude(update.id, Conclusion::Failed(failure.clone()));
            }
            return Err(failure);
        };
        let decisive = turn.decisive();
        drop(turn);
        match conclusion {
            Conclusion::Saved => Ok(()),
            Conclusion::Failed(failure) if !failure.is_retryable() => Err(failure),
            Conclusion::Failed(failure) => {
                let follow = self.follow(write, decisive, failure);
                self.context.unless_closed(follow).await
            }
            Conclusion::Replaced => {
                let replaced = self.replaced_by_init(write, decisive);
                self.context.unless_closed(replaced).await
            }
        }
    }

    /// Writes the newest update of this place repeatedly, until the result of this turn's update is known.
    /// Other turns of the place wait meanwhile.
    async fn drive(
        self: &Arc<Self>,
        turn: &Turn,
        deadline: Instant,
        last: &mut Error,
    ) -> Conclusion {
        let writer = turn.writer().await;
        let mut failures = 0;
        loop {
            if let Some(conclusion) = turn.conclusion() {
                return conclusion;
            }
            turn.come().await;
            let permit = self.update_permits.acquire().await;
            // A request that would soon be cut off is useless. Newer updates have more time.
            let enough = self.write_timeout / if turn.own().is_some() { 10 } else { 2 };
            if Instant::now() + enough > deadline || self.context.is_closed() {
                drop((permit, writer));
                return turn.concluded().await;
            }
            // A newer update may have to wait for further writes.
            let Some(update) = turn.claim() else {
                continue;
            };
            let failure = if self.pending.is_replaced(&update) {
                turn.conclude(update.id, Conclusion::Replaced);
                continue;
            } else if let Some(Blocked::Waiting(failure) | Blocked::Refused(failure)) =
                self.pending.blocked(&update)
            {
                failure
            } else {
                *last = no_answer();
                match self.put(&update).await {
                    Ok(()) => {
                        turn.conclude(update.id, Conclusion::Saved);
                        self.wrote();
                        continue;
                    }
                    Err(failure) if failure.is_retryable() => {
                        *last = failure;
                        // Keeps its permit: the more writes wait, the fewer requests make sense.
                        failures += 1;
                        let pause = Backoff::WRITE.pause_after(failures);
                        sleep_until(deadline.min(Instant::now() + pause)).await;
                        continue;
                    }
                    Err(failure) => failure,
                }
            };
            self.leave_to_retries(&update, &failure);
            turn.conclude(update.id, Conclusion::Failed(failure));
        }
    }

    /// Waits for the result of this update of the same row. Returns `failure` if the deadline passes first.
    async fn follow(&self, write: &Waiting, id: WriteId, failure: Error) -> Result<()> {
        match timeout_at(write.deadline, self.pending.settled(&write.row, id)).await {
            Ok(Settled::Saved) => Ok(()),
            Ok(Settled::Refused(failure)) => Err(failure),
            Ok(Settled::Replaced) => self.replaced_by_init(write, id).await,
            Err(_) => Err(failure),
        }
    }

    /// Waits for the init that replaces this update of the same row.
    async fn replaced_by_init(&self, write: &Waiting, id: WriteId) -> Result<()> {
        let ended = timeout_at(write.deadline, self.pending.ended_after(id)).await;
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
                self.data_loss.wrote(row);
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
