//! What the store counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count that many threads add to.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Capacity units of DynamoDB. It counts them in halves, and in transactions in wholes.
#[derive(Default)]
pub struct Units(AtomicU64);

impl Units {
    const PARTS: f64 = 1000.0;

    /// So many more, where DynamoDB tells.
    pub fn add(&self, units: Option<f64>) {
        let parts = units.unwrap_or(0.0) * Self::PARTS;
        self.0.fetch_add(parts.round() as u64, Ordering::Relaxed);
    }

    /// The units so far.
    pub fn get(&self) -> f64 {
        self.0.load(Ordering::Relaxed) as f64 / Self::PARTS
    }
}

/// The counts of one store since it was made.
#[derive(Default)]
pub struct Stats {
    /// Reads that were answered with what was fresh.
    pub hits: Count,
    /// Reads for which DynamoDB was asked.
    pub misses: Count,
    /// Reads that were answered with what was past its time.
    pub stale: Count,
    /// Reads that waited for the request of another one.
    pub coalesced: Count,
    /// Attempts sent to DynamoDB, by operation.
    pub requests: Requests,
    /// Attempts that failed.
    pub errors: Count,
    /// Those of them that DynamoDB refused because of their number.
    pub throttles: Count,
    /// Read capacity that DynamoDB said it took.
    pub read_units: Units,
    /// Write capacity that DynamoDB said it took.
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
