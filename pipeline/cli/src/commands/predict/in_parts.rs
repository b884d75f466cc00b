//! Answers to any number of recordings, in parts: what is answered stays answered when the call is stopped, and what did not
//! change is not heard again. Memory holds the answers of one part.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ser_engine::Reporter as _;
use ser_schemas::Answer;
use ser_stage::{PartId, each_part};
use ser_text::counted;

use super::answer_folder::AnswerFolder;
use super::division::{Part, divided};
use super::formats::answers;
use super::models::Models;
use super::prediction::Prediction;
use super::recordings::Recording;
use super::row::View;
use super::speakers::Speakers;
use super::told::Told;
use super::{BATCH, Recipe};
use crate::args::PredictArgs;
use crate::project::Project;
use crate::terminal::{Detail, Terminal};

/// What is told of, in progress.
const WORK: &str = "predict";

/// Parts at work: a single one, as a long recording in it is as large as memory should hold, and its recordings are heard beside
/// each other already.
const AT_ONCE: usize = 1;

/// Answers that are to be made.
pub(super) struct InParts<'a> {
    folder: AnswerFolder,
    shown: String,
    recipe: String,
    recordings: &'a [Recording],
    /// Those that are not there yet.
    missing: Vec<Part>,
    /// All of them, and recordings whose answers are there.
    parts: usize,
    known: usize,
    told: Told,
}

impl<'a> InParts<'a> {
    /// Looks what of the answers to `recordings` there is in the folder at `path`, and removes what is no longer wanted.
    pub(super) fn new(
        path: &Path,
        args: &PredictArgs,
        recipe: &Recipe<'_>,
        models: &Models,
        recordings: &'a [Recording],
        speakers: &Speakers,
    ) -> anyhow::Result<Self> {
        let folder = AnswerFolder::open(path)?;
        let recipe = recipe.text();
        let by_voice = !models.speaker_priors().is_empty();
        let divided = divided(recordings, speakers, by_voice, &recipe);
        let (mut told, mut known, mut names, parts) = (Told::default(), 0, BTreeSet::new(), divided.len());
        let mut missing = Vec::new();
        for part in divided {
            match folder.known(&part, recordings) {
                None => missing.push(part),
                Some(rows) => {
                    told.note_known(&rows);
                    known += part.range.len();
                    names.insert(part.id.file());
                }
            }
        }
        folder.make_room(&names, &recipe, &args.paths, args.replace)?;
        let shown = path.display().to_string();
        Ok(Self { folder, shown, recipe, recordings, missing, parts, known, told })
    }

    /// The places of recordings that are to be heard.
    pub(super) fn missing(&self) -> impl Iterator<Item = usize> {
        self.missing.iter().flat_map(|part| part.range.clone())
    }

    /// Answers what is missing.
    pub(super) fn answer(self, prediction: &Prediction<'_>, view: View, project: &Project<'_>) -> anyhow::Result<Told> {
        let (all, shown) = (self.recordings.len(), &self.shown);
        if self.known > 0 {
            project.note(format_args!("{} of {} taken over from `{shown}`", self.known, counted(all, "recording")));
        }
        let terminal = Terminal::new(if project.quiet { Detail::Quiet } else { Detail::Stages }, WORK.len());
        terminal.work(WORK);
        terminal.begin(WORK, WORK, all as u64, "recordings");
        terminal.advance(WORK, self.known as u64);
        let told = Mutex::new(self.told);
        let part = |part: &Part| -> anyhow::Result<()> {
            let mut rows: Vec<Answer> = Vec::new();
            let mut may_pass = false;
            for start in part.range.clone().step_by(BATCH) {
                let batch = &self.recordings[start..(start + BATCH).min(part.range.end)];
                let mut places = start..;
                prediction.batch(start, batch, &mut |row, facts| {
                    let at = places.next().unwrap_or_default();
                    let problem = row.outcome.as_ref().err().is_some_and(|problem| problem.may_pass);
                    may_pass |= problem && self.recordings[at].content().is_ok();
                    may_pass |= prediction.speakers.is_incomplete(at);
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    told.note(&row, facts, prediction.ears, view, &|text| terminal.warn(None, text));
                    rows.extend(answers(&row, view));
                    Ok(())
                })?;
                terminal.advance(WORK, batch.len() as u64);
            }
            // Under another name, a part is answered again next time.
            let id = if may_pass { PartId::of(part.id.as_str(), ["to be tried again"]) } else { part.id.clone() };
            self.folder.write(&id, &rows, &self.recipe)
        };
        let answered = each_part(self.missing.iter().map(Ok), AT_ONCE, part);
        terminal.end(WORK);
        answered?;
        let told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        let failed = match told.unanswered() {
            0 => String::new(),
            count => format!(", {count} of them without an emotion (`error` says why)"),
        };
        project.note(format_args!(
            "`{shown}`: {} in {}{failed}",
            counted(all, "recording"),
            counted(self.parts, "part")
        ));
        Ok(told)
    }
}
