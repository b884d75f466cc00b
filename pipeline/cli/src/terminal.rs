//! Display of a run on stderr: one line per stage, and while it works a progress bar if a person is watching, lines
//! about its progress if not.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use console::Style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use ser_engine::{Failure, Plan, Reason, Reporter, Stage, StageRun};
use ser_text::printable;

use crate::line::Line;
use crate::output::{self, style};
use crate::progress::Progress;
use crate::words::duration;

/// Time between looks for progress that is due to be told.
const LOOK: Duration = Duration::from_secs(1);

/// How much is told of a run that goes well. Warnings and failures are told in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// Nothing.
    Quiet,
    /// The progress of stages that take long, where nobody watches.
    Progress,
    /// Every stage, too.
    Stages,
}

/// Reports a run on stderr.
pub(crate) struct Terminal {
    detail: Detail,
    watched: bool,
    bars: MultiProgress,
    of_stage: Mutex<HashMap<String, ProgressBar>>,
    /// `None` where there are progress bars, or nothing is told.
    log: Option<Log>,
    name_width: usize,
}

/// Tells the progress of stages at work from time to time, on a thread of its own.
struct Log {
    progress: Arc<Mutex<Progress>>,
    /// The thread ends when its sender is gone.
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Log {
    fn start() -> Self {
        let progress = Arc::<Mutex<Progress>>::default();
        let (send, stop) = channel::<()>();
        let told = Arc::clone(&progress);
        let look = move || {
            while stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let due = told.lock().unwrap_or_else(PoisonError::into_inner).due(Instant::now());
                for line in due {
                    output::tell(Line::new().text(line));
                }
            }
        };
        // Without the thread there is less to read in the log.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(look).ok();
        Self { progress, ticker: thread.map(|thread| (send, thread)) }
    }

    fn note<T>(&self, note: impl FnOnce(&mut Progress) -> T) -> T {
        note(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some((send, thread)) = self.ticker.take() {
            drop(send);
            // It can only have panicked while it wrote a line.
            let _ = thread.join();
        }
    }
}

impl Terminal {
    /// A reporter for stages whose names are at most `name_width` characters long.
    pub(crate) fn new(detail: Detail, name_width: usize) -> Self {
        let watched = output::is_watched() && detail == Detail::Stages;
        Self {
            detail,
            watched,
            bars: MultiProgress::new(),
            of_stage: Mutex::default(),
            log: (!watched && detail >= Detail::Progress).then(Log::start),
            name_width,
        }
    }

    fn tells_stages(&self) -> bool {
        self.detail == Detail::Stages
    }

    /// Writes a line above the progress bars.
    fn line(&self, line: Line) {
        self.bars.suspend(|| output::tell(line));
    }

    /// The beginning of a line about a stage.
    fn stage(&self, look: &Style, mark: &str, stage: &str) -> Line {
        Line::new().styled(look, mark).text(format_args!(" {stage:<width$}  ", width = self.name_width))
    }

    fn stage_line(&self, look: &Style, mark: &str, stage: &str, text: impl Display) {
        self.line(self.stage(look, mark, stage).text(text));
    }

    fn dim_line(&self, look: &Style, mark: &str, stage: &str, text: impl Display) {
        self.line(self.stage(look, mark, stage).styled(&style().dim(), text));
    }

    fn below(&self, label: &str, look: &Style, text: &str) {
        let indent = self.name_width + 4;
        self.line(Line::new().text(format_args!("{:indent$}", "")).styled(look, label).text(format_args!(" {text}")));
    }

    fn warnings(&self, result: &StageRun) {
        for warning in &result.warnings {
            self.below("warning:", &style().yellow(), warning);
        }
    }

    /// Begins to tell of a piece of work that is no stage's.
    pub(crate) fn work(&self, name: &str) {
        self.note(|progress| progress.start(name, Instant::now()));
    }

    /// There is no more to tell of a stage or a piece of work.
    pub(crate) fn end(&self, stage: &str) {
        let bar = self.of_stage.lock().ok().and_then(|mut bars| bars.remove(stage));
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        self.note(|progress| progress.end(stage));
    }

    fn note(&self, note: impl FnOnce(&mut Progress)) {
        if let Some(log) = &self.log {
            log.note(note);
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
        self.note(|progress| progress.start(stage.name(), Instant::now()));
        if !self.tells_stages() {
            return;
        }
        let told: Vec<String> = reasons
            .iter()
            .filter(|reason| !matches!(reason, Reason::NeverRun | Reason::WaitsFor { .. }))
            .map(ToString::to_string)
            .collect();
        if !told.is_empty() {
            self.dim_line(&style().cyan(), "↻", stage.name(), format_args!("stale: {}", told.join(", ")));
        } else if !self.watched {
            self.stage_line(&style(), ">", stage.name(), stage.kind().summary());
        }
    }

    fn fresh(&self, stage: &Stage, last: &StageRun) {
        if self.tells_stages() {
            self.dim_line(&style().dim(), "·", stage.name(), format_args!("fresh: {}", last.headline));
        }
        self.warnings(last);
    }

    fn unchanged(&self, stage: &Stage, last: &StageRun, inputs: &[String]) {
        if self.tells_stages() {
            let inputs: Vec<String> = inputs.iter().map(|input| format!("`{input}`")).collect();
            let text = format!("unchanged: {} came out the same; {}", inputs.join(", "), last.headline);
            self.dim_line(&style().dim(), "·", stage.name(), text);
        }
        self.warnings(last);
    }

    fn finished(&self, stage: &Stage, result: &StageRun) {
        self.end(stage.name());
        if !self.tells_stages() {
            return;
        }
        let line = self.stage(&style().green(), "✓", stage.name()).text(&result.headline);
        self.line(line.styled(&style().dim(), format_args!("  {}", duration(result.seconds))));
        for note in &result.notes {
            self.below("-", &style().dim(), note);
        }
    }

    fn failed(&self, stage: &Stage, failure: &Failure) {
        self.end(stage.name());
        self.line(self.stage(&style().red(), "✗", stage.name()).message(&failure.message));
        if let Some(hint) = &failure.hint {
            self.below("hint:", &style().cyan(), hint);
        }
    }

    fn skipped(&self, stage: &Stage, because: &str) {
        self.stage_line(&style().yellow(), "-", stage.name(), format_args!("skipped: `{because}` failed"));
    }

    fn cancelled(&self, stage: &Stage) {
        self.end(stage.name());
        self.stage_line(&style().yellow(), "-", stage.name(), "stopped");
    }

    fn plan(&self, _plan: &Plan) {}

    fn begin(&self, stage: &str, label: &str, total: u64, unit: &str) {
        self.note(|progress| progress.begin(stage, label, total, unit));
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
        bar.set_message(printable(label).into_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        let old = self.of_stage.lock().ok().and_then(|mut bars| bars.insert(stage.to_owned(), bar));
        if let Some(old) = old {
            old.finish_and_clear();
        }
    }

    fn advance(&self, stage: &str, steps: u64) {
        self.note(|progress| progress.advance(stage, steps));
        self.with_bar(stage, |bar| bar.inc(steps));
    }

    fn message(&self, stage: &str, text: &str) {
        self.note(|progress| progress.message(stage, text));
        self.with_bar(stage, |bar| bar.set_message(printable(text).into_owned()));
    }

    fn milestone(&self, stage: &str, text: &str) {
        if let Some(log) = &self.log {
            let line = log.note(|progress| progress.milestone(stage, text, Instant::now()));
            self.line(Line::new().text(line));
        }
    }

    fn warn(&self, stage: Option<&str>, text: &str) {
        let line = Line::new().styled(&style().yellow(), "warning:").text(" ");
        let line = match stage {
            // A stage that is called like its corpus already says who speaks.
            Some(stage) if !text.starts_with(&format!("{stage}:")) => line.text(format_args!("{stage}: ")),
            _ => line,
        };
        self.line(line.message(text));
    }
}
