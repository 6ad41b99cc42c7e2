//! What JavaScript may log, and tell its callers.

use napi_derive::napi;

use crate::log;

/// The text as one short line: without secrets, and without characters that are not visible.
#[napi(catch_unwind)]
#[cfg_attr(test, allow(dead_code))] // The attribute above exports nothing to tests.
pub fn printable(text: String) -> String {
    log::printable(&text)
}
