//! Checks responses. DynamoDB sends at least an empty object. The AWS SDK would accept an empty body, or any
//! other object, as one, which means "no such row" or "all written".

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;

/// The members that responses to the store's requests can have.
const MEMBERS: [&[u8]; 6] = [
    b"\"Item\"",
    b"\"Items\"",
    b"\"ConsumedCapacity\"",
    b"\"UnprocessedItems\"",
    b"\"ItemCollectionMetrics\"",
    b"\"Attributes\"",
];
const REQUESTS: [&str; 4] = ["GetItem", "Query", "PutItem", "BatchWriteItem"];

/// Fails an attempt whose response has no body, or is a non-empty object without any of these members.
#[derive(Debug)]
pub struct CheckResponses;

fn is_dynamodbs(body: &[u8]) -> bool {
    let has = |member: &[u8]| body.windows(member.len()).any(|part| part == member);
    body.trim_ascii() == b"{}" || MEMBERS.into_iter().any(has)
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for CheckResponses {
    fn name(&self) -> &'static str {
        "CheckResponses"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some((response, body)) =
            context.response().and_then(|response| Some((response, response.body().bytes()?)))
        else {
            return Ok(());
        };
        if body.is_empty() {
            return Err("the answer has no body".into());
        }
        let name = config.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        if response.status().is_success() && REQUESTS.contains(&name) && !is_dynamodbs(body) {
            return Err("the answer has nothing of DynamoDB's".into());
        }
        Ok(())
    }
}
