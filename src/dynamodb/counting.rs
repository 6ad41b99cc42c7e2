//! Counting what is sent to DynamoDB, and what becomes of it.

use std::sync::Arc;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;

use crate::stats::{Count, Stats};

/// How much of an error answer is looked at: its type stands at the front.
const ERROR_HEAD: usize = 300;
/// The errors by which DynamoDB asks to slow down.
const THROTTLES: [&[u8]; 4] = [
    b"ProvisionedThroughputExceededException",
    b"ThrottlingException",
    b"RequestLimitExceeded",
    b"Throttling\"",
];

/// Counts each attempt, those included that the client makes by itself.
#[derive(Clone)]
pub struct Counting(pub Arc<Stats>);

impl Counting {
    /// The count of the operation under way, if it is one of the store's.
    fn count(&self, config: &ConfigBag) -> Option<&Count> {
        let requests = &self.0.requests;
        match config.load::<Metadata>()?.name() {
            "GetItem" => Some(&requests.get),
            "Query" => Some(&requests.query),
            "PutItem" => Some(&requests.put),
            "BatchWriteItem" => Some(&requests.batch_write),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Counting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counting")
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Counting {
    fn name(&self) -> &'static str {
        "Counting"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(count) = self.count(config) {
            count.add_one();
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failed = matches!(context.output_or_error(), Some(Err(_)));
        if !failed || self.count(config).is_none() {
            return Ok(());
        }
        let body = context.response().and_then(|response| response.body().bytes());
        let head = body.and_then(|body| body.get(..body.len().min(ERROR_HEAD))).unwrap_or_default();
        let says = |text: &[u8]| head.windows(text.len()).any(|part| part == text);
        // A put that comes too late is no failure.
        if says(b"ConditionalCheckFailedException") {
            return Ok(());
        }
        self.0.errors.add_one();
        if THROTTLES.iter().any(|throttle| says(throttle)) {
            self.0.throttles.add_one();
        }
        Ok(())
    }
}
