//! `ser export`: models, datasets and runs for other programs.

mod croissant;
mod dataset;
mod hf;
mod onnx;
mod ro_crate;

use ser_export::ExportError;

use crate::args::{ExportArgs, ExportFormat};
use crate::output::{Status, UsageError};
use crate::project::Project;

pub(crate) fn run(project: &Project<'_>, args: &ExportArgs) -> anyhow::Result<Status> {
    match &args.format {
        ExportFormat::Onnx(args) => onnx::run(project, args),
        ExportFormat::Hf(args) => hf::run(project, args),
        ExportFormat::Croissant(args) => croissant::run(project, args),
        ExportFormat::RoCrate(args) => ro_crate::run(project, args),
    }
}

/// The error as the command ends with it: a mistake in what was asked for is one of usage.
fn told(error: ExportError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => UsageError { message: error.to_string(), hint: Some(hint) }.into(),
        None => error.into(),
    }
}
