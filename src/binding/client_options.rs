//! How DynamoDB is reached, as JavaScript gives it.

use std::sync::Arc;

use futures_util::FutureExt;
use napi_derive::napi;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::questions::Questions;
use crate::clock::duration;
use crate::config::{
    ClientConfig, Credentials, CredentialsProvider, CredentialsSource, DeferredOptions, Proxy,
    ProxyUrl,
};
use crate::environment::Environment;

/// How far a machine's clock can be off: a century. No sum with that is too large.
const LARGEST_CLOCK_OFFSET_MS: f64 = 100.0 * 365.0 * 24.0 * 3_600_000.0;

/// How DynamoDB is reached, checked by JavaScript; what is absent has its default below.
#[napi(object, object_to_js = false)]
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)] // They are described where the core has them.
pub struct NativeClientOptions {
    pub region: Option<String>,
    pub endpoint: Option<String>,
    pub ignore_configured_endpoints: Option<bool>,
    pub tls: Option<bool>,
    pub fips: Option<bool>,
    pub dual_stack: Option<bool>,
    pub account_id_endpoint_mode: Option<String>,
    pub credentials: Option<NativeCredentials>,
    /// Whether credentials are to be asked for: the subject `credentials`.
    pub asks_credentials: Option<bool>,
    pub profile: Option<String>,
    pub max_attempts: Option<f64>,
    pub adaptive_retries: Option<bool>,
    pub retry_base_ms: Option<f64>,
    pub connect_timeout_ms: Option<f64>,
    pub attempt_timeout_ms: Option<f64>,
    pub proxy: Option<String>,
    pub proxy_from_environment: Option<bool>,
    pub authorities: Option<String>,
    pub max_requests: Option<f64>,
    pub user_agent: Option<String>,
    pub app_id: Option<String>,
    pub clock_skew_correction: Option<bool>,
    pub clock_offset_ms: Option<f64>,
    pub signing_region: Option<String>,
    pub auth_schemes: Option<Vec<String>>,
    pub log_requests: Option<bool>,
    /// Whether all of these are to be asked for, since some take time: the subject `options`.
    pub asks_options: Option<bool>,
}

/// AWS credentials.
#[napi(object, object_to_js = false)]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NativeCredentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret part of the access key.
    pub secret_access_key: String,
    /// The token that comes with temporary keys.
    pub session_token: Option<String>,
    /// When they expire, in milliseconds since the Unix epoch.
    pub expires_at: Option<f64>,
    /// The account that they belong to.
    pub account_id: Option<String>,
}

/// What comes of asking, as JSON: `{"value": …}`, or `{"failure": "…"}` with the reason why there is none.
#[derive(Deserialize)]
struct Answer<T> {
    value: Option<T>,
    failure: Option<String>,
}

async fn ask<T: DeserializeOwned>(
    questions: &Questions,
    subject: &str,
) -> std::result::Result<T, String> {
    let no_answer = || "there is no answer".to_owned();
    let text = questions.ask(subject, String::new()).await.ok_or_else(no_answer)?;
    let answer: Answer<T> = serde_json::from_str(&text).map_err(|_| no_answer())?;
    answer.value.ok_or_else(|| answer.failure.unwrap_or_else(no_answer))
}

impl From<NativeCredentials> for Credentials {
    fn from(given: NativeCredentials) -> Self {
        Self {
            access_key_id: given.access_key_id,
            secret_access_key: given.secret_access_key,
            session_token: given.session_token,
            expires_at: given.expires_at.map(|ms| ms as i64),
            account_id: given.account_id,
        }
    }
}

impl NativeClientOptions {
    /// The same as the core takes it; `questions` are asked for what is not known yet.
    pub fn into_config(self, environment: Environment, questions: &Questions) -> ClientConfig {
        let options = self;
        let fixed = options.credentials.map(|given| CredentialsSource::Fixed(given.into()));
        let asked = options.asks_credentials.unwrap_or(false).then(|| {
            let questions = questions.clone();
            CredentialsSource::Provider(CredentialsProvider(Arc::new(move || {
                let questions = questions.clone();
                async move {
                    let given: NativeCredentials = ask(&questions, "credentials").await?;
                    Ok(given.into())
                }
                .boxed()
            })))
        });
        let later = options.asks_options.unwrap_or(false).then(|| {
            let (questions, environment) = (questions.clone(), environment.clone());
            DeferredOptions(Arc::new(move || {
                let (questions, environment) = (questions.clone(), environment.clone());
                async move {
                    let given: NativeClientOptions = ask(&questions, "options").await?;
                    Ok(given.into_config(environment, &questions))
                }
                .boxed()
            }))
        });
        let proxy_from_environment = options.proxy_from_environment.unwrap_or(false);
        ClientConfig {
            environment,
            region: options.region,
            endpoint: options.endpoint,
            ignore_configured_endpoints: options.ignore_configured_endpoints.unwrap_or(false),
            tls: options.tls,
            fips: options.fips,
            dual_stack: options.dual_stack,
            account_id_endpoint_mode: options.account_id_endpoint_mode,
            credentials: fixed.or(asked),
            profile: options.profile,
            max_attempts: options.max_attempts.map(|attempts| attempts as u32),
            adaptive_retries: options.adaptive_retries.unwrap_or(false),
            retry_base: options.retry_base_ms.map(duration),
            connect_timeout: options.connect_timeout_ms.map(duration),
            attempt_timeout: options.attempt_timeout_ms.map(duration),
            proxy: options
                .proxy
                .map(|url| Proxy::At(ProxyUrl(url)))
                .or(proxy_from_environment.then_some(Proxy::Environment)),
            authorities: options.authorities,
            max_requests: options.max_requests.map(|requests| requests as usize),
            user_agent: options.user_agent,
            app_id: options.app_id,
            clock_skew_correction: options.clock_skew_correction,
            clock_offset_ms: options
                .clock_offset_ms
                .unwrap_or_default()
                .clamp(-LARGEST_CLOCK_OFFSET_MS, LARGEST_CLOCK_OFFSET_MS)
                as i64,
            signing_region: options.signing_region,
            auth_schemes: options.auth_schemes.unwrap_or_default(),
            log_requests: options.log_requests.unwrap_or(false),
            deferred: later,
        }
    }
}
