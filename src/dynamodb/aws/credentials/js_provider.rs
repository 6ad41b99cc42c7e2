//! The caller's credentials provider in JavaScript.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use tokio::time::timeout;

use super::to_sdk;
use crate::config::CredentialsProvider;

/// The time-out of a call. After it, the provider can be called again.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Calls the caller's provider.
#[derive(Debug)]
pub struct JsProvider(pub CredentialsProvider);

impl JsProvider {
    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        match timeout(TIMEOUT, (self.0.0)()).await {
            Ok(Ok(credentials)) => Ok(to_sdk(credentials)),
            Ok(Err(reason)) => Err(CredentialsError::provider_error(reason)),
            Err(_) => Err(CredentialsError::provider_error("the provider does not answer")),
        }
    }
}

impl ProvideCredentials for JsProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}
