//! What the AWS SDK's errors mean to the people who have to mend them.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error::{Error, ErrorKind};

/// The failure of a request.
pub fn to_error<E>(failure: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    match &failure {
        SdkError::ServiceError(refusal) => {
            let error = service_error(refusal.err());
            if error.kind == ErrorKind::Refused && refusal.raw().status().is_server_error() {
                Error::new(ErrorKind::Unavailable, error.message().to_owned())
            } else {
                error
            }
        }
        SdkError::TimeoutError(_) => {
            Error::new(ErrorKind::TimedOut, "DynamoDB did not answer in time")
        }
        SdkError::ResponseError(response) => Error::new(
            ErrorKind::Unavailable,
            format!(
                "the answer (HTTP status {}) was not DynamoDB's: {}",
                response.raw().status().as_u16(),
                causes(&failure)
            ),
        ),
        other => unsent(other),
    }
}

/// A request that DynamoDB never saw: no credentials, or no connection.
fn unsent(failure: Cause<'_>) -> Error {
    let credentials = chain(failure).find(|cause| cause.is::<CredentialsError>());
    if let Some(cause) = credentials {
        let message = format!("no AWS credentials could be had: {}", told(chain(cause)));
        return Error::new(ErrorKind::NoCredentials, message);
    }
    Error::new(
        ErrorKind::Unavailable,
        format!("DynamoDB can't be reached: {}", causes(failure)),
    )
}

/// A refusal by DynamoDB itself.
pub fn service_error(refusal: &impl ProvideErrorMetadata) -> Error {
    let code = refusal.code().unwrap_or("an unnamed error");
    let text = refusal.message().unwrap_or_default();
    let kind = match code {
        "ResourceNotFoundException" | "TableNotFoundException" => ErrorKind::TableNotFound,
        "ValidationException" if is_key_schema_message(text) => ErrorKind::WrongKeySchema,
        "AccessDeniedException" | "AccessDenied" => ErrorKind::AccessDenied,
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "InvalidClientTokenId"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "MissingAuthenticationToken"
        | "ExpiredTokenException"
        | "ExpiredToken" => ErrorKind::BadCredentials,
        "ProvisionedThroughputExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded" => ErrorKind::Throttled,
        "InternalServerError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "TransactionConflictException"
        | "ReplicatedWriteConflictException" => ErrorKind::Unavailable,
        _ => ErrorKind::Refused,
    };
    let message = match kind {
        ErrorKind::TableNotFound => format!("the table does not exist ({code})"),
        ErrorKind::WrongKeySchema => format!("the table has other keys ({code}: {text})"),
        _ if text.is_empty() => format!("DynamoDB answered {code}"),
        _ => format!("DynamoDB answered {code}: {text}"),
    };
    Error::new(kind, message)
}

/// Whether a ValidationException says that the table's keys are not `namespace` and `key`; DynamoDB
/// has a sentence for each operation.
fn is_key_schema_message(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "does not match the schema",
        "missed key schema element",
        "missing the key",
        "missing a key",
    ]
    .iter()
    .any(|sentence| text.contains(sentence))
}

type Cause<'a> = &'a (dyn StdError + 'static);

fn chain<'a>(error: Cause<'a>) -> impl Iterator<Item = Cause<'a>> {
    std::iter::successors(Some(error), |error: &Cause<'a>| (*error).source())
}

/// The causes below `error` in one line.
fn causes(error: Cause<'_>) -> String {
    told(chain(error).skip(1))
}

/// These errors in one line; one that a later one repeats is left out.
fn told<'a>(errors: impl Iterator<Item = Cause<'a>>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for text in errors.map(ToString::to_string) {
        if parts.last().is_some_and(|last| last.contains(&text)) {
            continue;
        }
        parts.push(text);
    }
    parts.join(": ")
}
