//! The options of a store in their one validated form, and their defaults.

mod client;

use std::time::Duration;

pub use client::{
    ClientConfig, Credentials, CredentialsProvider, CredentialsSource, DeferredOptions, Proxy,
    ProxyUrl,
};

/// How long a health check waits for DynamoDB when `availabilityTimeout` is not given.
pub const DEFAULT_AVAILABILITY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long, in milliseconds, an answer is fresh when `cacheTTL` is not given.
pub const DEFAULT_CACHE_TTL_MS: f64 = 15_000.0;
/// How long a read waits for DynamoDB when `readTimeout` is not given.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(3);
/// How long whoever asked for a write waits for it when `writeTimeout` is not given.
pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a read waits that has something stale to answer with, when `staleIfSlow` is not given.
pub const DEFAULT_STALE_IF_SLOW: Duration = Duration::from_millis(200);
/// How much a store holds, in bytes, when `maxCacheBytes` is not given.
pub const DEFAULT_MAX_CACHE_BYTES: u64 = 128 * 1024 * 1024;

/// For how long what was read may be used, in milliseconds by the wall clock. The names are those of
/// HTTP caching (RFC 5861).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Freshness {
    /// For how long it is fresh: 0 for no caching, infinite for ever.
    pub ttl_ms: f64,
    /// For how long after that it is used when DynamoDB fails.
    pub stale_if_error_ms: f64,
    /// For how long after that it is used while a newer one is fetched.
    pub stale_while_revalidate_ms: f64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            ttl_ms: DEFAULT_CACHE_TTL_MS,
            stale_if_error_ms: f64::INFINITY,
            stale_while_revalidate_ms: 0.0,
        }
    }
}

/// What a store is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The DynamoDB table. It must exist; the store never creates it.
    pub table: String,
    /// Keeps environments that share a table apart; empty for none.
    pub prefix: String,
    /// For how long what was read may be used.
    pub freshness: Freshness,
    /// How long a read waits that has something stale to answer with.
    pub stale_if_slow: Duration,
    /// How much is held, in bytes: the items' texts twice, since they are parsed where they are used.
    pub max_cache_bytes: u64,
    /// Whether reads are strongly consistent; it doubles the read units they take.
    pub consistent_read: bool,
    /// How long a read waits for an answer. A Query of several pages has this time for each page.
    pub read_timeout: Duration,
    /// How long whoever asks whether DynamoDB is available waits.
    pub availability_timeout: Duration,
    /// How long whoever asked for a write waits for it. An init has this time anew whenever DynamoDB
    /// takes a row.
    pub write_timeout: Duration,
    /// Whether nothing is ever written to the table.
    pub read_only: bool,
    /// Whether a table that lost its data is written anew.
    pub refill: bool,
    /// How DynamoDB is reached.
    pub client: ClientConfig,
}

impl Config {
    /// The configuration for `table` with every default.
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            prefix: String::new(),
            freshness: Freshness::default(),
            stale_if_slow: DEFAULT_STALE_IF_SLOW,
            max_cache_bytes: DEFAULT_MAX_CACHE_BYTES,
            consistent_read: false,
            read_timeout: DEFAULT_READ_TIMEOUT,
            availability_timeout: DEFAULT_AVAILABILITY_TIMEOUT,
            write_timeout: DEFAULT_WRITE_TIMEOUT,
            read_only: false,
            refill: false,
            client: ClientConfig::default(),
        }
    }
}
