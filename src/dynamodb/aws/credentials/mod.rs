//! The credentials of a client: from the caller's options, or from the AWS default chain.

mod blocking;
mod cached;
mod js_provider;
mod process;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

pub use self::cached::CachedCredentials;

use self::blocking::BlockingProvider;
use self::js_provider::JsProvider;
use self::process::{AssumeRole, ProcessProvider};
use super::http::Http;
use super::settings::Settings;
use crate::clock::Clock;
use crate::config::{self, ClientConfig, CredentialsSource};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Secrets;

/// Returns the credentials that a client with these options uses.
pub fn for_client(
    options: &ClientConfig,
    settings: &Arc<Settings>,
    shared: &SdkConfig,
    http: &Http,
    clock: &Clock,
) -> Result<CachedCredentials> {
    let (clock, offset) = (clock.clone(), options.clock_offset_ms);
    let clock = Clock::from_fn(move || clock.now() + offset);
    let provider = match &options.credentials {
        Some(CredentialsSource::Provider(provider)) => {
            let provider = SharedCredentialsProvider::new(JsProvider(provider.clone()));
            return Ok(CachedCredentials::of_caller(provider, clock));
        }
        Some(CredentialsSource::Fixed(fixed)) => {
            SharedCredentialsProvider::new(to_sdk(fixed.clone()))
        }
        None => default_chain(options, settings, shared, http)?,
    };
    Ok(CachedCredentials::new(provider, clock))
}

/// Returns the SDK's chain of sources, or the program that the chain would reach. Runs them on
/// threads that may block.
fn default_chain(
    options: &ClientConfig,
    settings: &Arc<Settings>,
    shared: &SdkConfig,
    http: &Http,
) -> Result<SharedCredentialsProvider> {
    let chain = match settings.credential_process() {
        Some(process) => {
            let role = (!process.is_own).then(|| AssumeRole {
                options: ClientConfig {
                    region: shared.region().map(ToString::to_string),
                    ..options.clone()
                },
                settings: Arc::clone(settings),
                http: http.clone(),
                profile: process.profile.clone(),
            });
            ProcessProvider::shared(process, settings.environment().clone(), role)
        }
        None => shared.credentials_provider().ok_or_else(|| {
            Error::new(ErrorKind::NoCredentials, "there is no source of AWS credentials")
        })?,
    };
    Ok(SharedCredentialsProvider::new(BlockingProvider(chain)))
}

/// Converts credentials to the form of the AWS client.
fn to_sdk(credentials: config::Credentials) -> Credentials {
    let mut builder = Credentials::builder()
        .access_key_id(credentials.access_key_id)
        .secret_access_key(credentials.secret_access_key)
        .provider_name("clientOptions");
    builder.set_session_token(credentials.session_token);
    let expiry = credentials.expires_at.and_then(|ms| u64::try_from(ms.max(0)).ok());
    builder.set_expiry(expiry.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))));
    builder.set_account_id(credentials.account_id.map(Into::into));
    builder.build()
}

/// Keeps credentials out of the log.
fn hide(secrets: &Secrets, credentials: &Credentials) {
    let keys = [credentials.access_key_id(), credentials.secret_access_key()];
    for secret in keys.into_iter().chain(credentials.session_token()) {
        secrets.hide(secret);
    }
}
