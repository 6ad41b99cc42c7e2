//! The AWS settings of the environment and of the shared configuration files.
//!
//! Some crates of the AWS SDK panic on unexpected values, or read the environment of the process if they get
//! no settings. So this module reads all settings from the snapshot of the environment and the files that it
//! names. As in the AWS SDKs for JavaScript, a blank value means "not set". An unusable value is omitted with
//! one warning.

mod checks;
mod files;
mod profiles;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use aws_config::profile::{self, Profile, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use futures_util::future::{OptionFuture, join};

pub use self::profiles::CredentialProcess;

use self::checks::{key_and_value, usable_lines, usable_variable};
use self::files::{check_token_files, file_path, shown, text_of};
use self::profiles::has_credentials;
use crate::environment::Environment;

/// The variables that hold credentials. A profile that the caller names takes precedence over them.
const KEY_VARIABLES: [&str; 3] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// The variable with the URL of a container's credentials.
const CONTAINER_URL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
/// The key of a profile that names a program.
const PROCESS_KEY: &str = "credential_process";
/// The profile in use if none is named.
const DEFAULT: &str = "default";

/// The settings of one store.
pub struct Settings {
    /// Log lines about unusable settings.
    pub warnings: Vec<String>,
    /// The maximum number of attempts of a request.
    pub max_attempts: Option<u32>,
    /// Whether to slow down sending after throttling.
    pub adaptive_retries: bool,
    environment: Environment,
    /// The usable variables.
    variables: HashMap<String, String>,
    /// The usable text of the config file.
    config: String,
    /// The usable text of the credentials file.
    credentials: String,
    profiles: Option<ProfileSet>,
    /// Whether the caller names the profile.
    is_profile_named: bool,
    /// The name of the profile in use.
    profile: String,
    /// The paths of the shared files.
    paths: Vec<PathBuf>,
}

impl Settings {
    /// Reads the settings. Blocks. `profile` is the one that the caller names.
    ///
    /// # Errors
    ///
    /// If no file can be opened at the moment.
    pub async fn read(environment: &Environment, profile: Option<&str>) -> io::Result<Self> {
        let mut warnings = Vec::new();
        let mut variables = HashMap::new();
        for (name, value) in environment.iter() {
            if let Some(value) = usable_variable(name, value, &mut warnings) {
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
        check_token_files(&mut variables, &mut warnings).await?;
        let name = profile.or_else(|| environment.get("AWS_PROFILE")).unwrap_or(DEFAULT);
        let paths = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
            .map(|(variable, file)| file_path(environment, variable, file));
        let [config, credentials] =
            paths.clone().map(|path| OptionFuture::from(path.map(crate::files::read)));
        let (config, credentials) = join(config, credentials).await;
        let [config_path, credentials_path] = paths.clone();
        let sections = [format!("profile {name}"), name.to_owned()];
        // In the config file, only the default profile may have a section without "profile".
        let in_config = if name == DEFAULT { &sections[..] } else { &sections[..1] };
        let config = usable_text(config_path, config, in_config, &mut warnings)?;
        let credentials =
            usable_text(credentials_path, credentials, &sections[1..], &mut warnings)?;
        let mut settings = Self {
            warnings,
            max_attempts: None,
            adaptive_retries: false,
            environment: environment.clone(),
            variables,
            config,
            credentials,
            profiles: None,
            is_profile_named: profile.is_some(),
            profile: name.to_owned(),
            paths: paths.into_iter().flatten().collect(),
        };
        settings.load_profiles().await;
        Ok(settings)
    }

    /// Parses the texts of the files and reads the settings for retries.
    async fn load_profiles(&mut self) {
        let env = Env::from(self.variables.clone());
        let selected = Some(self.profile.clone().into());
        match profile::load(&Fs::real(), &env, &self.files(), selected).await {
            Ok(profiles) => self.profiles = Some(profiles),
            Err(failure) => self.warnings.push(format!(
                "the shared configuration files can't be used: {}",
                std::iter::successors(Some(&failure as &dyn std::error::Error), |e| e.source())
                    .last()
                    .map_or_else(String::new, ToString::to_string)
            )),
        }
        self.max_attempts =
            self.value("AWS_MAX_ATTEMPTS", "max_attempts").and_then(|count| count.parse().ok());
        self.adaptive_retries = self
            .value("AWS_RETRY_MODE", "retry_mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("adaptive"));
    }

    /// Returns the environment for the AWS SDK. Omits keys if a named profile takes precedence over them.
    pub fn env(&self) -> Env {
        let mut variables = self.variables.clone();
        if self.is_profile_named && self.profile().is_some_and(has_credentials) {
            variables.retain(|name, _| !KEY_VARIABLES.contains(&name.as_str()));
        }
        Env::from(variables)
    }

    /// Returns the whole environment, for a child process.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the shared configuration files for the AWS SDK.
    pub fn files(&self) -> EnvConfigFiles {
        EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, &*self.config)
            .with_contents(EnvConfigFileKind::Credentials, &*self.credentials)
            .build()
    }

    /// Returns the same files with these keys instead of the program that a profile names.
    pub fn files_with_keys(&self, profile: &str, keys: &[(&str, &str)]) -> EnvConfigFiles {
        let without_process = |text: &str| {
            let lines = text.lines().filter(|line| key_and_value(line).0 != PROCESS_KEY);
            lines.fold(String::new(), |text, line| text + line + "\n")
        };
        let mut credentials = without_process(&self.credentials);
        credentials += &format!("[{profile}]\n");
        for (name, value) in keys {
            credentials += &format!("{name} = {value}\n");
        }
        EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, without_process(&self.config))
            .with_contents(EnvConfigFileKind::Credentials, credentials)
            .build()
    }

    /// Returns the host of a container's credentials if it is a name. The AWS SDK would resolve it with the C
    /// library.
    pub fn container_credentials_host(&self) -> Option<String> {
        let url: http::Uri = self.variables.get(CONTAINER_URL)?.parse().ok()?;
        let host = url.host().filter(|_| url.scheme_str() == Some("http"))?;
        let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
        (!is_address).then(|| host.to_owned())
    }

    /// Replaces that name by an address.
    pub fn set_container_credentials_host(&mut self, address: IpAddr) {
        let address = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        if let Some(host) = self.container_credentials_host()
            && let Some(url) = self.variables.get_mut(CONTAINER_URL)
        {
            *url = url.replacen(&host, &address, 1);
        }
    }

    /// Returns the profile in use.
    fn profile(&self) -> Option<&Profile> {
        let profiles = self.profiles.as_ref()?;
        profiles.get_profile(profiles.selected_profile())
    }

    /// Returns the value of a variable, or else of a key of the profile in use.
    fn value(&self, variable: &str, key: &str) -> Option<&str> {
        let variable = self.variables.get(variable).map(String::as_str);
        variable.or_else(|| self.profile().and_then(|profile| profile.get(key)))
    }
}

/// Returns the text of a shared file without unusable settings. `sections` are those in use.
fn usable_text(
    path: Option<PathBuf>,
    text: Option<io::Result<Arc<[u8]>>>,
    sections: &[String],
    warnings: &mut Vec<String>,
) -> io::Result<String> {
    let (Some(path), Some(text)) = (path, text) else { return Ok(String::new()) };
    let text = text_of(&path, text, warnings)?;
    Ok(usable_lines(&text, &shown(&path), sections, warnings))
}
