//! Combines cached values with pending writes: the newest counts.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Reader;
use crate::cache::{Answer, Cached, Changes, Items, Known, Stale};
use crate::model::RowKey;

impl Reader {
    /// Returns what is known of a row: the newest of what was read and what is pending.
    pub(super) fn known(&self, row: &RowKey) -> Known<Option<Cached>> {
        let generation = self.cache.generation();
        let newest = self.pending.newest(row, || self.cache.row(row));
        let Some(read) = newest.read else {
            return Known::Nothing;
        };
        let pending = newest.is_pending.then(|| read.value.clone());
        self.cache.judge_row(read, generation).or_pending(pending, generation)
    }

    /// Like [`Reader::known`], but an expired "missing" counts as nothing.
    pub(super) fn known_item(&self, row: &RowKey) -> Known<Option<Cached>> {
        match self.known(row) {
            Known::Stale(Stale { value: None, .. }) => Known::Nothing,
            known => known,
        }
    }

    /// Like [`Reader::known`], for all rows of a namespace.
    pub(super) fn known_all(&self, namespace: &str) -> Known<Arc<Items>> {
        let generation = self.cache.generation();
        let read = || self.cache.collection(namespace);
        let newest = self.pending.newest_all(namespace, read, |row| self.cache.row(row));
        let Some(read) = newest.read else {
            return Known::Nothing;
        };
        let pending = newest.is_pending.then(|| Arc::clone(&read.value));
        self.cache.judge_all(read, generation).or_pending(pending, generation)
    }

    /// Returns the newest value of a row, however old.
    pub(super) fn newest_row(&self, row: &RowKey) -> Option<Answer<Option<Cached>>> {
        let generation = self.cache.generation();
        let newest = self.pending.newest(row, || self.cache.row(row)).read?;
        let value = newest.value.clone();
        Some(self.cache.judge_row(newest, generation).fresh_or(value, generation))
    }

    /// Like [`Reader::newest_row`], for all items of a namespace.
    pub(super) fn newest_items(&self, namespace: &str) -> Option<Answer<Arc<Items>>> {
        let generation = self.cache.generation();
        let read = || self.cache.collection(namespace);
        let newest = self.pending.newest_all(namespace, read, |row| self.cache.row(row)).read?;
        let value = Arc::clone(&newest.value);
        Some(self.cache.judge_all(newest, generation).fresh_or(value, generation))
    }

    /// Returns the answer of a read that waited, or the `newest` one if the generation has advanced since.
    pub(super) fn unless_changed<T>(
        &self,
        answer: Answer<T>,
        newest: impl FnOnce() -> Option<Answer<T>>,
    ) -> Answer<T> {
        if answer.generation == self.cache.generation() {
            return answer;
        }
        let stale = answer.stale;
        newest().map_or(answer, |newest| Answer { stale, ..newest })
    }

    pub(super) fn as_changes(
        &self,
        namespace: &Arc<str>,
        held: u64,
        answer: Answer<Arc<Items>>,
    ) -> Answer<Changes> {
        let Answer { value, until, generation, stale } = answer;
        let value = self.cache.changes(namespace, held, &value);
        Answer { value, until, generation, stale }
    }

    pub(super) fn known_initialized(&self) -> Option<Answer<bool>> {
        if self.initialized.load(Ordering::SeqCst) || self.pending.has_init() {
            return Some(self.initialized_answer(true, f64::INFINITY));
        }
        let ttl = self.cache.ttl_of(false);
        let at = self.uninitialized_at().filter(|at| self.cache.is_fresh(*at, ttl))?;
        Some(self.initialized_answer(false, at as f64 + ttl))
    }

    pub(super) fn initialized_answer(&self, value: bool, until: f64) -> Answer<bool> {
        Answer { value, until, generation: self.cache.generation(), stale: false }
    }
}
