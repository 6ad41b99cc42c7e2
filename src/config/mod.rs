//! The options of a store and their defaults. JavaScript checks them and passes them as JSON, which serde
//! decodes into these structures.

mod client;
mod numbers;

use std::time::Duration;

use serde::Deserialize;

pub use client::{
    ClientConfig, Credentials, CredentialsProvider, CredentialsSource, DeferredOptions,
};

/// The default of `availabilityTimeout`.
pub const DEFAULT_AVAILABILITY_TIMEOUT: Duration = Duration::from_secs(1);
/// The default of `cacheTTL`, in milliseconds.
pub const DEFAULT_CACHE_TTL_MS: f64 = 15_000.0;
/// The default of `readTimeout`.
pub const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(3);
/// The default of `writeTimeout`.
pub const DEFAULT_WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The default of `staleIfSlow`.
pub const DEFAULT_STALE_IF_SLOW: Duration = Duration::from_millis(200);
/// The default of `maxCacheBytes`, in bytes.
pub const DEFAULT_MAX_CACHE_BYTES: u64 = 128 * 1024 * 1024;

/// How long a cached value may be used, in milliseconds of wall-clock time. The names are those of HTTP caching
/// (RFC 5861).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Freshness {
    /// How long a value is fresh. 0 means no caching; infinity means for ever.
    #[serde(rename = "cacheTtlMs", deserialize_with = "numbers::milliseconds")]
    pub ttl_ms: f64,
    /// How long after that a stale value may be used when DynamoDB fails.
    #[serde(deserialize_with = "numbers::milliseconds")]
    pub stale_if_error_ms: f64,
    /// How long after that a stale value may be used while a new one is fetched.
    #[serde(deserialize_with = "numbers::milliseconds")]
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

/// The options of a store.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Config {
    /// The name of the DynamoDB table. It must exist; the store never creates it.
    pub table: String,
    /// The prefix of every namespace, which separates environments in one table; empty for none.
    pub prefix: String,
    /// How long cached values may be used.
    #[serde(flatten)]
    pub freshness: Freshness,
    /// How long a read with a stale value waits for DynamoDB.
    #[serde(rename = "staleIfSlowMs", deserialize_with = "numbers::duration")]
    pub stale_if_slow: Duration,
    /// The size limit of the cache in bytes. Texts count twice, because JavaScript also holds the parsed items.
    pub max_cache_bytes: u64,
    /// Whether to read everything when the store is created.
    pub preload: bool,
    /// Whether reads are strongly consistent, which doubles their read units.
    pub consistent_read: bool,
    /// The time limit of a read; in a Query of several pages, of each page.
    #[serde(rename = "readTimeoutMs", deserialize_with = "numbers::duration")]
    pub read_timeout: Duration,
    /// The time limit of a check of DynamoDB's availability.
    #[serde(rename = "availabilityTimeoutMs", deserialize_with = "numbers::duration")]
    pub availability_timeout: Duration,
    /// The time limit for the callback of a write. During an init, each written row restarts the time.
    #[serde(rename = "writeTimeoutMs", deserialize_with = "numbers::duration")]
    pub write_timeout: Duration,
    /// Whether the store never writes to the table.
    pub read_only: bool,
    /// Whether to rewrite the data after the table lost it.
    pub refill: bool,
    /// The options of the DynamoDB client. The binding sets them.
    #[serde(skip)]
    pub client: ClientConfig,
}

impl Config {
    /// Creates the configuration for `table` with all defaults.
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            prefix: String::new(),
            freshness: Freshness::default(),
            stale_if_slow: DEFAULT_STALE_IF_SLOW,
            max_cache_bytes: DEFAULT_MAX_CACHE_BYTES,
            preload: false,
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

impl Default for Config {
    fn default() -> Self {
        Self::new(String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_options_have_their_defaults() {
        let config: Config = serde_json::from_str(r#"{"table":"t"}"#).unwrap();
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::new("t")));
    }

    #[test]
    fn javascript_s_largest_number_stands_for_infinity() {
        let json = format!(
            r#"{{"table":"t","cacheTtlMs":{0},"staleIfErrorMs":1.5,"staleIfSlowMs":{0},"maxCacheBytes":9007199254740991}}"#,
            "1.7976931348623157e+308"
        );
        let config: Config = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (config.freshness.ttl_ms, config.freshness.stale_if_error_ms),
            (f64::INFINITY, 1.5)
        );
        assert_eq!(config.stale_if_slow, crate::clock::duration(f64::INFINITY));
        assert_eq!(config.max_cache_bytes, (1 << 53) - 1);
    }
}
