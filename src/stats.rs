//! Counters.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that several threads share.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// Adds `more`.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Returns the count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A counter of DynamoDB's capacity units, which are multiples of 0.5.
#[derive(Default)]
pub struct Units(AtomicU64);

impl Units {
    const PARTS: f64 = 1000.0;

    /// Adds the units that DynamoDB reported; `None` adds nothing.
    pub fn add(&self, units: Option<f64>) {
        let parts = units.unwrap_or(0.0) * Self::PARTS;
        self.0.fetch_add(parts.round() as u64, Ordering::Relaxed);
    }

    /// Returns the sum of the units.
    pub fn get(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / Self::PARTS
    }
}

/// The counters of one store since its creation.
#[derive(Default)]
pub struct Stats {
    /// Reads with a fresh answer.
    pub hits: Count,
    /// Reads that sent a request.
    pub misses: Count,
    /// Reads with a stale answer.
    pub stale: Count,
    /// Reads that joined the request of another read.
    pub coalesced: Count,
    /// Attempts sent to DynamoDB, by operation.
    pub requests: Requests,
    /// Attempts that failed.
    pub errors: Count,
    /// Attempts that DynamoDB throttled.
    pub throttles: Count,
    /// Consumed read capacity, as DynamoDB reports it.
    pub read_units: Units,
    /// Consumed write capacity, as DynamoDB reports it.
    pub write_units: Units,
}

/// Attempts by operation.
#[derive(Default)]
pub struct Requests {
    /// GetItem.
    pub get: Count,
    /// Query.
    pub query: Count,
    /// PutItem.
    pub put: Count,
    /// BatchWriteItem.
    pub batch_write: Count,
}
