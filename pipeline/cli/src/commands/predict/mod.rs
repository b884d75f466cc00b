//! `ser predict`: emotions of new recordings. Files that get none are reported, and the rest is done.
//!
//! | module | what it knows |
//! |---|---|
//! | `recordings` | which files are predicted |
//! | `models`, `leaf` | the model, or the models that an ensemble is made of |
//! | `hearing`, `ears` | from a file to features, or to the reason why it gets no emotion |
//! | `speakers`, `speaker_table` | who speaks, for models standardised per speaker |
//! | `corpus` | of which corpus they are, for models standardised per corpus |
//! | `row` | one result as JSON and in a table |

mod corpus;
mod ears;
mod hearing;
mod leaf;
mod models;
mod recordings;
mod row;
mod speaker_table;
mod speakers;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_features::ClipFeatures;
use ser_ingest::AUDIO_EXTENSIONS;
use ser_models::ClipInput;
use ser_schemas::{Family, Member, Model, Table as _};
use ser_stage::suggest::list;
use ser_text::{counted, printable};

use self::ears::{Ears, HeardByAll};
use self::hearing::{Facts, Heard, Problem, clip_input};
use self::leaf::Leaf;
pub(crate) use self::leaf::mean_of;
use self::models::{Models, Parts};
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
    let unusable = || format!("cannot use the model in `{}`", model.display());
    let models = Models::load(&model).with_context(unusable)?;
    refuse_imported(&model, &models)?;
    let ears = Ears::new(&models.leaves).with_context(unusable)?;
    let mean = models.told().map_or_else(String::new, |mean| format!(", {mean}"));
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
    for (at, _) in models.leaves.iter().enumerate().filter(|(_, leaf)| leaf.speaker_prior().is_some()) {
        speakers.gather(ears.of(at), &ears.hearings[ears.of(at)], &found.recordings)?;
    }
    speakers.tell(&models.speaker_priors(), project);
    let corpus = corpus::told(args, &models)?;
    let prediction = Prediction { models: &models, ears: &ears, speakers: &speakers, corpus };
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
    told.tell(&ears, project);
    Ok(if told.failed { Status::Failed } else { Status::Done })
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

struct Prediction<'a> {
    models: &'a Models,
    ears: &'a Ears,
    speakers: &'a Speakers,
    /// Of all recordings, where a model asks for it and it was told.
    corpus: Option<&'a str>,
}

/// Sums of what a model says of the stretches of a recording: of each fold and seed, its fold and a sum for each class.
type Sums = Vec<(u32, Vec<f64>)>;

/// What one of the models says of a recording.
#[derive(Clone, Default)]
struct Answer {
    parts: Parts,
    /// In how many windows it heard the recording.
    windows: usize,
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
        let opened = batch.iter().enumerate().filter(|(_, recording)| recording.problem.is_none());
        let (places, paths): (Vec<usize>, Vec<&Path>) = opened.map(|(at, recording)| (at, &*recording.path)).unzip();
        let heard = self.ears.short(&paths);
        let places: Vec<usize> = places.into_iter().map(|at| first + at).collect();
        let mut answers = self.short(&places, &heard)?.into_iter();
        let mut opened = 0..places.len();
        for (at, recording) in (first..).zip(batch) {
            let outcome = if let Some(problem) = &recording.problem {
                Err(Problem::unreadable(problem.clone()))
            } else {
                let (number, answers) = (opened.next().unwrap_or_default(), answers.next().unwrap_or_default());
                self.outcome(at, recording, &heard, number, answers)?
            };
            told.note(recording, &outcome, self.ears);
            done(Row::new(&recording.path, self.speakers.name(at), outcome.map(|(_, said)| said)))?;
        }
        Ok(())
    }

    /// For each of the recordings at `places` among all, what each model says of it, where its hearing heard it as a whole.
    fn short(&self, places: &[usize], heard: &HeardByAll) -> anyhow::Result<Vec<Vec<Option<Answer>>>> {
        let mut answers = vec![vec![None; self.models.leaves.len()]; places.len()];
        for (of, leaf) in self.models.leaves.iter().enumerate() {
            let hearing = self.ears.of(of);
            let whole: Vec<(usize, &ClipFeatures)> = (0..places.len())
                .filter_map(|number| match heard.get(hearing, number) {
                    Heard::Whole(_, features) => Some((number, features)),
                    Heard::Long | Heard::Bad(_) => None,
                })
                .collect();
            let clips: Vec<ClipInput<'_>> =
                whole.iter().map(|(number, features)| self.input(hearing, places[*number], features)).collect();
            for ((number, features), parts) in whole.iter().zip(self.parts(leaf, &clips)?) {
                let windows = leaf.window_count(features.frame_count);
                answers[*number][of] = Some(Answer { parts, windows });
            }
        }
        Ok(answers)
    }

    /// What becomes of the recording at `at` of all, which is the one with such a `number` among those that were heard.
    fn outcome(
        &self,
        at: usize,
        recording: &Recording,
        heard: &HeardByAll,
        number: usize,
        mut answers: Vec<Option<Answer>>,
    ) -> anyhow::Result<Result<(Facts, Said), Problem>> {
        let mut facts: Option<Facts> = None;
        for hearing in 0..self.ears.hearings.len() {
            let of_hearing = match heard.get(hearing, number) {
                Heard::Bad(problem) => return Ok(Err(problem.clone())),
                Heard::Whole(facts, _) => *facts,
                Heard::Long => match self.long(at, recording, hearing, &mut answers)? {
                    Ok(facts) => facts,
                    Err(problem) => return Ok(Err(problem)),
                },
            };
            // Who hears in the shortest stretches tells most of them.
            if facts.is_none_or(|facts| facts.stretches < of_hearing.stretches) {
                facts = Some(of_hearing);
            }
        }
        let facts = facts.unwrap_or_default();
        let answers: Vec<Answer> = answers.into_iter().map(Option::unwrap_or_default).collect();
        let windows = answers.iter().map(|answer| answer.windows).max().unwrap_or_default();
        let parts: Vec<Parts> = answers.into_iter().map(|answer| answer.parts).collect();
        let said = Said::new(self.models.classes(), &self.models.answer(&parts));
        let standardised = self.standardised(at);
        Ok(Ok((facts, Said { windows, silent_windows: facts.silent, standardised, ..said })))
    }

    /// Has one long recording heard by those models that hear as `hearing` does: the mean over its stretches.
    fn long(
        &self,
        at: usize,
        recording: &Recording,
        hearing: usize,
        answers: &mut [Option<Answer>],
    ) -> anyhow::Result<Result<Facts, Problem>> {
        let leaves = || self.models.leaves.iter().enumerate().filter(|(of, _)| self.ears.of(*of) == hearing);
        // Of each model, sums of each fold and seed, and windows.
        let mut sums: Vec<(Sums, usize)> = leaves().map(|_| (Vec::new(), 0)).collect();
        let mut heard = 0_usize;
        let facts = self.ears.hearings[hearing].long(&recording.path, &mut |stretches| {
            let clips: Vec<ClipInput<'_>> =
                stretches.iter().map(|features| self.input(hearing, at, features)).collect();
            heard += clips.len();
            for ((_, leaf), (sums, windows)) in leaves().zip(&mut sums) {
                for (clip, parts) in clips.iter().zip(self.parts(leaf, &clips)?) {
                    *windows += leaf.window_count(clip.frame_count);
                    if sums.is_empty() {
                        *sums = parts.iter().map(|(fold, row)| (*fold, vec![0.0; row.len()])).collect();
                    }
                    for ((_, sums), (_, row)) in sums.iter_mut().zip(parts) {
                        sums.iter_mut().zip(row).for_each(|(sum, probability)| *sum += f64::from(probability));
                    }
                }
            }
            Ok(())
        })?;
        let mean = |sum: f64| (sum / heard.max(1) as f64) as f32;
        for ((of, _), (sums, windows)) in leaves().zip(sums) {
            let parts = sums.into_iter().map(|(fold, row)| (fold, row.into_iter().map(mean).collect())).collect();
            answers[of] = Some(Answer { parts, windows });
        }
        Ok(facts)
    }

    /// What a model says of each clip; folds and seeds by themselves, where an ensemble is to average them.
    fn parts(&self, leaf: &Leaf, clips: &[ClipInput<'_>]) -> anyhow::Result<Vec<Parts>> {
        if self.models.is_alone() {
            return Ok(leaf.predict(clips)?.into_iter().map(|probabilities| vec![(0, probabilities)]).collect());
        }
        let mut of_clips = vec![Parts::new(); clips.len()];
        for part in leaf.parts(clips)? {
            for (of_clip, probabilities) in of_clips.iter_mut().zip(part.probabilities) {
                of_clip.push((part.fold, probabilities));
            }
        }
        Ok(of_clips)
    }

    fn input<'f>(&'f self, hearing: usize, at: usize, features: &'f ClipFeatures) -> ClipInput<'f> {
        ClipInput { speaker: self.speakers.statistics(hearing, at), corpus: self.corpus, ..clip_input(features) }
    }

    /// Whose statistics standardise the recording at `at`; `None` where no model asks.
    fn standardised(&self, at: usize) -> Option<String> {
        let of_leaf = |leaf: &Leaf| {
            let known = leaf.corpora().map(|known| self.corpus.filter(|name| known.contains(name)));
            let by_speaker = leaf.speaker_prior().map(|prior| self.speakers.standardised(at, prior));
            known.map(corpus::standardised).or(by_speaker)
        };
        let mut told: Vec<String> = Vec::new();
        for text in self.models.leaves.iter().filter_map(of_leaf) {
            if !told.contains(&text) {
                told.push(text);
            }
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

impl Told {
    fn note(&mut self, recording: &Recording, outcome: &Result<(Facts, Said), Problem>, ears: &Ears) {
        let path = || printable(&recording.path.display().to_string()).into_owned();
        match outcome {
            Err(_) => self.failed = true,
            Ok((facts, said)) => {
                if said.windows > 1 {
                    self.windowed.push((path(), said.windows));
                }
                if facts.sample_rate_hz < ears.sample_rate_hz() {
                    self.narrow.push((path(), facts.sample_rate_hz));
                }
            }
        }
    }

    /// Says on stderr which recordings were heard in windows, and which lack what the model was trained on.
    fn tell(&self, ears: &Ears, project: &Project<'_>) {
        if !self.windowed.is_empty() {
            let named = named(&self.windowed, |windows| format!("{windows} windows"));
            let count = counted(self.windowed.len(), "recording");
            let most = ears.window_s();
            project.note(format_args!(
                "{count} longer than the {most:.1} s that the model hears at once, heard in windows of that length whose probabilities are averaged: {named}"
            ));
        }
        if !self.narrow.is_empty() {
            let named = named(&self.narrow, |hz| format!("{hz} Hz"));
            let count = counted(self.narrow.len(), "recording");
            let rate = ears.sample_rate_hz();
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
