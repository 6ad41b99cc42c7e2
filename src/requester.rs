//! The JavaScript request that a task works for.
//!
//! JavaScript calls the application's AWS client in the asynchronous context of that request, so that traces
//! stay whole. Background work has no request.

use std::future::Future;

use tokio::task::futures::TaskLocalFuture;

/// The number of a request, assigned by JavaScript.
pub type RequestId = u32;

tokio::task_local! {
    static REQUEST: Option<RequestId>;
}

/// Runs `work` for this request, or in the background.
pub fn working_for<F: Future>(
    request: Option<RequestId>,
    work: F,
) -> TaskLocalFuture<Option<RequestId>, F> {
    REQUEST.scope(request, work)
}

/// The request of the current task.
pub fn current() -> Option<RequestId> {
    REQUEST.try_with(|request| *request).ok().flatten()
}
