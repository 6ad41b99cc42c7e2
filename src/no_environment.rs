//! Keeps the addon from reading the environment of the process.
//!
//! Node changes the environment from its own thread whenever the application assigns to `process.env`. The C
//! library's `getenv` is not safe against this: a concurrent read may crash the process (glibc before 2.41,
//! musl). Dependencies call `getenv` at any time, some several times per request. So the linker binds their
//! calls to the functions below (see `build.rs`), which find nothing. Code that depends on the environment
//! takes an [`Environment`](crate::environment::Environment) instead.
//!
//! `getaddrinfo` also reads the environment, so `dynamodb/aws/http/dns.rs` resolves names.
//!
//! macOS and Windows lock their environment, so they need none of this.

#![cfg(target_os = "linux")]
// The linker finds these functions by their names, which are unique.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::ptr::null;

/// `EAI_FAIL`: a permanent failure of name resolution.
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
