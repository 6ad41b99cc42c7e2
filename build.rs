//! Links the addon against Node's symbols. On Linux, replaces functions that read the environment,
//! and prevents unloading.

fn main() {
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // This addon's calls of these functions go to `src/no_environment.rs`.
        for function in ["getenv", "secure_getenv", "getaddrinfo"] {
            println!("cargo::rustc-cdylib-link-arg=-Wl,--wrap={function}");
        }
        // Node unloads an addon when the last worker that loaded it ends, but the addon's threads
        // continue.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
