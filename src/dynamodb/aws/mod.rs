//! A table that the store accesses through aws-sdk-dynamodb.
//!
//! `connect` creates the client on first use from the options of the store (`client_config`, `endpoint`),
//! the environment and the shared configuration files (`settings`), `credentials`, and connections (`http`,
//! `tls`). `requests` sends the requests of a store, `administration` those of the command line.

mod administration;
mod attributes;
mod client_config;
mod config_loader;
mod connect;
mod credentials;
mod endpoint;
mod errors;
mod http;
mod interceptors;
mod requests;
mod settings;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

pub use self::http::proxy_of_environment;
pub use self::tls::RootCertificates;

use self::connect::{Connection, Connector};
use super::counted;
use crate::backoff::{self, Retries};
use crate::clock::{Clock, JumpWatch};
use crate::config::Config;
use crate::error::{ErrorKind, Result};
use crate::log::Log;
use crate::panics::caught;
use crate::stats::{Count, Requests, Stats};

/// A table that the store accesses through aws-sdk-dynamodb.
pub struct AwsTable(Arc<Inner>);

struct Inner {
    name: String,
    read_timeout: Duration,
    stats: Arc<Stats>,
    connector: Arc<Connector>,
    jumps: JumpWatch,
    /// How many clock jumps have made the connections unusable so far.
    jump_count: AtomicU64,
}

impl AwsTable {
    /// Creates the table that `config` names. Sends nothing and looks for no credentials before
    /// [`AwsTable::connect`] or the first request. Counts requests in `stats`.
    pub fn new(
        config: &Config,
        node_roots: RootCertificates,
        log: Arc<dyn Log>,
        clock: Clock,
        stats: Arc<Stats>,
    ) -> Self {
        Self(Arc::new(Inner {
            name: config.table.clone(),
            read_timeout: config.read_timeout,
            stats,
            jumps: JumpWatch::new(clock.clone()),
            jump_count: AtomicU64::new(0),
            connector: Arc::new(Connector::new(config, node_roots, log, clock)),
        }))
    }

    /// Prepares credentials and a connection for the first request. That request reports any failure, not
    /// this call.
    pub fn connect(&self) -> impl Future<Output = ()> + Send + 'static {
        let inner = Arc::clone(&self.0);
        async move {
            if let Ok(connection) = inner.connector.connection().await {
                connection.ping().await;
            }
        }
    }

    /// Closes idle connections and keeps none from now on.
    pub fn disconnect(&self) {
        self.0.connector.http.disconnect();
    }
}

impl Inner {
    /// Returns the caller's configuration for repeating reads, as far as it is known.
    fn retries(&self) -> Retries {
        self.connector.retries()
    }

    /// Sends a request and counts it as `operation`.
    async fn send_counted<T, F>(
        &self,
        operation: fn(&Requests) -> &Count,
        request: impl Fn(&Connection) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.send(|connection| counted(&self.stats, operation, request(connection))).await
    }

    /// Sends a request.
    ///
    /// Repeats it once in two cases: the connection died while this process was suspended, or AWS rejected
    /// the credentials. In the second case, it uses new credentials of the caller's provider and the
    /// server's time.
    async fn send<T, F>(&self, request: impl Fn(&Connection) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let jumps = self.check_clock();
        let connection = self.connector.connection().await?;
        match caught(request(connection)).await.flatten() {
            Err(failure) if failure.is_retryable() && self.check_clock() != jumps => {
                caught(request(connection)).await.flatten()
            }
            Err(failure) if failure.kind == ErrorKind::BadCredentials => {
                connection.credentials.rejected();
                // Waits for new credentials, or names what is missing.
                let connection = self.connector.connection().await?;
                let result = caught(request(connection)).await.flatten();
                if result.as_ref().is_err_and(|again| again.kind == ErrorKind::BadCredentials) {
                    connection.credentials.rejected();
                }
                result
            }
            result => result,
        }
    }

    /// Repeats a request until it is answered or `readTimeout` has passed.
    async fn send_until_answered<T, F>(&self, request: impl Fn(&Connection) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let deadline = Instant::now() + self.read_timeout;
        backoff::read_until(deadline, || self.retries(), || self.send(&request)).await
    }

    /// Drops all connections if this process was suspended for so long that the other side has probably
    /// closed them. Returns how often this has happened.
    fn check_clock(&self) -> u64 {
        if self.jumps.has_jumped() {
            self.connector.http.drop_connections();
            self.jump_count.fetch_add(1, Ordering::SeqCst);
        }
        self.jump_count.load(Ordering::SeqCst)
    }
}
