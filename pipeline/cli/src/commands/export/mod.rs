//! `ser export`: models, datasets and runs for other programs.

mod croissant;
mod dataset;
mod hf;
mod onnx;
mod ro_crate;

use std::path::Path;

use ser_export::ExportError;

use crate::args::{ExportArgs, ExportFormat};
use crate::output::{self, Status, UsageError};
use crate::project::Project;

/// Bytes of a megabyte, as sizes of files are told.
const MEGABYTE: u64 = 1_000_000;

pub(crate) fn run(project: &Project<'_>, args: &ExportArgs) -> anyhow::Result<Status> {
    match &args.format {
        ExportFormat::Onnx(args) => onnx::run(project, args),
        ExportFormat::Hf(args) => hf::run(project, args),
        ExportFormat::Croissant(args) => croissant::run(project, args),
        ExportFormat::RoCrate(args) => ro_crate::run(project, args),
    }
}

/// `true` if `file`, which is to hold `what`, is where `--json` prints to; that it is both is a mistake.
fn is_stdout(file: &Path, what: &str, json: bool) -> Result<bool, UsageError> {
    let is_stdout = output::is_stdout(file);
    if is_stdout && json {
        let message = format!("`{}` is where `--json` prints to", file.display());
        let hint = Some(format!("write {what} to a file, or leave `--json` out"));
        return Err(UsageError { message, hint });
    }
    Ok(is_stdout)
}

/// The error as the command ends with it: a mistake in what was asked for is one of usage.
fn told(error: ExportError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => UsageError { message: error.to_string(), hint: Some(hint) }.into(),
        None => error.into(),
    }
}
