//! `ser predict`: emotions of new recordings. Files that get none are reported, and the rest is done.
//!
//! | module | what it knows |
//! |---|---|
//! | `recordings` | which files are predicted, and whether they are still those of before |
//! | `models`, `leaf` | the model, or the models that an ensemble is made of |
//! | `calibration` | temperatures of the model's answers |
//! | `hearing`, `ears` | from a file to features, or to the reason why it gets no emotion |
//! | `windows` | how a long recording is divided |
//! | `speakers`, `speaker_table` | who speaks, for models standardised per speaker |
//! | `enrolment`, `adapting` | further recordings of speakers, and what their labels change |
//! | `corpus` | of which corpus they are, for models standardised per corpus |
//! | `prediction` | from recordings to answers |
//! | `row`, `formats` | one result as JSON; results as a table, CSV and Parquet |
//! | `lines` | recordings from another program |
//! | `in_parts`, `answer_folder` | answers to any number of recordings in a folder of files, and what may be in it |
//! | `division`, `recipe` | which recordings stand in a file together, and what their answers follow from |
//! | `told` | remarks about all recordings |

mod adapting;
mod answer_folder;
mod calibration;
mod corpus;
mod division;
mod ears;
mod enrolment;
mod formats;
mod hearing;
mod in_parts;
mod leaf;
mod lines;
mod models;
mod prediction;
mod recipe;
mod recordings;
mod row;
mod speaker_table;
mod speakers;
mod told;
mod windows;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_ingest::AUDIO_EXTENSIONS;
use ser_schemas::{Family, Member, Model, Table as _};
use ser_stage::suggest::list;
use ser_text::printable;

use self::adapting::Adapters;
use self::calibration::Calibration;
use self::ears::Ears;
use self::formats::Writer;
use self::in_parts::InParts;
use self::leaf::Leaf;
pub(crate) use self::leaf::mean_of;
use self::models::Models;
use self::prediction::Prediction;
use self::recipe::Recipe;
use self::recordings::Recording;
use self::speakers::Speakers;
use self::told::Told;
use self::windows::Windows;
use crate::args::PredictArgs;
use crate::commands::model_folder::{self, Purpose};
use crate::output::{self, Status, UsageError};
use crate::project::Project;

/// Recordings that are heard and predicted together.
const BATCH: usize = 64;

pub(crate) fn run(project: &Project<'_>, args: &PredictArgs) -> anyhow::Result<Status> {
    // Where answers cannot go is told before anything is looked for.
    let mut writer = Writer::new(args)?;
    args.parts.as_deref().map(answer_folder::check).transpose()?;
    let model = match &args.model {
        Some(dir) => dir.clone(),
        None => default_model(project)?,
    };
    model_folder::check(project, &model, Purpose::Predict)?;
    let unusable = || format!("cannot use the model in `{}`", model.display());
    let models = Models::load(&model).with_context(unusable)?;
    refuse_imported(&model, &models)?;
    let ears = Ears::new(&models.leaves).with_context(unusable)?;
    let windows = Windows::new(args, &ears.rules())?;
    let calibration = calibration(&model, &models, args).with_context(unusable)?;
    let mean = models.told().map_or_else(String::new, |mean| format!(", {mean}"));
    let at = calibration.as_ref().map_or_else(String::new, |calibration| format!(", {}", calibration.told()));
    project.note(format!("model: `{}`{mean}{at}", model.display()));
    let found = if args.stdin_json { vec![Recording::of_a_line()] } else { find(project, args)? };
    let mut speakers = Speakers::new(args, &found, models.classes())?;
    let corpus = corpus::told(args, &models)?;
    let view = formats::view(args);
    let in_parts = match &args.parts {
        Some(folder) => {
            let recipe = Recipe::new(models.digest(), calibration.as_ref(), corpus, windows, view);
            let in_parts = InParts::new(folder, args, &recipe, &models, &found, &speakers)?;
            speakers.want_only(in_parts.missing());
            Some(in_parts)
        }
        None => None,
    };
    for (at, _) in models.leaves.iter().enumerate().filter(|(_, leaf)| leaf.speaker_prior().is_some()) {
        speakers.gather(ears.of(at), &ears.hearings[ears.of(at)], &windows, &found)?;
    }
    speakers.tell(&models.speaker_priors(), project);
    let by_fold = speakers.labelled().next().is_some();
    let adapters = Adapters::default();
    let mut prediction =
        Prediction { models: &models, ears: &ears, speakers, windows, calibration, corpus, adapters, by_fold };
    prediction.adapt(project)?;
    if args.stdin_json {
        return lines::answer(&prediction, view, &mut std::io::stdin().lock(), project);
    }
    let told = if let Some(in_parts) = in_parts {
        in_parts.answer(&prediction, view, project)?
    } else {
        let mut told = Told::default();
        for (number, batch) in found.chunks(BATCH).enumerate() {
            prediction.batch(number * BATCH, batch, &mut |row, facts| {
                told.note(&row, facts, &ears, view, &|text| output::warn(text));
                writer.push(row)
            })?;
        }
        writer.finish(models.classes())?;
        told
    };
    told.tell(&ears, &windows, view, project);
    Ok(if told.unanswered() > 0 { Status::Failed } else { Status::Done })
}

/// The recordings that are named, at least one.
fn find(project: &Project<'_>, args: &PredictArgs) -> anyhow::Result<Vec<Recording>> {
    let found = recordings::find(&args.paths);
    found.notes.iter().for_each(|note| project.note(printable(note)));
    if found.recordings.is_empty() {
        return Err(UsageError {
            message: "no recordings found in the given folders".to_owned(),
            hint: Some(format!("folders are searched for {}", AUDIO_EXTENSIONS.join(", "))),
        }
        .into());
    }
    Ok(found.recordings)
}

/// The temperatures of the model in `folder`; without any, says why.
fn calibration(folder: &Path, models: &Models, args: &PredictArgs) -> anyhow::Result<Option<Calibration>> {
    if args.uncalibrated {
        return Ok(None);
    }
    match Calibration::of(folder, models.classes(), &models.folds())? {
        Ok(calibration) => Ok(Some(calibration)),
        Err(why) => {
            // Who sets a threshold has taken it from a table of calibrated probabilities.
            if args.min_confidence.is_some() {
                output::warn(format_args!(
                    "probabilities are as the model was trained to give them, and `--min-confidence` is of these: {why}"
                ));
            }
            Ok(None)
        }
    }
}

/// The artifact of the pipeline's first stage that holds a trained network.
fn default_model(project: &Project<'_>) -> anyhow::Result<PathBuf> {
    let pipeline = project.pipeline()?;
    let store = project.store(&pipeline);
    let mut deaf = Vec::new();
    for stage in pipeline.stages().iter().filter(|stage| store.stage_record(stage.name()).is_some()) {
        let folder = store.stage_dir(stage.name());
        let models = Model::file_in(&folder);
        // An evaluation describes the models of other stages.
        let hears = models.exists() && !Member::file_in(&folder).exists();
        let rows = if hears { Model::read(&models)? } else { Vec::new() };
        match rows.iter().find(|row| row.model == stage.name() && row.family == Family::Network) {
            Some(row) if row.imported().next().is_some() => deaf.push(stage.name()),
            Some(_) => return Ok(folder),
            None => {}
        }
    }
    let deaf = if deaf.is_empty() {
        String::new()
    } else {
        format!(" that hears recordings, and not features that were computed elsewhere as {}", list(&deaf))
    };
    Err(UsageError {
        message: format!("no stage of `{}` holds a trained network{deaf}", pipeline.file().display()),
        hint: Some(
            "a network is needed, no linear model and no majority: add a stage of kind `train` and run it \
             (`ser run`), or name the folder of a model: `--model`"
                .to_owned(),
        ),
    }
    .into())
}

/// Fails where features of a model, or of a member, were computed elsewhere: nothing here computes them of a recording.
fn refuse_imported(model: &Path, models: &Models) -> anyhow::Result<()> {
    let Some(imported) = models.leaves.iter().find_map(Leaf::imported) else { return Ok(()) };
    let model = model.display();
    Err(UsageError {
        message: format!(
            "`{model}` was trained on features that were computed elsewhere, imported from `{}`, and hears no recordings",
            imported.file
        ),
        hint: Some(format!(
            "`ser export onnx {model}` writes it for a program that computes these features of a recording first, as they were \
             computed for that file"
        )),
    }
    .into())
}
