//! `ser run`: runs what is stale, then says where the report is and what it found.

use std::path::Path;

use anyhow::Context as _;
use ser_engine::{Pipeline, RunOptions, RunRecord, RunStatus, Store};
use ser_schemas::{Corpus, SummaryMetric, Table as _};

use crate::args::RunArgs;
use crate::commands::{demo, status};
use crate::interrupt::stop_on_interrupt;
use crate::line::Line;
use crate::output::{self, Status};
use crate::project::{Project, plain};
use crate::terminal::{Detail, Terminal};
use crate::text_table;
use crate::words::duration;

/// Voices of the demo corpora; independent of the pipeline's seed, so that changing that one does not change the data.
const DEMO_SEED: u64 = 42;

pub(crate) fn run(project: &Project<'_>, args: &RunArgs) -> anyhow::Result<Status> {
    let mut pipeline = project.pipeline()?;
    let mut demo_in = None;
    let threads = args.jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start worker threads")?;
    if let Some(dir) = &args.demo
        && !any_corpus(&pipeline)
    {
        pipeline = with_demo(project, &pipeline, dir)?;
        demo_in = Some(dir);
    }
    let store = project.store(&pipeline);
    if args.dry_run {
        return dry_run(&pipeline, &store, args);
    }
    let name_width = pipeline.stages().iter().map(|stage| stage.name().len()).max().unwrap_or(0);
    let terminal = Terminal::new(if project.quiet { Detail::Quiet } else { Detail::Stages }, name_width);
    let options = RunOptions {
        targets: args.stages.clone(),
        force: args.force,
        keep_going: args.keep_going,
        jobs: rayon::current_num_threads(),
    };
    let stop = stop_on_interrupt()?;
    let record = ser_engine::run(&pipeline, &store, &options, &terminal, &stop)?;
    drop(terminal);
    if args.json {
        output::print_json(&record)?;
    } else {
        print_results(project, &store, &record)?;
    }
    if !project.quiet {
        let ran = record.stages.iter().filter(|stage| stage.status == ser_engine::StageStatus::Done).count();
        output::tell(format_args!("{} of {} stages run in {}", ran, record.stages.len(), duration(record.seconds)));
        if let Some(dir) = demo_in {
            let dir = dir.display();
            output::tell(format_args!(
                "other commands see these corpora with SER_DATA={dir}: `SER_DATA={dir} ser status`"
            ));
        }
    }
    match record.status {
        RunStatus::Done => Ok(Status::Done),
        RunStatus::Cancelled => {
            output::warn("stopped; finished stages and checkpoints are kept, and the next run goes on from there");
            Ok(Status::Failed)
        }
        RunStatus::Failed | RunStatus::Running => Ok(Status::Failed),
    }
}

fn dry_run(pipeline: &Pipeline, store: &Store, args: &RunArgs) -> anyhow::Result<Status> {
    let plan = ser_engine::plan(pipeline, store, &args.stages, args.force)?;
    if args.json {
        output::print_json(&plan.steps)?;
    } else {
        output::print(status::describe(&plan).trim_end())?;
    }
    Ok(Status::Done)
}

/// The folders that the pipeline's ingest stages name.
fn corpus_roots(pipeline: &Pipeline) -> impl Iterator<Item = &str> {
    pipeline
        .stages()
        .iter()
        .filter_map(|stage| stage.params_as::<ser_ingest::Params>())
        .map(|params| params.root.as_str())
}

fn any_corpus(pipeline: &Pipeline) -> bool {
    // Nobody names a bucket by default.
    corpus_roots(pipeline).any(|root| ser_storage::Root::is_bucket(root) || pipeline.base_dir().join(root).is_dir())
}

/// The pipeline as it reads with `SER_DATA` pointing to synthetic corpora in `dir`.
fn with_demo(project: &Project<'_>, pipeline: &Pipeline, dir: &Path) -> anyhow::Result<Pipeline> {
    let searched: Vec<&str> = corpus_roots(pipeline).collect();
    output::warn(format_args!(
        "no corpus found (looked for {}): running on SYNTHETIC speech in `{}`; set SER_DATA to the folder of yours",
        searched.join(", "),
        dir.display()
    ));
    demo::ensure(&plain(pipeline.base_dir()).join(dir), DEMO_SEED)?;
    let data = dir.to_string_lossy().into_owned();
    let reread = project.pipeline_with(&|variable| {
        if variable == "SER_DATA" { Some(data.clone()) } else { std::env::var(variable).ok() }
    })?;
    Ok(reread)
}

/// The headline figures of every evaluation and the places of every report that the run made or found valid. What lies
/// behind a stage that failed is of an earlier run, and would be taken for this one's.
fn print_results(project: &Project<'_>, store: &Store, record: &RunRecord) -> anyhow::Result<()> {
    let valid = record.valid();
    let dirs_of = |kind: &'static str| {
        valid.iter().filter(move |stage| stage.kind == kind).map(|stage| store.stage_dir(&stage.stage))
    };
    for dir in dirs_of("evaluate") {
        let summary = SummaryMetric::read_in(&dir)?;
        output::print(format_args!("\n{}", headline_table(&summary).trim_end()))?;
    }
    for dir in dirs_of("manifest") {
        let corpora = Corpus::read_in(&dir)?;
        if corpora.iter().any(|corpus| corpus.synthetic) && !project.quiet {
            let warning = "SYNTHETIC DATA: these figures are about generated voices, not about emotions.";
            output::tell("");
            output::tell(Line::new().styled(&output::style().yellow().bold(), warning));
        }
    }
    for dir in dirs_of("report") {
        output::print("")?;
        output::print(Line::new().text(format_args!("Report: {}", dir.join("index.html").display())))?;
    }
    Ok(())
}

fn headline_table(summary: &[SummaryMetric]) -> String {
    let mut models: Vec<(&str, &str)> = Vec::new();
    for row in summary {
        if !models.contains(&(row.model.as_str(), row.split.as_str())) {
            models.push((&row.model, &row.split));
        }
    }
    let row = |model: (&str, &str), metric: &str| {
        summary.iter().find(|row| {
            (row.model.as_str(), row.split.as_str()) == model && row.group == "overall" && row.metric == metric
        })
    };
    let figure = |row: Option<&SummaryMetric>| {
        row.map_or_else(String::new, |row| match (row.low, row.high) {
            (Some(low), Some(high)) => format!("{:.2} [{low:.2}, {high:.2}]", row.value),
            _ => format!("{:.2}", row.value),
        })
    };
    // Pooled figures follow the largest corpus.
    let over_corpora = models.iter().any(|model| row(*model, SummaryMetric::UAR_OVER_CORPORA).is_some());
    let headline = |(model, split): (&str, &str)| SummaryMetric::headline(summary, [model, split, "overall", "all"]);
    let seeds = |of: (&str, &str)| {
        let row = headline(of)?;
        Some(format!("{}, sd {:.3}", row.seeds?, row.seed_sd?))
    };
    let with_seeds = models.iter().any(|model| seeds(*model).is_some());
    let rows: Vec<Vec<String>> = models
        .iter()
        .map(|&(model, split)| {
            let of = (model, split);
            let mut cells = vec![model.to_owned(), split.to_owned(), figure(headline(of))];
            cells.extend(over_corpora.then(|| figure(row(of, SummaryMetric::UAR))));
            cells.push(figure(row(of, "accuracy")));
            cells.extend(with_seeds.then(|| seeds(of).unwrap_or_else(|| "1".to_owned())));
            cells
        })
        .collect();
    let mut headings = vec!["model", "split"];
    headings.extend(if over_corpora {
        &["UAR [95 %], mean over corpora", "UAR, pooled", "accuracy, pooled"][..]
    } else {
        &["UAR [95 %]", "accuracy [95 %]"]
    });
    headings.extend(with_seeds.then_some("seeds (sd of UAR)"));
    text_table::render(&headings, &rows)
}
