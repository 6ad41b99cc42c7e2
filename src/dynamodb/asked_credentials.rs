//! Credentials that somebody is asked for: a provider of the caller's.
//!
//! It is asked once at a time, and in good time: while the keys at hand are still good, they are used
//! and new ones are fetched behind them. Keys are not used in the last part of their life, so that no
//! request arrives with expired ones.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use tokio::time::timeout;

use super::credentials::hide;
use crate::clock::{Clock, Millis};
use crate::config::{self, AskCredentials};
use crate::log::Secrets;
use crate::single_flight::SingleFlight;

/// How long before they expire new keys are asked for, at most, in milliseconds.
const LONGEST_LEAD: Millis = 5 * 60_000;
/// How long before they expire keys are no longer used, at most, in milliseconds.
const LONGEST_MARGIN: Millis = 10_000;
/// For how long keys are used that have no expiry before they are asked for again, in milliseconds.
const UNLIMITED_LIFE: Millis = 15 * 60_000;
/// How long a provider that has failed is left alone while its last keys are good, in milliseconds.
const REST: Millis = 1_000;
/// After which time a provider that gives no answer is asked again.
const PATIENCE: Duration = Duration::from_secs(60);

type Search = SingleFlight<(), Result<Credentials, String>>;

/// Keeps what a provider gave.
#[derive(Clone)]
pub struct AskedCredentials(Arc<Inner>);

struct Inner {
    ask: AskCredentials,
    clock: Clock,
    search: Search,
    held: Mutex<Option<Held>>,
    secrets: Secrets,
}

struct Held {
    credentials: Credentials,
    since: Millis,
    /// When new ones are asked for.
    renew_at: Millis,
    /// From when on these are not used.
    good_until: Millis,
}

impl AskedCredentials {
    /// Asks `ask`; nobody is asked before the first call.
    pub fn new(ask: AskCredentials, clock: Clock) -> Self {
        let (search, held) = (SingleFlight::new(), Mutex::default());
        Self(Arc::new(Inner { ask, clock, search, held, secrets: Secrets::new() }))
    }

    /// Sees to it that there are credentials.
    pub async fn prepare(&self) -> Result<(), CredentialsError> {
        self.provide().await.map(|_| ())
    }

    /// Lets the next request ask for new ones: DynamoDB refuses those at hand.
    pub fn refused(&self) {
        let now = self.0.clock.now();
        let mut held = self.0.held();
        if held.as_ref().is_some_and(|held| now - held.since > REST || now < held.since) {
            *held = None;
        }
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let now = self.0.clock.now();
        let at_hand = self.0.held().as_ref().and_then(|held| {
            let good = now < held.good_until && now >= held.since;
            good.then(|| (held.credentials.clone(), now >= held.renew_at))
        });
        match at_hand {
            Some((credentials, renew)) => {
                if renew {
                    // It runs as a task of its own.
                    drop(self.0.search.join_or_start((), || Some(search(Arc::clone(&self.0)))));
                }
                Ok(credentials)
            }
            None => {
                let found = self.0.search.join((), search(Arc::clone(&self.0))).await;
                found
                    .unwrap_or_else(|| Err("the provider failed".to_owned()))
                    .map_err(CredentialsError::provider_error)
            }
        }
    }
}

async fn search(inner: Arc<Inner>) -> Result<Credentials, String> {
    let answer = match timeout(PATIENCE, (inner.ask.0)()).await {
        Ok(answer) => answer,
        Err(_) => Err("the provider does not answer".to_owned()),
    };
    let now = inner.clock.now();
    let kept = answer.and_then(|given| Held::new(given, now));
    let mut held = inner.held();
    match kept {
        Ok(new) => {
            let credentials = new.credentials.clone();
            hide(&inner.secrets, &credentials);
            *held = Some(new);
            Ok(credentials)
        }
        Err(reason) => {
            if let Some(held) = &mut *held {
                held.renew_at = now + REST;
                // Keys without an expiry are asked for again only in case there are newer ones.
                if held.credentials.expiry().is_none() {
                    held.good_until = Millis::MAX;
                }
            }
            Err(reason)
        }
    }
}

impl Held {
    fn new(given: config::Credentials, now: Millis) -> Result<Self, String> {
        let (renew_at, good_until) = match given.expires_at {
            Some(end) if end <= now => {
                return Err("the credentials that the provider gave have expired".to_owned());
            }
            Some(end) => {
                let life = end - now;
                (end - LONGEST_LEAD.min(life / 2), end - LONGEST_MARGIN.min(life / 4))
            }
            None => (now + UNLIMITED_LIFE, Millis::MAX),
        };
        Ok(Self { credentials: to_sdk(given), since: now, renew_at, good_until })
    }
}

/// The same credentials as the AWS client has them.
pub fn to_sdk(given: config::Credentials) -> Credentials {
    let mut builder = Credentials::builder()
        .access_key_id(given.access_key_id)
        .secret_access_key(given.secret_access_key)
        .provider_name("clientOptions");
    builder.set_session_token(given.session_token);
    let expiry = given.expires_at.and_then(|ms| u64::try_from(ms).ok());
    builder.set_expiry(expiry.and_then(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))));
    builder.set_account_id(given.account_id.map(Into::into));
    builder.build()
}

impl Inner {
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProvideCredentials for AskedCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

impl fmt::Debug for AskedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskedCredentials")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use futures_util::FutureExt;

    use super::*;

    /// A provider whose keys live for `life` milliseconds; it counts how often it is asked, and fails
    /// while `failing` is not 0.
    struct Scene {
        asked: Arc<AtomicI64>,
        hands: Arc<AtomicI64>,
        failing: Arc<AtomicI64>,
        credentials: AskedCredentials,
    }

    fn scene(life: Option<Millis>) -> Scene {
        let (asked, hands, failing) =
            (Arc::<AtomicI64>::default(), Arc::<AtomicI64>::default(), Arc::<AtomicI64>::default());
        hands.store(1_000_000, Ordering::SeqCst);
        let shown = Arc::clone(&hands);
        let clock = Clock::from_fn(move || shown.load(Ordering::SeqCst));
        let (count, now, fails) = (Arc::clone(&asked), clock.clone(), Arc::clone(&failing));
        let ask = AskCredentials(Arc::new(move || {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            let fails = fails.load(Ordering::SeqCst) != 0;
            let expires_at = life.map(|life| now.now() + life);
            async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
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
        Scene { asked, hands, failing, credentials: AskedCredentials::new(ask, clock) }
    }

    impl Scene {
        async fn key(&self) -> Result<String, CredentialsError> {
            let found = self.credentials.provide().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            found.map(|found| found.access_key_id().to_owned())
        }

        fn pass(&self, ms: Millis) {
            self.hands.fetch_add(ms, Ordering::SeqCst);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_renewed_behind_those_that_are_good_and_never_used_when_expired() {
        let scene = scene(Some(2_000));
        let (one, other) = tokio::join!(scene.key(), scene.key());
        assert_eq!((one.unwrap(), other.unwrap()), ("key 1".into(), "key 1".into()));
        scene.pass(900);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.asked.load(Ordering::SeqCst), 1);
        scene.pass(200);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 2");
        scene.pass(1_600);
        assert_eq!(scene.key().await.unwrap(), "key 3");
        assert_eq!(scene.asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_provider_fails_keys_are_used_until_they_expire() {
        let scene = scene(Some(8_000));
        scene.key().await.unwrap();
        scene.failing.store(1, Ordering::SeqCst);
        scene.pass(5_000);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.asked.load(Ordering::SeqCst), 2);
        scene.pass(1_500);
        assert!(scene.key().await.is_err());
        scene.failing.store(0, Ordering::SeqCst);
        assert!(scene.key().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_without_an_expiry_are_asked_for_now_and_then() {
        let scene = scene(None);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        scene.pass(UNLIMITED_LIFE - 1);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        scene.failing.store(1, Ordering::SeqCst);
        scene.pass(UNLIMITED_LIFE);
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.key().await.unwrap(), "key 1");
        assert_eq!(scene.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_have_expired_or_are_refused_are_not_kept() {
        assert!(scene(Some(-1)).key().await.is_err());
        let scene = scene(None);
        scene.key().await.unwrap();
        scene.credentials.refused();
        assert_eq!(scene.key().await.unwrap(), "key 1");
        scene.pass(REST + 1);
        scene.credentials.refused();
        assert_eq!(scene.key().await.unwrap(), "key 2");
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_is_asked_again_in_the_end() {
        let asked = Arc::<AtomicI64>::default();
        let count = Arc::clone(&asked);
        let silent = AskCredentials(Arc::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::pending().boxed()
        }));
        let credentials = AskedCredentials::new(silent, Clock::from_fn(|| 1));
        for _ in 0..2 {
            assert!(timeout(Duration::from_secs(2), credentials.prepare()).await.is_err());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(credentials.prepare().await.is_err());
        assert!(timeout(Duration::from_secs(2), credentials.prepare()).await.is_err());
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
}
