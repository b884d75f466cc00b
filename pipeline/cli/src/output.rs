//! Results on stdout, errors on stderr, and the exit code that goes with them.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use console::style;
use ser_engine::{EngineError, SpecErrors};

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// What was asked for is done.
    Done,
    /// Something failed, and was reported where it did.
    Failed,
    /// Something is stale, and the user asked to hear of it by exit code.
    Stale,
}

impl Status {
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Stale => 3,
        })
    }
}

/// The user asked for something that cannot be: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct UsageError {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Writes `text` and a line end to stdout.
///
/// A reader that went away (`ser audit | head`) is no error; a full disk is.
pub(crate) fn print(text: impl Display) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write the result to stdout"))
        }
        _ => Ok(()),
    }
}

/// Writes a line to stderr.
pub(crate) fn tell(text: impl Display) {
    // Nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes a warning to stderr.
pub(crate) fn warn(text: impl Display) {
    tell(format_args!("{} {text}", style("warning:").for_stderr().yellow()));
}

/// Reports `error` with its causes and advice, and gives the exit code.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    if let Some(errors) = error.downcast_ref::<SpecErrors>() {
        tell(errors.render(console::colors_enabled_stderr()));
        tell("nothing was run");
        return ExitCode::from(2);
    }
    tell(format_args!("{} {}", style("error:").for_stderr().red().bold(), causes(error)));
    if let Some(hint) = hint(error) {
        tell(format_args!("{} {hint}", style("hint:").for_stderr().cyan()));
    }
    let usage = error.downcast_ref::<UsageError>().is_some()
        || matches!(error.downcast_ref::<EngineError>(), Some(EngineError::UnknownStage(_)));
    ExitCode::from(if usage { 2 } else { 1 })
}

fn hint(error: &anyhow::Error) -> Option<String> {
    let usage = error.downcast_ref::<UsageError>().and_then(|usage| usage.hint.clone());
    usage.or_else(|| error.downcast_ref::<EngineError>().and_then(EngineError::hint))
}

/// The error and its causes on one line, without what a cause merely repeats.
pub(crate) fn causes(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if told.contains(&text) {
            continue;
        }
        if !told.is_empty() {
            told.push_str(": ");
        }
        told.push_str(&text);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_already_told_is_not_told_again() {
        let error = anyhow::anyhow!("disk full").context("cannot write `a`: disk full").context("features");
        assert_eq!(causes(&error), "features: cannot write `a`: disk full");
    }
}
