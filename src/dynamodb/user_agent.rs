//! How the AWS client introduces itself.

use std::sync::OnceLock;

use aws_config::AppName;
use aws_runtime::user_agent::{ApiMetadata, AwsUserAgent};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_types::os_shim_internal::Env;

/// Puts the user agent where the AWS client finds it. By itself it would make one at each request, and
/// read the process's environment for that.
#[derive(Debug)]
pub struct UserAgent {
    env: Env,
    made: OnceLock<AwsUserAgent>,
}

impl UserAgent {
    /// One that tells what this environment says of where the process runs.
    pub fn new(env: Env) -> Self {
        Self { env, made: OnceLock::new() }
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "UserAgent"
    }

    fn read_before_serialization(
        &self,
        _context: &aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef<
            '_,
        >,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(api) = config.load::<ApiMetadata>().cloned() else { return Ok(()) };
        let agent = self.made.get_or_init(|| {
            let mut agent = AwsUserAgent::new_from_environment(self.env.clone(), api);
            if let Some(name) = config.load::<AppName>() {
                agent.set_app_name(name.clone());
            }
            agent
        });
        config.interceptor_state().store_put(agent.clone());
        Ok(())
    }
}
