//! DynamoDB through aws-sdk-dynamodb.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{AppName, IdentityCache};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, DeleteRequest, PutRequest, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use aws_smithy_runtime_api::client::dns::ResolveDns;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::operation::BuildError;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::adjusting::Adjusting;
use super::answers::{check_page, check_put, check_row, not_sent, writes_left};
use super::asked_credentials::{AskedCredentials, to_sdk};
use super::complete::Complete;
use super::counting::Counting;
use super::credential_process::{AssumeRole, ProcessCredentials};
use super::credentials::{SteadyCredentials, Unblocked};
use super::dns::Resolver;
use super::failure::{foreign_answer, no_credentials, to_error};
use super::http::Http;
use super::request_log::RequestLog;
use super::settings::Settings;
use super::trust::RootCertificates;
use super::user_agent::UserAgent;
use super::{DynamoDb, Page, PutOutcome, Reading, Write};
use crate::backoff::{self, Retries};
use crate::big_segments::{BigSegmentRow, BigSegmentTable};
use crate::clock::{Clock, JumpWatch, Millis};
use crate::config::{ClientConfig, Config, CredentialsSource};
use crate::error::{Error, ErrorKind, Result};
use crate::log::{Level, Log};
use crate::panics::caught;
use crate::row::{Item, ItemAttribute, RowKey, StoredRow, number};
use crate::runtime;
use crate::single_flight::SingleFlight;
use crate::stats::Stats;

/// How long a connection may take to be made when that is not configured.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an attempt of a write may take when that is not configured, however long the write may be
/// tried.
const LONGEST_WRITE_ATTEMPT: Duration = Duration::from_secs(10);
/// How much time an attempt of a write has, however soon its callback comes: it is tried again later.
const SHORTEST_WRITE_ATTEMPT: Duration = Duration::from_secs(2);

/// The condition of a put.
pub(super) const UNLESS_NEWER: &str = "attribute_not_exists(#version) OR #version < :version";
/// Likewise, for a put that may bring an older version than the one that is known to be there.
pub(super) const UNLESS_NEWER_OR_CHANGED: &str =
    "attribute_not_exists(#version) OR #version < :version OR #version = :unchanged";

/// Which part of the time that a read has may pass before there is a region, or credentials; so that
/// the error names what is missing, rather than DynamoDB.
const SEARCH_SHARE: f64 = 0.8;

/// A table behind aws-sdk-dynamodb.
pub struct SdkDynamoDb(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) table: String,
    config: ClientConfig,
    read_timeout: Duration,
    write_timeout: Duration,
    http: Http,
    log: Arc<dyn Log>,
    clock: Clock,
    stats: Arc<Stats>,
    jumps: JumpWatch,
    /// Set when all options are known.
    resolved: AtomicBool,
    /// How often the connections were taken for dead.
    epoch: AtomicU64,
    connection: OnceLock<Arc<Connection>>,
    connecting: SingleFlight<(), Result<Arc<Connection>>>,
    /// Set when credentials have been found that need not be prepared any more.
    ready: AtomicBool,
    /// Set when it was told what is wrong with the settings.
    warned: AtomicBool,
}

pub(super) struct Connection {
    pub(super) client: Client,
    /// How what belongs to a write is sent: an attempt has more time.
    for_write: aws_sdk_dynamodb::config::Builder,
    /// How reads are repeated; the client sends each request once.
    retries: Retries,
    pub(super) credentials: CredentialsInUse,
}

/// Where the credentials of a connection come from.
pub(super) enum CredentialsInUse {
    /// From the chain of sources, or from nowhere else.
    Found(SteadyCredentials),
    /// From the caller's own provider.
    Asked(AskedCredentials),
    /// The chain of sources is turned off.
    None,
}

impl Connection {
    /// A Query for the rows of one namespace, the first or those after `start`.
    pub(super) fn query(
        &self,
        table: &str,
        namespace: &str,
        start: Option<&RowKey>,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(table)
            .key_condition_expression("#namespace = :namespace")
            .expression_attribute_names("#namespace", "namespace")
            .expression_attribute_values(":namespace", AttributeValue::S(namespace.to_owned()))
            .set_exclusive_start_key(start.map(key_attributes))
    }

    /// To be told that AWS refuses the credentials in use.
    fn were_refused(&self) {
        if let CredentialsInUse::Asked(asked) = &self.credentials {
            asked.refused();
        }
    }

    /// How a read is sent that is not sent as the client is configured.
    fn overrides(&self, reading: Reading) -> Option<aws_sdk_dynamodb::config::Builder> {
        reading.for_write.then(|| self.for_write.clone())
    }
}

impl SdkDynamoDb {
    /// The table that `config` names. Nothing is sent, and no credentials are looked for, before
    /// [`SdkDynamoDb::connect`] or the first request. Requests are counted in `stats`.
    pub fn new(
        config: &Config,
        node_roots: RootCertificates,
        log: Arc<dyn Log>,
        clock: Clock,
        stats: Arc<Stats>,
    ) -> Self {
        Self(Arc::new(Inner {
            table: config.table.clone(),
            config: config.client.clone(),
            read_timeout: config.read_timeout,
            write_timeout: config.write_timeout,
            http: Http::new(config.client.environment.clone(), node_roots, Arc::clone(&log)),
            log,
            stats,
            jumps: JumpWatch::new(clock.clone()),
            clock,
            resolved: AtomicBool::new(false),
            epoch: AtomicU64::new(0),
            connection: OnceLock::new(),
            connecting: SingleFlight::new(),
            ready: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }))
    }

    /// Gets a connection ready, with the credentials for it, for the first request. That it fails is
    /// for the first request to tell.
    pub fn connect(&self) -> impl Future<Output = ()> + Send + 'static {
        let inner = Arc::clone(&self.0);
        async move {
            let Ok(connection) = inner.connection().await else {
                return;
            };
            // Only a request makes a connection. This one becomes the question whether DynamoDB is
            // there, which costs nothing and needs no rights. Without TLS there is nothing to gain.
            let request = connection.client.describe_limits().customize();
            let request = request.map_request(|mut request| {
                if !request.uri().starts_with("https:") {
                    return Err(io::Error::other("no TLS"));
                }
                request.set_method("GET").map_err(io::Error::other)?;
                request.headers_mut().remove("x-amz-target");
                *request.body_mut() = SdkBody::empty();
                Ok(request)
            });
            drop(request.send().await);
        }
    }
}

impl Inner {
    /// The connection, once there are a region and credentials. Whoever waits in vain is told which of
    /// them is missing; the search goes on.
    pub(super) async fn connection(self: &Arc<Self>) -> Result<&Connection> {
        let deadline = Instant::now() + self.read_timeout.mul_f64(SEARCH_SHARE);
        let connection = match self.connection.get() {
            Some(connection) => connection,
            None => {
                let connection = self.connected(deadline).await?;
                self.connection.get_or_init(|| connection)
            }
        };
        self.prepare(connection, deadline).await?;
        Ok(connection)
    }

    /// How reads are repeated, as far as that is known: the configuration is read for the first request.
    pub(super) fn retries(&self) -> Retries {
        match self.connection.get() {
            Some(connection) => connection.retries,
            None => Retries { max_attempts: self.config.max_attempts, ..Retries::default() },
        }
    }

    async fn prepare(&self, connection: &Connection, deadline: Instant) -> Result<()> {
        if self.ready.load(Ordering::Relaxed) {
            return Ok(());
        }
        let prepared = async {
            match &connection.credentials {
                // These may expire at any time, and what replaces them take long.
                CredentialsInUse::Asked(asked) => {
                    return asked.prepare().await.map_err(|failure| no_credentials(&failure));
                }
                CredentialsInUse::Found(found) => {
                    found.prepare().await.map_err(|failure| no_credentials(&failure))?;
                }
                CredentialsInUse::None => {}
            }
            self.ready.store(true, Ordering::Relaxed);
            Ok(())
        };
        match timeout_at(deadline, prepared).await {
            Ok(prepared) => prepared,
            Err(_) => Err(not_in_time(ErrorKind::NoCredentials, "no AWS credentials")),
        }
    }

    /// How often the connections were taken for dead until now. They are when this process has stood
    /// still for long enough for the other side to hang up.
    fn epoch(&self) -> u64 {
        if self.jumps.has_jumped() {
            self.http.give_up_connections();
            self.epoch.fetch_add(1, Ordering::SeqCst);
        }
        self.epoch.load(Ordering::SeqCst)
    }

    /// Sends a request. One that fails on a connection which died while this process stood still is
    /// sent again at once. So is one whose credentials AWS refuses: the second time it is signed with those
    /// that the caller's provider gives anew, and with the time that AWS has told.
    pub(super) async fn send<T, F>(
        self: &Arc<Self>,
        request: impl Fn(&Connection) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let epoch = self.epoch();
        let connection = self.connection().await?;
        match caught(request(connection)).await.flatten() {
            Err(failure) if failure.is_retryable() && self.epoch() != epoch => {
                caught(request(connection)).await.flatten()
            }
            Err(failure) if failure.kind == ErrorKind::BadCredentials => {
                connection.were_refused();
                let result = caught(request(connection)).await.flatten();
                if result.as_ref().is_err_and(|again| again.kind == ErrorKind::BadCredentials) {
                    connection.were_refused();
                }
                result
            }
            result => result,
        }
    }

    /// Sends a request until it is answered, for somebody who waits as long as for a read.
    pub(super) async fn send_until_answered<T, F>(
        self: &Arc<Self>,
        request: impl Fn(&Connection) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let deadline = Instant::now() + self.read_timeout;
        backoff::read_until(deadline, || self.retries(), || self.send(&request)).await
    }

    async fn connected(self: &Arc<Self>, deadline: Instant) -> Result<Arc<Connection>> {
        let inner = Arc::clone(self);
        let connect = async move {
            let options = inner.options().await?;
            // It reads files.
            let connect = async move { inner.connect(&options).await.map(Arc::new) };
            match runtime::unblocked_async(connect).await {
                Ok(connected) => connected.unwrap_or_else(|| Err(Error::panicked())),
                Err(failure) => Err(Error::no_resources(&failure)),
            }
        };
        match timeout_at(deadline, self.connecting.join((), connect)).await {
            Ok(connected) => connected.unwrap_or_else(|| Err(Error::panicked())),
            Err(_) if !self.resolved.load(Ordering::Relaxed) => Err(Error::new(
                ErrorKind::TimedOut,
                "a function among the clientOptions has given no value in time",
            )),
            // Nothing else takes long: the search for a region ends at the instance's metadata.
            Err(_) => Err(not_in_time(ErrorKind::NoRegion, "no AWS region")),
        }
    }

    /// All options, those included that somebody has to be asked for.
    async fn options(&self) -> Result<ClientConfig> {
        let options = match &self.config.later {
            None => self.config.clone(),
            Some(later) => (later.0)().await.map_err(|reason| {
                let message = format!("clientOptions can't be used: {}", reason.trim());
                Error::new(ErrorKind::Refused, message).passing()
            })?,
        };
        self.resolved.store(true, Ordering::Relaxed);
        Ok(options)
    }

    async fn connect(self: &Arc<Self>, options: &ClientConfig) -> Result<Connection> {
        if self.http.configure(options).is_none() {
            return Err(Error::new(ErrorKind::BadEndpoint, "the URL of the proxy can't be used"));
        }
        let settings = Settings::read(&options.environment, options.profile.as_deref()).await;
        let mut settings = settings.map_err(|failure| Error::no_resources(&failure))?;
        let mut warnings = std::mem::take(&mut settings.warnings);
        let missing = settings.missing_profile();
        // What is in the environment, or given, goes before a profile that the environment names.
        let counts =
            missing.as_ref().is_some_and(|missing| missing.counts) && options.credentials.is_none();
        if let Some(missing) = &missing
            && !counts
        {
            warnings.push(format!("{}; other credentials go before its", missing.message));
        }
        // It may be tried again and again.
        if !self.warned.swap(true, Ordering::Relaxed) {
            for warning in warnings {
                self.log.log(Level::Warn, format!("DynamoDBFeatureStore: {warning}"));
            }
        }
        if counts && let Some(missing) = missing {
            return Err(Error::new(ErrorKind::NoProfile, missing.message));
        }
        if let Some(host) = settings.container_credentials_host()
            && let Ok(found) = Resolver::default().resolve_dns(&host).await
            && let Some(address) = found.first()
        {
            settings.set_container_credentials_host(*address);
        }
        let settings = Arc::new(settings);
        let mut loader = self.loader(options, &settings, settings.files());
        // They are given to the client below.
        if options.credentials.is_some() {
            loader = loader.no_credentials();
        }
        let mut shared = loader.load().await;
        let Some(region) = shared.region().cloned() else {
            return Err(Error::new(ErrorKind::NoRegion, "no AWS region is configured"));
        };
        if !is_host_label(region.as_ref()) {
            let message = "the AWS region that is configured is not the name of a region";
            return Err(Error::new(ErrorKind::NoRegion, message));
        }
        if options.ignore_configured_endpoints {
            shared = without_endpoints(shared);
        }
        let credentials = match &options.credentials {
            Some(CredentialsSource::Asked(ask)) => {
                let offset = options.clock_offset_ms;
                let clock = self.clock.clone();
                let clock = Clock::from_fn(move || clock.now() + offset);
                CredentialsInUse::Asked(AskedCredentials::new(ask.clone(), clock))
            }
            Some(CredentialsSource::Fixed(fixed)) => {
                let fixed = SharedCredentialsProvider::new(to_sdk(fixed.clone()));
                CredentialsInUse::Found(SteadyCredentials::new(fixed))
            }
            None => match shared.credentials_provider() {
                Some(chain) => {
                    let chain = match settings.credential_process() {
                        Some(process) => {
                            let role = (!process.is_own).then(|| {
                                self.assume_role(options, &settings, &process.profile, &region)
                            });
                            let environment = settings.environment().clone();
                            ProcessCredentials::provider(process, environment, role)
                        }
                        None => chain,
                    };
                    CredentialsInUse::Found(SteadyCredentials::new(Unblocked::provider(chain)))
                }
                None => CredentialsInUse::None,
            },
        };
        let config = aws_sdk_dynamodb::config::Builder::from(&shared)
            .http_client(self.http.clone())
            .retry_config(sent_once(options, &settings))
            // By default one store's outage would use up the retries of all others in the process.
            .retry_partition(RetryPartition::custom("dynamodb-feature-store").build())
            .timeout_config(timeouts(options, self.read_timeout / 2))
            // The time-out of an attempt bounds its body too, and watching the stream is work.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(UserAgent::new(settings.env()))
            .interceptor(Complete)
            .interceptor(Counting(self.stats.clone()));
        let mut config = with_options(config, options, region.as_ref())?;
        if options.log_requests {
            config = config.interceptor(RequestLog {
                table: self.table.clone(),
                log: Arc::clone(&self.log),
                clock: self.clock.clone(),
            });
        }
        config = match &credentials {
            CredentialsInUse::Found(found) => config.credentials_provider(found.clone()),
            // It keeps what it gives itself, and for as long as it is good.
            CredentialsInUse::Asked(asked) => {
                config.credentials_provider(asked.clone()).identity_cache(IdentityCache::no_cache())
            }
            CredentialsInUse::None => config,
        };
        let attempt_of_write = timeouts(options, attempt_of_write(self.write_timeout));
        Ok(Connection {
            client: Client::from_conf(config.build()),
            for_write: aws_sdk_dynamodb::Config::builder().timeout_config(attempt_of_write),
            retries: retries(options, &settings),
            credentials,
        })
    }

    /// What reads the AWS configuration from these files.
    fn loader(
        &self,
        options: &ClientConfig,
        settings: &Settings,
        files: EnvConfigFiles,
    ) -> ConfigLoader {
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .env(settings.env())
            .profile_files(files)
            // By itself it panics on a setting that it can't use.
            .retry_config(RetryConfig::standard())
            .http_client(self.http.for_credentials());
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        loader
    }

    /// Assumes the role of the profile in use with the credentials of the program that `profile` names.
    fn assume_role(
        self: &Arc<Self>,
        options: &ClientConfig,
        settings: &Arc<Settings>,
        profile: &str,
        region: &Region,
    ) -> AssumeRole {
        let (inner, settings) = (Arc::clone(self), Arc::clone(settings));
        let options = ClientConfig { region: Some(region.to_string()), ..options.clone() };
        let profile = profile.to_owned();
        Box::new(move |credentials: &Credentials| {
            let mut keys = vec![
                ("aws_access_key_id", credentials.access_key_id()),
                ("aws_secret_access_key", credentials.secret_access_key()),
            ];
            keys.extend(credentials.session_token().map(|token| ("aws_session_token", token)));
            if keys.iter().any(|(_, value)| !value.chars().all(|c| c.is_ascii_graphic())) {
                return future::ProvideCredentials::ready(Err(CredentialsError::provider_error(
                    "the credential_process printed keys with characters that keys don't have",
                )));
            }
            let files = settings.files_with_keys(&profile, &keys);
            let loader = inner.loader(&options, &settings, files);
            future::ProvideCredentials::new(async move {
                match loader.load().await.credentials_provider() {
                    Some(chain) => chain.provide_credentials().await,
                    None => Err(CredentialsError::not_loaded_no_source()),
                }
            })
        })
    }
}

/// Whether the text can stand in the name of a host, as that of a region does.
fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn not_in_time(kind: ErrorKind, what: &str) -> Error {
    Error::new(kind, format!("{what} could be found in time; the search goes on")).passing()
}

/// The same configuration without the endpoints that the environment and the profile name.
fn without_endpoints(shared: SdkConfig) -> SdkConfig {
    let mut builder = shared.into_builder();
    builder.set_endpoint_url(None);
    builder.set_service_config(None::<NoServiceConfig>);
    builder.build()
}

/// A type for the absence of one.
#[derive(Debug)]
struct NoServiceConfig;

impl LoadServiceConfig for NoServiceConfig {
    fn load_config(&self, _key: ServiceConfigKey<'_>) -> Option<String> {
        None
    }
}

/// The client's own retries share a budget that runs out under lasting throttling. In the adaptive mode it
/// also slows down what is sent.
fn sent_once(options: &ClientConfig, settings: &Settings) -> RetryConfig {
    let is_adaptive = options.adaptive_retries || settings.adaptive_retries;
    let retries = if is_adaptive { RetryConfig::adaptive() } else { RetryConfig::standard() };
    retries.with_max_attempts(1)
}

fn retries(options: &ClientConfig, settings: &Settings) -> Retries {
    let defaults = Retries::default();
    Retries {
        max_attempts: options.max_attempts.or(settings.max_attempts),
        first_pause: options.retry_base.unwrap_or(defaults.first_pause),
    }
}

/// Sets what the AWS client itself has options for.
fn with_options(
    mut config: aws_sdk_dynamodb::config::Builder,
    options: &ClientConfig,
    region: &str,
) -> Result<aws_sdk_dynamodb::config::Builder> {
    if let Some(endpoint) = &options.endpoint {
        config = config.endpoint_url(endpoint_url(endpoint, region, options.tls)?);
    }
    if let Some(fips) = options.fips {
        config = config.use_fips(fips);
    }
    if let Some(dual_stack) = options.dual_stack {
        config = config.use_dual_stack(dual_stack);
    }
    if let Some(Ok(mode)) = options.account_id_endpoint_mode.as_deref().map(str::parse) {
        config = config.account_id_endpoint_mode(mode);
    }
    if let Some(correct) = options.clock_skew_correction {
        config = config.disable_clock_skew_correction(!correct);
    }
    if options.clock_offset_ms != 0 {
        config = config.time_source(OffsetTime(options.clock_offset_ms));
    }
    if !options.auth_schemes.is_empty() {
        let schemes = options.auth_schemes.iter().map(|name| {
            let name = name.rsplit('#').next().unwrap_or_default();
            AuthSchemeId::from(Cow::Owned(name.to_owned()))
        });
        config = config.auth_scheme_preference(schemes.collect::<Vec<_>>());
    }
    if let Some(id) = &options.app_id
        && let Ok(name) = AppName::new(user_agent_token(id))
    {
        config = config.app_name(name);
    }
    if let Some(adjusting) = Adjusting::new(options) {
        config = config.interceptor(adjusting);
    }
    Ok(config)
}

/// The text with a dash for whatever can't stand in a part of a user agent.
fn user_agent_token(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.chars().map(|c| if fits(c) { c } else { '-' }).collect()
}

/// The time of a machine whose clock is behind by so many milliseconds.
#[derive(Debug)]
struct OffsetTime(Millis);

impl TimeSource for OffsetTime {
    fn now(&self) -> SystemTime {
        #[allow(clippy::disallowed_methods)] // What the AWS client uses otherwise.
        let now = SystemTime::now();
        let offset = Duration::from_millis(self.0.unsigned_abs());
        let moved = if self.0 < 0 { now.checked_sub(offset) } else { now.checked_add(offset) };
        moved.unwrap_or(now)
    }
}

/// How long an attempt of a write may take when that is not configured.
pub(super) fn attempt_of_write(write_timeout: Duration) -> Duration {
    (write_timeout / 2).clamp(SHORTEST_WRITE_ATTEMPT, LONGEST_WRITE_ATTEMPT)
}

/// The time-outs that are configured, or else our own.
fn timeouts(options: &ClientConfig, attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(options.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
        .operation_attempt_timeout(options.attempt_timeout.unwrap_or(attempt))
        .build()
}

/// The endpoint as a URL. A bare host, and placeholders, are what the AWS SDK for JavaScript v2 allows.
fn endpoint_url(text: &str, region: &str, tls: Option<bool>) -> Result<String> {
    let scheme = if tls == Some(false) { "http" } else { "https" };
    let text = text.trim().replace("{service}", "dynamodb").replace("{region}", region);
    let text = text.replace("{scheme}", scheme);
    let url = if text.contains("://") { text.clone() } else { format!("{scheme}://{text}") };
    let usable = url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| {
                let host = authority.host();
                let port = authority.as_str().rsplit('@').next().and_then(|s| s.strip_prefix(host));
                let port = port.map(|port| port.strip_prefix(':').unwrap_or("0"));
                !host.is_empty() && port.is_some_and(|port| port.parse::<u16>().is_ok())
            })
    });
    if usable {
        Ok(url)
    } else {
        // A password may stand before an @.
        let shown = text.rsplit('@').next().unwrap_or_default();
        Err(Error::new(ErrorKind::BadEndpoint, format!("the endpoint {shown:?} is not a URL")))
    }
}

/// Sends a request, with overrides where there are any: applying none is work too. Each operation has
/// a builder of its own type, and these have no trait in common.
macro_rules! send_with {
    ($request:expr, $overrides:expr) => {
        match $overrides {
            Some(config) => $request.customize().config_override(config).send().await,
            None => $request.send().await,
        }
    };
}

impl Inner {
    async fn get_item(
        self: &Arc<Self>,
        row: &RowKey,
        reading: Reading,
    ) -> Result<Option<Attributes>> {
        let send = |connection: &Connection| {
            let request = connection
                .client
                .get_item()
                .table_name(&self.table)
                .set_key(Some(key_attributes(row)))
                .consistent_read(reading.consistent)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let overrides = connection.overrides(reading);
            async move { send_with!(request, overrides).map_err(to_error) }
        };
        let answer = self.send(send).await?;
        if let Some(found) = &answer.item {
            check_row(row, row_key(found).as_ref())?;
        }
        self.stats.read_units.add(units(answer.consumed_capacity.as_ref()));
        Ok(answer.item)
    }
}

impl SdkDynamoDb {
    /// Closes all connections, and keeps none from now on.
    pub fn disconnect(&self) {
        self.0.http.disconnect();
    }
}

impl BigSegmentTable for SdkDynamoDb {
    fn disconnect(&self) {
        SdkDynamoDb::disconnect(self);
    }

    fn get(
        &self,
        row: &RowKey,
        consistent: bool,
    ) -> BoxFuture<'static, Result<Option<BigSegmentRow>>> {
        let (inner, row) = (Arc::clone(&self.0), row.clone());
        let reading = Reading { consistent, for_write: false };
        async move { Ok(inner.get_item(&row, reading).await?.map(big_segment_row)) }.boxed()
    }

    fn read_retries(&self) -> Retries {
        self.0.retries()
    }
}

impl DynamoDb for SdkDynamoDb {
    fn disconnect(&self) {
        SdkDynamoDb::disconnect(self);
    }

    fn read_retries(&self) -> Retries {
        self.0.retries()
    }

    fn get(&self, row: &RowKey, reading: Reading) -> BoxFuture<'static, Result<Option<StoredRow>>> {
        let (inner, row) = (Arc::clone(&self.0), row.clone());
        async move { Ok(inner.get_item(&row, reading).await?.and_then(stored_row)) }.boxed()
    }

    fn query(
        &self,
        namespace: &str,
        reading: Reading,
        start: Option<RowKey>,
    ) -> BoxFuture<'static, Result<Page>> {
        let (inner, namespace) = (Arc::clone(&self.0), namespace.to_owned());
        async move {
            let send = |connection: &Connection| {
                let request = connection
                    .query(&inner.table, &namespace, start.as_ref())
                    .consistent_read(reading.consistent)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total);
                let overrides = connection.overrides(reading);
                async move { send_with!(request, overrides).map_err(to_error) }
            };
            let answer = inner.send(send).await?;
            inner.stats.read_units.add(units(answer.consumed_capacity.as_ref()));
            let without_keys = || foreign_answer("DynamoDB's answer has a row without keys");
            let items = answer.items.ok_or_else(|| foreign_answer("DynamoDB's answer has no rows"));
            let rows = items?.into_iter().map(|item| stored_row(item).ok_or_else(without_keys));
            let next = answer.last_evaluated_key;
            let next = next.map(|key| row_key(&key).ok_or_else(without_keys)).transpose()?;
            check_page(
                &namespace,
                start.as_ref(),
                Page { rows: rows.collect::<Result<_>>()?, next },
            )
        }
        .boxed()
    }

    fn put_if_newer(
        &self,
        row: &RowKey,
        item: &Item,
        unchanged: Option<f64>,
    ) -> BoxFuture<'static, Result<PutOutcome>> {
        let (inner, row, item) = (Arc::clone(&self.0), row.clone(), item.clone());
        async move {
            let send = |connection: &Connection| {
                let version = AttributeValue::N(number(item.version));
                let condition = match unchanged {
                    Some(_) => UNLESS_NEWER_OR_CHANGED,
                    None => UNLESS_NEWER,
                };
                let values = unchanged.map(|v| (":unchanged", AttributeValue::N(number(v))));
                let values = values.into_iter().chain([(":version", version)]);
                let values = values.map(|(name, value)| (name.to_owned(), value)).collect();
                let request = connection
                    .client
                    .put_item()
                    .table_name(&inner.table)
                    .set_item(Some(item_attributes(&row, &item)))
                    .condition_expression(condition)
                    .expression_attribute_names("#version", "version")
                    .set_expression_attribute_values(Some(values))
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    );
                let request = request.customize().config_override(connection.for_write.clone());
                async move { put_outcome(request.send().await) }
            };
            let (outcome, capacity) = inner.send(send).await?;
            inner.stats.write_units.add(units(capacity.as_ref()));
            check_put(&row, outcome)
        }
        .boxed()
    }

    fn batch_write(&self, writes: Vec<Write>) -> BoxFuture<'static, Result<Vec<Write>>> {
        let inner = Arc::clone(&self.0);
        async move {
            let send = |connection: &Connection| {
                let requests = writes.iter().map(write_request).collect::<Result<_>>();
                let request = connection
                    .client
                    .batch_write_item()
                    .return_consumed_capacity(ReturnConsumedCapacity::Total);
                let config = connection.for_write.clone();
                async {
                    let request = request.request_items(&inner.table, requests?);
                    request.customize().config_override(config).send().await.map_err(to_error)
                }
            };
            let answer = inner.send(send).await?;
            for capacity in answer.consumed_capacity() {
                inner.stats.write_units.add(units(Some(capacity)));
            }
            let left = answer.unprocessed_items.unwrap_or_default();
            if left.keys().any(|table| !is_same_table(&inner.table, table)) {
                return Err(not_sent());
            }
            writes_left(writes, left.values().flatten().map(requested_row))
        }
        .boxed()
    }
}

/// Whether two names are of the same table: one of them may be its ARN.
fn is_same_table(one: &str, other: &str) -> bool {
    one.rsplit('/').next() == other.rsplit('/').next()
}

/// What became of a conditional put, and the capacity that it took where that is told.
fn put_outcome(
    answer: std::result::Result<PutItemOutput, SdkError<PutItemError>>,
) -> Result<(PutOutcome, Option<ConsumedCapacity>)> {
    match answer {
        Ok(answer) => Ok((PutOutcome::Stored, answer.consumed_capacity)),
        Err(SdkError::ServiceError(refusal))
            if refusal.err().is_conditional_check_failed_exception() =>
        {
            let PutItemError::ConditionalCheckFailedException(refusal) = refusal.into_err() else {
                return Ok((PutOutcome::Newer(None), None));
            };
            Ok((PutOutcome::Newer(refusal.item.and_then(stored_row)), None))
        }
        Err(failure) => Err(to_error(failure)),
    }
}

fn units(capacity: Option<&ConsumedCapacity>) -> Option<f64> {
    capacity?.capacity_units
}

pub(super) type Attributes = HashMap<String, AttributeValue>;

pub(super) fn key_attributes(row: &RowKey) -> Attributes {
    HashMap::from([
        ("namespace".to_owned(), AttributeValue::S(row.namespace.to_string())),
        ("key".to_owned(), AttributeValue::S(row.key.to_string())),
    ])
}

fn item_attributes(row: &RowKey, item: &Item) -> Attributes {
    let mut attributes = key_attributes(row);
    attributes.insert("version".to_owned(), AttributeValue::N(number(item.version)));
    attributes.insert("item".to_owned(), AttributeValue::S(item.json.to_string()));
    attributes
}

fn write_request(write: &Write) -> Result<WriteRequest> {
    let put = |attributes| PutRequest::builder().set_item(Some(attributes)).build();
    let delete = |attributes| DeleteRequest::builder().set_key(Some(attributes)).build();
    let request = WriteRequest::builder();
    let request = match write {
        Write::Put(row, item) => {
            put(item_attributes(row, item)).map(|put| request.put_request(put))
        }
        Write::PutMarker(row) => put(key_attributes(row)).map(|put| request.put_request(put)),
        Write::Delete(row) => {
            delete(key_attributes(row)).map(|delete| request.delete_request(delete))
        }
    };
    Ok(request.map_err(incomplete)?.build())
}

/// The failure of a request that lacks a part. None that is made here does.
pub(super) fn incomplete(failure: BuildError) -> Error {
    Error::new(ErrorKind::Internal, format!("a request is incomplete: {failure}"))
}

fn requested_row(request: &WriteRequest) -> Option<RowKey> {
    match (&request.put_request, &request.delete_request) {
        (Some(put), _) => row_key(&put.item),
        (None, Some(delete)) => row_key(&delete.key),
        (None, None) => None,
    }
}

pub(super) fn row_key(attributes: &Attributes) -> Option<RowKey> {
    let text = |name| attributes.get(name)?.as_s().ok();
    Some(RowKey::new(text("namespace")?.as_str(), text("key")?.as_str()))
}

/// The row that these attributes make; `None` for one without the two keys, which only a table with
/// another schema can return.
pub(super) fn stored_row(mut attributes: Attributes) -> Option<StoredRow> {
    let key = row_key(&attributes)?;
    let version = number_in(&attributes, "version");
    let item = match attributes.remove("item") {
        None => ItemAttribute::Absent,
        Some(AttributeValue::S(text)) => ItemAttribute::Text(text.into()),
        Some(AttributeValue::B(_)) => ItemAttribute::Binary,
        Some(other) => ItemAttribute::Other(type_name(&other)),
    };
    let deleted = matches!(attributes.get("deleted"), Some(AttributeValue::Bool(true)));
    Some(StoredRow { key, version, item, deleted })
}

fn number_in(attributes: &Attributes, name: &str) -> Option<f64> {
    let text = attributes.get(name)?.as_n().ok()?;
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn big_segment_row(mut attributes: Attributes) -> BigSegmentRow {
    let synchronized_on = number_in(&attributes, "synchronizedOn");
    let mut set = |name| match attributes.remove(name) {
        Some(AttributeValue::Ss(texts)) => texts,
        _ => Vec::new(),
    };
    BigSegmentRow { synchronized_on, included: set("included"), excluded: set("excluded") }
}

fn type_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::Bool(_) => "BOOL",
        AttributeValue::L(_) => "L",
        AttributeValue::M(_) => "M",
        AttributeValue::N(_) => "N",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::Bs(_) | AttributeValue::Ns(_) | AttributeValue::Ss(_) => "set",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_or_a_bare_host() {
        let url = |text| endpoint_url(text, "eu-west-1", None).map_err(|e| e.kind);
        assert_eq!(url("http://localhost:8000").as_deref(), Ok("http://localhost:8000"));
        assert_eq!(url("localhost:8000").as_deref(), Ok("https://localhost:8000"));
        assert_eq!(url(" https://[::1]:1 ").as_deref(), Ok("https://[::1]:1"));
        for bad in
            ["not a url", "", "http://", "ftp://host", "://", "http://host:port", "host:99999"]
        {
            assert_eq!(url(bad), Err(ErrorKind::BadEndpoint), "{bad}");
        }
    }

    #[test]
    fn rows_are_read_whatever_their_attributes_are() {
        let mut attributes = key_attributes(&RowKey::new("features", "k"));
        attributes.insert("version".into(), AttributeValue::S("1".into()));
        attributes.insert("item".into(), AttributeValue::N("1".into()));
        attributes.insert("deleted".into(), AttributeValue::Bool(true));
        let row = stored_row(attributes).unwrap();
        assert_eq!((row.version, row.deleted), (None, true));
        assert_eq!(row.item, ItemAttribute::Other("N"));
        assert_eq!(stored_row(Attributes::new()), None);
    }

    #[test]
    fn rows_of_big_segments_are_read_whatever_their_attributes_are() {
        let set = |texts: &[&str]| {
            AttributeValue::Ss(texts.iter().map(|text| (*text).to_owned()).collect())
        };
        let attributes = Attributes::from([
            ("synchronizedOn".to_owned(), AttributeValue::N("1700000000000".into())),
            ("included".to_owned(), set(&["a.g1", "b.g2"])),
            ("excluded".to_owned(), AttributeValue::S("c.g1".into())),
        ]);
        let expected = BigSegmentRow {
            synchronized_on: Some(1.7e12),
            included: vec!["a.g1".to_owned(), "b.g2".to_owned()],
            excluded: Vec::new(),
        };
        assert_eq!(big_segment_row(attributes), expected);
        let odd = Attributes::from([
            ("synchronizedOn".to_owned(), AttributeValue::S("1700000000000".into())),
            ("included".to_owned(), AttributeValue::L(Vec::new())),
        ]);
        assert_eq!(big_segment_row(odd), BigSegmentRow::default());
    }

    #[test]
    fn what_a_batch_leaves_is_found_again_by_its_row() {
        let row = RowKey::new("features", "k");
        let writes = [
            Write::Put(row.clone(), Item::tombstone("k", 1.0)),
            Write::PutMarker(row.clone()),
            Write::Delete(row.clone()),
        ];
        for write in writes {
            assert_eq!(requested_row(&write_request(&write).unwrap()), Some(row.clone()));
        }
    }
}
