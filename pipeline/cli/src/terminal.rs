//! What a run looks like: one line per stage on stderr, and a progress bar while it works if a person is watching.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use console::{Style, style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ser_engine::{Failure, Plan, Reason, Reporter, Stage, StageRun};

/// Reports a run on stderr.
pub(crate) struct Terminal {
    quiet: bool,
    watched: bool,
    bars: MultiProgress,
    of_stage: Mutex<HashMap<String, ProgressBar>>,
    name_width: usize,
}

impl Terminal {
    /// A reporter for stages whose names are at most `name_width` characters long.
    pub(crate) fn new(quiet: bool, name_width: usize) -> Self {
        Self {
            quiet,
            watched: std::io::stderr().is_terminal() && !quiet,
            bars: MultiProgress::new(),
            of_stage: Mutex::default(),
            name_width,
        }
    }

    /// Writes a line above the progress bars.
    fn line(&self, text: impl Display) {
        let text = text.to_string();
        self.bars.suspend(|| {
            // A closed stderr is no reason to stop the work.
            let _ = writeln!(std::io::stderr(), "{text}");
        });
    }

    fn stage_line(&self, mark: impl Display, stage: &str, text: &str, seconds: Option<f64>) {
        let time = seconds.map(|seconds| style(format!("  {}", duration(seconds))).for_stderr().dim().to_string());
        self.line(format_args!("{mark} {stage:<width$}  {text}{}", time.unwrap_or_default(), width = self.name_width));
    }

    fn below(&self, label: &str, look: &Style, text: &str) {
        let indent = self.name_width + 4;
        self.line(format_args!("{:indent$}{} {text}", "", look.apply_to(label)));
    }

    fn end_bar(&self, stage: &str) {
        let bar = self.of_stage.lock().ok().and_then(|mut bars| bars.remove(stage));
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }

    fn with_bar(&self, stage: &str, act: impl FnOnce(&ProgressBar)) {
        if let Ok(bars) = self.of_stage.lock()
            && let Some(bar) = bars.get(stage)
        {
            act(bar);
        }
    }
}

impl Reporter for Terminal {
    fn started(&self, stage: &Stage, reasons: &[Reason]) {
        if self.quiet {
            return;
        }
        let told: Vec<String> = reasons
            .iter()
            .filter(|reason| !matches!(reason, Reason::NeverRun | Reason::WaitsFor { .. }))
            .map(ToString::to_string)
            .collect();
        if !told.is_empty() {
            let why = style(format!("stale: {}", told.join(", "))).for_stderr().dim().to_string();
            self.stage_line(style("↻").for_stderr().cyan(), stage.name(), &why, None);
        } else if !self.watched {
            self.stage_line(">", stage.name(), stage.kind().summary(), None);
        }
    }

    fn fresh(&self, stage: &Stage, last: &StageRun) {
        if !self.quiet {
            let text = style(format!("fresh: {}", last.headline)).for_stderr().dim().to_string();
            self.stage_line(style("·").for_stderr().dim(), stage.name(), &text, None);
        }
        for warning in &last.warnings {
            self.below("warning:", &Style::new().for_stderr().yellow(), warning);
        }
    }

    fn unchanged(&self, stage: &Stage, last: &StageRun, inputs: &[String]) {
        if !self.quiet {
            let inputs: Vec<String> = inputs.iter().map(|input| format!("`{input}`")).collect();
            let text = format!("unchanged: {} came out the same; {}", inputs.join(", "), last.headline);
            let text = style(text).for_stderr().dim().to_string();
            self.stage_line(style("·").for_stderr().dim(), stage.name(), &text, None);
        }
        for warning in &last.warnings {
            self.below("warning:", &Style::new().for_stderr().yellow(), warning);
        }
    }

    fn finished(&self, stage: &Stage, result: &StageRun) {
        self.end_bar(stage.name());
        if self.quiet {
            return;
        }
        self.stage_line(style("✓").for_stderr().green(), stage.name(), &result.headline, Some(result.seconds));
        for note in &result.notes {
            self.below("-", &Style::new().for_stderr().dim(), note);
        }
    }

    fn failed(&self, stage: &Stage, failure: &Failure) {
        self.end_bar(stage.name());
        self.stage_line(style("✗").for_stderr().red(), stage.name(), &failure.message, None);
        if let Some(hint) = &failure.hint {
            self.below("hint:", &Style::new().for_stderr().cyan(), hint);
        }
    }

    fn skipped(&self, stage: &Stage, because: &str) {
        self.stage_line(style("-").for_stderr().yellow(), stage.name(), &format!("skipped: `{because}` failed"), None);
    }

    fn cancelled(&self, stage: &Stage) {
        self.end_bar(stage.name());
        self.stage_line(style("-").for_stderr().yellow(), stage.name(), "stopped", None);
    }

    fn plan(&self, _plan: &Plan) {}

    fn begin(&self, stage: &str, label: &str, total: u64, unit: &str) {
        if !self.watched {
            return;
        }
        let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
        let bar = self.bars.add(bar);
        let template = format!(
            "  {{prefix:<{}}}  {{bar:24.cyan/dim}} {{pos}}/{{len}} {} {{msg:.dim}} {{eta:.dim}}",
            self.name_width,
            unit.replace(['{', '}'], "")
        );
        if let Ok(look) = ProgressStyle::with_template(&template) {
            bar.set_style(look.progress_chars("━╸━"));
        }
        bar.set_prefix(stage.to_owned());
        bar.set_message(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        let old = self.of_stage.lock().ok().and_then(|mut bars| bars.insert(stage.to_owned(), bar));
        if let Some(old) = old {
            old.finish_and_clear();
        }
    }

    fn advance(&self, stage: &str, steps: u64) {
        self.with_bar(stage, |bar| bar.inc(steps));
    }

    fn message(&self, stage: &str, text: &str) {
        self.with_bar(stage, |bar| bar.set_message(text.to_owned()));
    }

    fn warn(&self, stage: Option<&str>, text: &str) {
        let label = style("warning:").for_stderr().yellow();
        match stage {
            // A stage that is called like its corpus already says who speaks.
            Some(stage) if !text.starts_with(&format!("{stage}:")) => {
                self.line(format_args!("{label} {stage}: {text}"));
            }
            _ => self.line(format_args!("{label} {text}")),
        }
    }
}

/// `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(0.04), "0.0 s");
        assert_eq!(duration(9.4), "9.4 s");
        assert_eq!(duration(9.96), "10 s");
        assert_eq!(duration(59.6), "1 min 00 s");
        assert_eq!(duration(185.0), "3 min 05 s");
        assert_eq!(duration(3725.0), "1 h 02 min");
    }
}
