//! Who speaks in each recording, and what is known of their voices.
//!
//! A model that was trained on features standardised per speaker expects the same of new recordings: mean and standard
//! deviation over all recordings of whoever speaks, labels unknown. Who that is has to be told; a guess would be worse than
//! the statistics of the training clips, which are used where nothing was told or a speaker has too few recordings. Most models
//! blend the two, and one recording is enough. Speakers can be enrolled: further recordings of theirs are heard for the statistics
//! alone, and what is predicted may be a single one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_features::ClipFeatures;
use ser_models::{SpeakerPrior, SpeakerStatistics};
use ser_stage::PartId;
use ser_text::{counted, nfc, printable};

use super::hearing::{Heard, Hearing, Long, TOGETHER};
use super::recordings::{self, Recording};
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
    /// For each recording the place of its speaker.
    of: Vec<Option<usize>>,
    names: Vec<String>,
    /// Recordings that are heard for statistics alone, with the places of their speakers.
    enrolled: Vec<(usize, Recording)>,
    /// Speakers whose statistics are wanted; `None`: all.
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

    /// As the options say; warnings are written at once.
    pub(super) fn new(args: &PredictArgs, recordings: &[Recording]) -> anyhow::Result<Self> {
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
            speakers.enrol(table, recordings).with_context(|| format!("cannot enrol by `{}`", table.display()))?;
        }
        if args.stdin_json {
            speakers.by_line = true;
            // Behind the recording of nobody, one of each who is enrolled.
            speakers.of.extend((0..speakers.names.len()).map(Some));
        }
        Ok(speakers)
    }

    /// Takes the recordings of a table for those of its speakers; one that is predicted as well counts once.
    fn enrol(&mut self, table: &Path, recordings: &[Recording]) -> anyhow::Result<()> {
        self.told = true;
        let (listed, notes) = speaker_table::listed(table)?;
        notes.iter().for_each(output::warn);
        let mut known: HashSet<(usize, PathBuf)> = self
            .of
            .iter()
            .zip(recordings)
            .filter_map(|(of, recording)| Some(((*of)?, recording.real.clone())))
            .collect();
        for (path, name) in listed {
            let speaker = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
                self.names.push(name);
                self.names.len() - 1
            });
            let recording = recordings::in_file(&path);
            if known.insert((speaker, recording.real.clone())) {
                self.enrolled.push((speaker, recording));
            }
        }
        Ok(())
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

    /// Of each speaker, what tells whether their statistics would be the same: their recordings in order, by path and content.
    pub(super) fn voices(&self, recordings: &[Recording]) -> Vec<String> {
        let mut voices = vec![String::new(); self.names.len()];
        let spoken = recordings.iter().zip(&self.of).filter_map(|(recording, of)| Some(((*of)?, recording)));
        for (speaker, recording) in spoken.chain(self.enrolled.iter().map(|(speaker, recording)| (*speaker, recording)))
        {
            let (path, content) = (recording.path.display().to_string(), recording.content());
            let content = content.map_or_else(|why| why, |(content, _)| content);
            voices[speaker] = PartId::of(&voices[speaker], [path.as_str(), &content]).as_str().to_owned();
        }
        voices
    }

    /// The place of who speaks in the recording at `at`.
    pub(super) fn place(&self, at: usize) -> Option<usize> {
        self.of[at]
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
        let spoken: Vec<(usize, &Recording)> = recordings
            .iter()
            .zip(&self.of)
            .filter(|(recording, _)| recording.problem.is_none())
            .filter_map(|(recording, of)| Some(((*of)?, recording)))
            .chain(self.enrolled.iter().map(|(speaker, recording)| (*speaker, recording)))
            .filter(|(speaker, _)| self.is_wanted(*speaker))
            .collect();
        let mut incomplete = BTreeSet::new();
        for batch in spoken.chunks(BATCH) {
            let recordings: Vec<&Recording> = batch.iter().map(|(_, recording)| *recording).collect();
            for ((speaker, recording), heard) in batch.iter().zip(hearing.short(&recordings, windows)) {
                let statistics = &mut gathered[*speaker];
                match heard {
                    Heard::Whole(_, features) => add(statistics, &features),
                    // What cannot be heard is reported where it would be predicted.
                    Heard::Bad(problem) => {
                        incomplete.extend((problem.may_pass && recording.content().is_ok()).then_some(*speaker));
                        if self.enrolled.iter().any(|(_, enrolled)| std::ptr::eq(enrolled, *recording)) {
                            let (path, detail) = (recording.path.display().to_string(), printable(&problem.detail));
                            output::warn(format_args!("`{}` enrols nobody: {detail}", printable(&path)));
                        }
                    }
                    Heard::Long => match Long::new(recording, windows, &[hearing.rules()]) {
                        Ok(long) => {
                            let samples = hearing.load(&long)?;
                            for some in long.windows.chunks(TOGETHER) {
                                hearing.windows(&samples, some)?.iter().for_each(|of| add(statistics, of));
                            }
                        }
                        Err(problem) => {
                            incomplete.extend((problem.may_pass && recording.content().is_ok()).then_some(*speaker));
                        }
                    },
                }
                statistics.end_recording();
            }
        }
        self.statistics.insert(place, gathered);
        self.incomplete.extend(incomplete);
        Ok(())
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
            if self.told {
                output::warn("this model does not standardise per speaker: who speaks makes no difference to it");
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
