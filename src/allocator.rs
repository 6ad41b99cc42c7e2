//! Where memory comes from.
//!
//! The AWS SDK makes hundreds of small allocations for each request, and many threads make requests:
//! with mimalloc that takes a fifth less time than with the C library's allocator.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Gives memory in which nothing is left back to the operating system. By itself mimalloc waits until
/// there is more to do, and a process that has read all its flags may have nothing more to do for long.
pub fn give_back() {
    // SAFETY: any thread may ask for that at any time.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
