//! Decides which is newest: a pending write or what was read from the table.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Init, PendingWrites, Stage, State, Update, kind_in};
use crate::cache::{Cached, Items, Read, Seq, set};
use crate::clock::Millis;
use crate::model::{Fingerprint, Item, RowKey};

/// When a pending write was received, and when it last failed.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub received_at: Millis,
    pub received: Seq,
    /// Others may have written since this failure: only a read that was sent after it makes the write fresh.
    pub failed: Option<Seq>,
}

impl Times {
    /// Turns the `value` of a pending write into a [`Read`]. `read` is what was read from the table, and may
    /// be fresher.
    fn apply<T, R>(&self, value: T, read: Option<&Read<R>>) -> Read<T> {
        let Self { received_at: read_at, received, failed } = *self;
        let valid = failed.is_none();
        let mut applied = Read { value, read_at, sent: received, known: received, valid };
        let Some(read) = read else {
            return applied;
        };
        applied.known = applied.known.max(read.known);
        if read.valid && failed.is_none_or(|failed| read.sent > failed) {
            applied.read_at = if valid { read.read_at.max(read_at) } else { read.read_at };
            applied.sent = applied.sent.max(read.sent);
            applied.valid = true;
        }
        applied
    }
}

/// A pending update, with the time and order of its arrival.
pub(super) struct Received {
    pub update: Arc<Update>,
    pub times: Times,
}

impl Received {
    pub fn bytes(&self) -> usize {
        self.update.bytes()
    }

    pub fn is_as_new_as(&self, item: &Item) -> bool {
        self.update.item.version >= item.version
    }

    /// Returns whether a row with this version is as new.
    pub fn is_reached_by(&self, version: f64) -> bool {
        version >= self.update.item.version
    }

    /// Returns the item, if it is newer than `found`.
    fn beats(&self, found: Option<&Cached>) -> Option<Cached> {
        let item = &self.update.item;
        let is_newer = found.is_none_or(|found| found.item.version < item.version);
        is_newer.then(|| Cached { item: item.clone(), revision: self.update.id })
    }
}

/// The newest value of a row or a collection.
pub struct Newest<T> {
    /// The value; `None` if nothing is known.
    pub read: Option<Read<T>>,
    /// Whether a write of it is pending: then the value counts however old it is.
    pub is_pending: bool,
}

impl PendingWrites {
    /// Returns the newest value of a row. `read` returns what was read from the table. It is called last: a
    /// write that is no longer pending is in the cache by then.
    pub fn newest(
        &self,
        row: &RowKey,
        read: impl FnOnce() -> Option<Read<Option<Cached>>>,
    ) -> Newest<Option<Cached>> {
        if self.count() == 0 {
            return Newest { read: read(), is_pending: false };
        }
        let state = self.lock();
        state.newest(row, read())
    }

    /// Like [`PendingWrites::newest`], for all live items of a namespace. `held` returns the cached row of a
    /// key.
    pub fn newest_all(
        &self,
        namespace: &str,
        read: impl FnOnce() -> Option<Read<Arc<Items>>>,
        held: impl Fn(&RowKey) -> Option<Read<Option<Cached>>>,
    ) -> Newest<Arc<Items>> {
        if self.count() == 0 {
            return Newest { read: read(), is_pending: false };
        }
        let state = self.lock();
        state.newest_all(namespace, read(), held)
    }
}

impl State {
    fn newest(&self, row: &RowKey, read: Option<Read<Option<Cached>>>) -> Newest<Option<Cached>> {
        let mut newest = Newest { read, is_pending: false };
        if let Some(init) = &self.init {
            let read = newest.read.as_ref();
            let found = read.and_then(|read| read.value.as_ref());
            match init.decides(row, found) {
                // A row that the init lacks must be looked up before it counts as missing.
                Some(None) if read.is_none() => {}
                Some(item) => {
                    newest = Newest { read: Some(init.times.apply(item, read)), is_pending: true };
                }
                None => {}
            }
        }
        let updates = self.rows.get(row).map(|row| &row.newest);
        for received in updates.into_iter().chain(self.memory_only.get(row)) {
            let read = newest.read.as_ref();
            if let Some(item) = received.beats(read.and_then(|read| read.value.as_ref())) {
                newest.read = Some(received.times.apply(Some(item), read));
            }
            newest.is_pending = true;
        }
        newest
    }

    fn newest_all(
        &self,
        namespace: &str,
        read: Option<Read<Arc<Items>>>,
        held: impl Fn(&RowKey) -> Option<Read<Option<Cached>>>,
    ) -> Newest<Arc<Items>> {
        let init = self.init.as_ref().and_then(|init| Some((init, init.live(namespace)?)));
        let (mut read, is_pending) = match (init, read) {
            (Some((init, live)), read) => {
                let found = read.as_ref().map(|read| &*read.value);
                let items = init.newest_all(namespace, live, found, &held);
                (init.times.apply(items, read.as_ref()), true)
            }
            (None, Some(read)) => (read, false),
            // Pending updates do not show which other items exist.
            (None, None) => return Newest { read: None, is_pending: false },
        };
        let in_memory = in_namespace(&self.memory_only, namespace);
        let updates = in_namespace(&self.rows, namespace).map(|row| &row.newest).chain(in_memory);
        for Received { update, times } in updates {
            let row = &update.row;
            if let Some(now) = self.newest(row, held(row)).read {
                set(Arc::make_mut(&mut read.value), &row.key, now.value.as_ref());
                read.known = read.known.max(now.known);
            }
            if times.failed.is_some_and(|failed| failed > read.sent) {
                read.valid = false;
            }
        }
        Newest { read: Some(read), is_pending }
    }
}

/// Iterates over the values of the rows in this namespace.
fn in_namespace<'a, V>(
    rows: &'a BTreeMap<RowKey, V>,
    namespace: &'a str,
) -> impl Iterator<Item = &'a V> {
    let rows = rows.range(RowKey::new(namespace, "")..);
    rows.take_while(move |(row, _)| *row.namespace == *namespace).map(|(_, value)| value)
}

impl Init {
    fn live(&self, namespace: &str) -> Option<&Arc<Items>> {
        self.init.live.iter().find(|(of, _)| **of == *namespace).map(|(_, items)| items)
    }

    /// Returns what this init makes of a row that was `found` in the table; `None` if the found row stays.
    ///
    /// In flight, the init replaces everything, whatever the versions. After a failure, others may have
    /// written: a row that has changed since the init first read the table stays, if it is newer.
    fn decides(&self, row: &RowKey, found: Option<&Cached>) -> Option<Option<Cached>> {
        let kind = kind_in(&self.init.data, &row.namespace)?;
        if kind.untouched.contains(&row.key) {
            return None;
        }
        let item = kind.items.get(&row.key);
        let base = self.init.base.as_deref();
        let was = base.and_then(|base| base.get(row));
        let is = found.map(|found| Fingerprint::of_item(&found.item));
        let stands = match item {
            _ if self.stage == Stage::InFlight || is.is_some() && is.as_ref() == was => false,
            Some(item) => found.is_some_and(|found| found.item.version > item.version),
            // The init deletes rows that it lacks: those in `base`, or all others if `base` is unknown.
            None => base.is_some() || self.stage == Stage::MemoryOnly,
        };
        (!stands).then(|| item.map(|item| self.cached(row, item)))
    }

    /// Returns an item of this init, with the revision of its text.
    fn cached(&self, row: &RowKey, item: &Item) -> Cached {
        let live = self.live(&row.namespace).and_then(|live| live.get(&row.key));
        live.cloned().unwrap_or_else(|| Cached { item: item.clone(), revision: self.init.id })
    }

    /// Returns all live items of a kind in this init. `found` are those in the table.
    fn newest_all(
        &self,
        namespace: &str,
        live: &Arc<Items>,
        found: Option<&Items>,
        held: impl Fn(&RowKey) -> Option<Read<Option<Cached>>>,
    ) -> Arc<Items> {
        let replaces_all = kind_in(&self.init.data, namespace)
            .is_some_and(|kind| self.stage == Stage::InFlight && kind.untouched.is_empty());
        let (Some(found), false) = (found, replaces_all) else {
            return Arc::clone(live);
        };
        let mut items = found.clone();
        for (key, cached) in found {
            if let Some(item) = self.decides(&RowKey::new(namespace, Arc::clone(key)), Some(cached))
            {
                set(&mut items, key, item.as_ref());
            }
        }
        for key in live.keys().filter(|key| !found.contains_key(*key)) {
            let row = RowKey::new(namespace, Arc::clone(key));
            let found = held(&row).and_then(|read| read.value);
            if let Some(item) = self.decides(&row, found.as_ref()) {
                set(&mut items, key, item.as_ref());
            }
        }
        Arc::new(items)
    }
}
