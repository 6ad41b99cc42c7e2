//! Caches the credentials of a provider until shortly before they expire.
//!
//! This replaces the AWS client's own cache, which searches for credentials as part of a request: if the
//! request times out, the search ends. A source slower than the read time-out (a role, a program) would
//! start again and again and never finish. Here, one search runs at a time in its own task, and new
//! credentials are fetched in the background while the current ones are valid.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::hide;
use crate::clock::{Clock, Millis};
use crate::log::Secrets;
use crate::single_flight::SingleFlight;

/// New credentials are fetched this long before the current ones expire, but not before half of their
/// lifetime, in milliseconds.
const LONGEST_LEAD: Millis = 5 * 60_000;
/// Credentials are not used in this last part of their lifetime, which is at most a quarter of it, in
/// milliseconds.
const LONGEST_MARGIN: Millis = 10_000;
/// Credentials without an expiry are fetched again after this time, in milliseconds.
const LIFE_WITHOUT_EXPIRY: Millis = 15 * 60_000;
/// The minimum time between a failure of the provider and the next call while the current credentials are
/// valid, and between two rejections that take effect, in milliseconds.
const PAUSE: Millis = 1_000;

type Found = Result<Credentials, Arc<CredentialsError>>;

/// The credentials of a provider. Clones share them.
#[derive(Clone)]
pub struct CachedCredentials(Arc<Inner>);

struct Inner {
    provider: SharedCredentialsProvider,
    /// Whether the caller supplies the provider. It is called again when AWS rejects its credentials, and
    /// must not return expired ones.
    is_callers: bool,
    clock: Clock,
    search: SingleFlight<(), Found>,
    held: Mutex<Option<Held>>,
    secrets: Secrets,
}

struct Held {
    credentials: Credentials,
    since: Millis,
    /// When new credentials are fetched.
    renew_at: Millis,
    /// When these credentials are no longer used.
    good_until: Millis,
}

impl CachedCredentials {
    /// Caches the credentials of `provider`, which is not called before they are needed.
    pub fn new(provider: SharedCredentialsProvider, clock: Clock) -> Self {
        Self::with(provider, clock, false)
    }

    /// Caches the credentials of the caller's own provider.
    pub fn of_caller(provider: SharedCredentialsProvider, clock: Clock) -> Self {
        Self::with(provider, clock, true)
    }

    fn with(provider: SharedCredentialsProvider, clock: Clock, is_callers: bool) -> Self {
        let (search, held, secrets) = (SingleFlight::new(), Mutex::default(), Secrets::new());
        Self(Arc::new(Inner { provider, is_callers, clock, search, held, secrets }))
    }

    /// Waits until credentials are available.
    pub async fn prepare(&self) -> Result<(), Arc<CredentialsError>> {
        self.find().await.map(|_| ())
    }

    /// Makes the next request call the caller's provider again, because AWS rejected the current
    /// credentials.
    pub fn rejected(&self) {
        if !self.0.is_callers {
            return;
        }
        let now = self.0.clock.now();
        let mut held = self.0.held();
        if held.as_ref().is_some_and(|held| now - held.since > PAUSE || now < held.since) {
            *held = None;
        }
    }

    async fn find(&self) -> Found {
        let now = self.0.clock.now();
        let good = self.0.held().as_ref().and_then(|held| {
            let is_good = now < held.good_until && now >= held.since;
            is_good.then(|| (held.credentials.clone(), now >= held.renew_at))
        });
        if let Some((credentials, renew)) = good {
            if renew {
                // The search runs in its own task.
                drop(self.0.search.join_or_start((), || Some(search(Arc::clone(&self.0)))));
            }
            return Ok(credentials);
        }
        let found = self.0.search.join((), search(Arc::clone(&self.0))).await;
        found.unwrap_or_else(|| Err(Arc::new(CredentialsError::unhandled("their source failed"))))
    }
}

async fn search(inner: Arc<Inner>) -> Found {
    let found = inner.provider.provide_credentials().await;
    let now = inner.clock.now();
    let found = found.and_then(|credentials| {
        hide(&inner.secrets, &credentials);
        let held = Held::new(&credentials, now);
        if held.is_none() && inner.is_callers {
            let reason = "the credentials that the provider gave have expired";
            return Err(CredentialsError::provider_error(reason));
        }
        Ok((credentials, held))
    });
    let mut held = inner.held();
    match found {
        Ok((credentials, new)) => {
            *held = new;
            Ok(credentials)
        }
        Err(failure) => {
            if let Some(held) = &mut *held {
                held.renew_at = now + PAUSE;
                // Credentials without an expiry stay valid: fetching new ones is only a precaution.
                if held.credentials.expiry().is_none() {
                    held.good_until = Millis::MAX;
                }
            }
            Err(Arc::new(failure))
        }
    }
}

impl Held {
    /// Returns `None` for expired credentials.
    fn new(credentials: &Credentials, now: Millis) -> Option<Self> {
        let expiry = credentials.expiry().map(|expiry| {
            let since_epoch = expiry.duration_since(UNIX_EPOCH).unwrap_or_default();
            Millis::try_from(since_epoch.as_millis()).unwrap_or(Millis::MAX)
        });
        let (renew_at, good_until) = match expiry {
            Some(end) if end <= now => return None,
            Some(end) => {
                let life = end - now;
                (end - LONGEST_LEAD.min(life / 2), end - LONGEST_MARGIN.min(life / 4))
            }
            None => (now + LIFE_WITHOUT_EXPIRY, Millis::MAX),
        };
        Some(Self { credentials: credentials.clone(), since: now, renew_at, good_until })
    }
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProvideCredentials for CachedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        // `prepare` has found them just now. If they have expired since, AWS says so; a search in here would end in a
        // time-out that names DynamoDB.
        let prepared = self.0.held().as_ref().map(|held| held.credentials.clone());
        future::ProvideCredentials::new(async {
            match prepared {
                Some(credentials) => Ok(credentials),
                None => self.find().await.map_err(CredentialsError::provider_error),
            }
        })
    }
}

impl fmt::Debug for CachedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CachedCredentials")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::time::timeout;

    use super::super::js_provider::{JsProvider, TIMEOUT};
    use super::*;
    use crate::config::{self, CredentialsProvider};

    /// A provider whose credentials live for `life` milliseconds. It counts its calls and fails while
    /// `failing` is not 0.
    struct Scene {
        calls: Arc<AtomicI64>,
        hands: Arc<AtomicI64>,
        failing: Arc<AtomicI64>,
        credentials: CachedCredentials,
    }

    /// Creates a scene whose provider takes `delay`.
    fn scene_with(life: Option<Millis>, delay: Duration, is_callers: bool) -> Scene {
        let (calls, hands, failing) =
            (Arc::<AtomicI64>::default(), Arc::<AtomicI64>::default(), Arc::<AtomicI64>::default());
        hands.store(1_000_000, Ordering::SeqCst);
        let shown = Arc::clone(&hands);
        let clock = Clock::from_fn(move || shown.load(Ordering::SeqCst));
        let (count, now, fails) = (Arc::clone(&calls), clock.clone(), Arc::clone(&failing));
        let provider = CredentialsProvider(Arc::new(move || {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            let fails = fails.load(Ordering::SeqCst) != 0;
            let expires_at = life.map(|life| now.now() + life);
            async move {
                tokio::time::sleep(delay).await;
                if fails {
                    return Err("no".to_owned());
                }
                Ok(config::Credentials {
                    access_key_id: format!("key {number}"),
                    secret_access_key: "secret".into(),
                    session_token: None,
                    expires_at,
                    account_id: None,
                })
            }
            .boxed()
        }));
        let provider = SharedCredentialsProvider::new(JsProvider(provider));
        let credentials = CachedCredentials::with(provider, clock, is_callers);
        Scene { calls, hands, failing, credentials }
    }

    fn scene(life: Option<Millis>) -> Scene {
        scene_with(life, Duration::from_millis(1), true)
    }

    impl Scene {
        async fn key(&self) -> Result<String, Arc<CredentialsError>> {
            let found = self.credentials.find().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            found.map(|found| found.access_key_id().to_owned())
        }

        fn pass(&self, ms: Millis) {
            self.hands.fetch_add(ms, Ordering::SeqCst);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_source_is_called_once_and_serves_later_requests() {
        for life in [None, Some(60_000)] {
            let scene = scene_with(life, Duration::from_secs(5), false);
            for _ in 0..2 {
                let waited = timeout(Duration::from_secs(2), scene.credentials.prepare()).await;
                assert!(waited.is_err());
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(scene.key().await.unwrap(), "key 1");
            assert_eq!(scene.calls.load(Ordering::SeqCst), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_does_not_search_for_what_was_prepared() {
        let scene = scene(Some(1_000));
        scene.credentials.prepare().await.unwrap();
        scene.pass(2_000);
        let provided = scene.credentials.provide_credentials().await.unwrap();
        assert_eq!(provided.access_key_id(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 2");
    }

    #[tokio::test(start_paused = true)]
    async fn expired_credentials_of_the_chain_are_used_once_and_not_kept() {
        let scene = scene_with(Some(-1), Duration::from_millis(1), false);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 2");
    }

    #[tokio::test(start_paused = true)]
    async fn the_chain_is_not_searched_again_for_a_rejection() {
        let scene = scene_with(None, Duration::from_millis(1), false);
        scene.key().await.unwrap();
        scene.pass(PAUSE + 1);
        scene.credentials.rejected();
        assert_eq!(scene.key().await.unwrap(), "key 1");
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_renewed_behind_those_that_are_good_and_never_used_when_expired() {
        let scene = scene(Some(2_000));
        let (one, other) = tokio::join!(scene.key(), scene.key());
        assert_eq!((one.unwrap(), other.unwrap()), ("key 1".into(), "key 1".into()));
        scene.pass(900);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.calls.load(Ordering::SeqCst), 1);
        scene.pass(200);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 2");
        scene.pass(1_600);
        assert_eq!(scene.key().await.unwrap(), "key 3");
        assert_eq!(scene.calls.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_provider_fails_keys_are_used_until_they_expire() {
        let scene = scene(Some(8_000));
        scene.key().await.unwrap();
        scene.failing.store(1, Ordering::SeqCst);
        scene.pass(5_000);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.calls.load(Ordering::SeqCst), 2);
        scene.pass(1_500);
        assert!(scene.key().await.is_err());
        scene.failing.store(0, Ordering::SeqCst);
        assert!(scene.key().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_without_an_expiry_are_requested_again_at_intervals() {
        let scene = scene(None);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        scene.pass(LIFE_WITHOUT_EXPIRY - 1);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        scene.failing.store(1, Ordering::SeqCst);
        scene.pass(LIFE_WITHOUT_EXPIRY);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.calls.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_have_expired_or_are_refused_are_not_kept() {
        assert!(scene(Some(-1)).key().await.is_err());
        let scene = scene(None);
        scene.key().await.unwrap();
        scene.credentials.rejected();
        assert_eq!(scene.key().await.unwrap(), "key 1");
        scene.pass(PAUSE + 1);
        scene.credentials.rejected();
        assert_eq!(scene.key().await.unwrap(), "key 2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_is_called_again_in_the_end() {
        let calls = Arc::<AtomicI64>::default();
        let count = Arc::clone(&calls);
        let silent = CredentialsProvider(Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::pending().boxed()
        }));
        let silent = SharedCredentialsProvider::new(JsProvider(silent));
        let credentials = CachedCredentials::of_caller(silent, Clock::from_fn(|| 1));
        let wait = || timeout(TIMEOUT / 30, credentials.prepare());
        for _ in 0..2 {
            assert!(wait().await.is_err());
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert!(credentials.prepare().await.is_err());
        assert!(wait().await.is_err());
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }
}
