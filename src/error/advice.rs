//! What to do about a failure: the text that follows its cause in log lines and messages.

use super::ErrorKind;

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
            Self::TooLarge
            | Self::Refused
            | Self::ReadOnly
            | Self::Closed
            | Self::InvalidData
            | Self::Internal => None,
        }
    }
}
