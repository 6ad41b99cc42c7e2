//! The pending init.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{
    Data, Failed, Init, MAX_BYTES, PendingWrites, Row, Stage, State, Update, WriteId, bytes_of,
    items_of, kind_in, put_into,
};
use crate::cache::Items;
use crate::error::Error;
use crate::model::{Fingerprint, RowKey};

/// The rows that an init found when it first read the table.
pub type Base = HashMap<RowKey, Fingerprint>;

/// An init that is not in the table yet.
#[derive(Clone, Debug)]
pub struct PendingInit {
    /// The id of the init.
    pub id: WriteId,
    /// The data to write.
    pub data: Data,
    /// The live items of `data`, by namespace.
    pub live: Vec<(Arc<str>, Arc<Items>)>,
    /// What the init found when it first read the table, if it could read it in time.
    pub base: Option<Arc<Base>>,
}

impl PendingWrites {
    /// Adds an init. It replaces pending writes of the same kinds that were requested earlier or are not
    /// newer. `live` contains its live items.
    pub fn add_init(&self, id: WriteId, data: Data, live: Vec<(Arc<str>, Arc<Items>)>) {
        let times = self.now();
        let mut state = self.lock();
        let (mut data, mut live) = (data, live);
        if let Some(Init { init: earlier, .. }) = &mut state.init {
            if earlier.id > id {
                return;
            }
            let others = |kind: &Arc<str>| data.iter().all(|(namespace, _)| namespace != kind);
            earlier.live.retain(|(namespace, _)| others(namespace));
            earlier.data.retain(|(namespace, _)| others(namespace));
            live.append(&mut earlier.live);
            data.append(&mut earlier.data);
        }
        let beaten = |update: &Update| {
            let kind = kind_in(&data, &update.row.namespace);
            kind.is_some_and(|kind| {
                let item = kind.items.get(&update.row.key);
                update.id < id || item.is_some_and(|item| item.version >= update.item.version)
            })
        };
        let of_rows = state.rows.values().map(Row::update).filter(|update| beaten(update));
        let of_rows: Vec<RowKey> = of_rows.map(|update| update.row.clone()).collect();
        let in_memory = state.memory_only.extract_if(.., |_, held| beaten(&held.update));
        let bytes: usize = in_memory.map(|(_, held)| held.bytes()).sum();
        state.bytes -= bytes;
        state.init_bytes = bytes_of(&data);
        let init = PendingInit { id, data, live, base: None };
        state.init = Some(Init { init, stage: Stage::InFlight, times });
        for row in &of_rows {
            state.settle(row);
        }
        self.recount(&state);
    }

    /// Returns the init with this id, if it is the last one.
    pub fn init(&self, id: WriteId) -> Option<PendingInit> {
        let state = self.lock();
        Some(state.init_with(id)?.init.clone())
    }

    /// Returns whether the init with this id is pending and the last one.
    pub fn is_last_init(&self, id: WriteId) -> bool {
        self.lock().init_with(id).is_some()
    }

    /// Returns the data of the init with this id, including the retrying updates that were requested after
    /// it, and these updates.
    pub fn init_with_updates(&self, id: WriteId) -> Option<(Data, Vec<Arc<Update>>)> {
        let state = self.lock();
        let mut data = state.init_with(id)?.init.data.clone();
        let updates = state.updates_with(&data);
        for update in &updates {
            put_into(&mut data, &update.row, update.item.clone());
        }
        Some((data, updates))
    }

    /// Records what an init found when it first read the table.
    pub fn init_found(&self, id: WriteId, base: Base) {
        if let Some(Init { init, .. }) = self.lock().init_with_mut(id) {
            init.base = Some(Arc::new(base));
        }
    }

    /// Returns whether an init is pending.
    pub fn has_init(&self) -> bool {
        self.count() > 0 && self.lock().init.is_some()
    }

    /// Leaves a failed init to the retry worker.
    pub fn init_failed(&self, id: WriteId, failure: &Error) -> Failed {
        let mut state = self.lock();
        let is_too_much = state.all_bytes() > MAX_BYTES;
        let Some(init) = state.init_with_mut(id) else {
            return Failed::Superseded;
        };
        if is_too_much {
            state.init = None;
            self.recount(&state);
            return Failed::GivenUp;
        }
        init.stage = init.stage.failed(failure);
        init.times.failed = Some(self.sequence.next());
        Failed::Retrying
    }

    /// Makes an init memory only.
    pub fn init_is_memory_only(&self, id: WriteId) {
        let mut state = self.lock();
        if let Some(init) = state.init_with_mut(id) {
            init.stage = Stage::MemoryOnly;
        }
        self.recount(&state);
    }

    /// Removes an init that is in the table.
    pub fn init_saved(&self, id: WriteId) {
        let mut state = self.lock();
        if let Some(Init { init, stage, .. }) = state.init.take_if(|last| last.init.id == id)
            && stage != Stage::InFlight
        {
            state.log.saved(items_of(&init.data));
        }
        self.recount(&state);
    }

    /// Records the result of an init, which is also that of the inits it superseded.
    pub fn ended(&self, id: WriteId, failure: Option<&Error>) {
        self.lock().ended.send_if_modified(|last| {
            let is_later = last.0 < id;
            if is_later {
                *last = (id, failure.cloned());
            }
            is_later
        });
    }

    /// Waits for the end of an init that was requested after this write. Returns its result.
    pub async fn ended_after(&self, id: WriteId) -> Result<(), Error> {
        let mut ended = self.lock().ended.subscribe();
        match ended.wait_for(|(last, _)| *last > id).await.map(|last| last.1.clone()) {
            Ok(Some(failure)) => Err(failure),
            Ok(None) | Err(_) => Ok(()),
        }
    }
}

impl State {
    fn init_with(&self, id: WriteId) -> Option<&Init> {
        self.init.as_ref().filter(|init| init.init.id == id)
    }

    fn init_with_mut(&mut self, id: WriteId) -> Option<&mut Init> {
        self.init.as_mut().filter(|init| init.init.id == id)
    }

    /// Returns the retrying updates of these kinds that wait for nothing but each other.
    fn updates_with(&self, data: &Data) -> Vec<Arc<Update>> {
        let rows = self.rows.iter().filter(|(key, row)| {
            row.stage.is_retrying() && kind_in(data, &key.namespace).is_some()
        });
        let mut with: BTreeMap<&RowKey, &Row> = rows.collect();
        loop {
            let count = with.len();
            let waits = |row: &Row| {
                let mut before = self.before(row.update());
                before.any(|before| !with.contains_key(&before.update().row))
            };
            let waiting: Vec<&RowKey> =
                with.iter().filter(|(_, row)| waits(row)).map(|(key, _)| *key).collect();
            for key in waiting {
                with.remove(key);
            }
            if with.len() == count {
                return with.into_values().map(|row| Arc::clone(row.update())).collect();
            }
        }
    }
}
