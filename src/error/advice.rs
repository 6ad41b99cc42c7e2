//! What to do about a failure: the text that follows its cause in log lines and messages.

use std::collections::HashSet;

use super::{Error, ErrorKind};

/// The causes that were logged in an outage. The advice on each is long: it is given once, not with each flag.
#[derive(Debug, Default)]
pub struct Advice(HashSet<&'static str>);

impl Advice {
    /// Returns whether this kind of failure is a new cause in this outage. Kinds with the same advice are one cause. A
    /// time-out is no new one: whatever fails for long ends in it.
    pub fn is_new(&self, kind: ErrorKind) -> bool {
        self.0.is_empty() || (kind != ErrorKind::TimedOut && !self.0.contains(cause(kind)))
    }

    /// Returns the failure with its advice if its cause is new, else without it.
    pub fn once(&mut self, failure: &Error) -> Error {
        let is_new = self.is_new(failure.kind);
        self.0.insert(cause(failure.kind));
        if is_new { failure.clone() } else { failure.clone().without_advice() }
    }

    /// Begins a new outage.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

fn cause(kind: ErrorKind) -> &'static str {
    kind.advice().unwrap_or_else(|| kind.code())
}

impl ErrorKind {
    /// Returns advice for the reader of the message.
    pub(super) fn advice(self) -> Option<&'static str> {
        match self {
            Self::TableNotFound => Some(
                "Create it with the partition key \"namespace\" and the sort key \"key\", both \
                 strings, or correct the table name, the region or the account",
            ),
            Self::WrongKeySchema => Some(
                "The table needs the partition key \"namespace\" and the sort key \"key\", both \
                 strings; keys can't be changed later, so create a new table",
            ),
            Self::NoRegion => Some("Set clientOptions.region or the AWS_REGION variable"),
            Self::NoCredentials => Some(
                "Give the process an IAM role, or set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, AWS_PROFILE or clientOptions.credentials",
            ),
            Self::NoProfile => Some(
                "Correct the name, or add the profile: as [profile NAME] to the config file, or as \
                 [NAME] to the credentials file",
            ),
            Self::BadCredentials => {
                Some("Check the credentials and the session token, and this machine's clock")
            }
            Self::AccessDenied => Some(
                "Allow dynamodb:GetItem and dynamodb:Query on the table, and for a process that \
                 writes flags dynamodb:PutItem, dynamodb:DeleteItem and dynamodb:BatchWriteItem",
            ),
            Self::BadEndpoint => {
                Some("Give clientOptions.endpoint as a URL, such as http://localhost:8000")
            }
            Self::Throttled => Some("Raise the table's capacity or make it on-demand"),
            Self::Unavailable | Self::TimedOut => {
                Some("Check the network path to DynamoDB and the endpoint")
            }
            Self::NoResources => Some(
                "Raise the process's limits of open files and threads (ulimit -n and -u, the \
                 container's pids limit)",
            ),
            Self::BadAnswer => Some("Check baseUri and what is between it and this process"),
            Self::NoFlags => Some("Set allowEmpty to delete them"),
            Self::OlderData => Some("Sync again later, or set allowOlder to write it anyway"),
            Self::TooLarge
            | Self::Refused
            | Self::ReadOnly
            | Self::Closed
            | Self::InvalidData
            | Self::Internal => None,
        }
    }
}
