//! Reading the files that the environment names.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::environment::Environment;
use crate::files;
use crate::runtime;

/// The variables that name a file with a token to get credentials with.
const TOKEN_FILES: [&str; 2] =
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
/// How much of a path is shown, in characters.
const LONGEST_SHOWN_PATH: usize = 200;

/// The path of a shared file: that of the variable, or else `~/.aws/` and `file`.
pub fn file_path(environment: &Environment, variable: &str, file: &str) -> Option<PathBuf> {
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

/// Removes variables that do not name a regular file: the AWS SDK would wait for it.
pub async fn check_token_files(
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

/// The text of a file. A missing one is empty; one that can't be read is empty with a warning.
///
/// # Errors
///
/// Where no file can be opened at the moment.
pub fn text_of(
    path: &Path,
    read: io::Result<Arc<[u8]>>,
    warnings: &mut Vec<String>,
) -> io::Result<String> {
    let reason = match read.map(|bytes| String::from_utf8(bytes.to_vec())) {
        Ok(Ok(text)) => return Ok(text),
        Ok(Err(_)) => "it is not UTF-8 text".to_owned(),
        // An invalid name can't be that of a file.
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

/// A path for a log line.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().chars().take(LONGEST_SHOWN_PATH).flat_map(char::escape_debug).collect()
}
