//! The options of a store as JavaScript passes them: JSON text in the form that `lib/native/options.js` documents.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::FutureExt;
use napi::bindgen_prelude::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::host_functions::{HostFunction, HostFunctions};
use crate::config::{
    ClientConfig, Config, Credentials, CredentialsProvider, CredentialsSource, DeferredOptions,
};
use crate::environment::Environment;
use crate::model::replace_lone_surrogates;

/// The options of a store.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    #[serde(flatten)]
    config: Config,
    #[serde(default)]
    client: ClientOptions,
    /// The environment variables.
    environment: HashMap<String, String>,
    /// Whether requests go through a JS client.
    #[serde(default)]
    pub uses_js_client: bool,
}

/// The options of the DynamoDB client, and which of them come from host functions.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClientOptions {
    #[serde(flatten)]
    config: ClientConfig,
    has_credentials_provider: bool,
    has_deferred_options: bool,
}

/// The JSON result of a host function: `{"value": …}`, or `{"failure": "…"}` with a text without secrets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Outcome<T> {
    Value(T),
    Failure(String),
}

impl Options {
    /// Decodes the JSON text.
    pub fn read(json: &str) -> Result<Self> {
        // The error quotes no values, because they may be secrets.
        decode(json).map_err(|failure| {
            let (line, column) = (failure.line(), failure.column());
            Error::from_reason(format!("the options can't be read: line {line}, column {column}"))
        })
    }

    /// Returns the configuration. It gets deferred options and credentials of the caller's functions through
    /// `host`.
    pub fn into_config(self, host: &HostFunctions) -> Config {
        let client = self.client.into_config(Environment::new(self.environment), host);
        Config { client, ..self.config }
    }
}

impl ClientOptions {
    fn into_config(self, environment: Environment, host: &HostFunctions) -> ClientConfig {
        let mut config = self.config;
        if self.has_credentials_provider {
            let host = host.clone();
            let provider = CredentialsProvider(Arc::new(move || {
                let host = host.clone();
                async move { call::<Credentials>(&host, HostFunction::Credentials).await }.boxed()
            }));
            config.credentials = Some(CredentialsSource::Provider(provider));
        }
        if self.has_deferred_options {
            let (host, environment) = (host.clone(), environment.clone());
            config.deferred = Some(DeferredOptions(Arc::new(move || {
                let (host, environment) = (host.clone(), environment.clone());
                async move {
                    let options: Self = call(&host, HostFunction::DeferredOptions).await?;
                    Ok(options.into_config(environment, &host))
                }
                .boxed()
            })));
        }
        config.environment = environment;
        config
    }
}

async fn call<T: DeserializeOwned>(
    host: &HostFunctions,
    function: HostFunction,
) -> std::result::Result<T, String> {
    let no_answer = || "there is no answer".to_owned();
    let text = host.call(function, String::new()).await.ok_or_else(no_answer)?;
    match decode(&text).map_err(|_| no_answer())? {
        Outcome::Value(value) => Ok(value),
        Outcome::Failure(reason) => Err(reason),
    }
}

/// Decodes JSON. Replaces lone surrogates, which JavaScript strings may contain and Rust strings cannot hold.
fn decode<T: DeserializeOwned>(json: &str) -> serde_json::Result<T> {
    serde_json::from_str(json).or_else(|failure| match replace_lone_surrogates(json) {
        Some(json) => serde_json::from_str(&json),
        None => Err(failure),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_decoded_and_errors_quote_no_values() {
        let json = r#"{
            "table": "t", "prefix": "\ud800p", "cacheTtlMs": 30000, "preload": true, "usesJsClient": true,
            "client": {"region": "eu-west-1", "maxRequests": 5, "hasDeferredOptions": true},
            "environment": {"A": "1"}
        }"#;
        let options = Options::read(json).unwrap();
        let Config { table, prefix, freshness, preload, .. } = &options.config;
        assert_eq!((&**table, &**prefix, *preload), ("t", "\u{fffd}p", true));
        assert_eq!(freshness.ttl_ms, 30_000.0);
        assert_eq!(options.client.config.region.as_deref(), Some("eu-west-1"));
        assert_eq!(options.client.config.max_requests, Some(5));
        assert!(options.client.has_deferred_options && !options.client.has_credentials_provider);
        assert!(options.uses_js_client && options.environment.contains_key("A"));
        let failure = Options::read(r#"{"table": "t", "environment": "secret"}"#).err().unwrap();
        assert!(!failure.reason.contains("secret"), "{}", failure.reason);
    }

    #[test]
    fn a_host_function_returns_a_value_or_a_failure() {
        let value = r#"{"value":{"accessKeyId":"AKID","secretAccessKey":"hush"}}"#;
        let Outcome::Value(credentials) = decode::<Outcome<Credentials>>(value).unwrap() else {
            panic!("no value")
        };
        assert_eq!(credentials.access_key_id, "AKID");
        let failure = decode::<Outcome<Credentials>>(r#"{"failure":"why"}"#).unwrap();
        assert!(matches!(failure, Outcome::Failure(reason) if reason == "why"));
    }
}
