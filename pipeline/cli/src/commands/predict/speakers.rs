//! Who speaks in each recording, and what is known of their voices.
//!
//! A model that was trained on features standardised per speaker expects the same of new recordings: mean and standard
//! deviation over all recordings of whoever speaks, labels unknown. Who that is has to be told; a guess would be worse than
//! the statistics of the training clips, which are used where nothing was told or a speaker has too few recordings. Most models
//! blend the two, and one recording is enough. Speakers can be enrolled: further recordings of theirs are heard for the statistics
//! and for what their labels tell, and what is predicted may be a single one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use anyhow::Context as _;
use ser_features::ClipFeatures;
use ser_models::{SpeakerPrior, SpeakerStatistics};
use ser_schemas::Emotion;
use ser_stage::PartId;
use ser_text::{counted, nfc, printable};

use super::enrolment::{Enrolled, Enrolment};
use super::hearing::{Heard, Hearing, Long, Problem, TOGETHER};
use super::recordings::Recording;
use super::windows::Windows;
use super::{BATCH, speaker_table};
use crate::args::PredictArgs;
use crate::output::{self, UsageError};
use crate::project::Project;

/// Adds a recording, or a window of one, to its speaker's statistics.
fn add(statistics: &mut SpeakerStatistics, of: &ClipFeatures) {
    statistics.add(&of.frames, of.frame_count, &of.functionals);
}

/// Speakers that a message names.
const NAMED: usize = 5;

/// Who speaks in each recording.
#[derive(Debug, Default)]
pub(super) struct Speakers {
    /// For each recording the place of its speaker; behind them, for each that is enrolled.
    of: Vec<Option<usize>>,
    names: Vec<String>,
    enrolment: Enrolment,
    /// Speakers whose statistics and labels are wanted; `None`: all.
    wanted: Option<BTreeSet<usize>>,
    /// Speakers of whom a recording could not be read this time, though it is there.
    incomplete: BTreeSet<usize>,
    /// Of each hearing that was gathered, by its place, the statistics of each speaker.
    statistics: BTreeMap<usize, Vec<SpeakerStatistics>>,
    /// `true` if an option said who speaks.
    told: bool,
    /// `true` if each line of stdin says who speaks.
    by_line: bool,
}

impl Speakers {
    /// Of so many recordings, about whom nothing is told.
    #[cfg(test)]
    pub(super) fn of_nobody(count: usize) -> Self {
        Self { of: vec![None; count], ..Self::default() }
    }

    /// As the options say, for a model of `classes`; warnings are written at once.
    pub(super) fn new(args: &PredictArgs, recordings: &[Recording], classes: &[Emotion]) -> anyhow::Result<Self> {
        let mut speakers = Self { of: vec![None; recordings.len()], ..Self::default() };
        if let Some(name) = &args.speaker {
            speakers.told = true;
            speakers.names.push(nfc(name).into_owned());
            speakers.of.fill(Some(0));
        } else if args.speaker_from_folder {
            speakers.told = true;
            let mut known: BTreeMap<&Path, usize> = BTreeMap::new();
            for (of, recording) in speakers.of.iter_mut().zip(recordings) {
                let Some(folder) = recording.real.parent() else { continue };
                *of = Some(*known.entry(folder).or_insert_with(|| {
                    speakers.names.push(shown(recording.path.parent().unwrap_or(folder)));
                    speakers.names.len() - 1
                }));
            }
        } else if let Some(table) = &args.speakers {
            speakers.told = true;
            let (named, notes) = speaker_table::read(table, recordings)?;
            notes.iter().for_each(output::warn);
            let mut known: BTreeMap<String, usize> = BTreeMap::new();
            for (of, name) in speakers.of.iter_mut().zip(named) {
                let Some(name) = name else { continue };
                *of = Some(*known.entry(name.clone()).or_insert_with(|| {
                    speakers.names.push(name);
                    speakers.names.len() - 1
                }));
            }
        }
        if let Some(table) = &args.enrol {
            if !speakers.told && !args.stdin_json {
                return Err(UsageError {
                    message: "`--enrol` tells who speaks in other recordings, and nothing says who does in these"
                        .to_owned(),
                    hint: Some("`--speaker NAME`, `--speaker-from-folder` or `--speakers TABLE` tell it".to_owned()),
                }
                .into());
            }
            speakers.told = true;
            speakers.enrolment =
                Enrolment::read(table, classes).with_context(|| format!("cannot enrol by `{}`", table.display()))?;
        }
        speakers.by_line = args.stdin_json;
        speakers.place_enrolled();
        Ok(speakers)
    }

    /// Gives speakers who are enrolled, and their recordings, places.
    fn place_enrolled(&mut self) {
        let heard = self.names.len();
        let mut places = Vec::new();
        for one in self.enrolment.all() {
            let known = self.names.iter().position(|known| *known == one.speaker);
            places.push(Some(known.unwrap_or(self.names.len())));
            if known.is_none() {
                self.names.push(one.speaker.clone());
            }
        }
        if self.by_line {
            // Behind the recording of nobody, one of each who is enrolled.
            self.of.extend((0..self.names.len()).map(Some));
        } else if self.names.len() > heard {
            let (table, absent) = (self.enrolment.table().display(), &self.names[heard..]);
            let names: Vec<String> = absent.iter().map(|name| format!("`{}`", printable(name))).collect();
            output::warn(format_args!(
                "`{table}` enrols {} who {} in none of the recordings here: {}",
                counted(absent.len(), "speaker"),
                if absent.len() == 1 { "speaks" } else { "speak" },
                ser_text::first_names(names, NAMED)
            ));
        }
        self.of.extend(places);
    }

    /// The place of a recording of `name` among those of a line of stdin; of nobody where no name is told. `None` where nobody of
    /// that name is enrolled.
    pub(super) fn place_of_line(&self, name: Option<&str>) -> Option<usize> {
        let Some(name) = name else { return Some(0) };
        Some(1 + self.names.iter().position(|known| *known == *nfc(name))?)
    }

    /// Wants statistics of those alone who speak in the recordings at `places`.
    pub(super) fn want_only(&mut self, places: impl Iterator<Item = usize>) {
        self.wanted = Some(places.filter_map(|at| self.of[at]).collect());
    }

    fn is_wanted(&self, speaker: usize) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&speaker))
    }

    /// Of each speaker, what tells whether answers for them would be the same: their recordings in order, by path and content,
    /// and the labels of those that are enrolled. Those without labels count where statistics do: `by_voice`.
    pub(super) fn voices(&self, recordings: &[Recording], by_voice: bool) -> Vec<String> {
        let mut voices = vec![String::new(); self.names.len()];
        let spoken = recordings.iter().zip(&self.of).filter(|_| by_voice);
        let spoken = spoken.filter_map(|(recording, of)| Some(((*of)?, recording, String::new())));
        let label = |one: &Enrolled| one.class.map(|class| class.to_string()).unwrap_or_default();
        let enrolled = self.enrolled().filter(|(_, _, one)| by_voice || one.class.is_some());
        let enrolled = enrolled.map(|(speaker, _, one)| (speaker, &one.recording, label(one)));
        for (speaker, recording, label) in spoken.chain(enrolled) {
            let (path, content) = (recording.path.display().to_string(), recording.content());
            let content = content.map_or_else(|why| why, |(content, _)| content);
            let id = PartId::of(&voices[speaker], [path.as_str(), &content, &label]);
            id.as_str().clone_into(&mut voices[speaker]);
        }
        voices
    }

    /// `true` if statistics of who speaks in the recording at `at` lack one that may be read another time.
    pub(super) fn is_incomplete(&self, at: usize) -> bool {
        self.of[at].is_some_and(|speaker| self.incomplete.contains(&speaker))
    }

    /// Gathers the statistics of every speaker in what the hearing at `place` hears, once; it takes hearing their recordings once
    /// more than predicting them does.
    pub(super) fn gather(
        &mut self,
        place: usize,
        hearing: &Hearing,
        windows: &Windows,
        recordings: &[Recording],
    ) -> anyhow::Result<()> {
        if self.statistics.contains_key(&place) {
            return Ok(());
        }
        let mut gathered = vec![SpeakerStatistics::default(); self.names.len()];
        // With their lines, those that are enrolled; one that is predicted as well counts once.
        let mut spoken: Vec<(usize, &Recording, Option<usize>)> = recordings
            .iter()
            .zip(&self.of)
            .filter(|(recording, _)| recording.problem.is_none())
            .filter_map(|(recording, of)| Some(((*of)?, recording, None)))
            .filter(|(speaker, ..)| self.is_wanted(*speaker))
            .collect();
        let known: HashSet<(usize, &Path)> =
            spoken.iter().map(|(speaker, recording, _)| (*speaker, recording.real.as_path())).collect();
        let enrolled = self.enrolled().filter(|(speaker, _, one)| !known.contains(&(*speaker, &*one.recording.real)));
        let enrolled: Vec<_> = enrolled.map(|(speaker, _, one)| (speaker, &one.recording, Some(one.line))).collect();
        spoken.extend(enrolled);
        let mut bad: Vec<(usize, Problem)> = Vec::new();
        let mut incomplete = BTreeSet::new();
        for batch in spoken.chunks(BATCH) {
            let recordings: Vec<&Recording> = batch.iter().map(|(_, recording, _)| *recording).collect();
            for ((speaker, recording, line), heard) in batch.iter().zip(hearing.short(&recordings, windows)) {
                let statistics = &mut gathered[*speaker];
                let problem = match heard {
                    Heard::Whole(_, features) => {
                        add(statistics, &features);
                        None
                    }
                    Heard::Bad(problem) => Some(problem),
                    Heard::Long => match Long::new(recording, windows, &[hearing.rules()]) {
                        Err(problem) => Some(problem),
                        Ok(long) => {
                            let samples = hearing.load(&long)?;
                            for some in long.windows.chunks(TOGETHER) {
                                hearing.windows(&samples, some)?.iter().for_each(|of| add(statistics, of));
                            }
                            None
                        }
                    },
                };
                let may_pass = problem.as_ref().is_some_and(|problem| problem.may_pass);
                incomplete.extend((may_pass && recording.content().is_ok()).then_some(*speaker));
                // What cannot be heard of those that are predicted is reported there.
                bad.extend(line.zip(problem));
                statistics.end_recording();
            }
        }
        self.statistics.insert(place, gathered);
        self.incomplete.extend(incomplete);
        self.leave_out(&bad)
    }

    /// Recordings that are enrolled, wanted and can be used: each with the place of its speaker, and its own among all recordings.
    fn enrolled(&self) -> impl Iterator<Item = (usize, usize, &Enrolled)> {
        let first = self.of.len() - self.enrolment.all().len();
        let places = self.enrolment.all().iter().zip(first..).zip(&self.of[first..]);
        places
            .filter(move |((one, _), _)| self.enrolment.is_usable(one))
            .filter_map(|((one, at), speaker)| Some(((*speaker)?, at, one)))
            .filter(|(speaker, ..)| self.is_wanted(*speaker))
    }

    /// Those of them whose emotion is told.
    pub(super) fn labelled(&self) -> impl Iterator<Item = (usize, usize, &Enrolled)> {
        self.enrolled().filter(|(_, _, one)| one.class.is_some())
    }

    /// Says of recordings that are enrolled, by their lines, that they cannot be used; fails where none is left.
    pub(super) fn leave_out(&mut self, problems: &[(usize, Problem)]) -> anyhow::Result<()> {
        let may_pass = |line: usize| problems.iter().any(|(of, problem)| *of == line && problem.may_pass);
        let passing = self.enrolled().filter(|(_, _, one)| may_pass(one.line) && one.recording.content().is_ok());
        let incomplete: Vec<usize> = passing.map(|(speaker, ..)| speaker).collect();
        self.incomplete.extend(incomplete);
        self.enrolment.leave_out(problems);
        self.enrolment.check()
    }

    /// What the hearing at `place` gathered of whoever speaks in the recording at `at`; `None` where that is not known.
    pub(super) fn statistics(&self, place: usize, at: usize) -> Option<&SpeakerStatistics> {
        self.statistics.get(&place)?.get(self.of[at]?)
    }

    /// How many recordings of a speaker were heard.
    fn recordings(&self, speaker: usize) -> usize {
        self.statistics.values().next().map_or(0, |all| all[speaker].recordings())
    }

    /// Who speaks in the recording at `at`.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.of[at].map(|speaker| self.names[speaker].as_str())
    }

    /// The place of whoever speaks in it.
    pub(super) fn speaker(&self, at: usize) -> Option<usize> {
        self.of[at]
    }

    /// The names of all speakers, by their places.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Statistics that standardise the recording at `at` for a model of such a prior, in words.
    pub(super) fn standardised(&self, at: usize, prior: SpeakerPrior) -> String {
        let Some(speaker) = self.of[at] else { return "training statistics: the speaker is not known".to_owned() };
        let (name, count, least) = (&self.names[speaker], self.recordings(speaker), prior.least_recordings());
        let recordings = counted(count, "recording");
        if count < least {
            format!("training statistics: {recordings} of speaker {name}, fewer than {least}")
        } else if prior.blends() {
            let share = prior.share(count);
            format!("speaker {name}, {recordings} ({share:.2}), and training statistics ({:.2})", 1.0 - share)
        } else {
            format!("speaker {name}, {recordings}")
        }
    }

    /// Says on stderr what was done, for models of such `priors` that standardise per speaker.
    pub(super) fn tell(&self, priors: &[SpeakerPrior], project: &Project<'_>) {
        // The model that asks for most.
        let strictest = priors.iter().max_by_key(|prior| prior.least_recordings());
        let Some(strictest) = strictest else {
            if self.told && self.labelled().next().is_none() {
                output::warn(
                    "this model does not standardise per speaker: who speaks makes no difference to it; it can be adapted to a speaker by recordings with labels, a column `emotion` in the table of `--enrol`",
                );
            }
            return;
        };
        if !self.told {
            output::warn(
                "this model expects features standardised per speaker, and nothing says who speaks: the statistics of its training clips are used, with which it does worse; `--speaker NAME`, `--speaker-from-folder` or `--speakers TABLE` tell it",
            );
            return;
        }
        let least = strictest.least_recordings();
        let (enough, few): (Vec<usize>, Vec<usize>) = (0..self.names.len())
            .filter(|speaker| self.is_wanted(*speaker))
            .partition(|speaker| self.recordings(*speaker) >= least);
        if !enough.is_empty() {
            let all: usize = enough.iter().map(|speaker| self.recordings(*speaker)).sum();
            let (all, speakers) = (counted(all, "recording"), counted(enough.len(), "speaker"));
            let blended = if strictest.blends() {
                let clips = strictest.clips();
                format!("; to each speaker's, the statistics of the training clips are added as of {clips} more")
            } else {
                String::new()
            };
            project.note(format_args!("standardised over {all} of {speakers}: {}{blended}", self.listed(&enough)));
        }
        if !few.is_empty() {
            output::warn(format_args!(
                "{} with fewer than {least} {}: the statistics of the training clips are used, with which the model does worse: {}",
                counted(few.len(), "speaker"),
                if least == 1 { "recording" } else { "recordings" },
                self.listed(&few)
            ));
        }
        let unknown = self.of.iter().filter(|of| of.is_none()).count();
        if unknown > 0 && !self.by_line {
            output::warn(format_args!(
                "{} of no known speaker: the statistics of the training clips are used, with which the model does worse",
                counted(unknown, "recording")
            ));
        }
    }

    /// `ana (12), ben (3), ...`
    fn listed(&self, speakers: &[usize]) -> String {
        let one = |speaker: &usize| format!("{} ({})", printable(&self.names[*speaker]), self.recordings(*speaker));
        let mut text = speakers.iter().take(NAMED).map(one).collect::<Vec<_>>().join(", ");
        if speakers.len() > NAMED {
            text.push_str(", ...");
        }
        text
    }
}

/// A folder as the user knows it.
fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".to_owned() } else { folder.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ana with nine recordings, Ben with one, and one of nobody.
    #[test]
    fn how_far_a_speaker_counts_is_told() {
        let gathered = |recordings: usize| {
            let mut statistics = SpeakerStatistics::default();
            for _ in 0..recordings {
                statistics.add(&[1.0], 1, &[1.0]);
                statistics.end_recording();
            }
            statistics
        };
        let speakers = Speakers {
            of: vec![Some(0), Some(1), None],
            names: vec!["Ana".into(), "Ben".into()],
            statistics: BTreeMap::from([(0, vec![gathered(9), gathered(1)])]),
            told: true,
            ..Speakers::default()
        };
        let told = |prior: f64| [0, 1, 2].map(|at| speakers.standardised(at, SpeakerPrior::new(prior)));
        let unknown = "training statistics: the speaker is not known";
        assert_eq!(
            told(0.0),
            ["speaker Ana, 9 recordings", "training statistics: 1 recording of speaker Ben, fewer than 8", unknown]
        );
        assert_eq!(
            told(1.0),
            [
                "speaker Ana, 9 recordings (0.90), and training statistics (0.10)",
                "speaker Ben, 1 recording (0.50), and training statistics (0.50)",
                unknown
            ]
        );
        assert_eq!(speakers.statistics(0, 1).map(SpeakerStatistics::recordings), Some(1));
        assert!(speakers.statistics(0, 2).is_none() && speakers.statistics(1, 0).is_none());
    }
}
