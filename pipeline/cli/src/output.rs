//! Results on stdout, errors on stderr, and the exit code that goes with them.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use console::Style;
use ser_engine::{EngineError, SpecErrors};
use ser_fetch::FetchError;
use ser_text::printable;
use serde::Serialize;

use crate::args::Cli;
use crate::line::Line;

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// The request was carried out.
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
#[expect(clippy::disallowed_methods, reason = "the one way to stdout")]
pub(crate) fn print(text: impl Into<Line>) -> anyhow::Result<()> {
    match writeln!(std::io::stdout().lock(), "{}", text.into().as_str()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write the result to stdout"))
        }
        _ => Ok(()),
    }
}

/// Writes `bytes` to stdout, and nothing after them.
#[expect(clippy::disallowed_methods, reason = "the one way to stdout for what is no text")]
pub(crate) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write the result to stdout"))
        }
        _ => Ok(()),
    }
}

/// `true` if what is written to `path` goes where stdout goes: through `/dev/stdout`, or to the file that stdout was
/// sent to.
#[cfg(unix)]
pub(crate) fn is_stdout(path: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let place = |path: &std::path::Path| std::fs::metadata(path).ok().map(|there| (there.dev(), there.ino()));
    place(path).is_some_and(|there| Some(there) == place(std::path::Path::new("/dev/stdout")))
}

/// Nowhere else is stdout a file with a name.
#[cfg(not(unix))]
pub(crate) fn is_stdout(_: &std::path::Path) -> bool {
    false
}

/// Writes `value` to stdout as JSON of many lines.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(Line::json(&serde_json::to_string_pretty(value)?))
}

/// Writes `value` to stdout as JSON on one line.
pub(crate) fn print_json_line(value: &impl Serialize) -> anyhow::Result<()> {
    print(Line::json(&serde_json::to_string(value)?))
}

/// Writes a line to stderr.
#[expect(clippy::disallowed_methods, reason = "the one way to stderr")]
pub(crate) fn tell(text: impl Into<Line>) {
    // Nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{}", text.into().as_str());
}

/// Writes a warning to stderr.
pub(crate) fn warn(text: impl Display) {
    tell(Line::new().styled(&style().yellow(), "warning:").text(" ").message(text));
}

/// Writes all mistakes in a pipeline file to stderr.
pub(crate) fn tell_mistakes(errors: &SpecErrors) {
    tell(Line::coloured(&errors.render(console::colors_enabled_stderr())));
}

/// Shows the help that was asked for, or what is wrong with the command line, and gives the exit code.
pub(crate) fn refuse(refused: clap::Error) -> ExitCode {
    // Arguments are quoted as they are, which a terminal would obey and the eye mistake; written out they are refused
    // alike.
    let shown = std::env::args_os().map(|argument| printable(&argument.to_string_lossy()).into_owned());
    let refused = Cli::try_parse_from(shown).err().unwrap_or(refused);
    let coloured = if refused.use_stderr() { console::colors_enabled_stderr() } else { console::colors_enabled() };
    let text = refused.render();
    let text = if coloured { text.ansi().to_string() } else { text.to_string() };
    let line = Line::coloured(text.trim_end());
    if refused.use_stderr() {
        tell(line);
    } else if let Err(error) = print(line) {
        return fail(&error);
    }
    ExitCode::from(u8::try_from(refused.exit_code()).unwrap_or(2))
}

/// No colour yet; those added to it show where stderr shows colours.
pub(crate) fn style() -> Style {
    Style::new().for_stderr()
}

/// `true` if a person watches stderr.
#[expect(clippy::disallowed_methods, reason = "nothing is written")]
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Reports `error` with its causes and advice, and gives the exit code.
pub(crate) fn fail(error: &anyhow::Error) -> ExitCode {
    if let Some(errors) = error.downcast_ref::<SpecErrors>() {
        tell_mistakes(errors);
        tell("nothing was run");
        return ExitCode::from(2);
    }
    tell_failure(error);
    let usage = error.downcast_ref::<UsageError>().is_some()
        || matches!(error.downcast_ref::<EngineError>(), Some(EngineError::UnknownStage(_)));
    ExitCode::from(if usage { 2 } else { 1 })
}

/// Writes `error` with its causes and advice to stderr, where a command goes on after it.
pub(crate) fn tell_failure(error: &anyhow::Error) {
    tell(Line::new().styled(&style().red().bold(), "error:").text(" ").message(causes(error)));
    if let Some(hint) = hint(error) {
        tell(Line::new().styled(&style().cyan(), "hint:").text(" ").message(hint));
    }
}

/// What to do about `error`.
pub(crate) fn hint(error: &anyhow::Error) -> Option<String> {
    let usage = error.downcast_ref::<UsageError>().and_then(|usage| usage.hint.clone());
    let engine = || error.downcast_ref::<EngineError>().and_then(EngineError::hint);
    usage.or_else(engine).or_else(|| error.downcast_ref::<FetchError>().and_then(FetchError::hint))
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
