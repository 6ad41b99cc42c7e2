//! JavaScript functions that native code calls. Each call has a number; JavaScript passes the result to `respond`,
//! at once or later.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use futures_util::FutureExt;
use napi::Status;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::sync::oneshot;

use super::lock;
use crate::dynamodb::{CallClient, RootCertificates};
use crate::requester::{self, RequestId};

/// The call's number, the function's name, its argument, and the number of the request that the call belongs to;
/// `None` for background work.
type Arguments = FnArgs<(u32, String, String, Option<RequestId>)>;
/// The JavaScript function that receives all calls.
pub type CallHost<'a> = Function<'a, Arguments, ()>;
type WeakCallHost = ThreadsafeFunction<Arguments, (), Arguments, Status, false, true>;

/// Calls of any thread that have no result yet.
static OPEN: LazyLock<Mutex<HashMap<u32, oneshot::Sender<Option<String>>>>> =
    LazyLock::new(Mutex::default);
static LAST_NUMBER: AtomicU32 = AtomicU32::new(0);

/// A JavaScript function that native code calls.
#[derive(Clone, Copy)]
pub enum HostFunction {
    /// Sends a request through the JS client.
    JsClient,
    /// Calls the credentials provider.
    Credentials,
    /// Resolves deferred options.
    DeferredOptions,
    /// Returns Node's own root certificates as PEM text.
    RootCertificates,
}

impl HostFunction {
    /// Returns the name in `lib/native/host-functions.js`.
    fn name(self) -> &'static str {
        match self {
            Self::JsClient => "jsClient",
            Self::Credentials => "credentials",
            Self::DeferredOptions => "deferredOptions",
            Self::RootCertificates => "rootCertificates",
        }
    }
}

/// The host functions of one store, usable until `close`. They do not keep the process alive.
#[derive(Clone)]
pub struct HostFunctions(Arc<Mutex<Option<WeakCallHost>>>);

impl HostFunctions {
    /// Sends calls to `call_host`, which must not throw.
    pub fn new(call_host: &CallHost<'_>) -> Result<Self> {
        let call_host = call_host.build_threadsafe_function().weak::<true>().build()?;
        Ok(Self(Arc::new(Mutex::new(Some(call_host)))))
    }

    /// Calls a function. Returns `None` if it has no result or JavaScript can no longer be called.
    pub async fn call(&self, function: HostFunction, argument: String) -> Option<String> {
        let call = Call(LAST_NUMBER.fetch_add(1, Ordering::Relaxed));
        let (respond, result) = oneshot::channel();
        lock(&OPEN).insert(call.0, respond);
        let name = function.name().to_owned();
        let arguments = FnArgs::from((call.0, name, argument, requester::current()));
        let mode = ThreadsafeFunctionCallMode::NonBlocking;
        let status = self.function().as_ref().map(|host| host.call(arguments, mode));
        if status != Some(Status::Ok) {
            return None;
        }
        result.await.ok().flatten()
    }

    /// Returns a function that sends a request through the JS client.
    pub fn js_client(&self) -> CallClient {
        let host = self.clone();
        Arc::new(move |request| {
            let host = host.clone();
            async move { host.call(HostFunction::JsClient, request).await }.boxed()
        })
    }

    /// Returns a function that gets Node's own root certificates.
    pub fn root_certificates(&self) -> RootCertificates {
        let host = self.clone();
        Arc::new(move || {
            let host = host.clone();
            async move { host.call(HostFunction::RootCertificates, String::new()).await }.boxed()
        })
    }

    /// Releases the JavaScript function. Later calls have no result.
    pub fn close(&self) {
        let function = self.function().take();
        drop(function);
    }

    fn function(&self) -> MutexGuard<'_, Option<WeakCallHost>> {
        lock(&self.0)
    }
}

/// A call that waits for its result.
struct Call(u32);

impl Drop for Call {
    fn drop(&mut self) {
        lock(&OPEN).remove(&self.0);
    }
}

/// Ends a call, with or without a result.
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing in tests.
pub fn respond(call: u32, result: Option<String>) {
    let respond = lock(&OPEN).remove(&call);
    if let Some(respond) = respond {
        drop(respond.send(result));
    }
}
