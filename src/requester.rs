//! The JavaScript request that a task works for.
//!
//! JavaScript calls the application's AWS client in the asynchronous context of that request, so that traces
//! stay complete. Background work has no request.

use std::future::Future;

use tokio::task::futures::TaskLocalFuture;

/// The number of a request, assigned by JavaScript.
pub type RequestId = u32;

tokio::task_local! {
    static REQUEST: Option<RequestId>;
}

/// Runs `work` for this request; `None` means background work.
pub fn working_for<F: Future>(
    request: Option<RequestId>,
    work: F,
) -> TaskLocalFuture<Option<RequestId>, F> {
    REQUEST.scope(request, work)
}

/// Returns the request that the current task works for.
pub fn current() -> Option<RequestId> {
    REQUEST.try_with(|request| *request).ok().flatten()
}
