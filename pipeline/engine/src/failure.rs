//! Failures beside mistakes in the pipeline file, each with advice.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use ser_stage::Holder;

use crate::graph::UnknownStage;

/// The engine itself cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
pub enum EngineError {
    /// A target is no stage of the pipeline.
    #[error(transparent)]
    UnknownStage(#[from] UnknownStage),
    /// Another run works in the artifacts folder.
    #[error("another run works in `{}`{}", artifacts.display(), holder.as_ref().map(|holder| format!(": {holder}")).unwrap_or_default())]
    Locked { artifacts: PathBuf, holder: Option<Holder> },
    /// The folder given for artifacts holds something else.
    #[error("`{}` is not an artifacts folder: it holds files but no `.ser`", path.display())]
    NotArtifacts { path: PathBuf },
    /// A folder stands where a stage's artifact belongs, and no run made it.
    #[error("`{}` was not written by this pipeline, and stage `{stage}` would replace it", path.display())]
    ForeignFolder { stage: String, path: PathBuf },
    /// The artifacts folder is on a file system that has no locks.
    #[error("the file system of `{}` has no locks, so processes cannot share work there", path.display())]
    NoLocks { path: PathBuf },
    /// Reading or writing in the artifacts folder failed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl EngineError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// Advice on how to go on.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownStage(unknown) => unknown.hint.clone(),
            Self::Locked { .. } => Some("wait for it, stop it, or use another folder with `--artifacts`".to_owned()),
            Self::NotArtifacts { .. } => {
                Some("name an empty folder, or one that does not exist yet; to start over, delete it whole".to_owned())
            }
            Self::ForeignFolder { .. } => {
                Some("move it away, rename the stage, or use another `--artifacts`".to_owned())
            }
            Self::NoLocks { .. } => Some(
                "mount it with locks (NFS: not with `nolock` or `local_lock=all`), or use another folder".to_owned(),
            ),
            Self::Io { source, .. } => io_hint(source),
        }
    }
}

/// A stage that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Description of the failure, causes after colons.
    pub message: String,
    /// Advice on how to go on.
    pub hint: Option<String>,
}

impl Failure {
    /// Of an error and its causes.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut message = error.to_string();
        let mut hint = hint_of(error);
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            // Some libraries print their cause themselves.
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            hint = hint.or_else(|| hint_of(inner));
            cause = inner.source();
        }
        Self { message, hint }
    }

    /// Of a panic: a mistake of the program, never of its user.
    pub(crate) fn of_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        Self {
            message: format!("the program made a mistake: {text}"),
            hint: Some("please report this, with the pipeline file and the lines above".to_owned()),
        }
    }
}

fn hint_of(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<EngineError>() {
        return error.hint();
    }
    let error = error.downcast_ref::<io::Error>()?;
    match error.kind() {
        // A stage may be kept from reading its input: nothing is known of the artifacts folder then.
        io::ErrorKind::PermissionDenied => Some("check the permissions of that path".to_owned()),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => None,
        _ => io_hint(error),
    }
}

fn io_hint(error: &io::Error) -> Option<String> {
    if is_out_of_files(error) {
        return Some("raise the limit of open files (`ulimit -n`), or lower `--jobs`".to_owned());
    }
    let hint = match error.kind() {
        io::ErrorKind::OutOfMemory => "free some memory, or lower `--jobs`, then run again: finished stages are kept",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, then run again: finished stages are kept"
        }
        io::ErrorKind::PermissionDenied => "change its permissions, or use another folder with `--artifacts`",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only: use another folder with `--artifacts`",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file stands where a folder is needed: move it, or use another folder with `--artifacts`"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// `true` if this process, or the whole system, has as many files open as it may.
fn is_out_of_files(error: &io::Error) -> bool {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    cfg!(unix) && matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("features: cannot write `frames.parquet`")]
    struct Outer(#[source] io::Error);

    #[test]
    fn causes_are_told_and_a_full_disk_gets_advice() {
        let failure = Failure::of(&Outer(io::Error::new(io::ErrorKind::StorageFull, "no space left")));
        assert_eq!(failure.message, "features: cannot write `frames.parquet`: no space left");
        assert_eq!(failure.hint.as_deref(), Some("free some space, then run again: finished stages are kept"));
    }

    #[cfg(unix)]
    #[test]
    fn limits_of_the_system_are_named_with_what_raises_them() {
        let hint = |error: io::Error| Failure::of(&Outer(error)).hint.unwrap_or_default();
        assert!(hint(io::Error::from_raw_os_error(24)).contains("`ulimit -n`"));
        assert!(hint(io::Error::from_raw_os_error(23)).contains("`ulimit -n`"));
        assert!(hint(io::ErrorKind::OutOfMemory.into()).contains("memory"));
        assert_eq!(hint(io::Error::from_raw_os_error(5)), "");
    }

    #[test]
    fn a_panic_is_ours() {
        let failure = Failure::of_panic(&"index 3 out of range");
        assert_eq!(failure.message, "the program made a mistake: index 3 out of range");
        assert!(failure.hint.unwrap().contains("report"));
    }
}
