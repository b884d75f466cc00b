//! `ser export`: a trained model for other programs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_baseline::LinearModels;
use ser_onnx::{File, OPSET};
use ser_train::{Device, Predictor};
use serde_json::json;

use crate::args::{ExportArgs, ExportFormat, OnnxArgs};
use crate::commands::predict::refuse_ensemble;
use crate::output::{self, Status};
use crate::project::Project;

pub(crate) fn run(project: &Project<'_>, args: &ExportArgs) -> anyhow::Result<Status> {
    match &args.format {
        ExportFormat::Onnx(args) => onnx(project, args),
    }
}

fn onnx(project: &Project<'_>, args: &OnnxArgs) -> anyhow::Result<Status> {
    let model = &args.model;
    refuse_ensemble(model)?;
    let File { bytes, inputs } =
        graph(project, model).with_context(|| format!("cannot export the model in `{}`", model.display()))?;
    let path = args.output.clone().unwrap_or_else(|| default_file(model));
    ser_stage::write_whole(&path, &bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
    if args.json {
        let (file, bytes) = (path.display().to_string(), bytes.len());
        output::print_json(
            &json!({"file": file, "bytes": bytes, "opset": OPSET, "inputs": inputs, "output": "probabilities"}),
        )?;
    } else {
        output::print(format_args!("{}: probabilities from {}", path.display(), inputs.join(", ")))?;
    }
    Ok(Status::Done)
}

fn graph(project: &Project<'_>, model: &Path) -> anyhow::Result<File> {
    if LinearModels::are_in(model) {
        return Ok(LinearModels::read(model)?.onnx());
    }
    let predictor = Predictor::load(model, Device::Cpu)?;
    if predictor.fold_count() > 1 {
        project.note(format_args!("the mean of {} folds", predictor.fold_count()));
    }
    if predictor.max_frames() > 0 {
        project.note(format_args!(
            "it hears at most {} frames at once: of a longer clip, average windows of that length",
            predictor.max_frames()
        ));
    }
    Ok(predictor.onnx())
}

/// The file of a stage's model, or of a fold's, in the current folder.
fn default_file(model: &Path) -> PathBuf {
    let full = model.canonicalize().unwrap_or_else(|_| model.to_owned());
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let own = name(&full);
    let name = match full.parent() {
        Some(stage) if own.starts_with("fold=") => format!("{}.{own}", name(stage)),
        _ => own,
    };
    PathBuf::from(name + ".onnx")
}
