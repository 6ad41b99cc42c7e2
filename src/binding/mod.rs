//! The only module that knows N-API: it turns calls from JavaScript into calls of the store, and
//! answers and errors back. It decides nothing.
//!
//! A future never borrows the JavaScript object that started it: a worker thread can end while calls
//! are in flight, and then the object is gone.

mod administration;
mod big_segments;
mod client_options;
mod lines;
mod questions;
mod response_queue;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use self::client_options::NativeClientOptions;
use self::questions::{AskFunction, Questions};
use self::response_queue::{Form, ResponseQueue, all_text, item_text};
use crate::cache::Generation;
use crate::clock::{Clock, duration};
use crate::config::Config;
use crate::dynamodb::{AwsTable, CallClient, JsClient, RootCertificates, Table};
use crate::environment::Environment;
use crate::error;
use crate::log::{Level, Log};
use crate::panics::{self, caught};
use crate::requester::{RequestId, working_for};
use crate::runtime;
use crate::stats::Stats;
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
    /// For how many milliseconds after that it is used when DynamoDB fails.
    pub stale_if_error_ms: Option<f64>,
    /// For how many milliseconds after that it is used while a newer one is fetched.
    pub stale_while_revalidate_ms: Option<f64>,
    /// For how many milliseconds a read waits that has something stale to answer with.
    pub stale_if_slow_ms: Option<f64>,
    /// How many bytes are held.
    pub max_cache_bytes: Option<f64>,
    /// Whether everything is read at once.
    pub preload: Option<bool>,
    /// Whether reads are strongly consistent.
    pub consistent_read: Option<bool>,
    /// For how many milliseconds a read waits.
    pub read_timeout_ms: Option<f64>,
    /// For how many milliseconds whoever asks whether DynamoDB is available waits.
    pub availability_timeout_ms: Option<f64>,
    /// For how many milliseconds a write is waited for.
    pub write_timeout_ms: Option<f64>,
    /// Whether nothing is written.
    pub read_only: Option<bool>,
    /// Whether a table that lost its data is written anew.
    pub refill: Option<bool>,
    /// How DynamoDB is reached.
    pub client: Option<NativeClientOptions>,
    /// Whether a client of the caller's is asked: the subject `client`.
    pub asks_client: Option<bool>,
    /// The environment variables: names and values in turn.
    pub environment: Vec<String>,
}

impl NativeOptions {
    /// The same as the core takes it; `questions` are asked for what is not known yet.
    fn into_config(self, questions: &Questions) -> Config {
        let options = self;
        let mut variables = options.environment.into_iter();
        let variables = std::iter::from_fn(|| Some((variables.next()?, variables.next()?)));
        let environment = Environment::new(variables);
        let mut config = Config::new(options.table);
        config.prefix = options.prefix.unwrap_or_default();
        if let Some(ms) = options.cache_ttl_ms {
            config.freshness.ttl_ms = ms;
        }
        if let Some(ms) = options.stale_if_error_ms {
            config.freshness.stale_if_error_ms = ms;
        }
        if let Some(ms) = options.stale_while_revalidate_ms {
            config.freshness.stale_while_revalidate_ms = ms;
        }
        if let Some(ms) = options.stale_if_slow_ms {
            config.stale_if_slow = duration(ms);
        }
        if let Some(bytes) = options.max_cache_bytes {
            config.max_cache_bytes = bytes as u64;
        }
        if let Some(consistent) = options.consistent_read {
            config.consistent_read = consistent;
        }
        if let Some(ms) = options.read_timeout_ms {
            config.read_timeout = duration(ms);
        }
        if let Some(ms) = options.availability_timeout_ms {
            config.availability_timeout = duration(ms);
        }
        if let Some(ms) = options.write_timeout_ms {
            config.write_timeout = duration(ms);
        }
        config.read_only = options.read_only.unwrap_or(false);
        config.refill = options.refill.unwrap_or(false);
        config.client = options.client.unwrap_or_default().into_config(environment, questions);
        config
    }
}

/// What was counted since the store was made.
#[napi(object, object_from_js = false)]
#[allow(missing_docs)] // They are described where JavaScript hands them out.
pub struct NativeStats {
    pub hits: f64,
    pub misses: f64,
    pub stale: f64,
    pub coalesced: f64,
    pub get_item: f64,
    pub query: f64,
    pub put_item: f64,
    pub batch_write_item: f64,
    pub errors: f64,
    pub throttles: f64,
    pub items: f64,
    pub bytes: f64,
    pub unsaved: f64,
    pub read_units: f64,
    pub write_units: f64,
}

type WakeFunction = ThreadsafeFunction<(), (), Option<String>, Status, false, true>;

/// Calls a client of the caller's.
fn call_client(questions: &Questions) -> CallClient {
    let questions = questions.clone();
    Arc::new(move |request| {
        let questions = questions.clone();
        async move { questions.ask("client", request).await }.boxed()
    })
}

/// Asks for Node's own root certificates.
fn node_roots(questions: &Questions) -> RootCertificates {
    let questions = questions.clone();
    Arc::new(move || {
        let questions = questions.clone();
        async move { questions.ask("roots", String::new()).await }.boxed()
    })
}

#[napi_derive::module_init]
fn init() {
    panics::silence();
}

/// A response queue whose content `deliver` is given.
fn queue_for(deliver: &Function<(), ()>, generation: Generation) -> Result<Arc<ResponseQueue>> {
    let known: Arc<OnceLock<std::sync::Weak<ResponseQueue>>> = Arc::default();
    let delivered = Arc::clone(&known);
    let wake: WakeFunction =
        deliver.build_threadsafe_function().weak::<true>().build_callback(move |_| {
            let queue = delivered.get().and_then(std::sync::Weak::upgrade);
            Ok(queue.and_then(|queue| queue.take()))
        })?;
    let wake = move || {
        wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    };
    let queue = ResponseQueue::new(Box::new(wake), generation);
    drop(known.set(Arc::downgrade(&queue)));
    Ok(queue)
}

/// What everything runs on.
fn runtime() -> error::Result<Handle> {
    runtime::handle().map_err(|failure| error::Error::no_resources(&failure))
}

/// Starts work that nobody waits for; where it can't be started now, it is done when it is needed.
fn warm_up(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = runtime() {
        drop(runtime.spawn(work));
    }
}

/// Puts what comes of `work` into the queue: one answer, come what may.
fn respond_with(
    queue: &Arc<ResponseQueue>,
    id: RequestId,
    work: impl Future<Output = error::Result<Value>> + Send + 'static,
) {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(failure) => return queue.value(id, Err(failure)),
    };
    let queue = Arc::clone(queue);
    drop(runtime.spawn(working_for(Some(id), async move {
        queue.value(id, caught(work).await.flatten());
    })));
}

/// A store. JavaScript makes one for each `DynamoDBFeatureStore` value.
///
/// Requests carry a number; their answers come through the queue, in the form that is described
/// there.
#[napi]
pub struct NativeStore {
    store: Store,
    dynamodb: Arc<dyn Table>,
    queue: Arc<ResponseQueue>,
    questions: Questions,
    inits: Mutex<HashMap<RequestId, Init>>,
    /// Whether the latest request found nothing to run on.
    has_no_runtime: AtomicBool,
    /// Writes that found nothing to run on, in their order.
    postponed: Mutex<Vec<BoxFuture<'static, ()>>>,
    /// To be told when no request follows the last one, once the store is closing.
    quiet: Mutex<Option<oneshot::Sender<()>>>,
}

/// An init whose data is on its way.
struct Init {
    parts: Vec<NewItems>,
    complete: oneshot::Sender<Vec<NewItems>>,
}

#[napi]
impl NativeStore {
    /// `deliver` gets what waits in the queue, if anything does; `ask` is asked questions, which
    /// `respond` answers: for Node's own root certificates as PEM text (the subject `roots`), and for what
    /// the options say. Neither may throw or refer to this object, which would then never be collected;
    /// and neither keeps the process alive.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "options: NativeOptions, deliver: (text: string | null) => void, ask: (question: number, subject: string, text: string, request: number | null) => void"
    )]
    pub fn new(
        options: NativeOptions,
        deliver: Function<(), ()>,
        ask: AskFunction,
    ) -> Result<Self> {
        let generation = Generation::default();
        let queue = queue_for(&deliver, generation.clone())?;
        let questions = Questions::new(&ask)?;

        let preload = options.preload.unwrap_or(false);
        let asks_client = options.asks_client.unwrap_or(false);
        let (config, stats) = (options.into_config(&questions), Arc::new(Stats::default()));
        let (clock, log): (_, Arc<dyn Log>) = (Clock::system(), queue.clone());
        let dynamodb: Arc<dyn Table> = if asks_client {
            Arc::new(JsClient::new(&config, call_client(&questions), stats.clone()))
        } else {
            let own = AwsTable::new(
                &config,
                node_roots(&questions),
                log.clone(),
                clock.clone(),
                stats.clone(),
            );
            // Node goes on loading modules meanwhile. A preload does the same.
            if !preload {
                warm_up(own.connect());
            }
            Arc::new(own)
        };
        let table = Arc::clone(&dynamodb);
        let store = Store::new(&config, table, log, clock, stats, generation);
        if preload {
            warm_up(store.preload());
        }
        Ok(Self {
            store,
            dynamodb,
            queue,
            questions,
            inits: Mutex::default(),
            has_no_runtime: AtomicBool::new(false),
            postponed: Mutex::default(),
            quiet: Mutex::default(),
        })
    }

    /// What waits in the queue.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Option<String> {
        self.queue.take()
    }

    /// One item; `held` is the revision of it that JavaScript has, or 0. Where it is known freshly,
    /// the answer is returned, and does not come through the queue. Whether the item comes `as_text`
    /// or as JSON is for the caller to say, here and below.
    #[napi(catch_unwind)]
    pub fn get(
        &self,
        id: u32,
        kind: String,
        key: String,
        held: f64,
        as_text: bool,
    ) -> Option<String> {
        let (held, form) = (held as u64, form(as_text));
        if let Some(answer) = self.store.peek(&kind, &key) {
            return Some(item_text(id, held, form, &answer));
        }
        let store = self.store.clone();
        self.answer(id, async move { store.get(&kind, &key).await }, move |queue, answer| {
            queue.item(id, held, form, &answer);
        });
        None
    }

    /// How many bytes of text JavaScript may hold parsed: half of `max_cache_bytes`. The other half is held here.
    #[napi(catch_unwind)]
    pub fn item_cache_size(&self) -> f64 {
        self.store.max_cache_bytes() as f64 / 2.0
    }

    /// What is newest of an item, fresh or not, in the form of an answer of `get`; nothing where nothing is known.
    #[napi(catch_unwind)]
    pub fn newest(&self, kind: String, key: String, held: f64, as_text: bool) -> Option<String> {
        let newest = self.store.newest(&kind, &key)?;
        Some(item_text(0, held as u64, form(as_text), &newest))
    }

    /// The same of all live items, in the form of an answer of `all`, as changes of the state `held`.
    #[napi(catch_unwind)]
    pub fn newest_all(&self, kind: String, held: f64, as_text: bool) -> Option<String> {
        let newest = self.store.newest_all(&kind, held as u64)?;
        Some(all_text(0, form(as_text), &newest))
    }

    /// All live items of a kind; `held` is the state of them that JavaScript has, or 0.
    #[napi(catch_unwind)]
    pub fn all(&self, id: u32, kind: String, held: f64, as_text: bool) {
        let store = self.store.clone();
        self.answer(id, async move { store.all(&kind, held as u64).await }, move |queue, all| {
            queue.all(id, form(as_text), &all);
        });
    }

    /// Takes an init's place in the order of writes. Its data comes with [`NativeStore::init_part`].
    #[napi(catch_unwind)]
    pub fn init_begin(&self, id: u32) {
        let (complete, data) = oneshot::channel();
        self.inits().insert(id, Init { parts: Vec::new(), complete });
        let queue = Arc::clone(&self.queue);
        let init = self.store.init(async move { data.await.ok() }, move || queue.known(id));
        self.answer_write(id, init, move |queue, ()| queue.done(id));
    }

    /// More of an init's data: the JSON of an object of items by key, of one kind.
    #[napi(catch_unwind)]
    pub fn init_part(&self, id: u32, kind: String, json: String) {
        if let Some(init) = self.inits().get_mut(&id) {
            init.parts.push(NewItems { kind, json });
        }
    }

    /// An init's data is complete; or, where it isn't `whole`, there is none, and nothing is done.
    #[napi(catch_unwind)]
    pub fn init_end(&self, id: u32, whole: bool) {
        if let Some(Init { parts, complete }) = self.inits().remove(&id)
            && whole
        {
            drop(complete.send(parts));
        }
    }

    /// Stores an item unless a version as new is there. Returns the generation of what is known then.
    #[napi(catch_unwind)]
    pub fn upsert(&self, id: u32, kind: String, json: String) -> f64 {
        let upsert = self.store.upsert(&kind, &json);
        self.answer_write(id, upsert, move |queue, ()| queue.done(id));
        self.store.generation() as f64
    }

    /// Stores a tombstone unless a version as new is there. Returns the generation of what is known then.
    #[napi(catch_unwind)]
    pub fn delete(&self, id: u32, kind: String, key: String, version: f64) -> f64 {
        let delete = self.store.delete(&kind, &key, version);
        self.answer_write(id, delete, move |queue, ()| queue.done(id));
        self.store.generation() as f64
    }

    /// Gives what is not in the table one more try, and gives it up. Lets go of all connections. Requests may
    /// still come until [`NativeStore::quiet`] is called; they are waited for, shortly.
    #[napi(catch_unwind)]
    pub fn close(&self, id: u32) {
        let dynamodb = Arc::clone(&self.dynamodb);
        let (quiet, is_quiet) = oneshot::channel();
        *lock(&self.quiet) = Some(quiet);
        let closing = self.store.close_after(async move { drop(is_quiet.await) });
        let close = async move {
            let closed = caught(closing).await;
            dynamodb.disconnect();
            closed
        };
        self.answer(id, close, move |queue, ()| queue.done(id));
    }

    /// No request follows: see [`NativeStore::close`].
    #[napi(catch_unwind)]
    pub fn quiet(&self) {
        lock(&self.quiet).take();
    }

    /// Lets go of JavaScript's functions: nothing is told or asked from now on.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        self.queue.close();
        self.questions.close();
    }

    /// Whether DynamoDB answers.
    #[napi(catch_unwind)]
    pub fn is_available(&self, id: u32) {
        let store = self.store.clone();
        let available = async move { Ok(store.is_available().await) };
        self.answer(id, available, move |queue, available| queue.available(id, available));
    }

    /// Whether somebody has initialised the store.
    #[napi(catch_unwind)]
    pub fn initialized(&self, id: u32) {
        let store = self.store.clone();
        self.answer(id, async move { store.initialized().await }, move |queue, known| {
            queue.initialized(id, &known);
        });
    }

    /// What was counted.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeStats {
        let (stats, (items, bytes)) = (self.store.stats(), self.store.held());
        let count = |count: &crate::stats::Count| count.get() as f64;
        NativeStats {
            hits: count(&stats.hits),
            misses: count(&stats.misses),
            stale: count(&stats.stale),
            coalesced: count(&stats.coalesced),
            get_item: count(&stats.requests.get),
            query: count(&stats.requests.query),
            put_item: count(&stats.requests.put),
            batch_write_item: count(&stats.requests.batch_write),
            errors: count(&stats.errors),
            throttles: count(&stats.throttles),
            items: items as f64,
            bytes: bytes as f64,
            unsaved: self.store.pending() as f64,
            read_units: stats.read_units.get(),
            write_units: stats.write_units.get(),
        }
    }

    /// Puts what comes of `work` into the queue: one answer, come what may.
    fn answer<T: Send + 'static>(
        &self,
        id: RequestId,
        work: impl Future<Output = error::Result<T>> + Send + 'static,
        put: impl FnOnce(&ResponseQueue, T) + Send + 'static,
    ) {
        if let Some(runtime) = self.runtime(id) {
            drop(runtime.spawn(self.replying(id, work, put)));
        }
    }

    /// The same for a write, which is not lost where there is nothing to run it on: whoever asked is told of
    /// the failure, and it is done later.
    fn answer_write<T: Send + 'static>(
        &self,
        id: RequestId,
        work: impl Future<Output = error::Result<T>> + Send + 'static,
        put: impl FnOnce(&ResponseQueue, T) + Send + 'static,
    ) {
        let write = self.replying(id, work, put);
        match self.runtime(id) {
            Some(runtime) => drop(runtime.spawn(write)),
            None => lock(&self.postponed).push(write.boxed()),
        }
    }

    fn replying<T: Send + 'static>(
        &self,
        id: RequestId,
        work: impl Future<Output = error::Result<T>> + Send + 'static,
        put: impl FnOnce(&ResponseQueue, T) + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let reply = Reply { queue: Arc::clone(&self.queue), id, given: false };
        let replying = async move {
            match work.await {
                Ok(answer) => put(&reply.queue, answer),
                Err(failure) => reply.queue.failed(id, &failure),
            }
            reply.was_given();
        };
        working_for(Some(id), replying)
    }

    /// What a request is to run on, once the writes have begun that were postponed. Where there is nothing,
    /// the request has failed.
    fn runtime(&self, id: RequestId) -> Option<Handle> {
        match runtime() {
            Ok(runtime) => {
                self.has_no_runtime.store(false, Ordering::Relaxed);
                for write in lock(&self.postponed).drain(..) {
                    drop(runtime.spawn(write));
                }
                Some(runtime)
            }
            Err(failure) => {
                // One line for as long as it lasts.
                if !self.has_no_runtime.swap(true, Ordering::Relaxed) {
                    let line = format!("DynamoDBFeatureStore: {failure}");
                    self.queue.log(Level::Error, line);
                }
                self.queue.failed(id, &failure);
                None
            }
        }
    }

    fn inits(&self) -> MutexGuard<'_, HashMap<RequestId, Init>> {
        lock(&self.inits)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn form(as_text: bool) -> Form {
    if as_text { Form::Text } else { Form::Json }
}

/// What somebody waits for. Work that panics ends without an answer of its own.
struct Reply {
    queue: Arc<ResponseQueue>,
    id: RequestId,
    given: bool,
}

impl Reply {
    fn was_given(mut self) {
        self.given = true;
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.given {
            let failure = error::Error::panicked();
            self.queue.log(Level::Error, format!("DynamoDBFeatureStore: {failure}"));
            self.queue.failed(self.id, &failure);
        }
    }
}
