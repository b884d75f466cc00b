//! Remarks about all recordings, told when they are done.

use ser_schemas::{Answer, Stretch};
use ser_text::{counted, printable};

use super::ears::Ears;
use super::hearing::Facts;
use super::row::{Row, UNKNOWN, View};
use super::windows::Windows;
use crate::output;
use crate::project::Project;

/// Recordings that a note names.
const NAMED: usize = 3;

/// Recordings of which something is told: how many, and the first of them with it.
#[derive(Debug)]
struct Named<T> {
    count: usize,
    first: Vec<(String, T)>,
}

#[derive(Debug, Default)]
pub(super) struct Told {
    /// Recordings that have no answer.
    unanswered: usize,
    /// Longer than a clip, and in how many windows they were heard.
    long: Named<usize>,
    /// Clips longer than a network hears at once, and in how many windows it heard them.
    windowed: Named<usize>,
    /// At a lower sample rate than that of the features.
    narrow: Named<u32>,
    /// Recordings of which the model says something, and how many of them it is not sure enough of.
    heard: usize,
    unsure: usize,
}

impl Told {
    /// Takes in a recording; what is wrong with it goes to `warn` at once.
    pub(super) fn note(&mut self, row: &Row, facts: Option<Facts>, ears: &Ears, view: View, warn: &dyn Fn(&str)) {
        if let Ok(said) = &row.outcome {
            self.heard += 1;
            self.unsure += usize::from(view.verdict(&said.classes, &said.probabilities).emotion == UNKNOWN);
        }
        let path = || printable(&row.path).into_owned();
        match &row.outcome {
            Err(problem) => {
                self.unanswered += 1;
                let detail = printable(&problem.detail);
                warn(&format!("`{}`: {detail} ({})", path(), problem.reason));
            }
            Ok(said) if said.by_window.len() > 1 => self.long.add(path, said.windows),
            Ok(said) if said.windows > 1 => self.windowed.add(path, said.windows),
            Ok(_) => {}
        }
        if let Some(facts) = facts.filter(|facts| facts.sample_rate_hz < ears.sample_rate_hz()) {
            self.narrow.add(path, facts.sample_rate_hz);
        }
    }

    /// Takes in the answers to recordings that were heard earlier, and told of then.
    pub(super) fn note_known(&mut self, rows: &[Answer]) {
        for row in rows.iter().filter(|row| row.stretch == Stretch::Recording) {
            match row.emotion.as_deref() {
                None => self.unanswered += 1,
                Some(emotion) => {
                    self.heard += 1;
                    self.unsure += usize::from(emotion == UNKNOWN);
                }
            }
        }
    }

    /// Recordings that have no answer.
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered
    }

    /// Says on stderr which recordings were heard in windows, and which lack what the model was trained on.
    pub(super) fn tell(&self, ears: &Ears, windows: &Windows, view: View, project: &Project<'_>) {
        if let Some(least) = view.min_confidence {
            let (heard, answered) = (counted(self.heard, "recording"), self.heard - self.unsure);
            project.note(format_args!("{answered} of {heard} answered with a probability of {least} or more"));
        }
        if self.long.count > 0 {
            let named = self.long.told(|windows| counted(windows, "window"));
            let count = counted(self.long.count, "recording");
            let Windows { longest_clip_s, window_s, hop_s, .. } = windows;
            project.note(format_args!(
                "{count} longer than {longest_clip_s} s, heard in windows of {window_s} s every {hop_s} s: {named}"
            ));
        }
        if self.windowed.count > 0 {
            let named = self.windowed.told(|windows| format!("{windows} windows"));
            let count = counted(self.windowed.count, "recording");
            let most = ears.at_once_s();
            project.note(format_args!(
                "{count} longer than the {most:.1} s that the model hears at once, heard in windows of that length whose probabilities are averaged: {named}"
            ));
        }
        if self.narrow.count > 0 {
            let named = self.narrow.told(|hz| format!("{hz} Hz"));
            let count = counted(self.narrow.count, "recording");
            let rate = ears.sample_rate_hz();
            output::warn(format_args!(
                "{count} with a lower sample rate than the {rate} Hz that the model was made for: the upper frequencies are missing, and it may do worse: {named}"
            ));
        }
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T: Copy> Named<T> {
    fn add(&mut self, path: impl Fn() -> String, value: T) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push((path(), value));
        }
    }

    /// `a.wav (3 windows), b.wav (2 windows), ...`
    fn told(&self, what: impl Fn(T) -> String) -> String {
        let first = self.first.iter().map(|(path, value)| format!("{path} ({})", what(*value)));
        let mut text = first.collect::<Vec<_>>().join(", ");
        if self.count > self.first.len() {
            text.push_str(", ...");
        }
        text
    }
}
