//! Interceptors of the AWS client, which modify, check and log requests.

mod check;
mod log;
mod modify;

pub use self::check::CheckResponses;
pub use self::log::RequestLog;
pub use self::modify::{ModifyRequests, SetUserAgent};
