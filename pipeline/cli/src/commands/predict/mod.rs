//! `ser predict`: emotions of new recordings. Files that get none are reported, and the rest is done.
//!
//! | module | what it knows |
//! |---|---|
//! | `recordings` | which files are predicted |
//! | `hearing` | from a file to features, or to the reason why it gets no emotion |
//! | `speakers`, `speaker_table` | who speaks, for models standardised per speaker |
//! | `corpus` | of which corpus they are, for models standardised per corpus |
//! | `row` | one result as JSON and in a table |

mod corpus;
mod hearing;
mod recordings;
mod row;
mod speaker_table;
mod speakers;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_baseline::LinearModels;
use ser_ingest::AUDIO_EXTENSIONS;
use ser_schemas::{Family, Member, Model, Table as _};
use ser_stage::suggest::list;
use ser_text::{counted, printable};
use ser_train::{ClipInput, Device, Predictor};

use self::hearing::{Facts, Heard, Hearing, Problem, clip_input};
use self::recordings::Recording;
use self::row::{Row, Said, table};
use self::speakers::Speakers;
use crate::args::PredictArgs;
use crate::commands::model_folder::{self, Purpose};
use crate::output::{self, Status, UsageError};
use crate::project::Project;

/// Recordings that are heard and predicted together.
const BATCH: usize = 64;
/// Recordings that a note names.
const NAMED: usize = 3;

pub(crate) fn run(project: &Project<'_>, args: &PredictArgs) -> anyhow::Result<Status> {
    let model = match &args.model {
        Some(dir) => dir.clone(),
        None => default_model(project)?,
    };
    model_folder::check(project, &model, Purpose::Predict)?;
    refuse_linear(&model)?;
    let unusable = || format!("cannot use the model in `{}`", model.display());
    let predictor = Predictor::load(&model, Device::Cpu).with_context(unusable)?;
    refuse_imported(&model, &predictor)?;
    let hearing = Hearing::new(&predictor).with_context(unusable)?;
    let mean = mean_of(&predictor).map_or_else(String::new, |mean| format!(", {mean}"));
    project.note(format!("model: `{}`{mean}", model.display()));
    let found = recordings::find(&args.paths);
    found.notes.iter().for_each(|note| project.note(printable(note)));
    if found.recordings.is_empty() {
        return Err(UsageError {
            message: "no recordings found in the given folders".to_owned(),
            hint: Some(format!("folders are searched for {}", AUDIO_EXTENSIONS.join(", "))),
        }
        .into());
    }
    let mut speakers = Speakers::new(args, &found.recordings)?;
    if predictor.is_per_speaker() {
        speakers.gather(&hearing, &found.recordings)?;
    }
    speakers.tell(&predictor, project);
    let corpus = corpus::told(args, &predictor)?;
    let prediction = Prediction { predictor: &predictor, hearing: &hearing, speakers: &speakers, corpus };
    let mut rows = Vec::new();
    let mut told = Told::default();
    for (number, batch) in found.recordings.chunks(BATCH).enumerate() {
        prediction.batch(number * BATCH, batch, &mut told, &mut |row| {
            if let Err(problem) = &row.outcome {
                let (path, detail) = (printable(&row.path), printable(&problem.detail));
                output::warn(format_args!("`{path}`: {detail} ({})", problem.reason));
            }
            if args.json {
                output::print_json_line(&row.json())
            } else {
                rows.push(row);
                Ok(())
            }
        })?;
    }
    if let Some(table) = table(&rows) {
        output::print(table.trim_end())?;
    }
    told.tell(&hearing, project);
    Ok(if told.failed { Status::Failed } else { Status::Done })
}

/// Which networks answer, where they are several: `the mean of 5 folds`.
pub(crate) fn mean_of(predictor: &Predictor) -> Option<String> {
    let (networks, folds) = (predictor.network_count(), predictor.fold_count());
    match (networks, folds) {
        (1, _) => None,
        (_, 1) => Some(format!("the mean of {networks} seeds")),
        _ if networks == folds => Some(format!("the mean of {folds} folds")),
        _ => Some(format!("the mean of {networks} networks: all seeds of {folds} folds")),
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

fn refuse_linear(model: &Path) -> anyhow::Result<()> {
    if !LinearModels::are_in(model) {
        return Ok(());
    }
    Err(UsageError {
        message: format!("`{}` holds a linear model, and `ser predict` takes networks", model.display()),
        hint: Some(
            "name the folder of a stage of kind `train`; `ser export onnx` writes a linear model for other programs"
                .to_owned(),
        ),
    }
    .into())
}

fn refuse_imported(model: &Path, predictor: &Predictor) -> anyhow::Result<()> {
    let Some(imported) = predictor.imported() else { return Ok(()) };
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

struct Prediction<'a> {
    predictor: &'a Predictor,
    hearing: &'a Hearing,
    speakers: &'a Speakers,
    /// Of all recordings, where the model asks for it and it was told.
    corpus: Option<&'a str>,
}

/// Remarks about all recordings, told when they are done.
#[derive(Debug, Default)]
struct Told {
    failed: bool,
    /// Heard in windows, and in how many.
    windowed: Vec<(String, usize)>,
    /// At a lower sample rate than that of the features.
    narrow: Vec<(String, u32)>,
}

impl Prediction<'_> {
    /// Predicts some recordings, the first of which is at `first` of all; `done` gets their rows in order.
    fn batch(
        &self,
        first: usize,
        batch: &[Recording],
        told: &mut Told,
        done: &mut dyn FnMut(Row) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let heard = self.hear(batch);
        let clips: Vec<ClipInput<'_>> = heard
            .iter()
            .enumerate()
            .filter_map(|(at, heard)| match heard {
                Heard::Whole(_, features) => Some(self.input(first + at, features)),
                _ => None,
            })
            .collect();
        let mut probabilities = self.predictor.predict(&clips)?.into_iter();
        for (at, (recording, heard)) in batch.iter().zip(&heard).enumerate() {
            let at = first + at;
            let outcome = match heard {
                Heard::Bad(problem) => Err(problem.clone()),
                Heard::Long => self.long(at, recording)?,
                Heard::Whole(facts, features) => {
                    let windows = self.predictor.window_count(features.frame_count);
                    let said = probabilities.next().unwrap_or_default();
                    Ok((*facts, Said { windows, ..self.said(at, &said) }))
                }
            };
            told.note(recording, &outcome, self.hearing);
            done(Row::new(&recording.path, self.speakers.name(at), outcome.map(|(_, said)| said)))?;
        }
        Ok(())
    }

    fn hear(&self, batch: &[Recording]) -> Vec<Heard> {
        let paths: Vec<&Path> =
            batch.iter().filter(|recording| recording.problem.is_none()).map(|recording| &*recording.path).collect();
        let mut heard = self.hearing.short(&paths).into_iter();
        let of = |recording: &Recording| match &recording.problem {
            Some(problem) => Heard::Bad(Problem::unreadable(problem.clone())),
            None => heard.next().unwrap_or(Heard::Long),
        };
        batch.iter().map(of).collect()
    }

    /// Predicts one long recording: the mean over its stretches.
    fn long(&self, at: usize, recording: &Recording) -> anyhow::Result<Result<(Facts, Said), Problem>> {
        let mut sums = vec![0.0_f64; self.predictor.classes().len()];
        let (mut heard, mut windows) = (0_usize, 0);
        let facts = self.hearing.long(&recording.path, &mut |stretches| {
            let clips: Vec<ClipInput<'_>> = stretches.iter().map(|features| self.input(at, features)).collect();
            for (clip, probabilities) in clips.iter().zip(self.predictor.predict(&clips)?) {
                heard += 1;
                windows += self.predictor.window_count(clip.frame_count);
                for (sum, probability) in sums.iter_mut().zip(probabilities) {
                    *sum += f64::from(probability);
                }
            }
            Ok(())
        })?;
        Ok(facts.map(|facts| {
            let means: Vec<f32> = sums.iter().map(|sum| (sum / heard.max(1) as f64) as f32).collect();
            (facts, Said { windows, silent_windows: facts.silent, ..self.said(at, &means) })
        }))
    }

    fn input<'f>(&'f self, at: usize, features: &'f ser_features::ClipFeatures) -> ClipInput<'f> {
        ClipInput { speaker: self.speakers.statistics(at), corpus: self.corpus, ..clip_input(features) }
    }

    fn said(&self, at: usize, probabilities: &[f32]) -> Said {
        let standardised = if self.predictor.is_per_corpus() {
            Some(corpus::standardised(self.corpus))
        } else {
            self.predictor.is_per_speaker().then(|| self.speakers.standardised(at))
        };
        Said { standardised, ..Said::new(self.predictor.classes(), probabilities) }
    }
}

impl Told {
    fn note(&mut self, recording: &Recording, outcome: &Result<(Facts, Said), Problem>, hearing: &Hearing) {
        let path = || printable(&recording.path.display().to_string()).into_owned();
        match outcome {
            Err(_) => self.failed = true,
            Ok((facts, said)) => {
                if said.windows > 1 {
                    self.windowed.push((path(), said.windows));
                }
                if facts.sample_rate_hz < hearing.sample_rate_hz() {
                    self.narrow.push((path(), facts.sample_rate_hz));
                }
            }
        }
    }

    /// Says on stderr which recordings were heard in windows, and which lack what the model was trained on.
    fn tell(&self, hearing: &Hearing, project: &Project<'_>) {
        if !self.windowed.is_empty() {
            let named = named(&self.windowed, |windows| format!("{windows} windows"));
            let count = counted(self.windowed.len(), "recording");
            let most = hearing.window_s();
            project.note(format_args!(
                "{count} longer than the {most:.1} s that the model hears at once, heard in windows of that length whose probabilities are averaged: {named}"
            ));
        }
        if !self.narrow.is_empty() {
            let named = named(&self.narrow, |hz| format!("{hz} Hz"));
            let count = counted(self.narrow.len(), "recording");
            let rate = hearing.sample_rate_hz();
            output::warn(format_args!(
                "{count} with a lower sample rate than the {rate} Hz that the model was made for: the upper frequencies are missing, and it may do worse: {named}"
            ));
        }
    }
}

/// `a.wav (3 windows), b.wav (2 windows), ...`
fn named<T: Copy>(all: &[(String, T)], what: impl Fn(T) -> String) -> String {
    let mut text =
        all.iter().take(NAMED).map(|(path, value)| format!("{path} ({})", what(*value))).collect::<Vec<_>>().join(", ");
    if all.len() > NAMED {
        text.push_str(", ...");
    }
    text
}
