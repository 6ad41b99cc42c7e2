//! Interceptors of the AWS client: they modify, check and log requests.

mod check;
mod log;
mod modify;

pub use self::check::CheckResponses;
pub use self::log::RequestLog;
pub use self::modify::{ModifyRequests, SetUserAgent};
