//! Remarks about all recordings, told when they are done.

use ser_text::{counted, printable};

use super::ears::Ears;
use super::hearing::Facts;
use super::row::{Row, UNKNOWN, View};
use super::windows::Windows;
use crate::output;
use crate::project::Project;

/// Recordings that a note names.
const NAMED: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) failed: bool,
    /// Longer than a clip, and in how many windows they were heard.
    long: Vec<(String, usize)>,
    /// Clips longer than a network hears at once, and in how many windows it heard them.
    windowed: Vec<(String, usize)>,
    /// At a lower sample rate than that of the features.
    narrow: Vec<(String, u32)>,
    /// Recordings of which the model says something, and how many of them it is not sure enough of.
    heard: usize,
    unsure: usize,
}

impl Told {
    pub(super) fn note(&mut self, row: &Row, facts: Option<Facts>, ears: &Ears, view: View) {
        if let Ok(said) = &row.outcome {
            self.heard += 1;
            self.unsure += usize::from(view.verdict(&said.classes, &said.probabilities).emotion == UNKNOWN);
        }
        let path = || printable(&row.path).into_owned();
        match &row.outcome {
            Err(problem) => {
                self.failed = true;
                let detail = printable(&problem.detail);
                output::warn(format_args!("`{}`: {detail} ({})", path(), problem.reason));
            }
            Ok(said) if said.by_window.len() > 1 => self.long.push((path(), said.windows)),
            Ok(said) if said.windows > 1 => self.windowed.push((path(), said.windows)),
            Ok(_) => {}
        }
        if let Some(facts) = facts.filter(|facts| facts.sample_rate_hz < ears.sample_rate_hz()) {
            self.narrow.push((path(), facts.sample_rate_hz));
        }
    }

    /// Says on stderr which recordings were heard in windows, and which lack what the model was trained on.
    pub(super) fn tell(&self, ears: &Ears, windows: &Windows, view: View, project: &Project<'_>) {
        if let Some(least) = view.min_confidence {
            let (heard, answered) = (counted(self.heard, "recording"), self.heard - self.unsure);
            project.note(format_args!("{answered} of {heard} answered with a probability of {least} or more"));
        }
        if !self.long.is_empty() {
            let named = named(&self.long, |windows| counted(windows, "window"));
            let count = counted(self.long.len(), "recording");
            let Windows { longest_clip_s, window_s, hop_s, .. } = windows;
            project.note(format_args!(
                "{count} longer than {longest_clip_s} s, heard in windows of {window_s} s every {hop_s} s: {named}"
            ));
        }
        if !self.windowed.is_empty() {
            let named = named(&self.windowed, |windows| format!("{windows} windows"));
            let count = counted(self.windowed.len(), "recording");
            let most = ears.at_once_s();
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
