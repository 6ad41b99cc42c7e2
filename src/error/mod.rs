//! The error type of this crate and its messages.

mod advice;
mod codes;
mod exhaustion;

pub use advice::Advice;
pub use codes::Code;
pub use exhaustion::{NoThread, is_exhausted};

use std::fmt;

/// The kind of a failure, from the view of the person who has to correct it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The table does not exist in this region and account.
    TableNotFound,
    /// The table exists, but its keys are not `namespace` and `key`.
    WrongKeySchema,
    /// No AWS region is configured.
    NoRegion,
    /// No credentials were found, or they could not be fetched.
    NoCredentials,
    /// No file contains the profile that the options or the environment name.
    NoProfile,
    /// AWS rejects the credentials as wrong or expired.
    BadCredentials,
    /// The credentials are valid but lack a permission.
    AccessDenied,
    /// The endpoint is not a usable URL.
    BadEndpoint,
    /// DynamoDB throttles requests.
    Throttled,
    /// DynamoDB could not be reached, or failed on its side.
    Unavailable,
    /// DynamoDB did not answer in time.
    TimedOut,
    /// The process has no thread or no file descriptor left.
    NoResources,
    /// DynamoDB rejects the request.
    Refused,
    /// The item exceeds the size limit of LaunchDarkly SDKs.
    TooLarge,
    /// The store is read-only.
    ReadOnly,
    /// The store was closed before the request ended.
    Closed,
    /// The data is not an item or a data set.
    InvalidData,
    /// LaunchDarkly's answer to a sync is not the data of an environment.
    BadAnswer,
    /// The data of a sync has no flags, but the table has some.
    NoFlags,
    /// The data of a sync is older than the table.
    OlderData,
    /// A defect in this package.
    Internal,
}

impl ErrorKind {
    /// Returns whether failures of this kind are transient.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Throttled | Self::Unavailable | Self::TimedOut | Self::NoResources)
    }

    /// Returns whether failures of this kind last until somebody changes the request or its permissions.
    /// Failures of credentials do not, because credentials are renewed; nor does a missing table, which may
    /// be created soon.
    pub fn is_permanent(self) -> bool {
        match self {
            Self::Throttled
            | Self::Unavailable
            | Self::TimedOut
            | Self::NoResources
            | Self::NoCredentials
            | Self::NoProfile
            | Self::BadCredentials
            | Self::TableNotFound => false,
            Self::WrongKeySchema
            | Self::NoRegion
            | Self::AccessDenied
            | Self::BadEndpoint
            | Self::Refused
            | Self::TooLarge
            | Self::ReadOnly
            | Self::Closed
            | Self::InvalidData
            | Self::BadAnswer
            | Self::NoFlags
            | Self::OlderData
            | Self::Internal => true,
        }
    }
}

/// A failure with its cause in words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Error {
    pub kind: ErrorKind,
    message: String,
    is_transient: bool,
    /// Whether the message tells what to do.
    has_advice: bool,
}

impl Error {
    /// Creates a failure of this kind with this cause.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), is_transient: false, has_advice: true }
    }

    /// Marks the failure as transient, although its kind is not.
    pub fn transient(self) -> Self {
        Self { is_transient: true, ..self }
    }

    /// Leaves the advice out of the `Display` form.
    pub fn without_advice(self) -> Self {
        Self { has_advice: false, ..self }
    }

    /// Returns whether the same request may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        self.is_transient || self.kind.is_retryable()
    }

    /// Returns whether the failure lasts until somebody changes something.
    pub fn is_permanent(&self) -> bool {
        !self.is_transient && self.kind.is_permanent()
    }

    /// Returns whether the failure is permanent and says nothing about other items.
    pub fn concerns_only_the_item(&self) -> bool {
        self.is_permanent() && matches!(self.kind, ErrorKind::Refused | ErrorKind::Internal)
    }

    /// Returns the cause without the advice that the `Display` form adds.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the failure of work that ended without a result.
    pub fn panicked() -> Self {
        Self::defect(None)
    }

    /// Returns the failure of work that panicked at this place in the code.
    pub fn defect(place: Option<String>) -> Self {
        let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
        let message = format!("a defect in dynamodb-feature-store{place}; please report it");
        Self::new(ErrorKind::Internal, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match self.kind.advice() {
            Some(advice) if self.has_advice => write!(f, ". {advice}"),
            _ => Ok(()),
        }
    }
}

/// The result of a fallible operation.
pub type Result<T> = std::result::Result<T, Error>;
