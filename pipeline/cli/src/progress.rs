//! Progress of stages, for a log: a line at least every [`PERIOD`] while a stage works, and one for each milestone.
//!
//! A person at a terminal sees progress bars. Whoever reads a file, or a job's output on another machine, sees these
//! lines.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::words::duration;

/// Longest time without a line about a stage at work.
pub(crate) const PERIOD: Duration = Duration::from_secs(30);

/// The stages at work.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    stages: BTreeMap<String, Work>,
}

/// One stage at work.
#[derive(Debug)]
struct Work {
    started: Instant,
    /// When the last line about it was written, or it started.
    told: Instant,
    label: String,
    unit: String,
    /// Steps of the present piece of work; 0 when not known.
    total: u64,
    done: u64,
    /// Latest message of the stage.
    message: String,
}

impl Progress {
    /// A stage starts.
    pub(crate) fn start(&mut self, stage: &str, now: Instant) {
        let work = Work {
            started: now,
            told: now,
            label: String::new(),
            unit: String::new(),
            total: 0,
            done: 0,
            message: String::new(),
        };
        self.stages.insert(stage.to_owned(), work);
    }

    /// A piece of work within a stage begins.
    pub(crate) fn begin(&mut self, stage: &str, label: &str, total: u64, unit: &str) {
        if let Some(work) = self.stages.get_mut(stage) {
            (work.total, work.done) = (total, 0);
            label.clone_into(&mut work.label);
            unit.clone_into(&mut work.unit);
            work.message.clear();
        }
    }

    /// `steps` more are done.
    pub(crate) fn advance(&mut self, stage: &str, steps: u64) {
        if let Some(work) = self.stages.get_mut(stage) {
            work.done = work.done.saturating_add(steps);
        }
    }

    /// Takes a message of the stage about its progress.
    pub(crate) fn message(&mut self, stage: &str, text: &str) {
        if let Some(work) = self.stages.get_mut(stage) {
            text.clone_into(&mut work.message);
        }
    }

    /// A stage has ended, well or not.
    pub(crate) fn end(&mut self, stage: &str) {
        self.stages.remove(stage);
    }

    /// A line about a part of a stage's work that is done.
    pub(crate) fn milestone(&mut self, stage: &str, text: &str, now: Instant) -> String {
        let Some(work) = self.stages.get_mut(stage) else { return format!("{stage}: {text}") };
        work.told = now;
        format!("{stage}: {text}{}{}", work.share(), work.time(now))
    }

    /// Lines about the stages of which nothing was told for [`PERIOD`].
    pub(crate) fn due(&mut self, now: Instant) -> Vec<String> {
        let due = self.stages.iter_mut().filter(|(_, work)| now.saturating_duration_since(work.told) >= PERIOD);
        due.map(|(stage, work)| {
            work.told = now;
            format!("{stage}: {}{}{}", work.words(stage), work.share(), work.time(now))
        })
        .collect()
    }
}

impl Work {
    fn words(&self, stage: &str) -> String {
        if !self.message.is_empty() {
            return self.message.clone();
        }
        let counted = match self.total {
            0 if self.done == 0 => String::new(),
            0 => format!("{} {}", self.done, self.unit),
            total => format!("{} of {total} {}", self.done, self.unit),
        };
        let label = if self.label == stage { "" } else { self.label.as_str() };
        match (label, counted.as_str()) {
            ("", "") => "at work".to_owned(),
            ("", only) | (only, "") => only.to_owned(),
            (label, counted) => format!("{label}, {counted}"),
        }
    }

    /// How much of the work is done; nothing where that is not known.
    fn share(&self) -> String {
        let percent = |total: u64| u128::from(self.done.min(total)) * 100 / u128::from(total);
        if self.total == 0 { String::new() } else { format!(", {} %", percent(self.total)) }
    }

    fn time(&self, now: Instant) -> String {
        format!(", after {}", duration(now.saturating_duration_since(self.started).as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `seconds` after `start`.
    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_stage_that_works_for_long_is_told_of_again_and_again() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        progress.start("cnn_lstm", start);
        progress.begin("cnn_lstm", "training", 2000, "batches");
        progress.advance("cnn_lstm", 100);
        assert!(progress.due(at(start, 29)).is_empty());
        assert_eq!(progress.due(at(start, 30)), ["cnn_lstm: training, 100 of 2000 batches, 5 %, after 30 s"]);
        progress.advance("cnn_lstm", 720);
        progress.message("cnn_lstm", "fold 2 of 5, epoch 13 of 60");
        assert!(progress.due(at(start, 59)).is_empty(), "a line of its own every half minute is enough");
        assert_eq!(progress.due(at(start, 60)), ["cnn_lstm: fold 2 of 5, epoch 13 of 60, 41 %, after 1 min 00 s"]);
        assert_eq!(progress.due(at(start, 95)).len(), 1, "though the stage said nothing new");
        progress.end("cnn_lstm");
        assert!(progress.due(at(start, 999)).is_empty());
    }

    #[test]
    fn stages_that_say_little_are_told_of_too() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        for stage in ["audit", "evaluation", "features"] {
            progress.start(stage, start);
        }
        progress.begin("evaluation", "resampling speakers", 0, "groups");
        progress.advance("evaluation", 3);
        progress.begin("features", "features", 12_281, "clips");
        progress.advance("features", 20_000);
        assert_eq!(
            progress.due(at(start, 31)),
            [
                "audit: at work, after 31 s",
                "evaluation: resampling speakers, 3 groups, after 31 s",
                "features: 20000 of 12281 clips, 100 %, after 31 s",
            ]
        );
    }

    #[test]
    fn a_milestone_is_told_at_once_and_puts_off_the_next_line() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        progress.start("net", start);
        progress.begin("net", "training", 10, "batches");
        progress.advance("net", 2);
        assert_eq!(
            progress.milestone("net", "fold 1 of 5 is done", at(start, 20)),
            "net: fold 1 of 5 is done, 20 %, after 20 s"
        );
        assert!(progress.due(at(start, 49)).is_empty());
        assert_eq!(progress.due(at(start, 50)).len(), 1);
    }
}
