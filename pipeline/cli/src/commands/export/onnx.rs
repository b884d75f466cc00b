//! `ser export onnx`: a trained model for other programs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_baseline::LinearModels;
use ser_onnx::{File, OPSET};
use ser_schemas::Imported;
use ser_train::{Device, Predictor};
use serde_json::json;

use super::is_stdout;
use crate::args::OnnxArgs;
use crate::commands::model_folder::{self, Purpose};
use crate::commands::predict::mean_of;
use crate::output::{self, Status};
use crate::project::Project;

pub(super) fn run(project: &Project<'_>, args: &OnnxArgs) -> anyhow::Result<Status> {
    let model = &args.model;
    model_folder::check(project, model, Purpose::Export)?;
    let path = args.output.clone().unwrap_or_else(|| default_file(model));
    let to_stdout = is_stdout(&path, "the model", args.json)?;
    let File { bytes, inputs } =
        graph(project, model).with_context(|| format!("cannot export the model in `{}`", model.display()))?;
    let told = format!("{}: probabilities from {}", path.display(), inputs.join(", "));
    if to_stdout {
        output::print_bytes(&bytes)?;
        project.note(told);
        return Ok(Status::Done);
    }
    ser_stage::write_whole(&path, &bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
    if args.json {
        let (file, bytes) = (path.display().to_string(), bytes.len());
        output::print_json(
            &json!({"file": file, "bytes": bytes, "opset": OPSET, "inputs": inputs, "output": "probabilities"}),
        )?;
    } else {
        output::print(told)?;
    }
    Ok(Status::Done)
}

fn graph(project: &Project<'_>, model: &Path) -> anyhow::Result<File> {
    let tell = |imported: Option<Imported>| {
        if let Some(imported) = imported {
            project.note(format_args!(
                "it takes features as in {imported}: of other recordings, compute them as they were computed there"
            ));
        }
    };
    if LinearModels::are_in(model) {
        let models = LinearModels::read(model)?;
        tell(models.imported());
        return Ok(models.onnx());
    }
    let predictor = Predictor::load(model, Device::Cpu)?;
    tell(predictor.imported());
    if let Some(mean) = mean_of(&predictor) {
        project.note(mean);
    }
    if predictor.max_frames() > 0 {
        project.note(format_args!(
            "it hears at most {} frames at once: of a longer clip, average windows of that length",
            predictor.max_frames()
        ));
    }
    Ok(predictor.onnx())
}

/// The file of a stage's model, or of a fold's or a seed's, in the current folder.
fn default_file(model: &Path) -> PathBuf {
    let full = model.canonicalize().unwrap_or_else(|_| model.to_owned());
    let mut names = Vec::new();
    for part in full.ancestors().filter_map(Path::file_name).map(|name| name.to_string_lossy()) {
        let is_part = part.starts_with("fold=") || part.starts_with("seed=");
        names.insert(0, part.into_owned());
        if !is_part {
            break;
        }
    }
    PathBuf::from(names.join(".") + ".onnx")
}
