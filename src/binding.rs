//! The only module that knows N-API: it turns calls from JavaScript into calls of the store, and
//! answers and errors back. It decides nothing.
//!
//! A future never borrows the JavaScript object that started it: a worker thread can end while calls
//! are in flight, and then the object is gone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{JsError, Status};
use napi_derive::napi;

use crate::cache::Answer;
use crate::clock::Clock;
use crate::config::{ClientConfig, Config, Credentials};
use crate::dynamodb::{RootCertificates, SdkDynamoDb};
use crate::log::{Level, Log};
use crate::store::{NewItems, Store};

/// The options of a store, checked by JavaScript; what is absent has its default here.
#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    /// The name of the table.
    pub table: String,
    /// Put before every namespace.
    pub prefix: Option<String>,
    /// For how many milliseconds an answer is fresh.
    pub cache_ttl_ms: Option<f64>,
    /// Whether reads are strongly consistent.
    pub consistent_read: Option<bool>,
    /// For how many milliseconds a read waits.
    pub read_timeout_ms: Option<f64>,
    /// For how many milliseconds a write is tried.
    pub write_timeout_ms: Option<f64>,
    /// The AWS region.
    pub region: Option<String>,
    /// The URL of DynamoDB.
    pub endpoint: Option<String>,
    /// Fixed credentials.
    pub credentials: Option<NativeCredentials>,
}

/// Fixed AWS credentials.
#[napi(object, object_to_js = false)]
pub struct NativeCredentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret part of the access key.
    pub secret_access_key: String,
    /// The token that comes with temporary keys.
    pub session_token: Option<String>,
}

/// What an endless time-out means: a year.
const LONGEST_TIMEOUT_MS: f64 = 365.0 * 24.0 * 3_600_000.0;

impl From<NativeOptions> for Config {
    fn from(options: NativeOptions) -> Self {
        let mut config = Config::new(options.table);
        let duration =
            |ms: f64| Duration::from_secs_f64(ms.clamp(0.0, LONGEST_TIMEOUT_MS) / 1000.0);
        config.prefix = options.prefix.unwrap_or_default();
        if let Some(ms) = options.cache_ttl_ms {
            config.cache_ttl_ms = ms;
        }
        if let Some(consistent) = options.consistent_read {
            config.consistent_read = consistent;
        }
        if let Some(ms) = options.read_timeout_ms {
            config.read_timeout = duration(ms);
        }
        if let Some(ms) = options.write_timeout_ms {
            config.write_timeout = duration(ms);
        }
        config.client = ClientConfig {
            region: options.region,
            endpoint: options.endpoint,
            credentials: options.credentials.map(|given| Credentials {
                access_key_id: given.access_key_id,
                secret_access_key: given.secret_access_key,
                session_token: given.session_token,
            }),
        };
        config
    }
}

/// An item's JSON, or all items of a kind in one JSON object.
#[napi(object, object_from_js = false)]
pub struct NativeAnswer {
    /// `null` where there is no such item.
    pub json: Option<String>,
    /// Until when it may be given again without asking: `Date.now()` time, or `Infinity`.
    pub fresh_until: f64,
}

/// The new items of one kind.
#[napi(object, object_to_js = false)]
pub struct NativeItems {
    /// The kind's namespace, without the prefix.
    pub kind: String,
    /// The JSON of an object of items by key.
    pub json: String,
}

/// A line for the log.
#[napi(object, object_from_js = false)]
pub struct NativeLine {
    /// The logger's method for it.
    pub level: &'static str,
    /// The line.
    pub text: String,
}

/// Lines that JavaScript hasn't taken yet.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<NativeLine>>>);

impl Lines {
    fn push(&self, line: NativeLine) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn take(&self) -> Vec<NativeLine> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Gives lines to JavaScript. It is called with those that are waiting, unless it has taken them
/// before, with the answer that they belong to. The function is weak: it keeps no process alive.
struct JsLog {
    lines: Lines,
    deliver: ThreadsafeFunction<(), (), Vec<NativeLine>, Status, false, true>,
}

impl Log for JsLog {
    fn log(&self, level: Level, line: String) {
        self.lines.push(NativeLine { level: level.name(), text: line });
        self.deliver.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

type RootsFunction = ThreadsafeFunction<(), String, (), Status, false, true>;

/// A store. JavaScript makes one for each `DynamoDBFeatureStore` value.
#[napi]
pub struct NativeStore {
    store: Store,
    lines: Lines,
}

#[napi]
impl NativeStore {
    /// `log` gets lines; `root_certificates` returns Node's own root certificates as PEM text.
    /// Neither may refer to this object, which would then never be collected.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "options: NativeOptions, log: (lines: Array<NativeLine>) => void, rootCertificates: () => string"
    )]
    pub fn new(
        options: NativeOptions,
        log: Function<(), ()>,
        root_certificates: Function<(), String>,
    ) -> Result<Self> {
        let lines = Lines::default();
        let waiting = lines.clone();
        let deliver = log
            .build_threadsafe_function()
            .weak::<true>()
            .build_callback(move |_| Ok(waiting.take()))?;
        let roots: RootsFunction =
            root_certificates.build_threadsafe_function().weak::<true>().build()?;
        let roots = Arc::new(roots);
        let node_roots: RootCertificates = Arc::new(move || {
            let roots = Arc::clone(&roots);
            async move { roots.call_async_catch(()).await.ok() }.boxed()
        });
        let config = Config::from(options);
        let log = Arc::new(JsLog { lines: lines.clone(), deliver });
        let dynamodb = SdkDynamoDb::new(&config, node_roots, log.clone());
        let store = Store::new(&config, Arc::new(dynamodb), log, Clock::system());
        Ok(Self { store, lines })
    }

    /// The lines that are waiting for the log.
    #[napi(catch_unwind)]
    pub fn take_lines(&self) -> Vec<NativeLine> {
        self.lines.take()
    }

    /// One item.
    #[napi(ts_return_type = "Promise<NativeAnswer>", catch_unwind)]
    pub fn get<'e>(
        &self,
        env: &'e Env,
        kind: String,
        key: String,
    ) -> Result<PromiseRaw<'e, NativeAnswer>> {
        let store = self.store.clone();
        promise(env, async move {
            let answer = store.get(&kind, &key).await?;
            Ok(native(answer, |json| json.map(|json| json.to_string())))
        })
    }

    /// All live items of a kind.
    #[napi(ts_return_type = "Promise<NativeAnswer>", catch_unwind)]
    pub fn all<'e>(&self, env: &'e Env, kind: String) -> Result<PromiseRaw<'e, NativeAnswer>> {
        let store = self.store.clone();
        promise(env, async move { Ok(native(store.all(&kind).await?, Some)) })
    }

    /// Replaces all items of the given kinds.
    #[napi(ts_return_type = "Promise<void>", catch_unwind)]
    pub fn init<'e>(&self, env: &'e Env, data: Vec<NativeItems>) -> Result<PromiseRaw<'e, ()>> {
        let data = data.into_iter().map(|new| NewItems { kind: new.kind, json: new.json });
        promise(env, self.store.init(data.collect()))
    }

    /// Stores an item unless a version as new is there.
    #[napi(ts_return_type = "Promise<void>", catch_unwind)]
    pub fn upsert<'e>(
        &self,
        env: &'e Env,
        kind: String,
        json: String,
    ) -> Result<PromiseRaw<'e, ()>> {
        promise(env, self.store.upsert(&kind, &json))
    }

    /// Stores a tombstone unless a version as new is there.
    #[napi(ts_return_type = "Promise<void>", catch_unwind)]
    pub fn delete<'e>(
        &self,
        env: &'e Env,
        kind: String,
        key: String,
        version: f64,
    ) -> Result<PromiseRaw<'e, ()>> {
        promise(env, self.store.delete(&kind, &key, version))
    }

    /// Whether somebody has initialised the store.
    #[napi(ts_return_type = "Promise<boolean>", catch_unwind)]
    pub fn initialized<'e>(&self, env: &'e Env) -> Result<PromiseRaw<'e, bool>> {
        let store = self.store.clone();
        promise(env, async move { store.initialized().await })
    }
}

fn native<T>(answer: Answer<T>, json: impl FnOnce(T) -> Option<String>) -> NativeAnswer {
    NativeAnswer { json: json(answer.value), fresh_until: answer.fresh_until }
}

/// A promise whose rejection carries the store's error code.
fn promise<'e, T, F>(env: &'e Env, work: F) -> Result<PromiseRaw<'e, T>>
where
    T: ToNapiValue + Send + 'static,
    F: Future<Output = crate::error::Result<T>> + Send + 'static,
{
    env.spawn_future_with_callback(async move { Ok(work.await) }, |env, result| {
        result.map_err(|failure| {
            let coded = Error::new(failure.kind.code(), failure.to_string());
            Error::from(JsError::from(coded).into_unknown(*env))
        })
    })
}
