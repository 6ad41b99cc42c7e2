//! Credentials that take longer than a read waits.
//!
//! The AWS client looks for credentials as part of a request, and a request that is given up gives up
//! the search with it. A source that is slower than the read time-out (a role to assume, a process to
//! run) would then be started again and again, and never end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::single_flight::SingleFlight;

type Search = SingleFlight<(), Result<Credentials, Arc<CredentialsError>>>;

/// A provider whose search goes on when nobody waits for it; who asks next gets what it found.
pub struct SteadyCredentials {
    source: SharedCredentialsProvider,
    patience: Duration,
    search: Search,
    found: Arc<Mutex<Option<Credentials>>>,
}

impl SteadyCredentials {
    /// Asks `source`; who asks here waits for `patience` at most.
    pub fn new(source: SharedCredentialsProvider, patience: Duration) -> Self {
        Self {
            source,
            patience,
            search: SingleFlight::new(),
            found: Arc::default(),
        }
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        if let Some(found) = self.take_found() {
            return Ok(found);
        }
        let (source, found) = (self.source.clone(), Arc::clone(&self.found));
        let search = self.search.join((), async move {
            let credentials = source.provide_credentials().await.map_err(Arc::new)?;
            *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials.clone());
            Ok(credentials)
        });
        match tokio::time::timeout(self.patience, search).await {
            Ok(Some(Ok(credentials))) => {
                self.take_found();
                Ok(credentials)
            }
            Ok(Some(Err(failure))) => Err(CredentialsError::not_loaded(failure)),
            Ok(None) => Err(CredentialsError::unhandled(
                "their source failed unexpectedly",
            )),
            Err(_) => Err(CredentialsError::provider_timed_out(self.patience)),
        }
    }

    fn take_found(&self) -> Option<Credentials> {
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
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

impl fmt::Debug for SteadyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SteadyCredentials")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);

    /// A source that takes this long, and counts how often it is asked.
    #[derive(Clone, Debug)]
    struct Slow(Duration, Arc<AtomicUsize>);

    impl ProvideCredentials for Slow {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                let number = self.1.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(self.0).await;
                Ok(Credentials::new(
                    format!("key {number}"),
                    "secret",
                    None,
                    None,
                    "test",
                ))
            })
        }
    }

    fn steady(takes: Duration) -> (SteadyCredentials, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let source = SharedCredentialsProvider::new(Slow(takes, Arc::clone(&asked)));
        (SteadyCredentials::new(source, PATIENCE), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_source_is_asked_once_and_serves_who_comes_later() {
        let (steady, asked) = steady(PATIENCE * 2 + Duration::from_secs(1));
        for _ in 0..2 {
            let failure = steady.provide().await.unwrap_err();
            assert!(matches!(failure, CredentialsError::ProviderTimedOut(_)));
        }
        assert_eq!(steady.provide().await.unwrap().access_key_id(), "key 1");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_is_handed_out_to_those_who_waited_and_then_asked_for_anew() {
        let (steady, asked) = steady(PATIENCE / 2);
        let (one, other) = tokio::join!(steady.provide(), steady.provide());
        assert_eq!(one.unwrap(), other.unwrap());
        assert_eq!(steady.provide().await.unwrap().access_key_id(), "key 2");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
}
