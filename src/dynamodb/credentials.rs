//! Credentials that take longer than a read waits.
//!
//! The AWS client looks for credentials as part of a request, and a request that is given up gives up
//! the search with it. A source that is slower than the read time-out (a role to assume, a process to
//! run) would then be started again and again, and never end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::log::Secrets;
use crate::runtime;
use crate::single_flight::SingleFlight;

type Search = SingleFlight<(), Result<Credentials, Arc<CredentialsError>>>;

/// A provider whose search goes on when nobody waits for it; who asks next gets what it found.
#[derive(Clone)]
pub struct SteadyCredentials(Arc<Inner>);

struct Inner {
    source: SharedCredentialsProvider,
    search: Search,
    found: Mutex<Option<Credentials>>,
    secrets: Secrets,
}

impl SteadyCredentials {
    /// Asks `source`.
    pub fn new(source: SharedCredentialsProvider) -> Self {
        Self(Arc::new(Inner {
            source,
            search: SingleFlight::new(),
            found: Mutex::default(),
            secrets: Secrets::new(),
        }))
    }

    /// Looks for credentials, and keeps what is found for the first who asks.
    pub async fn prepare(&self) -> Result<(), Arc<CredentialsError>> {
        self.search().await.map(|_| ())
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        if let Some(found) = self.take_found() {
            return Ok(found);
        }
        let found = self.search().await.map_err(CredentialsError::provider_error);
        self.take_found();
        found
    }

    async fn search(&self) -> Result<Credentials, Arc<CredentialsError>> {
        let inner = Arc::clone(&self.0);
        let search = self.0.search.join((), async move {
            let found = inner.source.provide_credentials().await.map_err(Arc::new)?;
            hide(&inner.secrets, &found);
            *inner.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
            Ok(found)
        });
        let failed = || Err(Arc::new(CredentialsError::unhandled("their source failed")));
        search.await.unwrap_or_else(failed)
    }

    /// What a search found that nobody waited for, if it is good still.
    fn take_found(&self) -> Option<Credentials> {
        let found = self.0.found.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        #[allow(clippy::disallowed_methods)] // The AWS client compares with the same clock.
        let now = SystemTime::now();
        found.expiry().is_none_or(|expiry| expiry > now).then_some(found)
    }
}

impl ProvideCredentials for SteadyCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

/// A source that reads files or runs programs, and must not block the runtime's thread.
#[derive(Debug)]
pub struct Unblocked(SharedCredentialsProvider);

impl Unblocked {
    /// The same source on threads of its own.
    pub fn provider(source: SharedCredentialsProvider) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Self(source))
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let source = self.0.clone();
        let search = async move { source.provide_credentials().await };
        match runtime::unblocked_async(search).await {
            Ok(Some(found)) => found.and_then(checked),
            Ok(None) => Err(CredentialsError::unhandled("their source failed")),
            Err(failure) => Err(CredentialsError::provider_error(failure)),
        }
    }
}

/// Keeps credentials out of the log.
pub fn hide(secrets: &Secrets, credentials: &Credentials) {
    let keys = [credentials.access_key_id(), credentials.secret_access_key()];
    for secret in keys.into_iter().chain(credentials.session_token()) {
        secrets.hide(secret);
    }
}

/// Refuses what can't be sent; the AWS client would panic on it.
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

impl ProvideCredentials for Unblocked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

impl fmt::Debug for SteadyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SteadyCredentials")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// A source that takes five seconds, counts how often it is asked, and hands out credentials with
    /// this expiry.
    #[derive(Clone, Debug)]
    struct Slow(Arc<AtomicUsize>, Option<SystemTime>);

    impl ProvideCredentials for Slow {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(Duration::from_secs(5)).await;
                Ok(Credentials::new(format!("key {number}"), "secret", None, self.1, "test"))
            })
        }
    }

    fn steady(expiry: Option<SystemTime>) -> (SteadyCredentials, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let source = Slow(Arc::clone(&asked), expiry);
        (SteadyCredentials::new(SharedCredentialsProvider::new(source)), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_source_is_asked_once_and_serves_who_comes_later() {
        let (steady, asked) = steady(None);
        for _ in 0..2 {
            assert!(timeout(Duration::from_secs(2), steady.provide()).await.is_err());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(steady.provide().await.unwrap().access_key_id(), "key 1");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_is_handed_out_to_those_who_waited_and_then_asked_for_anew() {
        let (steady, asked) = steady(None);
        let (one, other) = tokio::join!(steady.provide(), steady.provide());
        assert_eq!(one.unwrap(), other.unwrap());
        assert_eq!(steady.provide().await.unwrap().access_key_id(), "key 2");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_prepared_is_handed_out_unless_it_has_expired() {
        let (fresh, asked) = steady(None);
        fresh.prepare().await.unwrap();
        assert_eq!(fresh.provide().await.unwrap().access_key_id(), "key 1");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let (expired, _) = steady(Some(SystemTime::UNIX_EPOCH));
        expired.prepare().await.unwrap();
        assert_eq!(expired.provide().await.unwrap().access_key_id(), "key 2");
    }
}
