//! How DynamoDB is reached, as JavaScript gives it.

use std::sync::Arc;

use futures_util::FutureExt;
use napi::Status;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::duration;
use crate::config::{
    AskCredentials, ClientConfig, Credentials, CredentialsSource, Later, Proxy, ProxyUrl,
};

type Asked<Answer> = ThreadsafeFunction<(), Promise<Answer>, (), Status, false, true>;

/// How DynamoDB is reached, checked by JavaScript; what is absent has its default below.
#[napi(object, object_to_js = false)]
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
    #[napi(ts_type = "() => Promise<NativeCredentialsAnswer>")]
    pub ask_credentials: Option<Asked<NativeCredentialsAnswer>>,
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
    /// Gives all of these anew, where some of them have to be asked for.
    #[napi(ts_type = "() => Promise<NativeClientOptionsAnswer>")]
    pub later: Option<Asked<NativeClientOptionsAnswer>>,
}

/// AWS credentials.
#[napi(object, object_to_js = false)]
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

/// What comes of asking for credentials: they, or why there are none.
#[napi(object, object_to_js = false)]
#[allow(missing_docs)]
pub struct NativeCredentialsAnswer {
    pub credentials: Option<NativeCredentials>,
    pub failure: Option<String>,
}

/// What comes of asking for options: they, or why there are none.
#[napi(object, object_to_js = false)]
#[allow(missing_docs)]
pub struct NativeClientOptionsAnswer {
    pub options: Option<NativeClientOptions>,
    pub failure: Option<String>,
}

/// Asks JavaScript, which has to promise an answer.
async fn ask<Answer>(asked: &Asked<Answer>) -> std::result::Result<Answer, String>
where
    Answer: FromNapiValue + Send + 'static,
{
    let promise = asked.call_async_catch(()).await.map_err(|_| no_answer())?;
    promise.await.map_err(|_| no_answer())
}

fn no_answer() -> String {
    "there is no answer".to_owned()
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

impl From<NativeClientOptions> for ClientConfig {
    fn from(options: NativeClientOptions) -> Self {
        let fixed = options.credentials.map(|given| CredentialsSource::Fixed(given.into()));
        let asked = options.ask_credentials.map(|asked| {
            let asked = Arc::new(asked);
            CredentialsSource::Asked(AskCredentials(Arc::new(move || {
                let asked = Arc::clone(&asked);
                async move {
                    let answer = ask(&asked).await?;
                    let given = answer.credentials.map(Credentials::from);
                    given.ok_or_else(|| answer.failure.unwrap_or_else(no_answer))
                }
                .boxed()
            })))
        });
        let later = options.later.map(|asked| {
            let asked = Arc::new(asked);
            Later(Arc::new(move || {
                let asked = Arc::clone(&asked);
                async move {
                    let answer = ask(&asked).await?;
                    let given = answer.options.map(ClientConfig::from);
                    given.ok_or_else(|| answer.failure.unwrap_or_else(no_answer))
                }
                .boxed()
            }))
        });
        let environment = options.proxy_from_environment.unwrap_or(false);
        Self {
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
                .or(environment.then_some(Proxy::Environment)),
            authorities: options.authorities,
            max_requests: options.max_requests.map(|requests| requests as usize),
            user_agent: options.user_agent,
            app_id: options.app_id,
            clock_skew_correction: options.clock_skew_correction,
            clock_offset_ms: options.clock_offset_ms.unwrap_or_default() as i64,
            signing_region: options.signing_region,
            auth_schemes: options.auth_schemes.unwrap_or_default(),
            log_requests: options.log_requests.unwrap_or(false),
            later,
        }
    }
}
