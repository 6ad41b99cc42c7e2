//! Replacing the whole data set.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, try_join_all};
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::batch::Unsaved;
use super::catch_up::{TIME_OF_A_TRY, named};
use super::read::all_pages;
use super::{Inner, PARALLEL_UPDATES, Store};
use crate::backoff;
use crate::cache::Replaced;
use crate::dynamodb::{PutOutcome, Reading, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::init_plan::{KindData, plan};
use crate::late_init::LateInit;
use crate::panics::caught;
use crate::row::{Item, RowKey, StoredRow};
use crate::unsaved::{Data, HandedOver, Look, Replacement, Update, WriteId, kind_in, put_into};
use crate::write_order::Turn;

/// New items of one kind as JSON text. A kind may come in several of them.
#[derive(Clone, Debug)]
pub struct NewItems {
    /// The kind, without the prefix.
    pub kind: String,
    /// An object of the items by key.
    pub json: String,
}

impl Store {
    /// Replaces all items of the given kinds, whatever their versions, and marks the prefix as
    /// initialised. Other kinds are left alone. An unchanged data set costs no write. Reads find the
    /// new data from when `known` is called.
    ///
    /// Ends when all is in the table, or when DynamoDB has refused it, or taken nothing for the whole
    /// write time-out; then it is brought in later. Items that can't be stored are logged; the others
    /// are.
    ///
    /// The data may come later than the call, and in parts. Where it ends as `None`, nothing is done.
    pub fn init(
        &self,
        data: impl Future<Output = Option<Vec<NewItems>>> + Send + 'static,
        known: impl FnOnce() + Send + 'static,
    ) -> BoxFuture<'static, Result<()>> {
        let inner = Arc::clone(&self.0);
        let id = inner.unsaved.begin();
        let (announced, turn) = (Announced::new(&inner), inner.order.init());
        async move {
            let Some(data) = data.await else {
                return Ok(());
            };
            if *inner.closed.borrow() {
                let failure = Error::new(ErrorKind::Closed, "the store was closed before");
                inner.log_failure("initialising", &failure);
                return Err(failure);
            }
            let writer = &inner;
            let saved = async move {
                let received = writer.receive_all(id, data);
                drop(announced);
                received?;
                known();
                if writer.read_only {
                    writer.unsaved.keep_replacement(id);
                    writer.log_read_only();
                    return Err(Error::new(ErrorKind::ReadOnly, "the store is read-only"));
                }
                turn.come().await;
                writer.save_all(id, turn).await
            };
            caught(inner.unless_closed(saved)).await.unwrap_or_else(|defect| {
                inner.cache.outdate_all(inner.cache.begin());
                if inner.hand_over_init(id, &defect) == HandedOver::Superseded {
                    inner.log_failure("initialising", &defect);
                }
                inner.unsaved.ended(id, Some(&defect));
                Err(defect)
            })
        }
        .boxed()
    }
}

/// An init whose data is to come. A store that is closed waits for it.
struct Announced(Arc<Inner>);

impl Announced {
    fn new(inner: &Arc<Inner>) -> Self {
        inner.unsaved.announce();
        Self(Arc::clone(inner))
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.0.unsaved.arrived();
        self.0.caught_up.notify_one();
    }
}

impl Inner {
    /// Lets reads find the data of an init that is on its way.
    fn receive_all(&self, id: WriteId, data: Vec<NewItems>) -> Result<()> {
        let mut kinds = BTreeMap::new();
        for part in data {
            self.parse(part, &mut kinds)
                .inspect_err(|failure| self.log_failure("initialising", failure))?;
        }
        let kinds = kinds.into_values().map(|kind| (self.layout.namespace(&kind.data.kind), kind));
        let (mut data, mut unstorable) = (Data::new(), Vec::new());
        for (namespace, Received { data: kind, unstorable: items }) in kinds {
            let row = |key| RowKey { namespace: namespace.clone(), key };
            unstorable.extend(items.into_iter().map(|(key, item)| (row(key), item)));
            data.push((namespace, Arc::new(kind)));
        }
        let now = self.unsaved.replace(id, data);
        self.keep_all(now);
        for (row, item) in unstorable {
            if let Err(too_large) = item.check_size(&row) {
                let update = Update { id, row, item, references: Arc::default() };
                self.keep(&Arc::new(update), &too_large);
            }
        }
        Ok(())
    }

    /// Puts all items of some kinds into the cache.
    fn keep_all(&self, data: Data) {
        self.cache.replaced(
            data.into_iter().map(|(namespace, kind)| replaced(namespace, &kind)).collect(),
        );
        // Updates that were asked for in this moment go on top.
        for update in self.unsaved.updates() {
            self.cache.received(&update.row, &update.item);
        }
        self.gets.detach_all();
        self.queries.detach_all();
    }

    /// Reads items of one kind. The rows of those that can't be stored are left as they are.
    fn parse(&self, new: NewItems, kinds: &mut BTreeMap<String, Received>) -> Result<()> {
        let items: BTreeMap<String, &RawValue> = serde_json::from_str(&new.json).map_err(|_| {
            let message = format!("the data of kind {:?} is not an object of items", new.kind);
            Error::new(ErrorKind::InvalidData, message)
        })?;
        let kind = kinds.entry(new.kind.clone()).or_insert_with(|| Received {
            data: KindData { kind: new.kind.clone(), ..KindData::default() },
            unstorable: Vec::new(),
        });
        for (map_key, json) in items {
            match Item::from_sdk(json.get(), Some(&map_key)) {
                Ok((key, item)) => {
                    let row = self.row(&new.kind, &key);
                    if !self.read_only && self.check_storable(&row, &item).is_err() {
                        kind.data.untouched.insert(row.key.clone());
                        kind.unstorable.push((row.key, item));
                        continue;
                    }
                    let known = kind.data.items.get(&key).map_or(f64::NEG_INFINITY, |i| i.version);
                    if known <= item.version {
                        kind.data.items.insert(key, item);
                    }
                }
                Err(failure) => {
                    let row = self.row(&new.kind, &map_key);
                    self.log_failure(&format!("saving {row}"), &failure);
                    kind.data.untouched.insert(row.key);
                }
            }
        }
        Ok(())
    }

    /// Brings an init in, or lets it wait. Where another one was asked for since, that decides, and
    /// takes the turn.
    async fn save_all(self: &Arc<Self>, id: WriteId, turn: Turn) -> Result<()> {
        let result = match self.unsaved.replacement(id) {
            Some(Replacement { data, .. }) => self.replace(id, &data).await,
            None => Err(overtaken()),
        };
        if result.is_err() && !self.unsaved.is_last_init(id) {
            drop(turn);
            return self.unsaved.ended_after(id).await;
        }
        match &result {
            Ok(()) => {
                self.is_replaced(id, &[], Vec::new());
                self.wrote();
            }
            // Nobody knows for certain what is in the table now.
            Err(failure) => {
                self.cache.outdate_all(self.cache.begin());
                self.hand_over_init(id, failure);
            }
        }
        self.unsaved.ended(id, result.as_ref().err());
        self.gets.detach_all();
        self.queries.detach_all();
        result
    }

    /// Lets an init wait until DynamoDB takes it.
    fn hand_over_init(self: &Arc<Self>, id: WriteId, failure: &Error) -> HandedOver {
        let handed_over = self.unsaved.hand_over_replacement(id, failure);
        self.tell_waiting(handed_over, "initialising", failure);
        handed_over
    }

    async fn replace(&self, id: WriteId, data: &Data) -> Result<()> {
        let (existing, marker_exists) = self.read_existing(data, self.write_timeout).await?;
        self.unsaved
            .found(id, existing.iter().map(|row| (row.key.clone(), Look::of(row))).collect());
        let kinds: Vec<KindData> = data.iter().map(|(_, kind)| (**kind).clone()).collect();
        let waves = plan(&self.layout, &kinds, &existing, marker_exists);
        drop(existing);
        self.write_waves(id, waves).await
    }

    /// To be called when an init is in the table, but for the rows that it left alone.
    /// It has brought `updates` in, too.
    fn is_replaced(
        self: &Arc<Self>,
        id: WriteId,
        updates: &[Arc<Update>],
        left: Vec<(RowKey, Item)>,
    ) {
        let Some(mut data) = self.unsaved.data(id) else {
            return;
        };
        // A read may have found one in the table, and so unsaved no more.
        for Update { row, item, .. } in updates.iter().map(Arc::as_ref) {
            let known = kind_in(&data, &row.namespace).and_then(|kind| kind.items.get(&row.key));
            if known.is_none_or(|known| known.version < item.version) {
                put_into(&mut data, row, item.clone());
            }
        }
        self.losses.wrote_all(&data);
        for (row, item) in left {
            put_into(&mut data, &row, item);
        }
        self.set_initialized();
        self.unanswered.are(&data);
        self.watch_for_late_landings();
        self.keep_all(data);
        // Only now: a read that began before must not find the data neither there nor here.
        self.unsaved.saved_replacement(id);
    }

    /// Brings an init in that could not be brought in at once, with the updates that were asked for
    /// since. What others have made newer meanwhile stays.
    pub(super) async fn init_late(self: &Arc<Self>, init: Replacement) -> Result<()> {
        let turn = self.order.init();
        turn.come().await;
        let Some((data, updates)) = self.unsaved.replacement_and_updates(init.id) else {
            return Ok(());
        };
        match self.replace_late(&init, &data).await {
            Ok(left) => {
                self.is_replaced(init.id, &updates, left);
                for update in updates {
                    self.unsaved.saved(&update);
                }
                Ok(())
            }
            Err(failure) => {
                self.hand_over_init(init.id, &failure);
                Err(failure)
            }
        }
    }

    /// Returns the items of the rows that it left alone.
    async fn replace_late(&self, init: &Replacement, data: &Data) -> Result<Vec<(RowKey, Item)>> {
        let (existing, marker_exists) = self.read_existing(data, TIME_OF_A_TRY).await?;
        let late = LateInit::new(data, init.base.as_deref(), &existing);
        let waves = plan(&self.layout, &late.data, &existing, marker_exists);
        drop(existing);
        let mut left = late.left;
        for wave in waves {
            if !self.unsaved.is_last_init(init.id) {
                return Err(overtaken());
            }
            left.extend(self.write_carefully(wave, &late.unchanged).await?);
        }
        Ok(left)
    }

    /// Writes rows, side by side, unless they have become newer. Returns the items of those that have.
    pub(super) async fn write_carefully(
        &self,
        wave: Vec<Write>,
        unchanged: &HashMap<RowKey, f64>,
    ) -> Result<Vec<(RowKey, Item)>> {
        let (mut puts, mut others) = (Vec::new(), Vec::new());
        for write in wave {
            match write {
                Write::Put(row, item) => puts.push((row, item)),
                Write::PutMarker(_) | Write::Delete(_) => others.push(write),
            }
        }
        let puts = puts.into_iter().map(|(row, item)| async move {
            let unchanged = unchanged.get(&row).copied();
            let put = || self.dynamodb.put_if_newer(&row, &item, unchanged);
            let outcome = backoff::until(Instant::now() + TIME_OF_A_TRY, put).await?;
            Ok(match outcome {
                PutOutcome::Newer(Some(stored)) => self.item_in(&stored).map(|newer| (row, newer)),
                PutOutcome::Stored | PutOutcome::Newer(None) => None,
            })
        });
        let puts: Vec<_> = puts.collect();
        let results: Vec<Result<Option<(RowKey, Item)>>> =
            stream::iter(puts).buffer_unordered(PARALLEL_UPDATES).collect().await;
        let left = results.into_iter().collect::<Result<Vec<_>>>()?;
        if !others.is_empty() {
            let refused = self.write_batches(others).await.map_err(|unsaved| unsaved.failure)?;
            if !refused.is_empty() {
                return Err(Error::new(ErrorKind::Refused, "DynamoDB refused rows, as logged"));
            }
        }
        Ok(left.into_iter().flatten().collect())
    }

    /// What is in the table: the rows of these kinds, and whether there is a marker. Each request is
    /// tried for so long.
    async fn read_existing(&self, data: &Data, time: Duration) -> Result<(Vec<StoredRow>, bool)> {
        let queries = data.iter().map(|(namespace, _)| async move {
            all_pages(|start| {
                let page = {
                    let namespace = Arc::clone(namespace);
                    move || self.dynamodb.query(&namespace, Reading::FOR_WRITE, start.clone())
                };
                backoff::until(Instant::now() + time, page)
            })
            .await
        });
        let marker = self.layout.marker();
        let deadline = Instant::now() + time;
        let marker = backoff::until(deadline, || self.dynamodb.get(&marker, Reading::FOR_WRITE));
        let (rows, marker) = tokio::try_join!(try_join_all(queries), marker)?;
        Ok((rows.into_iter().flatten().collect(), marker.is_some()))
    }

    /// Writes one wave after the other; none begins before all of the one before it is in, but for
    /// rows that DynamoDB refuses by themselves. The marker is not written after one of those. It ends
    /// early when another init was asked for since.
    async fn write_waves(&self, id: WriteId, waves: Vec<Vec<Write>>) -> Result<()> {
        let total: usize = waves.iter().map(Vec::len).sum();
        let missing = |rows: &[RowKey], why: &str| {
            let (count, names) = (rows.len(), named(rows));
            format!("{count} of {total} rows did not get into the table ({names}): {why}")
        };
        let mut missing_rows = Vec::new();
        let mut waves = waves.into_iter();
        while let Some(wave) = waves.next() {
            if !self.unsaved.is_last_init(id) {
                return Err(overtaken());
            }
            if !missing_rows.is_empty() && matches!(wave[..], [Write::PutMarker(_)]) {
                break;
            }
            match self.write_batches(wave).await {
                Ok(rows) => missing_rows.extend(rows),
                Err(Unsaved { rows, failure }) => {
                    let later = waves.flatten().map(|write| write.row().clone());
                    missing_rows.extend(rows.into_iter().chain(later));
                    return Err(Error::new(
                        failure.kind,
                        missing(&missing_rows, failure.message()),
                    ));
                }
            }
        }
        if missing_rows.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Refused,
            missing(&missing_rows, "DynamoDB refused them, as logged"),
        ))
    }
}

fn overtaken() -> Error {
    Error::new(ErrorKind::Refused, "there was another init since").passing()
}

/// The items of one kind that an init gave.
struct Received {
    data: KindData,
    /// Items that are not for the table.
    unstorable: Vec<(Arc<str>, Item)>,
}

fn replaced(namespace: Arc<str>, kind: &KindData) -> Replaced {
    let items = kind.items.iter().map(|(key, item)| (key.clone(), item.clone())).collect();
    Replaced { namespace, items, complete: kind.untouched.is_empty() }
}
