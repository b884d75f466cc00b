//! `ser watch`: runs what is stale whenever a corpus, a descriptor or the pipeline file changes.
//!
//! After a change it waits until nothing changes any more, so that a copy under way is not run on half; a run that
//! fails is tried again only after the next change.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use ser_engine::{EngineError, Pipeline, Plan, RunOptions, RunRecord, RunStatus, StageStatus, State};
use ser_ingest::{Params, watched_objects};
use ser_storage::Mark;
use ser_text::counted;

use crate::args::WatchArgs;
use crate::commands::runs;
use crate::line::Line;
use crate::output::{self, Status};
use crate::project::Project;
use crate::terminal::{Detail, Terminal};
use crate::watch::{Bucket, Place, Places, Signal, Signals, Snapshot};
use crate::words::duration;

/// Time between looks where file events do not work.
const FALLBACK_POLL: Duration = Duration::from_secs(10);

/// Time after which a run is tried again that another one kept from starting.
const LOCKED_RETRY: Duration = Duration::from_secs(5);

pub(crate) fn run(project: &Project<'_>, args: &WatchArgs) -> anyhow::Result<Status> {
    let pipeline = project.pipeline()?;
    pipeline.select(&args.stages).map_err(EngineError::from)?;
    let threads = args.jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start worker threads")?;
    let signals = Signals::new(args.poll.map(Duration::from_secs_f64), FALLBACK_POLL);
    let stop = Stop::on_interrupt(signals.sender())?;
    let listings = Listings::default();
    let mut watch = Watch {
        project,
        options: RunOptions {
            targets: args.stages.clone(),
            keep_going: args.keep_going,
            force: false,
            jobs: rayon::current_num_threads(),
        },
        settle: Duration::from_secs_f64(args.settle),
        places: places(project, &pipeline, &listings)?,
        listings,
        base: absolute(pipeline.base_dir())?,
        seen: Snapshot::default(),
        signals,
        stop,
    };
    watch.announce();
    watch.go_on()?;
    tell("stopped watching");
    Ok(Status::Done)
}

struct Watch<'a> {
    project: &'a Project<'a>,
    options: RunOptions,
    settle: Duration,
    places: Places,
    listings: Listings,
    /// Folder of the pipeline file, absolute.
    base: PathBuf,
    /// Snapshot of the places when they were last acted upon.
    seen: Snapshot,
    signals: Signals,
    stop: Stop,
}

/// Step that follows an action.
enum Next {
    /// Waiting for the next change.
    Wait,
    /// Looking again at once.
    Look,
    /// Looking again after some time, changed or not.
    Retry,
}

impl Watch<'_> {
    /// Until the user stops it.
    fn go_on(&mut self) -> anyhow::Result<()> {
        let mut next = Next::Look;
        let mut first = true;
        loop {
            let signal = match next {
                Next::Wait => self.wait_for_change(),
                Next::Look => Signal::Look,
                Next::Retry => self.signals.rest(LOCKED_RETRY),
            };
            if signal == Signal::Stop {
                return Ok(());
            }
            let Some(settled) = self.settled() else { return Ok(()) };
            if !first && let Some(changes) = settled.changes_since(&self.seen, &self.base) {
                tell(changes);
            }
            first = false;
            self.seen = settled;
            next = self.act()?;
            if self.stop.asked() {
                return Ok(());
            }
            // Whatever changed during a run: its events are in the queue, and where there are none, this finds it.
            if matches!(next, Next::Wait) && self.has_changed() {
                next = Next::Look;
            }
        }
    }

    fn announce(&mut self) {
        self.register();
        let files = counted(Snapshot::take(&self.places).count(), "file");
        let how = match self.signals.polls() {
            Some(poll) => format!("looking every {} s", poll.as_secs_f64()),
            None => "by file events".to_owned(),
        };
        tell(format_args!(
            "watching {files} in {}, {how}; a run starts when nothing has changed for {} s; Ctrl-C ends",
            counted(self.places.count(), "place"),
            self.settle.as_secs_f64()
        ));
    }

    fn wait_for_change(&mut self) -> Signal {
        loop {
            if self.signals.wait() == Signal::Stop {
                return Signal::Stop;
            }
            let problem = self.signals.refresh(&self.places);
            self.report(problem);
            if self.has_changed() {
                return Signal::Look;
            }
        }
    }

    /// `true` if anything changed that a stage reads.
    fn has_changed(&mut self) -> bool {
        loop {
            let now = Snapshot::take(&self.places);
            if !now.reads_like(&self.seen) {
                return true;
            }
            if now == self.seen {
                return false;
            }
            // Only folders came or went. Files that are put into a new one must give events before it is looked into
            // again.
            self.seen = now;
            self.register();
        }
    }

    /// The files once they have stopped changing; `None` when the user stopped it.
    fn settled(&mut self) -> Option<Snapshot> {
        // Folders that came or went get their events before the first look: nothing falls between the two.
        self.register();
        let mut before = Snapshot::take(&self.places);
        let mut told = false;
        loop {
            if self.signals.rest(self.settle) == Signal::Stop {
                return None;
            }
            let now = Snapshot::take(&self.places);
            if now == before {
                return Some(now);
            }
            // Once: a copy may take hours, and a file that never rests should be known by name.
            if !told && let Some(changes) = now.changes_since(&before, &self.base) {
                tell(format_args!("waiting, files are still changing: {changes}"));
                told = true;
            }
            self.register();
            before = now;
        }
    }

    /// Runs what is stale. Only what watching cannot go on without is an error.
    fn act(&mut self) -> anyhow::Result<Next> {
        let pipeline = match self.project.pipeline() {
            Ok(pipeline) => pipeline,
            Err(errors) => {
                output::tell_mistakes(&errors);
                tell("nothing was run; waiting until the pipeline file is put right");
                return Ok(Next::Wait);
            }
        };
        let places = places(self.project, &pipeline, &self.listings)?;
        let moved = places != self.places;
        // A descriptor that changed may read other files of the same folders.
        self.places = places;
        if moved {
            // Other corpora than before: whether they are being copied just now is not known yet.
            return Ok(Next::Look);
        }
        self.register();
        Ok(self.bring_up_to_date(&pipeline).unwrap_or_else(|error| {
            let locked = matches!(error, EngineError::Locked { .. });
            output::fail(&anyhow::Error::new(error));
            if locked { Next::Retry } else { Next::Wait }
        }))
    }

    fn bring_up_to_date(&self, pipeline: &Pipeline) -> Result<Next, EngineError> {
        let store = self.project.store(pipeline);
        let plan = ser_engine::plan(pipeline, &store, &self.options.targets, false)?;
        if plan.is_fresh() {
            tell("nothing to do: every stage is fresh");
            return Ok(Next::Wait);
        }
        tell(format_args!("starting a run: {}", why(&plan)));
        let width = pipeline.stages().iter().map(|stage| stage.name().len()).max().unwrap_or(0);
        // In a log, lines about stages that take long and one about the run are enough; failures and warnings are told
        // all the same.
        let terminal = Terminal::new(
            match (self.project.quiet, output::is_watched()) {
                (true, _) => Detail::Quiet,
                (false, true) => Detail::Stages,
                (false, false) => Detail::Progress,
            },
            width,
        );
        self.stop.running.store(true, Ordering::SeqCst);
        let ran = ser_engine::run(pipeline, &store, &self.options, &terminal, &self.stop.asked);
        self.stop.running.store(false, Ordering::SeqCst);
        tell(told(&ran?));
        Ok(Next::Wait)
    }

    fn register(&mut self) {
        let problem = self.signals.register(&self.places);
        self.report(problem);
    }

    /// Tells why there are no file events.
    fn report(&self, problem: Option<String>) {
        if let Some(problem) = problem {
            output::warn(format_args!(
                "no file events: {problem}; looking every {} s instead (`--poll` sets the time)",
                self.signals.polls().unwrap_or(FALLBACK_POLL).as_secs()
            ));
        }
    }
}

/// What was last seen of each corpus in a bucket, by its root and descriptor. A store that cannot be reached for a while
/// has changed nothing.
#[derive(Clone, Default)]
struct Listings(Arc<Mutex<BTreeMap<String, Listing>>>);

#[derive(Default)]
struct Listing {
    objects: BTreeMap<String, Mark>,
    /// Why the last look failed.
    trouble: Option<String>,
}

impl Listings {
    /// Looks at the corpus of `params`, if it lies in a bucket.
    fn look(&self, params: &Params, base_dir: &Path) -> BTreeMap<String, Mark> {
        let found = watched_objects(params, base_dir);
        let mut listings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = listings.entry(format!("{}\n{}", params.root, params.corpus)).or_default();
        match found {
            None => listing.objects.clear(),
            Some(Ok(objects)) => *listing = Listing { objects, trouble: None },
            Some(Err(error)) => {
                let trouble = error.to_string();
                if listing.trouble.as_ref() != Some(&trouble) {
                    output::warn(format_args!("cannot look at `{}`, taken as unchanged: {trouble}", params.root));
                    listing.trouble = Some(trouble);
                }
            }
        }
        listing.objects.clone()
    }
}

/// Files that the stages read from outside, and the pipeline file itself.
fn places(project: &Project<'_>, pipeline: &Pipeline, listings: &Listings) -> anyhow::Result<Places> {
    let mut paths = vec![Place::whole(absolute(pipeline.file()).context("no current folder")?)];
    let mut buckets = Vec::new();
    for stage in pipeline.stages() {
        if let Some(params) = stage.params_as::<Params>().filter(|params| ser_storage::Root::is_bucket(&params.root)) {
            let (root, params) = (params.root.clone(), params.clone());
            let (listings, base_dir) = (listings.clone(), pipeline.base_dir().to_owned());
            buckets.push(Bucket { root, look: Arc::new(move || listings.look(&params, &base_dir)) });
        }
        let reads = stage.prepared().watch_filter(pipeline.base_dir());
        for path in stage.prepared().watched(pipeline.base_dir()) {
            let path = absolute(path).context("no current folder")?;
            paths.push(Place { path, reads: reads.clone() });
        }
    }
    // Two stages may read one folder, each in its own way.
    paths.sort_by(|a, b| a.path.cmp(&b.path));
    let except = absolute(project.store(pipeline).root()).context("no current folder")?;
    Ok(Places { paths, buckets, except })
}

/// Why a run starts: the stages that are stale whatever the others do, and how many wait for those.
fn why(plan: &Plan) -> String {
    let mut told: Vec<String> = plan
        .stale()
        .filter(|step| step.state() == State::Stale)
        .map(|step| format!("{}: {}", step.stage, step.why()))
        .collect();
    let waiting = plan.stale().filter(|step| step.state() == State::Waiting).count();
    if waiting > 0 {
        told.push(counted(waiting, "stage") + if waiting == 1 { " waits" } else { " wait" });
    }
    told.join("; ")
}

/// One line about a run.
fn told(record: &RunRecord) -> String {
    let names = |wanted: fn(&StageStatus) -> bool| {
        let stages: Vec<&str> =
            record.stages.iter().filter(|stage| wanted(&stage.status)).map(|stage| stage.stage.as_str()).collect();
        stages.join(", ")
    };
    let ran = names(|status| *status == StageStatus::Done);
    let (time, id) = (duration(record.seconds), &record.id);
    let ran = if ran.is_empty() { "nothing".to_owned() } else { ran };
    match record.status {
        RunStatus::Done => {
            let figure = runs::headline(record);
            let figure = if figure.is_empty() { figure } else { format!("; {figure}") };
            format!("run {id}: {ran} in {time}{figure}")
        }
        RunStatus::Cancelled => format!("run {id} stopped after {time}: {ran} done; the next run goes on from there"),
        RunStatus::Failed | RunStatus::Running => {
            let failed = names(|status| *status == StageStatus::Failed);
            format!("run {id} failed at {failed} after {time}: {ran} done; trying again after the next change")
        }
    }
}

/// A line with the time in front: a watcher runs for weeks.
fn tell(text: impl Display) {
    output::tell(Line::new().styled(&output::style().dim(), ser_engine::now()).text(format_args!("  {text}")));
}

/// Ctrl-C, or being told to end: a run at work stops after its current step, then the watching ends.
struct Stop {
    asked: Arc<AtomicBool>,
    running: Arc<AtomicBool>,
}

impl Stop {
    fn on_interrupt(send: Sender<Signal>) -> anyhow::Result<Self> {
        let stop = Self { asked: Arc::default(), running: Arc::default() };
        let (asked, running) = (Arc::clone(&stop.asked), Arc::clone(&stop.running));
        ctrlc::set_handler(move || {
            if asked.swap(true, Ordering::SeqCst) {
                // The user asked twice; the next run cleans up.
                std::process::exit(130);
            }
            if running.load(Ordering::SeqCst) {
                output::tell("stopping after the current step; press Ctrl-C again to stop at once");
            }
            // Nobody waits for it any more when the program is ending anyway.
            let _ = send.send(Signal::Stop);
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(stop)
    }

    fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}
