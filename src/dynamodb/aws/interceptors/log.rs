//! A log line for each request (`clientOptions.logger`).

use std::sync::Arc;

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::clock::{Clock, Millis};
use crate::log::{Line, Log};

/// Logs each request when it ends: name, status and duration, but neither items nor credentials.
#[derive(Clone)]
pub struct RequestLog {
    pub log: Arc<dyn Log>,
    pub clock: Clock,
}

/// The start time of a request.
#[derive(Debug)]
struct Begun(Millis);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestLog")
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for RequestLog {
    fn name(&self) -> &'static str {
        "RequestLog"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(Begun(self.clock.now()));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(name) = config.load::<Metadata>().map(Metadata::name) else {
            return Ok(());
        };
        // `Connection::ping` sends this only to open the connection.
        if name == "DescribeLimits" {
            return Ok(());
        }
        let status = match context.response() {
            Some(response) => format!("status {}", response.status().as_u16()),
            None => "no answer".to_owned(),
        };
        let begun = config.load::<Begun>().map_or_else(|| self.clock.now(), |begun| begun.0);
        let time = self.clock.now().saturating_sub(begun).max(0);
        self.log.log(Line::request(format!("{name}: {status}, {time} ms")));
        Ok(())
    }
}
