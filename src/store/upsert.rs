//! Updates of single items.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::read::live;
use super::{Inner, Store};
use crate::backoff::{Backoff, no_answer};
use crate::cache::{Answer, Cached, Known};
use crate::dynamodb::{PutOutcome, Reading};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Level;
use crate::panics::{catch, caught};
use crate::references::references;
use crate::row::{Item, RowKey};
use crate::unsaved::{Blocked, HandedOver, Settled, Taken, Update, WriteId};
use crate::write_order::{Conclusion, Turn};

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
        let update = Arc::new(Update { id, row: row.clone(), item, references });
        // From here on, only what may be written is kept: many updates of one item may wait.
        let begun = match catch(|| inner.begin_update(&update)) {
            Ok(begun) => begun,
            Err(defect) => Begun::Panicked(update, defect),
        };
        let write = Waiting { row, id, deadline: Instant::now() + inner.write_timeout };
        async move {
            match begun {
                Begun::Turn(turn) => inner.save(turn, write).await,
                Begun::Superseded(by) => {
                    inner.unless_closed(inner.follow(&write, by, no_answer())).await
                }
                Begun::Refused(failure) => Err(failure),
                Begun::Panicked(update, defect) => {
                    inner.hand_over_defect(&update, &defect);
                    Err(defect)
                }
            }
        }
        .boxed()
    }
}

/// What is known of an update that waits. Its text is kept by the order of writes, unless a newer one
/// supersedes it.
struct Waiting {
    row: RowKey,
    id: WriteId,
    deadline: Instant,
}

/// What became of an update at once.
enum Begun {
    /// It has a place in the order of writes.
    Turn(Turn),
    /// It is older than this one, which waits.
    Superseded(WriteId),
    /// It is not for the table.
    Refused(Error),
    /// Nobody knows.
    Panicked(Arc<Update>, Error),
}

fn failed(failure: Error) -> BoxFuture<'static, Result<Updated>> {
    async { Err(failure) }.boxed()
}

/// What is being done, for the log.
pub(super) fn saving(update: &Update) -> String {
    format!("saving version {} of {}", update.item.version, update.row)
}

impl Inner {
    /// Whether this item may go into the table at all. That it soon may not is logged.
    pub(super) fn check_storable(&self, row: &RowKey, item: &Item) -> Result<()> {
        if self.read_only {
            self.log_read_only();
            return Err(Error::new(ErrorKind::ReadOnly, "the store is read-only"));
        }
        item.check_size(row)?;
        let (size, limit) = (item.size_in_row(row), crate::row::MAX_ROW_SIZE);
        if size >= limit / 5 * 4 {
            let share = size * 100 / limit;
            self.log_at(
                Level::Warn,
                &format!(
                    "{row} takes {size} bytes in DynamoDB, {share}% of what LaunchDarkly SDKs \
                     store; a larger one would not be written"
                ),
            );
        }
        Ok(())
    }

    /// Keeps an update for this process alone, for this reason.
    pub(super) fn keep(&self, update: &Arc<Update>, unstorable: &Error) {
        let taken = self.unsaved.keep(update);
        if taken == Taken::In {
            self.receive(update);
        }
        if unstorable.kind == ErrorKind::TooLarge {
            let used = match taken {
                Taken::NoRoom => "nor kept: too much is kept in memory already",
                Taken::In | Taken::Superseded(_) => "but this process uses it all the same",
            };
            let what = saving(update);
            self.log_error(&format!("{what} failed: {unstorable}. It is not written, {used}"));
        }
    }

    /// Lets reads find an update, and gives it its turn, if it may go into the table.
    fn begin_update(self: &Arc<Self>, update: &Arc<Update>) -> Begun {
        if let Err(unstorable) = self.check_storable(&update.row, &update.item) {
            self.keep(update, &unstorable);
            return Begun::Refused(unstorable);
        }
        match self.unsaved.add(update) {
            Taken::In => self.receive(update),
            Taken::Superseded(Some(by)) => return Begun::Superseded(by),
            // An init has something newer; or what is newer is not for the table.
            Taken::Superseded(None) => {}
            Taken::NoRoom => {
                let full = "256 MiB of writes are not in the table yet";
                let failure = Error::new(ErrorKind::TimedOut, full);
                self.tell_waiting(HandedOver::GivenUp, &saving(update), &failure);
                return Begun::Refused(failure);
            }
        }
        Begun::Turn(self.order.update(update))
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

    /// Sees to it that an update gets into the table, by itself or with a newer one.
    async fn save(self: &Arc<Self>, turn: Turn, write: Waiting) -> Result<Updated> {
        let result = self.save_in_turn(turn, &write).await;
        // It may have come in the moment in which the one that decided for it was unsaved no more.
        match &result {
            Ok(_) => self.unsaved.saved_with(&write.row, write.id),
            Err(failure) => {
                if let Some(update) = self.unsaved.under_way(&write.row, write.id) {
                    self.hand_over(&update, failure);
                }
            }
        }
        result
    }

    async fn save_in_turn(self: &Arc<Self>, turn: Turn, write: &Waiting) -> Result<Updated> {
        let mut failure =
            Error::new(ErrorKind::TimedOut, "earlier writes are not in the table yet");
        let driven = async {
            let driven = self.drive(&turn, write.deadline, &mut failure);
            Ok(timeout_at(write.deadline, driven).await.ok())
        };
        let conclusion = match caught(self.unless_closed(driven)).await {
            Ok(Ok(conclusion)) => conclusion,
            Ok(Err(closed)) => return Err(closed),
            Err(defect) => {
                if let Some(update) = turn.newest() {
                    self.hand_over_defect(&update, &defect);
                    turn.conclude(update.id, Conclusion::Failed(defect.clone()));
                } else {
                    self.log_failure(&format!("saving {}", write.row), &defect);
                }
                return Err(defect);
            }
        };
        let Some(conclusion) = conclusion else {
            // Where a newer one waits, that has more time.
            if let Some(update) = turn.own() {
                self.hand_over(&update, &failure);
                turn.conclude(update.id, Conclusion::Failed(failure.clone()));
            }
            return Err(failure);
        };
        let decisive = turn.decisive();
        drop(turn);
        match conclusion {
            // The others need no text, and may be many.
            Conclusion::Saved(sent) if sent == write.id => Ok(live(self.known(&write.row))),
            Conclusion::Saved(_) => Ok(self.nothing_known()),
            Conclusion::Failed(failure) if !failure.is_retryable() => Err(failure),
            Conclusion::Failed(failure) => {
                self.unless_closed(self.follow(write, decisive, failure)).await
            }
            Conclusion::Replaced => {
                let replaced = self.replaced_by_init(write, decisive);
                self.unless_closed(replaced).await
            }
        }
    }

    /// Writes what is newest in this place, again and again, until it is known what became of the
    /// update of this turn. Whoever else has a turn waits meanwhile.
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
            // A request that is soon broken off helps nobody. Those with newer updates have more time.
            let enough = self.write_timeout / if turn.own().is_some() { 10 } else { 2 };
            if Instant::now() + enough > deadline || *self.closed.borrow() {
                drop((permit, writer));
                return turn.concluded().await;
            }
            // It may have to wait for more than before.
            let Some(update) = turn.claim() else {
                continue;
            };
            let failure = if self.unsaved.is_replaced(&update) {
                turn.conclude(update.id, Conclusion::Replaced);
                continue;
            } else if let Some(Blocked::Waiting(failure) | Blocked::Refused(failure)) =
                self.unsaved.blocked(&update)
            {
                failure
            } else {
                *last = no_answer();
                match self.put(&update).await {
                    Ok(()) => {
                        turn.conclude(update.id, Conclusion::Saved(update.id));
                        self.wrote();
                        continue;
                    }
                    Err(failure) if failure.is_retryable() => {
                        *last = failure;
                        // Its permit it keeps: the more wait, the less use there is in asking more often.
                        failures += 1;
                        let pause = Backoff::WRITE.pause_after(failures);
                        sleep_until(deadline.min(Instant::now() + pause)).await;
                        continue;
                    }
                    Err(failure) => failure,
                }
            };
            self.hand_over(&update, &failure);
            turn.conclude(update.id, Conclusion::Failed(failure));
        }
    }

    /// Waits for what becomes of this update of the same row. When time is up, it has failed like
    /// this.
    async fn follow(&self, write: &Waiting, id: WriteId, failure: Error) -> Result<Updated> {
        match timeout_at(write.deadline, self.unsaved.settled(&write.row, id)).await {
            Ok(Settled::Saved) => Ok(self.nothing_known()),
            Ok(Settled::Refused(failure)) => Err(failure),
            Ok(Settled::Replaced) => self.replaced_by_init(write, id).await,
            Err(_) => Err(failure),
        }
    }

    /// Waits for the init that has taken the place of this update of the same row.
    async fn replaced_by_init(&self, write: &Waiting, id: WriteId) -> Result<Updated> {
        let ended = timeout_at(write.deadline, self.unsaved.ended_after(id)).await;
        ended.unwrap_or_else(|_| Err(no_answer())).map(|()| self.nothing_known())
    }

    /// An answer that nothing may be taken from.
    fn nothing_known(&self) -> Updated {
        Answer { value: None, until: 0.0, ticket: self.cache.begin(), stale: false }
    }

    /// What is known of a row for certain; nothing that may be used, where there is no such thing.
    fn known(&self, row: &RowKey) -> Updated {
        match self.cache.look(row) {
            Known::Fresh(known) => known,
            Known::Stale(_) | Known::Nothing => self.nothing_known(),
        }
    }

    /// Lets an update wait in which something panicked, or logs that.
    fn hand_over_defect(self: &Arc<Self>, update: &Arc<Update>, defect: &Error) {
        if self.hand_over(update, defect) == HandedOver::Superseded {
            self.log_failure(&saving(update), defect);
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
    pub(super) async fn put(self: &Arc<Self>, update: &Update) -> Result<()> {
        let Update { row, item, .. } = update;
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
        match in_table {
            // The init will take it out again, if that doesn't have it too.
            Some(_) if self.unsaved.is_replaced(update) => {}
            Some(in_table) => {
                // A newer one may be on its way already.
                let newest = self.unsaved.newest(row).filter(|n| n.version > in_table.version);
                self.cache.written(begun, row, &newest.unwrap_or(in_table));
            }
            None => {
                self.cache.outdate(row);
            }
        }
        self.forget_missing_of(update);
        self.detach(row);
        // Only now: a read that began before the put must not find neither of them.
        self.unsaved.saved(update);
        self.watch_for_late_landings();
        Ok(())
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
