//! Credential sources that read files or run programs.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::runtime;

/// Calls a provider that may block, outside the runtime's only thread.
#[derive(Debug)]
pub struct BlockingProvider(pub SharedCredentialsProvider);

impl BlockingProvider {
    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let provider = self.0.clone();
        let search = async move { provider.provide_credentials().await };
        match runtime::on_blocking_thread_async(search).await {
            Ok(Some(found)) => found.and_then(checked),
            Ok(None) => Err(CredentialsError::unhandled("their source failed")),
            Err(failure) => Err(CredentialsError::provider_error(failure)),
        }
    }
}

impl ProvideCredentials for BlockingProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

/// Rejects credentials that no header can contain: the AWS client would panic on them.
fn checked(found: Credentials) -> Result<Credentials, CredentialsError> {
    let is_sendable = |key: &str| key.chars().all(|c| matches!(c, ' '..='~'));
    let are_sendable = [found.access_key_id(), found.secret_access_key()]
        .into_iter()
        .chain(found.session_token())
        .all(is_sendable);
    if are_sendable {
        return Ok(found);
    }
    Err(CredentialsError::invalid_configuration(
        "a key or the token has a character that it can't have, such as a line break at its end",
    ))
}
