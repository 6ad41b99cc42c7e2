//! Links the addon against Node's symbols, and keeps it away from what is not its own.

fn main() {
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Native code of this addon finds no environment: see `src/no_environment.rs`.
        for function in ["getenv", "secure_getenv", "getaddrinfo"] {
            println!("cargo::rustc-cdylib-link-arg=-Wl,--wrap={function}");
        }
        // Node unloads an addon when the last worker that loaded it ends. Its threads go on.
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
