//! Reads files that settings name. A setting may name anything: a pipe without a writer, a device, a file on
//! an unreachable server.
//!
//! A read that hangs blocks its thread for ever. So the whole process reads a file only once at a time, and
//! waiting for a read ends after [`TIMEOUT`].

use std::fs::{self, File};
use std::hash::Hash;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::time::timeout_at;

use crate::error::NoThread;
use crate::log::shown;
use crate::runtime;
use crate::single_flight::SingleFlight;

/// The maximum wait for a file.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The maximum size of a file, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

static FILES: LazyLock<Reads<PathBuf, Arc<[u8]>>> = LazyLock::new(Reads::new);

/// Reads a file.
///
/// # Errors
///
/// If it is not a regular file, is too large, or cannot be read in time.
pub async fn read(path: PathBuf) -> io::Result<Arc<[u8]>> {
    if is_null(&path) {
        return Ok(Arc::default());
    }
    FILES.get(path.clone(), move || read_regular(&path)).await
}

/// Returns whether this is the null device.
pub fn is_null(path: &Path) -> bool {
    let names = ["/dev/null", r"\\.\nul", "nul"];
    path.to_str().is_some_and(|path| names.iter().any(|name| name.eq_ignore_ascii_case(path)))
}

/// Rejects anything but a regular file, because opening it may block for ever.
pub fn check_regular(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?;
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_dir() { "it is a folder" } else { "it is no regular file" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

fn read_regular(path: &Path) -> io::Result<Arc<[u8]>> {
    check_regular(path)?;
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is longer than 16 MiB"));
    }
    Ok(bytes.into())
}

/// The reads in progress, by key.
pub struct Reads<K, T>(SingleFlight<K, Arc<io::Result<T>>>);

impl<K, T> Reads<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Creates an instance without reads.
    #[allow(clippy::new_without_default)] // Nothing needs a default.
    pub fn new() -> Self {
        Self(SingleFlight::new())
    }

    /// Reads with `work` on its own thread, or joins the read of `key` in progress.
    ///
    /// # Errors
    ///
    /// If `work` fails or takes too long.
    pub async fn get(
        &self,
        key: K,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let failed = || io::Error::other("the read failed");
        let read = async move {
            let read = runtime::on_own_thread(work).await;
            Arc::new(read.and_then(|read| read.unwrap_or_else(|| Err(failed()))))
        };
        let flight = self.0.join_or_start(key, || Some(read)).ok_or_else(failed)?;
        match timeout_at(flight.begun + TIMEOUT, flight.result).await {
            Ok(Some(read)) => match &*read {
                Ok(found) => Ok(found.clone()),
                Err(failure) => Err(copy(failure)),
            },
            Ok(None) => Err(failed()),
            Err(_) => {
                let message = format!("it could not be read within {}", shown(TIMEOUT));
                Err(io::Error::new(io::ErrorKind::TimedOut, message))
            }
        }
    }
}

fn copy(failure: &io::Error) -> io::Error {
    let no_thread = failure.get_ref().and_then(|inner| inner.downcast_ref::<NoThread>());
    match (failure.raw_os_error(), no_thread) {
        (Some(code), _) => io::Error::from_raw_os_error(code),
        (None, Some(no_thread)) => io::Error::other(no_thread.clone()),
        (None, None) => io::Error::new(failure.kind(), failure.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn only_regular_files_are_read() {
        let path = std::env::temp_dir().join(format!("feature-store-file-{}", std::process::id()));
        fs::write(&path, "text").unwrap();
        assert_eq!(&*read(path.clone()).await.unwrap(), b"text");
        File::create(&path).unwrap().set_len(LONGEST + 1).unwrap();
        assert!(read(path.clone()).await.unwrap_err().to_string().contains("longer"));
        fs::remove_file(&path).unwrap();
        assert_eq!(read(path).await.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(read(std::env::temp_dir()).await.unwrap_err().to_string().contains("folder"));
        assert_eq!(read("/dev/null".into()).await.unwrap().len(), 0);
        #[cfg(unix)]
        assert!(read("/dev/zero".into()).await.unwrap_err().to_string().contains("regular"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_takes_one_thread_and_nobody_waits_for_it() {
        let reads = Reads::new();
        let (free, hang) = mpsc::channel::<()>();
        let hangs = move || hang.recv().map(drop).map_err(io::Error::other);
        assert_eq!(reads.get(1, hangs).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let second = reads.get(1, || panic!("it is read twice")).await;
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::TimedOut);
        drop(free);
    }
}
