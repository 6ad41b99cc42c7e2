//! The addon has no access to the process's environment.
//!
//! Node changes the environment from its own thread whenever the application assigns to `process.env`, and
//! the C library's `getenv` does not expect that: a thread that reads it meanwhile may crash the process
//! (glibc before 2.41, musl). Crates below read it at moments of their own, several at each request. So the
//! linker binds their calls to the functions here (`build.rs`), which find nothing. Everything that may
//! depend on the environment is given an [`Environment`](crate::environment::Environment) instead.
//!
//! `getaddrinfo` reads it too, inside the C library. Names are looked up in `dynamodb/dns.rs`.
//!
//! macOS and Windows guard their environment by a lock, so nothing is done there.

#![cfg(target_os = "linux")]
// The linker finds them by their names, which no other crate has.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null;

/// `EAI_FAIL`: the name can't be looked up, and trying again is no use.
const EAI_FAIL: c_int = -4;

#[unsafe(no_mangle)]
extern "C" fn __wrap_getenv(_name: *const c_char) -> *const c_char {
    null()
}

#[unsafe(no_mangle)]
extern "C" fn __wrap_secure_getenv(_name: *const c_char) -> *const c_char {
    null()
}

#[unsafe(no_mangle)]
extern "C" fn __wrap_getaddrinfo(
    _node: *const c_char,
    _service: *const c_char,
    _hints: *const c_void,
    _found: *mut *mut c_void,
) -> c_int {
    EAI_FAIL
}
