//! The AWS configuration: from the environment, the files and the options.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_runtime::env_config::file::EnvConfigFiles;

use super::http::Http;
use super::settings::Settings;
use crate::config::ClientConfig;

/// Creates a loader of the AWS configuration in these files.
pub fn config_loader(
    options: &ClientConfig,
    settings: &Settings,
    files: EnvConfigFiles,
    http: &Http,
) -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .env(settings.env())
        .profile_files(files)
        // Without this, the loader panics on an invalid retry setting.
        .retry_config(RetryConfig::standard())
        .http_client(http.for_credentials());
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    loader
}
