//! The only module that knows N-API: it turns calls from JavaScript into calls of the store, and answers and errors
//! back. It decides nothing.
//!
//! | module | content |
//! | --- | --- |
//! | `feature_store`, `big_segment_store`, `administration` | the classes |
//! | `options` | the options, decoded from JSON |
//! | `requests` | runs requests; each gets one answer |
//! | `response_queue` | answers and log lines on their way to JavaScript |
//! | `host_functions` | functions of JavaScript that native code calls |
//!
//! A future never borrows the JavaScript object that started it: a worker thread can end while calls are in flight, and
//! then the object is gone.

mod administration;
mod big_segment_store;
mod feature_store;
mod host_functions;
mod options;
mod requests;
mod response_queue;

use std::sync::{Mutex, MutexGuard, PoisonError};

use napi_derive::napi;

use crate::{log, panics};

#[napi_derive::module_init]
fn init() {
    panics::silence();
}

/// Converts a text to one short line without secrets and invisible characters.
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing to tests.
pub fn printable(text: String) -> String {
    log::printable(&text)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
