//! The order of events in one store, and the generation of what it knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A sequence number. Of two events in one store, the later one has the higher number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seq(pub u64);

/// The sequence numbers of one store. They start at 1.
#[derive(Debug, Default)]
pub struct Sequence(AtomicU64);

impl Sequence {
    /// Returns the next number.
    pub fn next(&self) -> Seq {
        Seq(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// The generation of a store: a counter of changes. Clones share the counter.
#[derive(Clone, Debug, Default)]
pub struct Generation(Arc<AtomicU64>);

impl Generation {
    /// Returns the generation. Must be read before the data of an answer, so that a change in between counts.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Advances the generation. Must be called after the data has changed.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
