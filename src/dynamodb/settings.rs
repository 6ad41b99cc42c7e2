//! What the environment and the shared configuration files say, made safe for the AWS SDK.
//!
//! Some of its crates panic on a value that they don't expect, or ask the process for what is not given.
//! So everything is read here, from the snapshot of the environment and the files that it names: blank
//! values count as not set, as in the AWS SDKs for JavaScript, and a value that can't be used is left out
//! with one warning.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_config::AppName;
use aws_config::profile::{self, Profile, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};
use futures_util::future::{OptionFuture, join};

use crate::environment::Environment;
use crate::files;
use crate::runtime;

/// The longest id of an application, in bytes.
const LONGEST_APP_ID: usize = 50;
/// How much of a path is shown, in characters.
const LONGEST_SHOWN_PATH: usize = 200;

/// What a setting must be.
#[derive(Clone, Copy)]
enum Rule {
    Flag,
    /// A whole number, 1 or more.
    Count,
    OneOf(&'static [&'static str]),
    /// What can be a part of a user agent. AWS takes at most 50 characters.
    AppId,
}

impl Rule {
    fn allows(self, value: &str) -> bool {
        match self {
            Self::Flag => ["true", "false"].iter().any(|flag| value.eq_ignore_ascii_case(flag)),
            Self::Count => value.parse::<u32>().is_ok_and(|count| count > 0),
            Self::OneOf(words) => words.iter().any(|word| value.eq_ignore_ascii_case(word)),
            Self::AppId => value.len() <= LONGEST_APP_ID && AppName::new(value.to_owned()).is_ok(),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("true or false"),
            Self::Count => f.write_str("a whole number, 1 or more"),
            Self::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Self::AppId => write!(f, "at most {LONGEST_APP_ID} letters, digits and signs"),
        }
    }
}

/// Settings that not every value will do for: the variable, the key in the files, and the rule.
const RULES: [(&str, &str, Rule); 8] = [
    ("AWS_SDK_UA_APP_ID", "sdk_ua_app_id", Rule::AppId),
    ("AWS_RETRY_MODE", "retry_mode", Rule::OneOf(&["standard", "adaptive", "legacy"])),
    ("AWS_MAX_ATTEMPTS", "max_attempts", Rule::Count),
    ("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", Rule::Flag),
    ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", Rule::Flag),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", Rule::Flag),
    (
        "AWS_ACCOUNT_ID_ENDPOINT_MODE",
        "account_id_endpoint_mode",
        Rule::OneOf(&["preferred", "disabled", "required"]),
    ),
    (
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "ec2_metadata_service_endpoint_mode",
        Rule::OneOf(&["IPv4", "IPv6"]),
    ),
];

/// The variables that hold credentials themselves. A profile that is asked for by name goes before them.
const KEY_VARIABLES: [&str; 3] =
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// Keys of a profile that say where its credentials come from.
const SOURCE_KEYS: [&str; 8] = [
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "sso_account_id",
    "sso_session",
    "web_identity_token_file",
];
/// The variables that name files with a token to get credentials with.
const TOKEN_FILES: [&str; 2] =
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
/// Where containers get their credentials.
const CONTAINER_URL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const PROCESS_KEY: &str = "credential_process";
/// The profile that counts where none is named.
const DEFAULT: &str = "default";

/// The settings of one store.
pub struct Settings {
    /// Lines to log about what can't be used.
    pub warnings: Vec<String>,
    /// How often a request may be sent.
    pub max_attempts: Option<u32>,
    /// Whether requests are held back after some were throttled.
    pub adaptive_retries: bool,
    environment: Environment,
    variables: HashMap<String, String>,
    config: String,
    credentials: String,
    profiles: Option<ProfileSet>,
    is_profile_named: bool,
    /// The profile that counts.
    profile: String,
    /// The files that were looked into.
    paths: Vec<PathBuf>,
}

/// A profile that is needed and in no file.
#[derive(Debug, PartialEq)]
pub struct NoProfile {
    /// What is wrong, in words.
    pub message: String,
    /// Whether its credentials would be used.
    pub counts: bool,
}

/// A program that hands out credentials.
#[derive(Clone)]
pub struct CredentialProcess {
    /// The profile that names it.
    pub profile: String,
    /// The command line, for a shell. It may hold secrets.
    pub command: String,
    /// The account that its credentials belong to, unless it tells another.
    pub account_id: Option<String>,
    /// Whether the profile in use is that very one; otherwise it assumes a role with the credentials.
    pub is_own: bool,
}

impl Settings {
    /// Reads the files, which blocks. `profile` is one that the caller asks for by name.
    ///
    /// # Errors
    ///
    /// Where no file can be opened at the moment.
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
        let mut read = |path: Option<PathBuf>,
                        text: Option<io::Result<Arc<[u8]>>>,
                        prefix: &str| {
            let path = path.unwrap_or_default();
            let text = text.map(|text| text_of(&path, text, &mut warnings)).transpose()?;
            let sections = [format!("{prefix}{name}"), name.to_owned()];
            // A section without "profile" is one of the default profile only.
            let sections =
                if prefix.is_empty() || name == DEFAULT { &sections[..] } else { &sections[..1] };
            let shown = shown(&path);
            Ok::<_, io::Error>(usable_lines(
                &text.unwrap_or_default(),
                &shown,
                sections,
                &mut warnings,
            ))
        };
        let paths = [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
            .map(|(variable, file)| file_path(environment, variable, file));
        let looked_into = paths.iter().flatten().cloned().collect();
        let [config, credentials] =
            paths.clone().map(|path| OptionFuture::from(path.map(files::read)));
        let (config, credentials) = join(config, credentials).await;
        let [config_path, credentials_path] = paths;
        let config = read(config_path, config, "profile ")?;
        let credentials = read(credentials_path, credentials, "")?;
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
            paths: looked_into,
        };
        let env = Env::from(settings.variables.clone());
        let selected = Some(name.to_owned().into());
        match profile::load(&Fs::real(), &env, &settings.files(), selected).await {
            Ok(profiles) => settings.profiles = Some(profiles),
            Err(failure) => settings.warnings.push(format!(
                "the shared configuration files can't be used: {}",
                std::iter::successors(Some(&failure as &dyn std::error::Error), |e| e.source())
                    .last()
                    .map_or_else(String::new, ToString::to_string)
            )),
        }
        settings.max_attempts =
            settings.value("AWS_MAX_ATTEMPTS", "max_attempts").and_then(|count| count.parse().ok());
        settings.adaptive_retries = settings
            .value("AWS_RETRY_MODE", "retry_mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("adaptive"));
        Ok(settings)
    }

    /// The environment, for the AWS SDK. It lacks the keys that a profile which was asked for goes before.
    pub fn env(&self) -> Env {
        let mut variables = self.variables.clone();
        if self.is_profile_named && self.profile().is_some_and(has_credentials) {
            variables.retain(|name, _| !KEY_VARIABLES.contains(&name.as_str()));
        }
        Env::from(variables)
    }

    /// The whole environment as it was handed over, for a child process.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The shared configuration files, for the AWS SDK.
    pub fn files(&self) -> EnvConfigFiles {
        EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, &*self.config)
            .with_contents(EnvConfigFileKind::Credentials, &*self.credentials)
            .build()
    }

    /// The same, with these keys in place of the program that a profile names.
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

    /// The profile that is asked for, or one that it takes its credentials from, where no file has it. The AWS
    /// SDK would go on to the next source of credentials, which may be those of another account.
    pub fn missing_profile(&self) -> Option<NoProfile> {
        let (missing, asked_by) = self.first_missing()?;
        let files: Vec<_> = self.paths.iter().map(|path| shown(path)).collect();
        let files = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
        Some(NoProfile {
            message: format!(
                "the profile {missing:?}, which {asked_by} names, is not there (looked into {files})"
            ),
            counts: self.is_profile_named || !self.has_keys(),
        })
    }

    /// The profile, and what names it.
    fn first_missing(&self) -> Option<(&str, String)> {
        let Some(mut profile) = self.profile() else {
            let by = if self.is_profile_named { "clientOptions.profile" } else { "AWS_PROFILE" };
            // Nobody need have that one.
            return (self.profile != DEFAULT).then(|| (self.profile.as_str(), by.to_owned()));
        };
        let profiles = self.profiles.as_ref()?;
        let mut visited = vec![profile.name()];
        while profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
        {
            let source = profile.get("source_profile")?;
            if visited.contains(&source) {
                return None;
            }
            let by = format!("the source_profile of the profile {:?}", profile.name());
            let Some(found) = profiles.get_profile(source) else { return Some((source, by)) };
            profile = found;
            visited.push(source);
        }
        None
    }

    /// Whether the environment has keys, which go before the profile that it names.
    fn has_keys(&self) -> bool {
        KEY_VARIABLES.iter().take(2).all(|name| self.variables.contains_key(*name))
    }

    /// The program that hands out credentials, where the default chain comes to one.
    pub fn credential_process(&self) -> Option<CredentialProcess> {
        if self.has_keys() && !self.is_profile_named {
            return None;
        }
        let profiles = self.profiles.as_ref()?;
        let mut profile = self.profile()?;
        let mut visited = vec![profile.name()];
        while profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
        {
            let source = profile.get("source_profile")?;
            if source == profile.name() {
                break;
            }
            profile = profiles.get_profile(source)?;
            // Keys go before everything else in a profile that another one refers to.
            let has_keys = profile.get("aws_access_key_id").is_some();
            if has_keys || visited.contains(&profile.name()) {
                return None;
            }
            visited.push(profile.name());
        }
        // These go before a program.
        let others = [
            "credential_source",
            "login_session",
            "sso_account_id",
            "sso_session",
            "sso_start_url",
        ];
        let has_other = others.iter().any(|key| profile.get(key).is_some());
        let has_token = profile.get("web_identity_token_file").is_some();
        if has_other || has_token {
            return None;
        }
        Some(CredentialProcess {
            profile: profile.name().to_owned(),
            command: profile.get(PROCESS_KEY)?.to_owned(),
            account_id: profile.get("aws_account_id").map(str::to_owned),
            is_own: visited.len() == 1 && profile.get("role_arn").is_none(),
        })
    }

    /// The name of the host that containers get their credentials from, where that is a name. The AWS SDK
    /// would look it up with the C library.
    pub fn container_credentials_host(&self) -> Option<String> {
        let url: http::Uri = self.variables.get(CONTAINER_URL)?.parse().ok()?;
        let host = url.host().filter(|_| url.scheme_str() == Some("http"))?;
        let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
        (!is_address).then(|| host.to_owned())
    }

    /// Puts an address in place of that name.
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

    fn profile(&self) -> Option<&Profile> {
        let profiles = self.profiles.as_ref()?;
        profiles.get_profile(profiles.selected_profile())
    }

    fn value(&self, variable: &str, key: &str) -> Option<&str> {
        let variable = self.variables.get(variable).map(String::as_str);
        variable.or_else(|| self.profile().and_then(|profile| profile.get(key)))
    }
}

fn has_credentials(profile: &Profile) -> bool {
    SOURCE_KEYS.iter().any(|key| profile.get(key).is_some())
}

/// The value of a variable as the AWS SDK gets it.
fn usable_variable<'a>(name: &str, value: &'a str, warnings: &mut Vec<String>) -> Option<&'a str> {
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return None;
    }
    let Some((_, _, rule)) = RULES.iter().find(|(variable, ..)| *variable == name) else {
        return Some(value);
    };
    if rule.allows(trimmed) {
        return Some(trimmed);
    }
    warnings.push(ignored(name, *rule));
    None
}

fn ignored(what: &str, rule: Rule) -> String {
    format!("{what} must be {rule}; its value is ignored, as if it were not set")
}

/// The text of a file without settings that are blank, or can't be used. `sections` are those that count:
/// only what is ignored there is warned of.
fn usable_lines(text: &str, path: &str, sections: &[String], warnings: &mut Vec<String>) -> String {
    let mut usable = String::with_capacity(text.len());
    let mut counts = false;
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        if let Some(name) = section_name(line) {
            counts = sections.contains(&name);
        }
        let (key, value) = key_and_value(line);
        // What is indented below belongs to it.
        let is_heading = lines.peek().is_some_and(|(_, next)| is_indented(next));
        let is_blank = !key.is_empty() && value.is_empty() && (!is_heading || is_indented(line));
        let rule = RULES.iter().find(|(_, name, _)| key.eq_ignore_ascii_case(name));
        let broken = rule.filter(|(.., rule)| !value.is_empty() && !rule.allows(value));
        if let Some((_, name, rule)) = broken
            && counts
        {
            warnings.push(ignored(&format!("{name} in line {} of {path}", index + 1), *rule));
        }
        if !is_blank && broken.is_none() {
            usable.push_str(line);
        }
        usable.push('\n');
    }
    usable
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t']) && !line.trim().is_empty()
}

/// The name in a line such as `[profile a]`, its words one space apart.
fn section_name(line: &str) -> Option<String> {
    let (name, _) = line.strip_prefix('[')?.split_once(']')?;
    Some(name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Both sides of a line such as `key = value # comment`; nothing for other lines.
fn key_and_value(line: &str) -> (&str, &str) {
    let is_comment = line.trim_start().starts_with(['#', ';', '[']);
    let Some((key, value)) = line.split_once('=').filter(|_| !is_comment) else {
        return ("", "");
    };
    let comments = [" #", " ;", "\t#", "\t;"];
    let end = comments.iter().filter_map(|comment| value.find(comment)).min();
    (key.trim(), end.map_or(value, |end| value.get(..end).unwrap_or(value)).trim())
}

/// Where a file is, as the environment tells it.
fn file_path(environment: &Environment, variable: &str, file: &str) -> Option<PathBuf> {
    match environment.get(variable) {
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => Some(home(environment)?.join(rest)),
            None => Some(path.into()),
        },
        None => Some(home(environment)?.join(".aws").join(file)),
    }
}

fn home(environment: &Environment) -> Option<PathBuf> {
    if let Some(home) = environment.get("HOME") {
        return Some(home.into());
    }
    if !cfg!(windows) {
        return None;
    }
    if let Some(home) = environment.get("USERPROFILE") {
        return Some(home.into());
    }
    let (drive, path) = (environment.get("HOMEDRIVE")?, environment.get("HOMEPATH")?);
    Some(format!("{drive}{path}").into())
}

/// Leaves out variables that name what is no regular file: the AWS SDK would wait for it.
async fn check_token_files(
    variables: &mut HashMap<String, String>,
    warnings: &mut Vec<String>,
) -> io::Result<()> {
    for variable in TOKEN_FILES {
        let Some(path) = variables.get(variable).map(PathBuf::from) else { continue };
        match files::read(path.clone()).await {
            Err(failure) if runtime::is_exhausted(&failure) => return Err(failure),
            Err(failure)
                if matches!(
                    failure.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::TimedOut
                ) =>
            {
                let file = shown(&path);
                warnings.push(format!("{variable}: the file {file} is not used: {failure}"));
                variables.remove(variable);
            }
            _ => {}
        }
    }
    Ok(())
}

fn text_of(
    path: &Path,
    read: io::Result<Arc<[u8]>>,
    warnings: &mut Vec<String>,
) -> io::Result<String> {
    let reason = match read.map(|bytes| String::from_utf8(bytes.to_vec())) {
        Ok(Ok(text)) => return Ok(text),
        Ok(Err(_)) => "it is not UTF-8 text".to_owned(),
        // There can be no file of a name that is none.
        Err(failure)
            if matches!(
                failure.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename
            ) =>
        {
            return Ok(String::new());
        }
        Err(failure) if runtime::is_exhausted(&failure) => return Err(failure),
        Err(failure) => failure.to_string(),
    };
    warnings.push(format!("the file {} can't be read and is ignored: {reason}", shown(path)));
    Ok(String::new())
}

/// A path for a line of the log.
fn shown(path: &Path) -> String {
    path.to_string_lossy().chars().take(LONGEST_SHOWN_PATH).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::new(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    /// Settings whose files have these texts.
    async fn settings(
        test: &str,
        config: &str,
        credentials: &str,
        variables: &[(&str, &str)],
        profile: Option<&str>,
    ) -> Settings {
        let folder = std::env::temp_dir().join(format!("{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let [config_file, credentials_file] = [("config", config), ("credentials", credentials)]
            .map(|(name, text)| {
                let path = folder.join(name);
                std::fs::write(&path, text).unwrap();
                path.to_str().unwrap().to_owned()
            });
        let mut all = variables.to_vec();
        all.push(("AWS_CONFIG_FILE", &config_file));
        all.push(("AWS_SHARED_CREDENTIALS_FILE", &credentials_file));
        let settings = Settings::read(&environment(&all), profile).await.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        settings
    }

    #[tokio::test]
    async fn values_that_cannot_be_used_are_left_out_with_one_warning() {
        let config = "[default]\nretry_mode = sometimes # not a mode\nmax_attempts = 0\n\
                      endpoint_url =\nregion =  \n[profile other]\nmax_attempts = many\n";
        let variables = [("AWS_USE_FIPS_ENDPOINT", "perhaps"), ("AWS_ENDPOINT_URL", "")];
        let read = settings("left-out", config, "", &variables, None).await;
        assert_eq!(read.warnings.len(), 3, "{:?}", read.warnings);
        assert!(read.warnings[0].starts_with("AWS_USE_FIPS_ENDPOINT must be true or false;"));
        assert!(read.warnings[1].starts_with("retry_mode in line 2 of "));
        assert!(read.warnings[2].starts_with("max_attempts in line 3 of "));
        assert_eq!((read.max_attempts, read.adaptive_retries), (None, false));
        let profile = read.profile().unwrap();
        for key in ["retry_mode", "max_attempts", "endpoint_url", "region"] {
            assert_eq!(profile.get(key), None, "{key}");
        }
        assert!(read.env().get("AWS_USE_FIPS_ENDPOINT").is_err());
        assert!(read.env().get("AWS_ENDPOINT_URL").is_err());
    }

    #[tokio::test]
    async fn values_that_can_be_used_are_kept() {
        let config = "[default]\nretry_mode=adaptive\ns3 =\n  endpoint_url = http://s3\n";
        let variables = [("AWS_MAX_ATTEMPTS", " 3 ")];
        let read = settings("kept", config, "", &variables, None).await;
        assert_eq!(read.warnings, Vec::<String>::new());
        assert_eq!((read.max_attempts, read.adaptive_retries), (Some(3), true));
        assert_eq!(read.env().get("AWS_MAX_ATTEMPTS").unwrap(), "3");
        assert!(read.profile().unwrap().get("s3").is_some());
    }

    #[tokio::test]
    async fn the_program_is_found_that_the_default_chain_would_come_to() {
        let config = "[profile own]\ncredential_process = own\naws_account_id = 1\n\
                      [profile role]\nrole_arn = r\nsource_profile = own\n\
                      [profile itself]\nrole_arn = r\nsource_profile = itself\ncredential_process = i\n\
                      [profile keys]\nrole_arn = r\nsource_profile = with-keys\n\
                      [profile with-keys]\naws_access_key_id = a\naws_secret_access_key = b\n\
                      credential_process = never\n\
                      [profile circle]\nrole_arn = r\nsource_profile = circle2\n\
                      [profile circle2]\nrole_arn = r\nsource_profile = circle\n\
                      [profile sso]\nsso_session = s\ncredential_process = never\n";
        let found = async |profile: &str, variables: &[(&str, &str)], named: bool| {
            let mut all = variables.to_vec();
            if !named {
                all.push(("AWS_PROFILE", profile));
            }
            let test = format!("program-{profile}-{named}-{}", variables.len());
            let read = settings(&test, config, "", &all, named.then_some(profile)).await;
            read.credential_process().map(|found| (found.command, found.is_own))
        };
        assert_eq!(found("own", &[], false).await, Some(("own".into(), true)));
        assert_eq!(found("role", &[], false).await, Some(("own".into(), false)));
        assert_eq!(found("itself", &[], false).await, Some(("i".into(), false)));
        for profile in ["keys", "circle", "sso", "missing"] {
            assert_eq!(found(profile, &[], false).await, None, "{profile}");
        }
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        assert_eq!(found("own", &keys, false).await, None);
        assert_eq!(found("own", &keys, true).await, Some(("own".into(), true)));
    }

    #[tokio::test]
    async fn a_profile_that_is_asked_for_goes_before_keys_in_the_environment() {
        let credentials =
            "[a]\naws_access_key_id = x\naws_secret_access_key = y\n[b]\nregion = z\n";
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let has_keys = async |profile| {
            let test = format!("asked-{profile:?}");
            let read = settings(&test, "", credentials, &keys, profile).await;
            read.env().get("AWS_ACCESS_KEY_ID").is_ok()
        };
        assert!(!has_keys(Some("a")).await);
        assert!(has_keys(Some("b")).await);
        assert!(has_keys(None).await);
    }

    #[tokio::test]
    async fn a_profile_that_no_file_has_is_told_with_the_files() {
        let config = "[profile a]\nregion = r\n[b]\nregion = r\n\
                      [profile role]\nrole_arn = r\nsource_profile = nobody\n\
                      [profile token]\nrole_arn = r\nweb_identity_token_file = f\nsource_profile = x\n\
                      [profile itself]\nrole_arn = r\nsource_profile = itself\n\
                      [profile circle]\nrole_arn = r\nsource_profile = circle2\n\
                      [profile circle2]\nrole_arn = r\nsource_profile = circle\n";
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let missing = async |profile: &str, keys: &[(&str, &str)], named: bool| {
            let mut all = keys.to_vec();
            if !named {
                all.push(("AWS_PROFILE", profile));
            }
            let test = format!("missing-{profile}-{named}-{}", keys.len());
            let read = settings(&test, config, "[c]\nregion = r\n", &all, named.then_some(profile));
            read.await.missing_profile()
        };
        for known in ["a", "c", "default", "", "token", "itself", "circle"] {
            assert_eq!(missing(known, &[], false).await, None, "{known}");
        }
        for (profile, name, by) in [
            ("typo", "typo", "AWS_PROFILE"),
            ("b", "b", "AWS_PROFILE"),
            ("role", "nobody", "the source_profile of the profile \"role\""),
        ] {
            let found = missing(profile, &[], false).await.unwrap();
            let begin =
                format!("the profile {name:?}, which {by} names, is not there (looked into /");
            assert!(found.message.starts_with(&begin), "{}", found.message);
            assert!(found.message.contains("config, /") && found.message.ends_with("credentials)"));
            assert!(found.counts);
        }
        assert!(!missing("typo", &keys, false).await.unwrap().counts);
        let named = missing("typo", &keys, true).await.unwrap();
        assert!(named.counts && named.message.contains("which clientOptions.profile names"));
    }

    #[tokio::test]
    async fn a_profile_is_not_there_where_the_files_are_not_or_cannot_be_used() {
        let files =
            [("AWS_CONFIG_FILE", "/no/config"), ("AWS_SHARED_CREDENTIALS_FILE", "/no/keys")];
        let read = Settings::read(&environment(&files), Some("x")).await.unwrap();
        let found = read.missing_profile().unwrap();
        assert!(found.message.ends_with("(looked into /no/config, /no/keys)"), "{}", found.message);
        let broken = settings("broken-profile", "[profile x\n", "", &[], Some("x")).await;
        assert!(broken.missing_profile().is_some());
        let nowhere = Settings::read(&environment(&[]), Some("x")).await.unwrap();
        assert!(nowhere.missing_profile().unwrap().message.ends_with("(looked into no file)"));
        let nowhere = Settings::read(&environment(&[]), None).await.unwrap();
        assert_eq!(nowhere.missing_profile(), None);
    }

    #[tokio::test]
    async fn an_address_takes_the_place_of_the_name_of_a_containers_host() {
        let url = "http://localhost:8080/localhost";
        let variables = environment(&[(CONTAINER_URL, url)]);
        let mut read = Settings::read(&variables, None).await.unwrap();
        assert_eq!(read.container_credentials_host().as_deref(), Some("localhost"));
        read.set_container_credentials_host([127, 0, 0, 1].into());
        assert_eq!(read.env().get(CONTAINER_URL).unwrap(), "http://127.0.0.1:8080/localhost");
        for other in ["http://127.0.0.1/a", "http://[::1]/a", "https://host/a", "?"] {
            let read = Settings::read(&environment(&[(CONTAINER_URL, other)]), None).await.unwrap();
            assert_eq!(read.container_credentials_host(), None, "{other}");
        }
    }

    #[tokio::test]
    async fn files_that_cannot_be_read_are_one_warning() {
        let folder = std::env::temp_dir();
        let read =
            Settings::read(&environment(&[("AWS_CONFIG_FILE", folder.to_str().unwrap())]), None)
                .await
                .unwrap();
        assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
        let read = settings("parse", "[default\n", "", &[], None).await;
        assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
        assert!(read.profile().is_none());
    }
}
