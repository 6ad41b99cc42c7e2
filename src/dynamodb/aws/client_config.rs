//! Configures the AWS client from the options of the store.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{AppName, Builder, IdentityCache};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::auth::AuthSchemeId;

use super::credentials::CachedCredentials;
use super::endpoint::endpoint_url;
use super::http::Http;
use super::interceptors::{CheckResponses, ModifyRequests, RequestLog, SetUserAgent};
use super::settings::Settings;
use crate::backoff::Retries;
use crate::clock::{Clock, Millis};
use crate::config::ClientConfig;
use crate::dynamodb::write_attempt_timeout;
use crate::error::Result;
use crate::log::Log;

/// The default time-out for opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The input of [`build`].
pub struct ClientSettings<'a> {
    pub options: &'a ClientConfig,
    /// The environment and the shared configuration files.
    pub settings: &'a Settings,
    /// The AWS configuration, with a region.
    pub shared: &'a SdkConfig,
    pub http: &'a Http,
    pub credentials: &'a CachedCredentials,
    pub log: &'a Arc<dyn Log>,
    pub clock: &'a Clock,
}

/// Builds the configuration of a client, without time-outs.
pub fn build(from: &ClientSettings<'_>) -> Result<Builder> {
    let config = Builder::from(from.shared)
        .http_client(from.http.clone())
        .retry_config(sent_once(from.options, from.settings))
        // In the default partition, failures of one store would use up the retries of the whole
        // process.
        .retry_partition(RetryPartition::custom("dynamodb-feature-store").build())
        // The time-out of an attempt covers the body, and watching the stream takes time.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .credentials_provider(from.credentials.clone())
        // `CachedCredentials` already caches them.
        .identity_cache(IdentityCache::no_cache())
        .interceptor(SetUserAgent::new(from.settings.env()))
        .interceptor(CheckResponses);
    let region = from.shared.region().map_or("", AsRef::as_ref);
    let config = with_options(config, from.options, region)?;
    if !from.options.log_requests {
        return Ok(config);
    }
    let (log, clock) = (Arc::clone(from.log), from.clock.clone());
    Ok(config.interceptor(RequestLog { log, clock }))
}

/// Returns how the store repeats reads.
pub fn retries(options: &ClientConfig, settings: &Settings) -> Retries {
    let defaults = Retries::default();
    Retries {
        max_attempts: options.max_attempts.or(settings.max_attempts),
        first_pause: options.retry_base.unwrap_or(defaults.first_pause),
    }
}

/// Returns the time-outs of reads and of writes.
pub fn timeouts(
    options: &ClientConfig,
    read_timeout: Duration,
    write_timeout: Duration,
) -> [TimeoutConfig; 2] {
    [read_timeout / 2, write_attempt_timeout(write_timeout)].map(|default| {
        TimeoutConfig::builder()
            .connect_timeout(options.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
            .operation_attempt_timeout(options.attempt_timeout.unwrap_or(default))
            .build()
    })
}

/// Configures the client to send each request once. The store repeats requests, because the client's
/// retries share a budget that runs out under lasting throttling. The adaptive mode remains useful: it
/// slows down sending.
fn sent_once(options: &ClientConfig, settings: &Settings) -> RetryConfig {
    let is_adaptive = options.adaptive_retries || settings.adaptive_retries;
    let retries = if is_adaptive { RetryConfig::adaptive() } else { RetryConfig::standard() };
    retries.with_max_attempts(1)
}

/// Sets the options that the AWS client also has, and those that change its requests.
fn with_options(mut config: Builder, options: &ClientConfig, region: &str) -> Result<Builder> {
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
    if let Some(modify) = ModifyRequests::new(options) {
        config = config.interceptor(modify);
    }
    Ok(config)
}

/// Replaces each character that a user agent cannot contain by a dash.
fn user_agent_token(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.chars().map(|c| if fits(c) { c } else { '-' }).collect()
}

/// This machine's time, corrected by a number of milliseconds.
#[derive(Debug)]
struct OffsetTime(Millis);

impl TimeSource for OffsetTime {
    fn now(&self) -> SystemTime {
        #[allow(clippy::disallowed_methods)] // The AWS client uses the same clock by default.
        let now = SystemTime::now();
        let offset = Duration::from_millis(self.0.unsigned_abs());
        let moved = if self.0 < 0 { now.checked_sub(offset) } else { now.checked_add(offset) };
        moved.unwrap_or(now)
    }
}
