//! The command line. Only parsing: nothing is opened or looked up here.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed: a stage, a file or the audit
  2  bad usage, or a mistake in the pipeline file
  3  something is stale (`ser status --exit-code`)

Results go to stdout, everything else to stderr. NO_COLOR switches colours off.";

const AFTER_FETCH_HELP: &str = "\
A call that failed or was killed is gone on with by the next one; what is there already is verified and not downloaded.
No file is overwritten.

Exit codes:
  0  the corpora are there, verified
  1  a corpus could not be fetched, or has to be got by hand
  2  bad usage, an unknown corpus, or a licence that was not agreed to

Variables:
  HTTPS_PROXY, NO_PROXY         a proxy
  SSL_CERT_FILE, SSL_CERT_DIR   certificates of authorities, in place of the well-known ones
  SER_FETCH_BASE_ZENODO, SER_FETCH_BASE_DATAVERSE, SER_FETCH_BASE_GIT_LFS
                                base URL of a mirror, in place of the publisher's";

const AFTER_RUN_HELP: &str = "\
Corpora lie in folders, or in object storage that speaks S3 (root = \"s3://bucket/folder\"). Variables for the latter:
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
                                credentials; without, requests are anonymous
  AWS_REGION, AWS_DEFAULT_REGION
                                region of the bucket [default: us-east-1]
  AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL
                                server of a store that is not Amazon's
  AWS_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR
                                certificates of authorities, in place of the well-known ones
  HTTPS_PROXY, NO_PROXY         a proxy";

const AFTER_WORKER_HELP: &str = "\
Parts of features and networks of folds are computed by whoever is free: the run, and every worker on the same artifacts
folder. Recordings must lie under the same paths for all, or in a bucket that all have the variables for (see
`ser run --help`), and settings (-S, SER_DATA) be the same. Results are those of a run alone, whoever helps, comes late
or is killed.

Exit codes:
  0  ended as asked
  1  a stage failed here three times; the run goes on without this worker
  2  bad usage, or a mistake in the pipeline file";

/// From folders of emotional speech to an audited dataset, a trained CNN-LSTM and an honest report.
#[derive(Debug, Parser)]
#[command(name = "ser", version, after_help = AFTER_HELP, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// The pipeline: its stages, what they read and their parameters
    #[arg(long, global = true, value_name = "FILE", default_value = "pipeline.toml")]
    pub(crate) file: PathBuf,

    /// Where results are kept [default: `artifacts` beside the pipeline file]
    #[arg(long, global = true, value_name = "DIR", value_parser = local())]
    pub(crate) artifacts: Option<PathBuf>,

    /// Set a value of the pipeline file: `-S cnn_lstm.epochs=5`, `-S seed=7`
    #[arg(short = 'S', global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// No progress and no per-stage lines; only results, warnings and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the stages that are stale, in order
    Run(RunArgs),
    /// Tell what is stale, and why
    Status(StatusArgs),
    /// Run again whenever a corpus, a descriptor or the pipeline file changes
    Watch(WatchArgs),
    /// Help a run that works in the same artifacts folder, from this computer or another one
    Worker(WorkerArgs),
    /// List the runs that are kept
    Runs(JsonArg),
    /// Tell what differs between two runs: clips, parameters, figures
    Diff(DiffArgs),
    /// Show what no kept run needs, and remove it with `--yes`
    Gc(GcArgs),
    /// Show the stages and what they read
    Graph(GraphArgs),
    /// Print the balance of the dataset and what is notable about it
    Audit(JsonArg),
    /// Print how models did on their validation clips, to choose between them without looking at test figures
    Validation(ValidationArgs),
    /// List the built-in corpora, check a folder against one, or describe a new one
    Corpora(CorporaArgs),
    /// Download corpora, verify every file and unpack them
    Fetch(FetchArgs),
    /// Write small synthetic corpora in the four real layouts
    Demo(DemoArgs),
    /// Emotions of new recordings, from a trained model
    Predict(PredictArgs),
    /// Write a trained model, the dataset or a run for other programs
    Export(ExportArgs),
    /// Print the JSON Schema of pipeline files, for editors
    Schema,
    /// Print the reference of all tables: every column with its type, unit and meaning
    Tables,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_RUN_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that the user may type")]
pub(crate) struct RunArgs {
    /// Only these stages and what they read [default: all]
    #[arg(value_name = "STAGE")]
    pub(crate) stages: Vec<String>,
    /// Show what would run, and why; run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Run even what is fresh
    #[arg(long)]
    pub(crate) force: bool,
    /// After a failure go on with the stages that do not depend on it
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// If no corpus of the pipeline is found, write synthetic ones to DIR and run on those
    #[arg(long, value_name = "DIR", value_parser = local())]
    pub(crate) demo: Option<PathBuf>,
    /// Print the run's record as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Exit with 3 when something is stale
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_WORKER_HELP)]
pub(crate) struct WorkerArgs {
    /// Only these stages and what they read [default: all]
    #[arg(value_name = "STAGE")]
    pub(crate) stages: Vec<String>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// End when nothing is stale
    #[arg(long)]
    pub(crate) until_fresh: bool,
    /// End after so long without anything to help with
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) idle: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Only these stages and what they read [default: all]
    #[arg(value_name = "STAGE")]
    pub(crate) stages: Vec<String>,
    /// Start a run when nothing has changed for so long: a copy under way is waited for
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) settle: f64,
    /// Look every so often instead of listening for file events: for network drives
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) poll: Option<f64>,
    /// After a failure go on with the stages that do not depend on it
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The earlier run: an id, the beginning of one, `last` or `previous`; those two count finished runs
    #[arg(value_name = "A", default_value = "previous")]
    pub(crate) a: String,
    /// The later run
    #[arg(value_name = "B", default_value = "last")]
    pub(crate) b: String,
    /// Most lines of any one list; JSON is always complete
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// How many finished runs to keep, with whatever ran since the oldest of them
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) keep: u16,
    /// Remove it
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only show it, as without `--yes`
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A path of this machine: object storage is only read, and only as the root of a corpus.
fn local() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if ser_storage::Root::is_bucket(&path.to_string_lossy()) {
            Err("object storage is read where it is the `root` of an ingest stage, and nowhere else: name a place on this machine")
        } else {
            Ok(path)
        }
    })
}

/// A time in seconds, from a hundredth to a day.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if (0.01..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("expected 0.01 to 86400 seconds".to_owned()) }
}

fn window_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if (0.1..=60.0).contains(&seconds) { Ok(seconds) } else { Err("expected 0.1 to 60 seconds".to_owned()) }
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "expected a number of 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("expected 0 to 1".to_owned()) }
}

/// A name that is not blank, without blanks around it.
fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() { Err("expected a name".to_owned()) } else { Ok(name.to_owned()) }
}

#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    /// Print a Mermaid flowchart
    #[arg(long)]
    pub(crate) mermaid: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "mermaid")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct JsonArg {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CorporaArgs {
    #[command(subcommand)]
    pub(crate) command: Option<CorporaCommand>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CorporaCommand {
    /// The corpora that ship with this program, their licences and where to get them
    List,
    /// Compare the files of a folder or a bucket with a corpus descriptor, decoding nothing
    Check {
        /// The folder, or a place in object storage that speaks S3: `s3://bucket/folder`
        root: PathBuf,
        /// A built-in corpus, or the path of a descriptor
        #[arg(long, value_name = "NAME")]
        corpus: String,
    },
    /// Print a commented descriptor to start from
    New {
        /// Name of the corpus: lower-case letters, digits and `_`
        name: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_FETCH_HELP)]
pub(crate) struct FetchArgs {
    /// Built-in corpora, or paths of descriptors with a `[fetch]` table
    #[arg(required = true, value_name = "CORPUS")]
    pub(crate) corpora: Vec<String>,
    /// Folder for the corpora, each in a folder of its name
    #[arg(long, value_name = "DIR", env = "SER_DATA", hide_env_values = true, default_value = "data")]
    pub(crate) to: PathBuf,
    /// Agree to the licences of these corpora; without, a terminal asks once for each
    #[arg(long)]
    pub(crate) accept_licence: bool,
    /// The archive of the corpus, downloaded by hand: of corpora that are given on registration, or where there is no network
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Folder to write to; made when missing
    #[arg(value_parser = local())]
    pub(crate) dir: PathBuf,
    /// Seed of the voices and of what they say
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that the user may type")]
pub(crate) struct PredictArgs {
    /// Recordings, or folders of recordings
    #[arg(required_unless_present = "stdin_json", conflicts_with = "stdin_json", value_name = "PATH", value_parser = local())]
    pub(crate) paths: Vec<PathBuf>,
    /// Folder of the artifact of a train stage or of a linear baseline, or of one fold or seed in it, or of an ensemble, whose
    /// members lie beside it [default: the pipeline's first train stage with a result]
    #[arg(long, value_name = "DIR", value_parser = local())]
    pub(crate) model: Option<PathBuf>,
    /// All recordings are of this speaker: a model standardised per speaker then uses the statistics of these recordings
    #[arg(long, value_name = "NAME", value_parser = name, conflicts_with_all = ["speaker_from_folder", "speakers"])]
    pub(crate) speaker: Option<String>,
    /// The recordings in each folder are of one speaker
    #[arg(long, conflicts_with = "speakers")]
    pub(crate) speaker_from_folder: bool,
    /// A table (CSV) with columns `path` and `speaker` says who speaks
    #[arg(long, value_name = "TABLE")]
    pub(crate) speakers: Option<PathBuf>,
    /// A table (CSV) with columns `path` and `speaker` names further recordings of speakers: a model standardised per speaker takes their
    /// statistics, too, and needs only one recording to predict; a third column `emotion`, empty where it is not known, adapts any model
    /// to the speaker
    #[arg(long, value_name = "TABLE")]
    pub(crate) enrol: Option<PathBuf>,
    /// All recordings are of this corpus, one that the model was trained on: a model standardised per corpus then uses its
    /// statistics
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) corpus: Option<String>,
    /// Say "(unknown)" where the most probable emotion has a probability of less than P, 0 to 1; the report's table of answers only
    /// where it is sure tells what that buys
    #[arg(long, value_name = "P", value_parser = share)]
    pub(crate) min_confidence: Option<f64>,
    /// Probabilities as the networks were trained to give them, without the temperature fitted on validation clips
    #[arg(long)]
    pub(crate) uncalibrated: bool,
    /// Hear recordings longer than this in windows of this length [default: those longer than 10 s in windows of 4 s]
    #[arg(long, value_name = "SECONDS", value_parser = window_seconds)]
    pub(crate) window_s: Option<f64>,
    /// Time from the begin of a window to that of the next [default: half a window]
    #[arg(long, value_name = "SECONDS", value_parser = window_seconds)]
    pub(crate) hop_s: Option<f64>,
    /// Show what was said of each window of a long recording, too
    #[arg(long)]
    pub(crate) by_window: bool,
    /// How results are written: a table to read, one JSON object per recording and line (one without an emotion has `error` and
    /// `detail`), CSV, or Parquet, which goes to `--output`
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    pub(crate) format: AnswerFormat,
    /// The file for Parquet
    #[arg(short, long, value_name = "FILE", value_parser = local())]
    pub(crate) output: Option<PathBuf>,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// A folder for the answers to any number of recordings: Parquet files of some hundred recordings each, `part-*.parquet`. What
    /// a call that was stopped has answered is not heard again, nor what an earlier one has and did not change since
    #[arg(long, value_name = "DIR", conflicts_with_all = ["format", "output", "json", "stdin_json"], value_parser = local())]
    pub(crate) parts: Option<PathBuf>,
    /// Replace answers in `--parts` that are of another model, of other options or of other recordings
    #[arg(long, requires = "parts")]
    pub(crate) replace: bool,
    /// Read recordings from stdin, one JSON object per line: `{"path": ...}` or `{"samples": [...], "sample_rate_hz": ...}`, and an
    /// `id` if wanted, which comes back, and the `speaker`, which makes a difference where the model wants to know it or labels adapt it;
    /// answer each with an object on a line of its own, at once
    #[arg(long, conflicts_with_all = ["format", "output", "speaker", "speaker_from_folder", "speakers"])]
    pub(crate) stdin_json: bool,
}

/// How `ser predict` writes what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AnswerFormat {
    Table,
    Json,
    Csv,
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct ValidationArgs {
    /// Only the models of these stages [default: of all that have been run]
    #[arg(value_name = "STAGE")]
    pub(crate) stages: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(subcommand)]
    pub(crate) format: ExportFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportFormat {
    /// Write a model as an ONNX graph: from frame features, functionals or both to probabilities
    Onnx(OnnxArgs),
    /// Write the manifest's clips with their recordings as a Hugging Face dataset: Parquet shards and a card
    Hf(HfArgs),
    /// Describe the manifest and all tables, where they lie, as Croissant 1.1 (JSON-LD)
    Croissant(CroissantArgs),
    /// Pack a run, its results and how they came about, as a Workflow Run RO-Crate
    RoCrate(RoCrateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct HfArgs {
    /// Folder to write; it must not be there yet, or be empty
    #[arg(value_name = "DIR", value_parser = local())]
    pub(crate) dir: PathBuf,
    /// Divide the clips as this stage of kind `split` does [default: all in `train`]
    #[arg(long, value_name = "STAGE")]
    pub(crate) split: Option<String>,
    /// The fold of that split
    #[arg(long, value_name = "N", default_value_t = 0, requires = "split")]
    pub(crate) fold: u32,
    /// For yourself alone: corpora whose licences do not let them be passed on are written too
    #[arg(long)]
    pub(crate) private: bool,
    /// Most megabytes of recordings in a shard
    #[arg(long, value_name = "MB", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=2000))]
    pub(crate) shard_mb: u64,
    /// Replace an earlier export
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CroissantArgs {
    /// The file to write; paths of tables in it start at its folder
    #[arg(value_name = "FILE", value_parser = local())]
    pub(crate) output: PathBuf,
    /// Page of the dataset, where it has one
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Who made the dataset [default: the authors of its corpora]
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) creator: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RoCrateArgs {
    /// Folder to write; it must not be there yet, or be empty
    #[arg(value_name = "DIR", value_parser = local())]
    pub(crate) dir: PathBuf,
    /// The run: an id, the beginning of one, `last` or `previous`; its results must be those that are there
    #[arg(long, value_name = "RUN", default_value = "last")]
    pub(crate) run: String,
    /// Describe larger files and leave them out
    #[arg(long, value_name = "MB", default_value_t = 100)]
    pub(crate) largest_mb: u64,
    /// Who ran the pipeline, where that is to be told
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub(crate) agent: Option<String>,
    /// Replace an earlier export
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OnnxArgs {
    /// Folder of the artifact of a train stage or of a linear baseline, or of one fold or seed in it; of an ensemble, export the
    /// members
    #[arg(value_name = "MODEL", value_parser = local())]
    pub(crate) model: PathBuf,
    /// The file to write [default: the stage's name with `.onnx`, in the current folder]
    #[arg(short, long, value_name = "FILE", value_parser = local())]
    pub(crate) output: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
