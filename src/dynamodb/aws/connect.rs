//! Creates the client of a table once, on first use.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::dns::ResolveDns;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tokio::time::{Instant, timeout_at};

use super::client_config::{self, ClientSettings};
use super::config_loader::config_loader;
use super::credentials::{self, CachedCredentials};
use super::endpoint::{expected_location, is_host_label, location, without_endpoints};
use super::errors::no_credentials;
use super::http::{Http, Resolver};
use super::settings::Settings;
use super::tls::RootCertificates;
use crate::backoff::Retries;
use crate::clock::Clock;
use crate::config::{ClientConfig, Config};
use crate::dynamodb::Reading;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::log::{Line, Log, printable};
use crate::runtime;
use crate::single_flight::SingleFlight;

/// The share of `readTimeout` after which a request stops waiting for a region or credentials. Its error
/// then names what is missing, instead of a time-out of DynamoDB.
const SEARCH_SHARE: f64 = 0.8;

/// Creates a [`Connection`] once and keeps it.
pub struct Connector {
    /// The HTTP connections of the store.
    pub http: Http,
    config: ClientConfig,
    read_timeout: Duration,
    write_timeout: Duration,
    log: Arc<dyn Log>,
    clock: Clock,
    /// Whether the deferred options are known.
    has_options: AtomicBool,
    /// Whether the warnings about the settings have been logged.
    has_warned: AtomicBool,
    connection: OnceLock<Arc<Connection>>,
    connecting: SingleFlight<(), Result<Arc<Connection>>>,
}

/// The clients that send requests, and their credentials.
pub struct Connection {
    /// Sends reads and the requests of the command line.
    pub reads: Client,
    /// Sends writes and the reads that they depend on. Each attempt has more time.
    pub writes: Client,
    /// The credentials of both clients.
    pub credentials: CachedCredentials,
    /// How the store repeats reads. The clients send each request once.
    retries: Retries,
}

impl Connection {
    /// Returns the client for a read.
    pub fn client_for(&self, reading: Reading) -> &Client {
        if reading.for_write { &self.writes } else { &self.reads }
    }

    /// Opens a TLS connection with a `GET /`, which DynamoDB answers without charge or permission. Only the
    /// SDK knows the host, so this strips the SDK's smallest request, `DescribeLimits`, which itself needs
    /// a permission. Does nothing without TLS.
    pub async fn ping(&self) {
        let ping = self.reads.describe_limits().customize().map_request(|mut request| {
            if !request.uri().starts_with("https:") {
                return Err(io::Error::other("no TLS"));
            }
            request.set_method("GET").map_err(io::Error::other)?;
            request.headers_mut().remove("x-amz-target");
            *request.body_mut() = SdkBody::empty();
            Ok(request)
        });
        drop(ping.send().await);
    }

    /// Returns the URL that requests are sent to, without a password. Only the SDK knows it, so this prepares a request
    /// and does not send it. Empty if the configuration makes no request.
    pub async fn endpoint(&self) -> String {
        let endpoint = Arc::new(OnceLock::new());
        let found = Arc::clone(&endpoint);
        let request = self.reads.describe_limits().customize().map_request(move |request| {
            found.get_or_init(|| printable(request.uri().trim_end_matches('/')));
            Err::<HttpRequest, _>(io::Error::other("only prepared"))
        });
        drop(request.send().await);
        endpoint.get().cloned().unwrap_or_default()
    }
}

impl Connector {
    /// Creates a connector for the table of `config`.
    pub fn new(
        config: &Config,
        node_roots: RootCertificates,
        log: Arc<dyn Log>,
        clock: Clock,
    ) -> Self {
        log.locate(&expected_location(&config.client));
        Self {
            http: Http::new(config.client.environment.clone(), node_roots, Arc::clone(&log)),
            config: config.client.clone(),
            read_timeout: config.read_timeout,
            write_timeout: config.write_timeout,
            log,
            clock,
            has_options: AtomicBool::new(false),
            has_warned: AtomicBool::new(false),
            connection: OnceLock::new(),
            connecting: SingleFlight::new(),
        }
    }

    /// Returns the connection, with credentials ready. Fails after 80 % of `readTimeout` and names what is
    /// missing; the search continues for the next request.
    pub async fn connection(self: &Arc<Self>) -> Result<&Connection> {
        let deadline = Instant::now() + self.read_timeout.mul_f64(SEARCH_SHARE);
        let connection = match self.connection.get() {
            Some(connection) => connection,
            None => {
                let connection = self.join_connecting(deadline).await?;
                self.connection.get_or_init(|| connection)
            }
        };
        match timeout_at(deadline, connection.credentials.prepare()).await {
            Ok(Ok(())) => Ok(connection),
            Ok(Err(failure)) => Err(no_credentials(&failure)),
            Err(_) => Err(not_in_time(ErrorKind::NoCredentials, "no AWS credentials")),
        }
    }

    /// Returns the caller's configuration for repeating reads. Settings in files are unknown until the
    /// first connection.
    pub fn retries(&self) -> Retries {
        match self.connection.get() {
            Some(connection) => connection.retries,
            None => Retries { max_attempts: self.config.max_attempts, ..Retries::default() },
        }
    }

    /// Connects, or joins a concurrent attempt.
    async fn join_connecting(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Connection>> {
        let connector = Arc::clone(self);
        let connecting = async move {
            let options = connector.options().await?;
            // Connecting reads files, which blocks.
            let connecting = async move { connector.connect(&options).await.map(Arc::new) };
            match runtime::on_blocking_thread_async(connecting).await {
                Ok(connected) => connected.unwrap_or_else(|| Err(Error::panicked())),
                Err(failure) => Err(Error::no_resources(&failure)),
            }
        };
        match timeout_at(deadline, self.connecting.join((), connecting)).await {
            Ok(connected) => connected.unwrap_or_else(|| Err(Error::panicked())),
            Err(_) if !self.has_options.load(Ordering::Relaxed) => Err(Error::new(
                ErrorKind::TimedOut,
                "a function among the clientOptions has given no value in time",
            )),
            // Only the search for a region takes long: its last step queries the instance's metadata
            // service.
            Err(_) => Err(not_in_time(ErrorKind::NoRegion, "no AWS region")),
        }
    }

    /// Returns all options, with the deferred ones resolved.
    async fn options(&self) -> Result<ClientConfig> {
        let options = match &self.config.deferred {
            None => self.config.clone(),
            Some(deferred) => (deferred.0)().await.map_err(|reason| {
                let message = format!("clientOptions can't be used: {}", reason.trim());
                Error::new(ErrorKind::Refused, message).transient()
            })?,
        };
        self.has_options.store(true, Ordering::Relaxed);
        Ok(options)
    }

    async fn connect(&self, options: &ClientConfig) -> Result<Connection> {
        if self.http.configure(options).is_none() {
            return Err(Error::new(ErrorKind::BadEndpoint, "the URL of the proxy can't be used"));
        }
        let settings = Arc::new(self.settings(options).await?);
        let shared = shared_config(options, &settings, &self.http).await?;
        let region = shared.region().map(AsRef::as_ref);
        self.log.locate(&location(options, region, Some(&shared)));
        let credentials =
            credentials::for_client(options, &settings, &shared, &self.http, &self.clock)?;
        let config = client_config::build(&ClientSettings {
            options,
            settings: &settings,
            shared: &shared,
            http: &self.http,
            credentials: &credentials,
            log: &self.log,
            clock: &self.clock,
        })?;
        let [for_reads, for_writes] =
            client_config::timeouts(options, self.read_timeout, self.write_timeout);
        let client = |timeouts| Client::from_conf(config.clone().timeout_config(timeouts).build());
        Ok(Connection {
            reads: client(for_reads),
            writes: client(for_writes),
            credentials,
            retries: client_config::retries(options, &settings),
        })
    }

    /// Reads the environment and the shared configuration files. Logs unusable settings once.
    async fn settings(&self, options: &ClientConfig) -> Result<Settings> {
        let settings = Settings::read(&options.environment, options.profile.as_deref()).await;
        let mut settings = settings.map_err(|failure| Error::no_resources(&failure))?;
        let mut warnings = std::mem::take(&mut settings.warnings);
        let missing = settings.missing_profile();
        // Credentials in the options or the environment take precedence over a profile that the environment
        // names.
        let is_needed = missing.as_ref().is_some_and(|profile| profile.is_needed)
            && options.credentials.is_none();
        if let Some(profile) = &missing
            && !is_needed
        {
            warnings.push(format!("{}; other credentials go before its", profile.message));
        }
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            for warning in warnings {
                self.log.log(Line::warn(Code::ConfigIgnored, warning));
            }
        }
        if is_needed && let Some(profile) = missing {
            return Err(Error::new(ErrorKind::NoProfile, profile.message));
        }
        if let Some(host) = settings.container_credentials_host()
            && let Ok(found) = Resolver::default().resolve_dns(&host).await
            && let Some(address) = found.first()
        {
            settings.set_container_credentials_host(*address);
        }
        Ok(settings)
    }
}

/// Loads the AWS configuration and checks its region.
async fn shared_config(
    options: &ClientConfig,
    settings: &Settings,
    http: &Http,
) -> Result<SdkConfig> {
    let mut loader = config_loader(options, settings, settings.files(), http);
    // The client gets the credentials of the options directly.
    if options.credentials.is_some() {
        loader = loader.no_credentials();
    }
    let shared = loader.load().await;
    let Some(region) = shared.region() else {
        return Err(Error::new(ErrorKind::NoRegion, "no AWS region is configured"));
    };
    if !is_host_label(region.as_ref()) {
        let message = "the AWS region that is configured is not the name of a region";
        return Err(Error::new(ErrorKind::NoRegion, message));
    }
    Ok(if options.ignore_configured_endpoints { without_endpoints(shared) } else { shared })
}

fn not_in_time(kind: ErrorKind, what: &str) -> Error {
    Error::new(kind, format!("{what} could be found in time; the search goes on")).transient()
}
