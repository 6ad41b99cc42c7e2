//! The options of the DynamoDB client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Deserializer};

use super::numbers;
use crate::clock::Millis;
use crate::environment::Environment;

/// The options of the DynamoDB client. `None` means the default, or the value of the environment or the shared
/// AWS configuration files.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClientConfig {
    /// The environment variables, which the binding sets.
    #[serde(skip)]
    pub environment: Environment,
    /// The AWS region.
    pub region: Option<String>,
    /// The URL of the service; a bare host means HTTPS.
    pub endpoint: Option<String>,
    /// Whether to ignore endpoints of the environment and the profile.
    pub ignore_configured_endpoints: bool,
    /// Whether to use TLS for the region's endpoint, and for an endpoint without a scheme.
    pub tls: Option<bool>,
    /// Whether to use the region's FIPS endpoint.
    pub fips: Option<bool>,
    /// Whether to use the region's dual-stack endpoint.
    pub dual_stack: Option<bool>,
    /// Whether to use the account's own endpoint: `preferred`, `required` or `disabled`.
    pub account_id_endpoint_mode: Option<String>,
    /// Where credentials come from.
    pub credentials: Option<CredentialsSource>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// The maximum number of attempts of a read, including the first.
    pub max_attempts: Option<u32>,
    /// Whether to slow down sending after throttling.
    pub adaptive_retries: bool,
    /// The longest pause after the first attempt of a read.
    #[serde(rename = "retryBaseMs", deserialize_with = "numbers::optional_duration")]
    pub retry_base: Option<Duration>,
    /// The time-out for opening a connection.
    #[serde(rename = "connectTimeoutMs", deserialize_with = "numbers::optional_duration")]
    pub connect_timeout: Option<Duration>,
    /// The time-out of an attempt; by default half of `readTimeout`, or of `writeTimeout` clamped to 2–10 s.
    #[serde(rename = "attemptTimeoutMs", deserialize_with = "numbers::optional_duration")]
    pub attempt_timeout: Option<Duration>,
    /// The proxy that requests go through.
    pub proxy: Option<ProxyUrl>,
    /// Whether to use the proxy of `HTTPS_PROXY` and similar variables if `proxy` is `None`.
    pub proxy_from_environment: bool,
    /// PEM certificates to trust instead of all others.
    pub authorities: Option<String>,
    /// The maximum number of connections, and so of requests in flight.
    pub max_requests: Option<usize>,
    /// Text to add to the user agent.
    pub user_agent: Option<String>,
    /// The application's name in the user agent.
    pub app_id: Option<String>,
    /// Whether to repeat a request that AWS rejects because of its time, using the server's time.
    pub clock_skew_correction: Option<bool>,
    /// How far this machine's clock is behind, in milliseconds.
    #[serde(deserialize_with = "clock_offset")]
    pub clock_offset_ms: Millis,
    /// The region to sign requests for, if it differs from the endpoint's region.
    pub signing_region: Option<String>,
    /// The authentication schemes, the preferred one first.
    pub auth_schemes: Vec<String>,
    /// Whether to log a line for each request.
    pub log_requests: bool,
    /// Returns the options that replace these, if some come from the caller's functions. The binding sets it.
    #[serde(skip)]
    pub deferred: Option<DeferredOptions>,
}

/// The maximum clock offset: a century. Sums with it cannot overflow.
const LARGEST_CLOCK_OFFSET_MS: f64 = 100.0 * 365.0 * 24.0 * 3_600_000.0;

fn clock_offset<'de, D: Deserializer<'de>>(json: D) -> Result<Millis, D::Error> {
    let ms = f64::deserialize(json)?;
    Ok(ms.clamp(-LARGEST_CLOCK_OFFSET_MS, LARGEST_CLOCK_OFFSET_MS) as Millis)
}

/// Where credentials come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum CredentialsSource {
    /// Credentials that do not change.
    Fixed(Credentials),
    /// The caller's credentials provider.
    #[serde(skip)]
    Provider(CredentialsProvider),
}

/// AWS credentials. Their `Debug` form hides them.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// The ID of the access key.
    pub access_key_id: String,
    /// The secret part of the access key.
    pub secret_access_key: String,
    /// The token of temporary keys.
    pub session_token: Option<String>,
    /// When the credentials expire, in milliseconds since the Unix epoch.
    pub expires_at: Option<Millis>,
    /// The account that the credentials belong to.
    pub account_id: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

/// Calls the caller's credentials provider. The error is a text without secrets.
#[derive(Clone)]
pub struct CredentialsProvider(
    pub Arc<dyn Fn() -> BoxFuture<'static, Result<Credentials, String>> + Send + Sync>,
);

impl fmt::Debug for CredentialsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialsProvider")
    }
}

/// Calls the functions among the caller's options and returns all options. The error is a text without secrets.
#[derive(Clone)]
pub struct DeferredOptions(
    pub Arc<dyn Fn() -> BoxFuture<'static, Result<ClientConfig, String>> + Send + Sync>,
);

impl fmt::Debug for DeferredOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeferredOptions")
    }
}

/// The URL of a proxy, possibly with user and password. Its `Debug` form hides it.
#[derive(Clone, Deserialize)]
pub struct ProxyUrl(pub String);

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyUrl(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_decoded_from_json() {
        let json = r#"{
            "region": "eu-west-1",
            "credentials": {"accessKeyId": "AKID", "secretAccessKey": "hush", "expiresAt": 5},
            "maxAttempts": 3,
            "retryBaseMs": 20.5,
            "proxy": "http://proxy",
            "clockOffsetMs": 1e300,
            "authSchemes": ["sigv4"]
        }"#;
        let config: ClientConfig = serde_json::from_str(json).unwrap();
        assert_eq!((config.region.as_deref(), config.tls), (Some("eu-west-1"), None));
        let Some(CredentialsSource::Fixed(credentials)) = config.credentials else {
            panic!("no credentials")
        };
        assert_eq!((&*credentials.access_key_id, credentials.expires_at), ("AKID", Some(5)));
        assert_eq!(config.max_attempts, Some(3));
        assert_eq!(config.retry_base, Some(Duration::from_micros(20_500)));
        assert!(matches!(config.proxy, Some(ProxyUrl(url)) if url == "http://proxy"));
        assert_eq!(config.clock_offset_ms, LARGEST_CLOCK_OFFSET_MS as Millis);
        assert_eq!(config.auth_schemes, ["sigv4"]);
    }

    #[test]
    fn debug_output_hides_credentials() {
        let credentials = Credentials {
            access_key_id: "AKIAID".into(),
            secret_access_key: "hush".into(),
            session_token: Some("hush".into()),
            expires_at: None,
            account_id: None,
        };
        let answer = credentials.clone();
        let provider =
            CredentialsProvider(Arc::new(move || Box::pin(std::future::ready(Ok(answer.clone())))));
        for source in [CredentialsSource::Fixed(credentials), CredentialsSource::Provider(provider)]
        {
            let config = ClientConfig {
                credentials: Some(source),
                proxy: Some(ProxyUrl("http://user:hush@proxy".into())),
                ..ClientConfig::default()
            };
            let shown = format!("{config:?}");
            assert!(!shown.contains("AKIAID") && !shown.contains("hush"), "{shown}");
        }
    }
}
