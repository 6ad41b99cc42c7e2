//! The only module that knows N-API. It converts JavaScript's calls to calls of the store, and converts answers and
//! errors back. It makes no decisions.
//!
//! | module | content |
//! | --- | --- |
//! | `feature_store`, `big_segment_store`, `administration` | the classes |
//! | `options` | the options, decoded from JSON |
//! | `requests` | runs requests; each gets exactly one answer |
//! | `response_queue` | answers and log lines for JavaScript |
//! | `host_functions` | JavaScript functions that native code calls |
//!
//! A future never borrows the JavaScript object that started it: a worker thread can end while calls are in flight,
//! which destroys the object.

mod administration;
mod big_segment_store;
mod feature_store;
mod host_functions;
mod options;
mod requests;
mod response_queue;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use napi_derive::napi;

use crate::environment::Environment;
use crate::{dynamodb, log, model, panics};

#[napi_derive::module_init]
fn init() {
    panics::silence();
}

/// Converts a text to one short line without secrets or invisible characters.
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing in tests.
pub fn printable(text: String) -> String {
    log::printable(&text)
}

/// Returns whether two items have the same JSON, but perhaps for their versions.
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing in tests.
pub fn same_content(a: String, b: String) -> bool {
    model::same_content(&a, &b)
}

/// Returns the URL of the proxy that environment variables set for requests to `url`. `environment` is the JSON text of an
/// object.
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing in tests.
pub fn proxy_of_environment(url: String, environment: String) -> Option<String> {
    let variables: HashMap<String, String> = serde_json::from_str(&environment).ok()?;
    dynamodb::proxy_of_environment(&Environment::new(variables), &url)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
