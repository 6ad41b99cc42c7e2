//! Answers without a body. DynamoDB sends at least an empty object; the AWS SDK would take nothing for
//! that, and so for "there is no such row" or "all is written".

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

/// Lets an attempt fail whose answer has no body.
#[derive(Debug)]
pub struct Complete;

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Complete {
    fn name(&self) -> &'static str {
        "Complete"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().and_then(|response| response.body().bytes());
        if body.is_some_and(<[u8]>::is_empty) {
            Err("the answer has no body".into())
        } else {
            Ok(())
        }
    }
}
