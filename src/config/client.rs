//! How DynamoDB is reached, in one form.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::clock::Millis;
use crate::environment::Environment;

/// How DynamoDB is reached. What is `None` has its default, or comes from the AWS
/// default chain.
#[derive(Clone, Debug, Default)]
pub struct ClientConfig {
    /// The environment that everything is looked up in.
    pub environment: Environment,
    /// The AWS region.
    pub region: Option<String>,
    /// The URL of the service; a bare host means HTTPS.
    pub endpoint: Option<String>,
    /// Whether endpoints in the environment and the profile are passed over.
    pub ignore_configured_endpoints: bool,
    /// Whether the region's endpoint, or a bare host, is reached with TLS.
    pub tls: Option<bool>,
    /// Whether the region's FIPS endpoint is used.
    pub fips: Option<bool>,
    /// Whether the region's dual-stack endpoint is used.
    pub dual_stack: Option<bool>,
    /// Whether the account's own endpoint is used: `preferred`, `required` or `disabled`.
    pub account_id_endpoint_mode: Option<String>,
    /// Where credentials come from.
    pub credentials: Option<CredentialsSource>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// How often a read is sent, the first time included.
    pub max_attempts: Option<u32>,
    /// Whether requests are held back after DynamoDB has refused some as too many.
    pub adaptive_retries: bool,
    /// The longest first pause between two attempts of a read.
    pub retry_base: Option<Duration>,
    /// How long a connection may take to be made.
    pub connect_timeout: Option<Duration>,
    /// How long an attempt may take; otherwise a part of the time that a read or a write has.
    pub attempt_timeout: Option<Duration>,
    /// What requests go through.
    pub proxy: Option<Proxy>,
    /// PEM certificates that are trusted instead of all others.
    pub authorities: Option<String>,
    /// How many connections there may be at once, and so requests under way.
    pub max_requests: Option<usize>,
    /// Added to the user agent.
    pub user_agent: Option<String>,
    /// The application's name in the user agent.
    pub app_id: Option<String>,
    /// Whether a request that is refused for its time is sent again with the server's.
    pub clock_skew_correction: Option<bool>,
    /// How far this machine's clock is behind, in milliseconds.
    pub clock_offset_ms: Millis,
    /// The region that requests are signed for, where it is not the endpoint's.
    pub signing_region: Option<String>,
    /// How requests are signed, the preferred way first.
    pub auth_schemes: Vec<String>,
    /// Whether each call is a line in the log.
    pub log_requests: bool,
    /// Gives the whole configuration in place of this one, where parts of it have to be asked for.
    pub later: Option<Later>,
}

/// Where credentials come from.
#[derive(Clone, Debug)]
pub enum CredentialsSource {
    /// They don't change.
    Fixed(Credentials),
    /// Somebody is asked for them, again and again.
    Asked(AskCredentials),
}

/// AWS credentials. Their `Debug` form shows none of them.
#[derive(Clone)]
pub struct Credentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret part of the access key.
    pub secret_access_key: String,
    /// The token that comes with temporary keys.
    pub session_token: Option<String>,
    /// When they expire.
    pub expires_at: Option<Millis>,
    /// The account that they belong to.
    pub account_id: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

/// Asks for credentials; the error is a text without secrets.
#[derive(Clone)]
pub struct AskCredentials(
    pub Arc<dyn Fn() -> BoxFuture<'static, Result<Credentials, String>> + Send + Sync>,
);

impl fmt::Debug for AskCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskCredentials")
    }
}

/// Asks for a configuration; the error is a text without secrets.
#[derive(Clone)]
pub struct Later(
    pub Arc<dyn Fn() -> BoxFuture<'static, Result<ClientConfig, String>> + Send + Sync>,
);

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Later")
    }
}

/// What requests go through.
#[derive(Clone, Debug)]
pub enum Proxy {
    /// This proxy.
    At(ProxyUrl),
    /// What `HTTPS_PROXY` and its like say.
    Environment,
}

/// The URL of a proxy, user and password included. Its `Debug` form shows nothing of it.
#[derive(Clone)]
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
    fn debug_output_hides_credentials() {
        let credentials = Credentials {
            access_key_id: "AKIAID".into(),
            secret_access_key: "hush".into(),
            session_token: Some("hush".into()),
            expires_at: None,
            account_id: None,
        };
        let answer = credentials.clone();
        let ask =
            AskCredentials(Arc::new(move || Box::pin(std::future::ready(Ok(answer.clone())))));
        for source in [CredentialsSource::Fixed(credentials), CredentialsSource::Asked(ask)] {
            let config = ClientConfig {
                credentials: Some(source),
                proxy: Some(Proxy::At(ProxyUrl("http://user:hush@proxy".into()))),
                ..ClientConfig::default()
            };
            let shown = format!("{config:?}");
            assert!(!shown.contains("AKIAID") && !shown.contains("hush"), "{shown}");
        }
    }
}
