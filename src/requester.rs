//! Which request of JavaScript's a task works for: it calls an AWS client of the application's in the
//! asynchronous context that the request was made in, so that traces stay whole. Work in the background
//! is for no request.

use std::future::Future;

use tokio::task::futures::TaskLocalFuture;

/// The number that JavaScript gave a request.
pub type RequestId = u32;

tokio::task_local! {
    static REQUEST: Option<RequestId>;
}

/// Does `work` for this request; for none, in the background.
pub fn working_for<F: Future>(
    request: Option<RequestId>,
    work: F,
) -> TaskLocalFuture<Option<RequestId>, F> {
    REQUEST.scope(request, work)
}

/// The request that the current task works for.
pub fn current() -> Option<RequestId> {
    REQUEST.try_with(|request| *request).ok().flatten()
}
