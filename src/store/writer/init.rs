//! Replacing the whole data set.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{BoxFuture, Either, select};
use futures_util::{FutureExt, StreamExt, stream};
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::batches::NotWritten;
use super::existing::{EarlyRead, Existing};
use super::retry_worker::RETRY_TIMEOUT;
use super::{PARALLEL_UPDATES, Writer, named};
use crate::backoff;
use crate::cache::{Cached, Items, Replaced};
use crate::dynamodb::{PutOutcome, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Fingerprint, Item, RowKey};
use crate::panics::caught;
use crate::writes::init_plan::{KindData, plan};
use crate::writes::late_init::LateInit;
use crate::writes::pending::{
    Data, Failed, InitTurn, PendingInit, Update, WriteId, kind_in, put_into,
};

/// New items of one kind as JSON text. A kind may come in several of them.
#[derive(Clone, Debug)]
pub struct NewItems {
    /// The kind, without the prefix.
    pub kind: String,
    /// A JSON object of the items by key.
    pub json: String,
}

impl Writer {
    pub fn init(
        self: &Arc<Self>,
        data: impl Future<Output = Option<Vec<NewItems>>> + Send + 'static,
        visible: impl FnOnce() + Send + 'static,
    ) -> BoxFuture<'static, Result<()>> {
        let writer = Arc::clone(self);
        let turn = writer.pending.begin_init();
        let id = turn.id;
        async move {
            let mut existing = writer.read_early(&turn);
            let data = match select(pin!(data), &mut existing).await {
                Either::Left((data, _)) => data,
                Either::Right(((), data)) => data.await,
            };
            let Some(data) = data else {
                return Ok(());
            };
            if writer.context.is_closed() {
                let failure = Error::new(ErrorKind::Closed, "the store was closed before");
                writer.context.log_failure("initialising", &failure);
                return Err(failure);
            }
            let saved = async {
                writer.receive_all(id, data)?;
                visible();
                if writer.read_only {
                    writer.pending.init_is_memory_only(id);
                    writer.log_read_only();
                    return Ok(());
                }
                turn.wait().await;
                writer.save_all(id, turn, existing).await
            };
            caught(writer.context.unless_closed(saved)).await.unwrap_or_else(|defect| {
                if writer.leave_init_to_retries(id, &defect) == Failed::Superseded {
                    writer.context.log_failure("initialising", &defect);
                }
                writer.pending.ended(id, Some(&defect));
                Err(defect)
            })
        }
        .boxed()
    }
}

impl Writer {
    /// Makes the data of an init visible to reads.
    fn receive_all(&self, id: WriteId, data: Vec<NewItems>) -> Result<()> {
        let mut kinds = BTreeMap::new();
        for part in data {
            self.parse(part, &mut kinds)
                .inspect_err(|failure| self.context.log_failure("initialising", failure))?;
        }
        let (mut data, mut live, mut unstorable) = (Data::new(), Vec::new(), Vec::new());
        for Received { data: kind, unstorable: items } in kinds.into_values() {
            let namespace = self.context.layout.namespace(&kind.kind);
            let row = |key| RowKey { namespace: namespace.clone(), key };
            unstorable.extend(items.into_iter().map(|(key, item)| (row(key), item)));
            live.push((namespace.clone(), Arc::new(self.live(id, &namespace, &kind))));
            data.push((namespace, Arc::new(kind)));
        }
        self.pending.add_init(id, data, live);
        self.reader.invalidate_all();
        for (row, item) in unstorable {
            if let Err(too_large) = item.check_size(&row) {
                let update = Update { id, row, item, references: Arc::default() };
                self.keep_in_memory(&Arc::new(update), &too_large);
            }
        }
        Ok(())
    }

    /// Returns the live items of a kind. A text that is already cached keeps its revision, so that JavaScript
    /// need not parse it again.
    fn live(&self, id: WriteId, namespace: &Arc<str>, kind: &KindData) -> Items {
        let live = kind.items.iter().filter(|(_, item)| !item.deleted);
        let cached = live.map(|(key, item)| {
            let row = RowKey { namespace: namespace.clone(), key: key.clone() };
            let held = self.reader.cache().row(&row).and_then(|read| read.value);
            let same = held.filter(|held| held.item == *item);
            let cached = same.unwrap_or_else(|| Cached { item: item.clone(), revision: id });
            (key.clone(), cached)
        });
        cached.collect()
    }

    /// Parses items of one kind into `kinds`. Rows whose new items cannot be stored stay unchanged.
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
                    let row = self.context.row(&new.kind, &key);
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
                    let row = self.context.row(&new.kind, &map_key);
                    self.context.log_failure(&format!("saving {row}"), &failure);
                    kind.data.untouched.insert(row.key);
                }
            }
        }
        Ok(())
    }

    /// Writes an init, or leaves it to the retry worker. If it fails and a newer init was requested, it ends
    /// its turn and returns the result of the newer one.
    async fn save_all(
        self: &Arc<Self>,
        id: WriteId,
        turn: InitTurn,
        existing: EarlyRead,
    ) -> Result<()> {
        let result = match self.pending.init(id) {
            Some(PendingInit { data, .. }) => self.replace(id, &data, existing).await,
            None => Err(overtaken()),
        };
        if result.is_err() && !self.pending.is_last_init(id) {
            drop(turn);
            return self.pending.ended_after(id).await;
        }
        match &result {
            Ok(()) => {
                self.is_replaced(id, &[], Vec::new());
                self.write_succeeded();
            }
            Err(failure) => drop(self.leave_init_to_retries(id, failure)),
        }
        self.pending.ended(id, result.as_ref().err());
        self.reader.detach_all();
        result
    }

    /// Leaves an init to the retry worker. The contents of the table are uncertain, so everything cached
    /// becomes void.
    fn leave_init_to_retries(self: &Arc<Self>, id: WriteId, failure: &Error) -> Failed {
        let becomes = self.pending.init_failed(id, failure);
        self.reader.invalidate_all();
        self.after_failure(becomes, "initialising", failure);
        becomes
    }

    async fn replace(&self, id: WriteId, data: &Data, mut existing: EarlyRead) -> Result<()> {
        existing.as_mut().await;
        let early = existing.as_mut().take_output().transpose()?.unwrap_or_default();
        let Existing { rows: existing, marker_exists, .. } =
            self.read_existing(early, data, self.write_timeout).await?;
        let fingerprints = existing.iter().map(|row| (row.key.clone(), Fingerprint::of(row)));
        self.pending.init_found(id, fingerprints.collect());
        let kinds: Vec<KindData> = data.iter().map(|(_, kind)| (**kind).clone()).collect();
        let waves = plan(&self.context.layout, &kinds, &existing, marker_exists);
        drop(existing);
        self.write_waves(id, waves).await
    }

    /// Finishes an init that was written together with `updates`. `untouched` are newer items of the table that it
    /// did not replace.
    fn is_replaced(
        self: &Arc<Self>,
        id: WriteId,
        updates: &[Arc<Update>],
        untouched: Vec<(RowKey, Item)>,
    ) {
        let Some(PendingInit { mut data, .. }) = self.pending.init(id) else {
            return;
        };
        // An update may no longer be pending because a read has found it in the table.
        for Update { row, item, .. } in updates.iter().map(Arc::as_ref) {
            let known = kind_in(&data, &row.namespace).and_then(|kind| kind.items.get(&row.key));
            if known.is_none_or(|known| known.version < item.version) {
                put_into(&mut data, row, item.clone());
            }
        }
        self.data_loss.remember_all(&data);
        for (row, item) in untouched {
            put_into(&mut data, &row, item);
        }
        self.reader.set_initialized();
        let data = data.into_iter().map(|(namespace, kind)| replaced(namespace, &kind));
        self.reader.cache().replaced(data.collect());
        // After `replaced`: concurrent reads must find the data in one of the two places.
        self.pending.init_saved(id);
        self.reader.detach_all();
    }

    /// Writes an init that failed at first, with the updates requested since. Rows that others have made
    /// newer meanwhile stay.
    pub(super) async fn init_late(self: &Arc<Self>, init: PendingInit) -> Result<()> {
        let turn = self.pending.begin_init();
        turn.wait().await;
        let Some((data, updates)) = self.pending.init_with_updates(init.id) else {
            return Ok(());
        };
        match self.replace_late(&init, &data).await {
            Ok(untouched) => {
                self.is_replaced(init.id, &updates, untouched);
                for update in updates {
                    self.pending.saved(&update);
                }
                Ok(())
            }
            Err(failure) => {
                self.leave_init_to_retries(init.id, &failure);
                Err(failure)
            }
        }
    }

    /// Writes a late init. Returns the items of the rows that it left unchanged.
    async fn replace_late(&self, init: &PendingInit, data: &Data) -> Result<Vec<(RowKey, Item)>> {
        let Existing { rows: existing, marker_exists, .. } =
            self.read_existing(Existing::default(), data, RETRY_TIMEOUT).await?;
        let late = LateInit::new(data, init.base.as_deref(), &existing);
        let waves = plan(&self.context.layout, &late.data, &existing, marker_exists);
        drop(existing);
        let mut untouched = late.untouched;
        for wave in waves {
            if !self.pending.is_last_init(init.id) {
                return Err(overtaken());
            }
            untouched.extend(self.write_if_newer(wave, &late.unchanged).await?);
        }
        Ok(untouched)
    }

    /// Writes rows in parallel, unless the table has newer ones, and returns those newer items. A row in
    /// `unchanged` is also replaced if the table still has that version.
    pub(super) async fn write_if_newer(
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
            let put = || self.context.put_if_newer(&row, &item, unchanged);
            let outcome = backoff::until(Instant::now() + RETRY_TIMEOUT, put).await?;
            Ok(match outcome {
                PutOutcome::Newer(Some(stored)) => {
                    self.context.item_in(&stored).map(|newer| (row, newer))
                }
                PutOutcome::Stored | PutOutcome::Newer(None) => None,
            })
        });
        let puts: Vec<_> = puts.collect();
        let results: Vec<Result<Option<(RowKey, Item)>>> =
            stream::iter(puts).buffer_unordered(PARALLEL_UPDATES).collect().await;
        let newer = results.into_iter().collect::<Result<Vec<_>>>()?;
        if !others.is_empty() {
            let refused =
                self.write_batches(others).await.map_err(|not_written| not_written.failure)?;
            if !refused.is_empty() {
                return Err(Error::new(ErrorKind::Refused, "DynamoDB refused rows, as logged"));
            }
        }
        Ok(newer.into_iter().flatten().collect())
    }

    /// Writes the waves in order. A wave starts when all rows of the one before it are written, except rows
    /// that DynamoDB rejects individually. After such a row the marker is not written. Ends early if another
    /// init was requested since.
    async fn write_waves(&self, id: WriteId, waves: Vec<Vec<Write>>) -> Result<()> {
        let total: usize = waves.iter().map(Vec::len).sum();
        let missing = |rows: &[RowKey], why: &str| {
            let (count, names) = (rows.len(), named(rows));
            format!("{count} of {total} rows did not get into the table ({names}): {why}")
        };
        let mut missing_rows = Vec::new();
        let mut waves = waves.into_iter();
        while let Some(wave) = waves.next() {
            if !self.pending.is_last_init(id) {
                return Err(overtaken());
            }
            if !missing_rows.is_empty() && matches!(wave[..], [Write::PutMarker(_)]) {
                break;
            }
            match self.write_batches(wave).await {
                Ok(refused) => missing_rows.extend(refused),
                Err(NotWritten { rows, failure }) => {
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
    Error::new(ErrorKind::Refused, "there was another init since").transient()
}

/// The items of one kind in an init.
struct Received {
    data: KindData,
    /// Items that cannot be stored in the table.
    unstorable: Vec<(Arc<str>, Item)>,
}

fn replaced(namespace: Arc<str>, kind: &KindData) -> Replaced {
    let items = kind.items.iter().map(|(key, item)| (key.clone(), item.clone())).collect();
    Replaced { namespace, items, complete: kind.untouched.is_empty() }
}
