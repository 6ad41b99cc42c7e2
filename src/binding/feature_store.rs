//! The feature store for JavaScript.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::*;
use napi_derive::napi;
use tokio::sync::oneshot;

use super::host_functions::{CallHost, HostFunctions};
use super::lock;
use super::options::Options;
use super::requests::{Requests, respond_with, warm_up};
use super::response_queue::{Form, ResponseQueue, SentAhead, all_text, item_text, queue_for};
use crate::cache::Generation;
use crate::clock::Clock;
use crate::dynamodb::{AwsTable, JsClient, Table};
use crate::log::Log;
use crate::panics::caught;
use crate::requester::RequestId;
use crate::stats::{Count, Stats};
use crate::store::{NewItems, OnPage, Store, SyncRules};

/// The native part of a feature store. JavaScript creates one for each `DynamoDBFeatureStore` value.
///
/// Each request has a number. Its answer comes through the response queue, whose module documents the format.
#[napi]
pub struct NativeStore {
    store: Store,
    table: Arc<dyn Table>,
    queue: Arc<ResponseQueue>,
    host: HostFunctions,
    requests: Requests,
    inits: Mutex<HashMap<RequestId, Init>>,
    /// Exists while the store closes. Dropping it means that no further request will come.
    no_more_requests: Mutex<Option<oneshot::Sender<()>>>,
}

/// An init whose data is still incomplete.
struct Init {
    parts: Vec<NewItems>,
    complete: oneshot::Sender<Vec<NewItems>>,
}

#[napi]
impl NativeStore {
    /// Creates a store. `options` is JSON text. `deliver` receives the content of the response queue. `callHost` calls
    /// a host function and passes its result to `respond`. Neither function may throw, nor refer to this object,
    /// because that would prevent its collection. Neither keeps the process alive.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "options: string, deliver: (text: string | null) => void, callHost: (call: number, name: string, argument: string, request: number | null) => void"
    )]
    pub fn new(options: String, deliver: Function<(), ()>, call_host: CallHost) -> Result<Self> {
        let generation = Generation::default();
        let queue = queue_for(&deliver, generation.clone())?;
        let host = HostFunctions::new(&call_host)?;
        let options = Options::read(&options)?;
        let uses_js_client = options.uses_js_client;
        let (config, stats) = (options.into_config(&host), Arc::new(Stats::default()));
        let (clock, log): (_, Arc<dyn Log>) = (Clock::system(), queue.clone());
        let table: Arc<dyn Table> = if uses_js_client {
            Arc::new(JsClient::new(&config, host.js_client(), log.clone(), stats.clone()))
        } else {
            let roots = host.root_certificates();
            let table = AwsTable::new(&config, roots, log.clone(), clock.clone(), stats.clone());
            // Connects while Node loads further modules. A preload connects anyway.
            if !config.preload {
                warm_up(table.connect());
            }
            Arc::new(table)
        };
        let store = Store::new(&config, Arc::clone(&table), log, clock, stats, generation);
        if config.preload {
            warm_up(store.preload());
        }
        let requests = Requests::new(Arc::clone(&queue));
        let (inits, no_more_requests) = (Mutex::default(), Mutex::default());
        Ok(Self { store, table, queue, host, requests, inits, no_more_requests })
    }

    /// Takes the content of the response queue.
    #[napi(catch_unwind)]
    pub fn take(&self) -> Option<String> {
        self.queue.take()
    }

    /// Returns the location of the table for log lines, as far as it is known; it begins with a space unless empty.
    #[napi(catch_unwind)]
    pub fn location(&self) -> String {
        self.queue.location()
    }

    /// Reads one item. Returns a fresh answer directly; any other answer comes through the queue. `held` is the
    /// revision that JavaScript has, or 0. `form`, here and below, is the number of a [`Form`].
    #[napi(catch_unwind)]
    pub fn get(&self, id: u32, kind: String, key: String, held: f64, form: u32) -> Option<String> {
        let (held, form) = (held as u64, Form::from_number(form));
        if let Some(answer) = self.store.peek(&kind, &key) {
            return Some(item_text(id, held, form, &answer));
        }
        let store = self.store.clone();
        self.requests.read(
            id,
            async move { store.get(&kind, &key).await },
            move |queue, answer| {
                queue.item(id, held, form, &answer);
            },
        );
        None
    }

    /// Returns the size limit of JavaScript's item cache, in bytes of text: half of `maxCacheBytes`. Rust's cache gets
    /// the other half.
    #[napi(catch_unwind)]
    pub fn item_cache_size(&self) -> f64 {
        self.store.max_cache_bytes() as f64 / 2.0
    }

    /// Returns the newest known version of an item, fresh or stale, in the form of an answer of `get`; `null` if
    /// unknown.
    #[napi(catch_unwind)]
    pub fn newest(&self, kind: String, key: String, held: f64, form: u32) -> Option<String> {
        let newest = self.store.newest(&kind, &key)?;
        Some(item_text(0, held as u64, Form::from_number(form), &newest))
    }

    /// Like [`NativeStore::newest`] for all live items of a kind, in the form of an answer of `all`.
    #[napi(catch_unwind)]
    pub fn newest_all(&self, kind: String, held: f64, form: u32) -> Option<String> {
        let newest = self.store.newest_all(&kind, held as u64)?;
        Some(all_text(0, Form::from_number(form), &newest))
    }

    /// Reads all live items of a kind. `held` is the revision of the collection that JavaScript has, or 0.
    #[napi(catch_unwind)]
    pub fn all(&self, id: u32, kind: String, held: f64, form: u32) {
        let (store, held, form) = (self.store.clone(), held as u64, Form::from_number(form));
        let sent = Arc::<Mutex<SentAhead>>::default();
        let on_page: OnPage = {
            let (queue, sent) = (Arc::clone(&self.queue), Arc::clone(&sent));
            Arc::new(move |items| queue.send_ahead(id, form, &items, &mut lock(&sent)))
        };
        // JavaScript has most items already if it has a state.
        let on_page = (held == 0).then_some(on_page);
        let all = async move { store.all(&kind, held, on_page).await };
        self.requests.read(id, all, move |queue, all| queue.all(id, form, &all, &lock(&sent)));
    }

    /// Reserves an init's place in the order of writes. [`NativeStore::init_part`] adds its data.
    #[napi(catch_unwind)]
    pub fn init_begin(&self, id: u32) {
        let (complete, data) = oneshot::channel();
        lock(&self.inits).insert(id, Init { parts: Vec::new(), complete });
        let queue = Arc::clone(&self.queue);
        let init = self.store.init(async move { data.await.ok() }, move || queue.init_visible(id));
        self.requests.write(id, init, move |queue, ()| queue.done(id));
    }

    /// Adds data to an init: the JSON of an object of items by key, all of one kind.
    #[napi(catch_unwind)]
    pub fn init_part(&self, id: u32, kind: String, json: String) {
        if let Some(init) = lock(&self.inits).get_mut(&id) {
            init.parts.push(NewItems { kind, json });
        }
    }

    /// Ends the data of an init. If the data is not `whole`, the init does nothing.
    #[napi(catch_unwind)]
    pub fn init_end(&self, id: u32, whole: bool) {
        if let Some(Init { parts, complete }) = lock(&self.inits).remove(&id)
            && whole
        {
            drop(complete.send(parts));
        }
    }

    /// Stores an item unless the stored version is the same or newer. Returns the generation that includes it.
    #[napi(catch_unwind)]
    pub fn upsert(&self, id: u32, kind: String, json: String) -> f64 {
        let upsert = self.store.upsert(&kind, &json);
        self.requests.write(id, upsert, move |queue, ()| queue.done(id));
        self.store.generation() as f64
    }

    /// Stores a tombstone unless the stored version is the same or newer. Returns the generation that includes it.
    #[napi(catch_unwind)]
    pub fn delete(&self, id: u32, kind: String, key: String, version: f64) -> f64 {
        let delete = self.store.delete(&kind, &key, version);
        self.requests.write(id, delete, move |queue, ()| queue.done(id));
        self.store.generation() as f64
    }

    /// Brings the table to the flags and segments of LaunchDarkly's answer `json`. Responds with `{ put, deleted,
    /// unchanged, isOvertaken }`: see [`Store::sync`].
    #[napi(catch_unwind)]
    pub fn sync(&self, id: u32, json: String, allow_older: bool, allow_empty: bool) {
        let (store, rules) = (self.store.clone(), SyncRules { allow_older, allow_empty });
        respond_with(&self.queue, id, async move {
            store.sync(&json, rules).await.map(|synced| synced.to_json())
        });
    }

    /// Flushes pending writes for at most 1 s, then stops everything and closes all connections. Requests may still
    /// come until [`NativeStore::no_more_requests`] is called; the flush waits for them.
    #[napi(catch_unwind)]
    pub fn close(&self, id: u32) {
        let table = Arc::clone(&self.table);
        let (sender, no_more_requests) = oneshot::channel();
        *lock(&self.no_more_requests) = Some(sender);
        let closing = self.store.close_after(async move { drop(no_more_requests.await) });
        let close = async move {
            let closed = caught(closing).await;
            table.disconnect();
            closed
        };
        self.requests.read(id, close, move |queue, ()| queue.done(id));
    }

    /// Announces that no further request will come: see [`NativeStore::close`].
    #[napi(catch_unwind)]
    pub fn no_more_requests(&self) {
        lock(&self.no_more_requests).take();
    }

    /// Releases JavaScript's functions. Native code calls them no more.
    #[napi(catch_unwind)]
    pub fn release(&self) {
        self.queue.close();
        self.host.close();
    }

    /// Responds whether DynamoDB answers.
    #[napi(catch_unwind)]
    pub fn is_available(&self, id: u32) {
        let store = self.store.clone();
        let available = async move { Ok(store.is_available().await) };
        self.requests.read(id, available, move |queue, available| queue.available(id, available));
    }

    /// Responds whether the prefix is initialised.
    #[napi(catch_unwind)]
    pub fn initialized(&self, id: u32) {
        let store = self.store.clone();
        let initialized = async move { store.initialized().await };
        self.requests.read(id, initialized, move |queue, known| queue.initialized(id, &known));
    }

    /// Returns the counters.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeStats {
        let (stats, (items, bytes)) = (self.store.stats(), self.store.held());
        let count = |count: &Count| count.get() as f64;
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
            pending: self.store.pending() as f64,
            read_units: stats.read_units.get(),
            write_units: stats.write_units.get(),
        }
    }
}

/// Returns the JSON of an item as it is sent in a [`Form`].
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing in tests.
pub fn item_in_form(json: String, form: u32) -> String {
    Form::from_number(form).json(&json).into_owned()
}

/// Counters since the store was created. `index.d.ts` documents them.
#[napi(object, object_from_js = false)]
#[allow(missing_docs)]
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
    pub pending: f64,
    pub read_units: f64,
    pub write_units: f64,
}
