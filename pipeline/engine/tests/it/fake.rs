//! Stages that do next to nothing, and a folder to run them in.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use schemars::JsonSchema;
use ser_engine::{
    Failure, Override, Pipeline, Plan, Reason, Registry, Reporter, RunOptions, RunRecord, Spec, SpecErrors, Stage,
    StageRun, Store, plan, run,
};
use ser_stage::{
    BoxError, Context, External, Input, Kind, Links, Metric, Outcome, Output, Outside, Problem, SpecCover,
};
use serde::{Deserialize, Serialize};

/// Reads nothing inside the pipeline, a file outside.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceParams {
    /// File with a number, relative to the pipeline file.
    pub(crate) root: String,
    /// How much to add to it.
    #[serde(default)]
    pub(crate) add: i32,
}

/// Stands for every shape of parameter that a stage may have.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WorkParams {
    /// Number of mel bands.
    #[schemars(range(min = 8, max = 512))]
    pub(crate) n_mels: u32,
    /// Share of something, from 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) share: f32,
    /// How clips are divided.
    pub(crate) protocol: Protocol,
    /// Stop after this many steps.
    #[schemars(range(min = 1))]
    pub(crate) limit: Option<u16>,
    /// Steps before the work.
    pub(crate) steps: Vec<Step>,
    /// Frames.
    pub(crate) frames: Frames,
    /// Names by code.
    pub(crate) codes: std::collections::BTreeMap<String, Protocol>,
    /// Changes nothing in the result.
    pub(crate) ignored: u32,
    /// What the stage does instead of working: nothing, `fail`, `refuse`, `panic`, `forget`, `slow`, `full`.
    pub(crate) act: String,
}

impl Default for WorkParams {
    fn default() -> Self {
        Self {
            n_mels: 64,
            share: 0.1,
            protocol: Protocol::SpeakerIndependent,
            limit: None,
            steps: Vec::new(),
            frames: Frames::default(),
            codes: std::collections::BTreeMap::new(),
            ignored: 0,
            act: String::new(),
        }
    }
}

/// Two ways.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    /// Whole speakers.
    SpeakerIndependent,
    /// Clips at random.
    Random,
}

/// A declared step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Step {
    /// Cuts silence.
    Trim {
        /// Level below the peak.
        #[schemars(range(max = 0.0))]
        below_db: f64,
    },
    /// Lifts high frequencies.
    PreEmphasis,
}

/// How signals are cut.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Frames {
    /// Length in milliseconds.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub(crate) length_ms: f64,
    /// Step in milliseconds.
    pub(crate) hop_ms: f64,
}

impl Default for Frames {
    fn default() -> Self {
        Self { length_ms: 25.0, hop_ms: 10.0 }
    }
}

/// Names of what is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PairParams {
    /// A number for each stage that is read.
    pub(crate) shares: std::collections::BTreeMap<String, u32>,
}

/// No parameters at all.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NoParams {}

pub(crate) struct Source;
pub(crate) struct Work<const VERSION: u32>;
/// Two stages or more whose numbers come from one source.
pub(crate) struct Pair;
/// `COVER` is 0 for [`SpecCover::Own`], 1 for [`SpecCover::Parameters`], 2 for [`SpecCover::Text`].
pub(crate) struct Report<const COVER: u8>;

impl Kind for Source {
    type Params = SourceParams;

    const NAME: &'static str = "source";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Reads a number from a file.";
    const INPUTS: &'static [Input] = &[];
    const OUTPUTS: &'static [Output] = &[Output::table("number", "out.txt")];

    fn external(params: &SourceParams, outside: &Outside<'_>) -> Result<External, BoxError> {
        let external = number(fs::read_to_string(outside.base_dir.join(&params.root))?);
        if outside.may_write {
            fs::create_dir_all(outside.state_dir)?;
            fs::write(outside.state_dir.join("seen"), &external.digest)?;
        }
        Ok(external)
    }

    fn watched(params: &SourceParams, base_dir: &Path) -> Vec<PathBuf> {
        vec![base_dir.join(&params.root)]
    }

    fn run(params: &SourceParams, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let root = ctx.base_dir.join(&params.root);
        // Files of these names take the place of the number before and after it is read.
        let _ = fs::rename(ctx.base_dir.join("number-before"), &root);
        let text = fs::read_to_string(&root)?;
        let _ = fs::rename(ctx.base_dir.join("number-after"), &root);
        let value: i64 = text.trim().parse()?;
        fs::write(ctx.out_dir.join("out.txt"), format!("{}", value + i64::from(params.add)))?;
        let external = number(text);
        // The work folder and what the file says of its maker go by what was read.
        fs::write(ctx.out_dir.join("maker.txt"), format!("# {}", (ctx.fingerprint_with)(&external)))?;
        Ok(Outcome { rows: 1, headline: "one number".to_owned(), external: Some(external), ..Outcome::default() })
    }
}

fn number(text: String) -> External {
    External { description: format!("number {}", text.trim()), digest: text, ..External::default() }
}

/// Text of a file of `source`, lines that begin with `#` left out.
fn without_comments(path: &Path) -> Result<Option<String>, BoxError> {
    let text = fs::read_to_string(path)?;
    let made_by_source = path.with_file_name("maker.txt").exists();
    Ok(made_by_source.then(|| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")))
}

impl<const VERSION: u32> Kind for Work<VERSION> {
    type Params = WorkParams;

    const NAME: &'static str = "work";
    const VERSION: u32 = VERSION;
    const SUMMARY: &'static str = "Puts its inputs together.";
    const INPUTS: &'static [Input] = &[Input::some(&["number"]), Input { tables: &["text"], min: 0, max: Some(3) }];
    const OUTPUTS: &'static [Output] = &[Output::table("text", "out.txt"), Output::file("sub/more.txt")];
    const KEPT: &'static [&'static str] = &["out.txt"];
    const SEEDED: bool = true;

    fn check(params: &WorkParams) -> Vec<Problem> {
        let mut problems = Vec::new();
        if params.frames.hop_ms > params.frames.length_ms {
            problems.push(Problem {
                key: "frames.hop_ms".to_owned(),
                message: format!("{} is longer than a frame of {}", params.frames.hop_ms, params.frames.length_ms),
                hint: Some("shorten the hop".to_owned()),
            });
        }
        problems
    }

    fn run(params: &WorkParams, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        let stage = ctx.provenance.stage.as_str();
        let mut text = format!("{stage} seed {} mels {}\n", ctx.seed, params.n_mels);
        for input in &ctx.inputs {
            let inner = fs::read_to_string(input.dir.join("out.txt"))?;
            let table = input.outputs[0].table.unwrap_or_default();
            writeln!(text, "{} ({table}): {}", input.stage, inner.trim().replace('\n', " / "))?;
        }
        fs::create_dir(ctx.out_dir.join("sub"))?;
        fs::write(ctx.out_dir.join("out.txt"), &text)?;
        match params.act.as_str() {
            "fail" => return Err("the work failed".into()),
            "refuse" => {
                fs::write(ctx.keep_refused()?.join("out.txt"), &text)?;
                return Err("the work is no good".into());
            }
            "panic" => panic!("index 3 out of range"),
            "forget" => return Ok(Outcome::default()),
            "full" => return Err(std::io::Error::new(std::io::ErrorKind::StorageFull, "no space left").into()),
            "slow" => {
                fs::write(ctx.work_dir.join("checkpoint"), &ctx.provenance.fingerprint)?;
                while !ctx.observer.is_cancelled() {
                    std::thread::yield_now();
                }
                return Err("stopped".into());
            }
            "resume" => {
                ctx.observer.warn(if ctx.work_dir.join("checkpoint").exists() { "resumed" } else { "from scratch" });
                fs::write(ctx.work_dir.join("checkpoint"), "")?;
                if ctx.base_dir.join("stop").exists() {
                    return Err("interrupted".into());
                }
            }
            _ => {}
        }
        fs::write(ctx.out_dir.join("sub").join("more.txt"), "more")?;
        ctx.observer.begin("working", 2, "steps");
        ctx.observer.advance(2);
        let metric = |name: &str, value: f64, low, high| {
            let (name, of) = (name.to_owned(), stage.to_owned());
            Metric { name, of, value, low, high }
        };
        let bands = f64::from(params.n_mels);
        Ok(Outcome {
            rows: ctx.inputs.len() as u64,
            headline: format!("{} inputs", ctx.inputs.len()),
            metrics: vec![
                metric("bands", bands, Some(bands - 10.0), Some(bands + 10.0)),
                metric("nothing", f64::NAN, None, None),
            ],
            ..Outcome::default()
        })
    }
}

impl Kind for Pair {
    type Params = PairParams;

    const NAME: &'static str = "pair";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Needs stages that fit each other.";
    const INPUTS: &'static [Input] = &[Input { tables: &["text"], min: 2, max: None }];
    const OUTPUTS: &'static [Output] = &[Output::table("text", "out.txt")];

    fn check_links(params: &PairParams, from: &[&str], links: &Links<'_>) -> Vec<Problem> {
        let problem = |key: String, message: String| Problem { key, message, hint: None };
        let rests = |stage: &str| links.sources(stage, "number").into_iter().collect::<Vec<_>>().join(" ");
        let others = from.iter().enumerate().filter(|(_, stage)| rests(stage) != rests(from[0])).map(|(at, stage)| {
            let message = format!("`{stage}` rests on {}, `{}` on {}", rests(stage), from[0], rests(from[0]));
            problem(format!("from[{at}]"), message)
        });
        let strange = params.shares.keys().filter(|name| !from.contains(&name.as_str()));
        let strange = strange.map(|name| problem(format!("shares.{name}"), format!("`{name}` is not read")));
        others.chain(strange).collect()
    }

    fn run(_: &PairParams, _: &Context<'_>) -> Result<Outcome, BoxError> {
        Ok(Outcome::default())
    }
}

impl<const COVER: u8> Kind for Report<COVER> {
    type Params = NoParams;

    const NAME: &'static str = "report";
    const VERSION: u32 = 1;
    const SUMMARY: &'static str = "Shows the pipeline.";
    const INPUTS: &'static [Input] = &[Input::any(&["text"])];
    const OUTPUTS: &'static [Output] = &[Output::file("index.html")];
    const SEEDED: bool = true;
    const COVERS: SpecCover = [SpecCover::Own, SpecCover::Parameters, SpecCover::Text][COVER as usize];

    fn run(_: &NoParams, ctx: &Context<'_>) -> Result<Outcome, BoxError> {
        fs::write(ctx.out_dir.join("index.html"), serde_json::to_string(&ctx.spec)?)?;
        Ok(Outcome { rows: 1, ..Outcome::default() })
    }
}

pub(crate) fn registry() -> Registry {
    registry_with(1, SpecCover::Parameters)
}

pub(crate) fn registry_with(version: u32, cover: SpecCover) -> Registry {
    let registry = Registry::new(without_comments).with(Source);
    let registry = if version == 1 { registry.with(Work::<1>) } else { registry.with(Work::<2>) };
    match cover {
        SpecCover::Own => registry.with(Report::<0>),
        SpecCover::Parameters => registry.with(Report::<1>),
        SpecCover::Text => registry.with(Report::<2>),
    }
}

/// The names of the variables and their values that tests see.
pub(crate) fn env(name: &str) -> Option<String> {
    (name == "SER_DATA").then(|| "elsewhere".to_owned())
}

/// Reads `text` as `pipeline.toml`.
pub(crate) fn parse(text: &str, overrides: &[&str]) -> Result<Pipeline, SpecErrors> {
    let overrides: Vec<Override> = overrides.iter().map(|item| Override::new(*item)).collect();
    Spec::parse(Path::new("pipeline.toml"), text.to_owned(), &registry(), &overrides, &env)
}

/// Diagnostics of the mistakes in `text`, as users see them.
pub(crate) fn mistakes(text: &str, overrides: &[&str]) -> String {
    match parse(text, overrides) {
        Ok(pipeline) => format!("no mistakes: {pipeline:?}"),
        Err(errors) => errors.render(false),
    }
}

/// The same, where stages may be of kind `pair`, too.
pub(crate) fn mistakes_of_pairs(text: &str) -> String {
    let parsed = Spec::parse(Path::new("pipeline.toml"), text.to_owned(), &registry().with(Pair), &[], &env);
    parsed.map_or_else(|errors| errors.render(false), |pipeline| format!("no mistakes: {pipeline:?}"))
}

/// A folder with a pipeline and its artifacts.
pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) registry: Registry,
    pub(crate) overrides: Vec<Override>,
    pub(crate) cancel: AtomicBool,
}

impl Place {
    /// With `text` as its pipeline and a file `number` that holds 7.
    pub(crate) fn new(text: &str) -> Self {
        // In memory where that is possible: a run syncs every file, and a busy disk would make the tests crawl.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let place = Self { dir, registry: registry(), overrides: Vec::new(), cancel: AtomicBool::new(false) };
        place.write("number", "7");
        place.edit(text);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn edit(&self, text: &str) {
        self.write("pipeline.toml", text);
    }

    pub(crate) fn set(&mut self, overrides: &[&str]) {
        self.overrides = overrides.iter().map(|item| Override::new(*item)).collect();
    }

    pub(crate) fn pipeline(&self) -> Pipeline {
        Spec::load(&self.path("pipeline.toml"), &self.registry, &self.overrides, &env).unwrap()
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(self.path("artifacts"))
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.pipeline(), &self.store(), &[], false).unwrap()
    }

    /// `stage: reasons` of all stale stages.
    pub(crate) fn stale(&self) -> Vec<String> {
        self.plan().stale().map(|step| format!("{}: {}", step.stage, step.why())).collect()
    }

    pub(crate) fn run(&self) -> (RunRecord, Log) {
        self.run_with(&RunOptions::default())
    }

    pub(crate) fn run_with(&self, options: &RunOptions) -> (RunRecord, Log) {
        let log = Log::default();
        let record = run(&self.pipeline(), &self.store(), options, &log, &self.cancel).unwrap();
        (record, log)
    }

    /// Gives a file another time of change.
    pub(crate) fn touch(&self, name: &str) {
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
        fs::File::options().write(true).open(self.path(name)).unwrap().set_modified(later).unwrap();
    }

    /// Names in a folder, sorted; none when it does not exist.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(items) = fs::read_dir(self.path(folder)) else { return Vec::new() };
        let mut names: Vec<String> =
            items.map(|item| item.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// Writes down what a run reports.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) lines: Mutex<Vec<String>>,
    pub(crate) advanced: AtomicU32,
}

impl Log {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Names of the stages that ran, in order.
    pub(crate) fn ran(&self) -> Vec<String> {
        self.lines()
            .iter()
            .filter_map(|line| line.strip_prefix("start ")?.split(':').next().map(str::to_owned))
            .collect()
    }

    fn add(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }
}

impl Reporter for Log {
    fn started(&self, stage: &Stage, reasons: &[Reason]) {
        let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        self.add(format!("start {}: {}", stage.name(), reasons.join("; ")));
    }
    fn fresh(&self, stage: &Stage, last: &StageRun) {
        self.add(format!("fresh {} ({} rows)", stage.name(), last.rows));
    }
    fn unchanged(&self, stage: &Stage, last: &StageRun, inputs: &[String]) {
        self.add(format!("unchanged {} ({} rows): {}", stage.name(), last.rows, inputs.join(", ")));
    }
    fn finished(&self, stage: &Stage, result: &StageRun) {
        self.add(format!("done {}: {} rows, {}", stage.name(), result.rows, result.headline));
    }
    fn failed(&self, stage: &Stage, failure: &Failure) {
        self.add(format!("failed {}: {} ({})", stage.name(), failure.message, failure.hint.as_deref().unwrap_or("-")));
    }
    fn skipped(&self, stage: &Stage, because: &str) {
        self.add(format!("skipped {} because of {because}", stage.name()));
    }
    fn cancelled(&self, stage: &Stage) {
        self.add(format!("cancelled {}", stage.name()));
    }
    fn advance(&self, _: &str, steps: u64) {
        self.advanced.fetch_add(u32::try_from(steps).unwrap(), Ordering::Relaxed);
    }
    fn warn(&self, stage: Option<&str>, text: &str) {
        self.add(format!("warning {}: {text}", stage.unwrap_or("-")));
    }
}
