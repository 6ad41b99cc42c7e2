//! Writes that are on their way into the table.

pub mod init_plan;
pub mod late_init;
pub mod payload;
pub mod pending;
mod retry_log;

pub use pending::PendingWrites;
