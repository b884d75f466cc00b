//! The metadata of a crate: one flat list of entities that refer to each other by id.

use ser_engine::{RunRecord, RunStatus, StageRun, StageStatus};
use ser_schemas::{AnyTable, Corpus, every_table};
use serde_json::{Value, json};

use super::ids::{fragment, uri};
use super::results::{ResultFile, StageResult};
use super::times::started;
use super::{METADATA, README, RESULTS, WORKFLOW};
use crate::licence::page;
use crate::text::one_line;

/// Profiles of a crate: id, name and version of each, as the profiles ask for it.
const PROFILES: [(&str, &str, &str); 3] = [
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
];

/// Profile of the description of a workflow.
const COMPUTATIONAL_WORKFLOW: &str = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE";

/// Id of the language of pipeline files; by it an earlier export is known.
pub(super) const LANGUAGE_ID: &str = "#ser-pipeline-file";

/// Id of whoever ran the pipeline.
const AGENT_ID: &str = "#agent";

/// Digits of a digest that tell one text from another.
const DIGEST_DIGITS: usize = 16;

/// The metadata of `run` with its `results`, as text.
pub(super) fn of(run: &RunRecord, results: &[StageResult<'_>], agent: Option<&str>) -> String {
    let mut graph = vec![descriptor(), root(run, results)];
    graph.extend(
        PROFILES
            .iter()
            .map(|(id, name, version)| json!({"@id": id, "@type": "CreativeWork", "name": name, "version": version})),
    );
    graph.push(json!({
        "@id": README, "@type": "File", "name": "About this crate", "encodingFormat": "text/markdown", "about": reference("./"),
    }));
    graph.push(language());
    graph.push(workflow(run, results));
    graph.extend(agent.map(|name| json!({"@id": AGENT_ID, "@type": "Person", "name": name})));
    graph.extend(parameters(run));
    graph.extend(formal_parameters(run, results));
    graph.extend(licences(results));
    graph.push(run_action(run, results, agent));
    let tables = every_table();
    for result in results {
        graph.extend(stage_entities(run, result, &tables, agent));
    }
    graph.extend(run.stages.iter().filter(|stage| stage.status == StageStatus::Failed).map(failed_action));
    graph.extend(programs(run, results));
    let mut text = format!("{:#}", json!({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}));
    text.push('\n');
    text
}

fn reference(id: impl AsRef<str>) -> Value {
    json!({"@id": id.as_ref()})
}

fn references(ids: impl IntoIterator<Item = String>) -> Value {
    ids.into_iter().map(reference).collect()
}

fn descriptor() -> Value {
    let conforms = ["https://w3id.org/ro/crate/1.1".to_owned(), PROFILES[2].0.to_owned()];
    json!({"@id": METADATA, "@type": "CreativeWork", "about": reference("./"), "conformsTo": references(conforms)})
}

fn root(run: &RunRecord, results: &[StageResult<'_>]) -> Value {
    let folders = results.iter().map(|result| folder_id(&result.run.stage));
    let parts = [WORKFLOW.to_owned(), README.to_owned()].into_iter().chain(folders);
    let stages = results.iter().map(|result| action_id(&result.run.stage));
    let failed = run.stages.iter().filter(|stage| stage.status == StageStatus::Failed);
    let actions = [run_id(run)].into_iter().chain(stages).chain(failed.map(|stage| action_id(&stage.stage)));
    json!({
        "@id": "./",
        "@type": "Dataset",
        "name": format!("{}: run {}", run.pipeline, run.id),
        "description": format!(
            "Results of a run of the pipeline `{}` on emotional speech, stage by stage, with what each of them read.",
            run.pipeline
        ),
        "datePublished": run.finished.as_ref().unwrap_or(&run.started),
        "license": licence(results),
        "conformsTo": references(PROFILES.iter().map(|(id, ..)| (*id).to_owned())),
        "hasPart": references(parts),
        "mainEntity": reference(WORKFLOW),
        "mentions": references(actions),
    })
}

/// Pages of the corpora's licences, where all have one, and words otherwise.
fn licence(results: &[StageResult<'_>]) -> Value {
    let corpora: Vec<&Corpus> = results.iter().filter_map(|result| result.corpus.as_ref()).collect();
    let pages: Option<Vec<String>> =
        corpora.iter().map(|corpus| page(corpus.licence.as_deref()).map(str::to_owned)).collect();
    if let Some(mut pages) = pages.filter(|pages| !pages.is_empty()) {
        pages.sort();
        pages.dedup();
        return references(pages);
    }
    let told = corpora
        .iter()
        .map(|corpus| format!("{}: {}", corpus.corpus, corpus.licence.as_deref().unwrap_or("no licence stated")));
    let told: Vec<String> = told.collect();
    if told.is_empty() { json!("No licence is stated.") } else { json!(format!("As the corpora: {}", told.join("; "))) }
}

fn licences(results: &[StageResult<'_>]) -> Vec<Value> {
    let corpora = results.iter().filter_map(|result| result.corpus.as_ref());
    let known = corpora.filter_map(|corpus| Some((page(corpus.licence.as_deref())?, corpus.licence.as_deref()?)));
    let mut known: Vec<(&str, &str)> = known.collect();
    known.sort_unstable();
    known.dedup_by_key(|(page, _)| *page);
    known.iter().map(|(page, name)| json!({"@id": page, "@type": "CreativeWork", "name": name, "url": page})).collect()
}

fn language() -> Value {
    json!({
        "@id": LANGUAGE_ID,
        "@type": "ComputerLanguage",
        "name": "ser pipeline file",
        "description": "TOML: a table for each stage, with its kind, the stages that it reads and its parameters.",
        "url": "https://toml.io/",
    })
}

fn workflow(run: &RunRecord, results: &[StageResult<'_>]) -> Value {
    let digest = blake3::hash(run.text.as_bytes()).to_hex();
    let inputs = corpora(results).map(|(stage, _)| fragment("input", stage));
    let inputs = inputs.chain(given(run).into_iter().map(|(name, _)| fragment("input", &name)));
    json!({
        "@id": WORKFLOW,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": run.pipeline,
        "description": format!("The pipeline file of run {}, without what was set on the command line.", run.id),
        "encodingFormat": "application/toml",
        "contentSize": run.text.len().to_string(),
        "version": &digest[..DIGEST_DIGITS],
        "programmingLanguage": reference(LANGUAGE_ID),
        "conformsTo": reference(COMPUTATIONAL_WORKFLOW),
        "input": references(inputs),
        "output": references(results.iter().map(|result| fragment("output", &result.run.stage))),
    })
}

/// Values given beside the pipeline file: its seed, and what was set on the command line.
fn given(run: &RunRecord) -> Vec<(String, String)> {
    let set = run.overrides.iter().map(|set| {
        let (key, value) = set.split_once('=').unwrap_or((set, ""));
        (key.trim().to_owned(), value.trim().to_owned())
    });
    let mut given = vec![("seed".to_owned(), run.seed.to_string())];
    // The last one counts.
    for (key, value) in set {
        given.retain(|(name, _)| *name != key);
        given.push((key, value));
    }
    given
}

fn parameters(run: &RunRecord) -> Vec<Value> {
    let entity = |(name, value): (String, String)| {
        json!({
            "@id": fragment("given", &name), "@type": "PropertyValue", "name": name, "value": value,
            "exampleOfWork": reference(fragment("input", &name)),
        })
    };
    given(run).into_iter().map(entity).collect()
}

fn formal_parameters(run: &RunRecord, results: &[StageResult<'_>]) -> Vec<Value> {
    let parameter = |id: String, name: &str, kind: &str, description: String| {
        json!({
            "@id": id, "@type": "FormalParameter", "name": name, "additionalType": kind, "description": description,
            "conformsTo": reference("https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"),
        })
    };
    let corpora = corpora(results).map(|(stage, corpus)| {
        parameter(fragment("input", stage), stage, "Dataset", format!("The folder of the corpus {}.", corpus.title))
    });
    let given = given(run)
        .into_iter()
        .map(|(name, _)| parameter(fragment("input", &name), &name, "Text", "A value set for the run.".to_owned()));
    let outputs = results.iter().map(|result| {
        let stage = &result.run.stage;
        parameter(fragment("output", stage), stage, "Dataset", format!("The result of stage `{stage}`."))
    });
    corpora.chain(given).chain(outputs).collect()
}

/// Stages that took in a corpus, with it.
fn corpora<'a>(results: &'a [StageResult<'_>]) -> impl Iterator<Item = (&'a str, &'a Corpus)> {
    results.iter().filter_map(|result| Some((result.run.stage.as_str(), result.corpus.as_ref()?)))
}

fn run_action(run: &RunRecord, results: &[StageResult<'_>], agent: Option<&str>) -> Value {
    let corpora = corpora(results).map(|(stage, _)| fragment("corpus", stage));
    let given = given(run).into_iter().map(|(name, _)| fragment("given", &name));
    let failed = run.stages.iter().find(|stage| stage.status == StageStatus::Failed);
    let mut action = json!({
        "@id": run_id(run),
        "@type": "CreateAction",
        "name": format!("Run {}", run.id),
        "description": describe(run),
        "instrument": reference(WORKFLOW),
        "startTime": run.started,
        "object": references(corpora.chain(given)),
        "result": references(results.iter().map(|result| folder_id(&result.run.stage))),
        "actionStatus": status(run.status == RunStatus::Done),
    });
    say(&mut action, "endTime", run.finished.as_ref().map(|time| json!(time)));
    say(&mut action, "agent", agent.map(|_| reference(AGENT_ID)));
    say(&mut action, "error", failed.map(|stage| json!(error(stage))));
    action
}

fn describe(run: &RunRecord) -> String {
    let asked = match &run.targets[..] {
        [] => "all stages".to_owned(),
        targets => format!("the stages {}, and what they read", targets.join(", ")),
    };
    let ended = match run.status {
        RunStatus::Done => "",
        RunStatus::Failed => "; a stage failed",
        RunStatus::Cancelled => "; it was stopped",
        RunStatus::Running => "; it did not come to an end",
    };
    format!("{asked} of the pipeline `{}`{ended}", run.pipeline)
}

/// The action of a stage, its folder, its files, its parameters and the corpus that it took in.
fn stage_entities(run: &RunRecord, result: &StageResult<'_>, tables: &[AnyTable], agent: Option<&str>) -> Vec<Value> {
    let (stage, record) = (&result.run.stage, &result.record);
    let read = result.run.from.iter().map(|input| folder_id(input));
    let corpus = result.corpus.as_ref().map(|_| fragment("corpus", stage));
    let objects = read.chain(corpus).chain([fragment("parameters", stage)]);
    let outside = result.files.iter().filter(|file| !file.inside).map(file_id);
    let made =
        if record.run == run.id { String::new() } else { format!(" (made by run {}, and still valid)", record.run) };
    let mut action = json!({
        "@id": action_id(stage),
        "@type": "CreateAction",
        "name": format!("Stage `{stage}`"),
        "description": format!("{}{made}", record.headline),
        "instrument": reference(program_id(&result.run.kind)),
        "endTime": record.finished,
        "object": references(objects),
        "result": references([folder_id(stage)].into_iter().chain(outside)),
        "actionStatus": status(true),
    });
    say(&mut action, "startTime", started(&record.finished, record.seconds).map(|time| json!(time)));
    say(&mut action, "agent", agent.map(|_| reference(AGENT_ID)));
    let inside = result.files.iter().filter(|file| file.inside).map(file_id);
    let folder = json!({
        "@id": folder_id(stage),
        "@type": "Dataset",
        "name": format!("Result of stage `{stage}`"),
        "description": record.headline,
        "identifier": format!("blake3:{}", record.content),
        "hasPart": references(inside),
        "exampleOfWork": reference(fragment("output", stage)),
    });
    let parameters = json!({
        "@id": fragment("parameters", stage),
        "@type": "PropertyValue",
        "name": format!("Parameters of stage `{stage}`"),
        "value": record.identity.params.to_string(),
    });
    let corpus =
        result.corpus.as_ref().map(|corpus| corpus_entity(stage, corpus, &record.identity.external_description));
    let files = result.files.iter().map(|file| file_entity(file, tables));
    [action, folder, parameters].into_iter().chain(corpus).chain(files).collect()
}

fn corpus_entity(stage: &str, corpus: &Corpus, read: &str) -> Value {
    let mut entity = json!({
        "@id": fragment("corpus", stage),
        "@type": "CreativeWork",
        "name": corpus.title,
        "description": format!("A corpus of recordings, not in the crate: {read}."),
        "exampleOfWork": reference(fragment("input", stage)),
    });
    let licence = corpus.licence.as_ref();
    let licence = licence.map(|words| page(Some(words)).map_or_else(|| json!(words), reference));
    say(&mut entity, "license", licence);
    say(&mut entity, "citation", corpus.citation.as_ref().map(|words| json!(words)));
    say(&mut entity, "url", corpus.url.as_ref().map(|url| json!(url)));
    entity
}

/// A file in the crate, or what is known of one that is not.
fn file_entity(file: &ResultFile, tables: &[AnyTable]) -> Value {
    let format = match file.path.rsplit('.').next() {
        Some("parquet") => "application/vnd.apache.parquet",
        Some("json") => "application/json",
        Some("html") => "text/html",
        Some("md") => "text/markdown",
        _ => "application/octet-stream",
    };
    let name = file.path.rsplit('/').next().and_then(|name| name.strip_suffix(".parquet"));
    let table = name.and_then(|name| tables.iter().map(|table| (table.describe)()).find(|doc| doc.name == name));
    let mut entity = json!({
        "@id": file_id(file),
        "@type": if file.inside { "File" } else { "CreativeWork" },
        "name": file.name(),
        "encodingFormat": format,
        "contentSize": file.bytes.to_string(),
        "identifier": format!("blake3:{}", file.hash),
    });
    let about = table.map(|doc| one_line(&doc.doc));
    let about = if file.inside { about } else { Some("Too large to be in the crate.".to_owned()) };
    say(&mut entity, "description", about.map(|about| json!(about)));
    entity
}

fn failed_action(stage: &StageRun) -> Value {
    json!({
        "@id": action_id(&stage.stage),
        "@type": "CreateAction",
        "name": format!("Stage `{}`", stage.stage),
        "description": "It failed, and has no result of this run.",
        "instrument": reference(program_id(&stage.kind)),
        "actionStatus": status(false),
        "error": error(stage),
    })
}

/// The program behind each kind of stage, in the version of its code.
fn programs(run: &RunRecord, results: &[StageResult<'_>]) -> Vec<Value> {
    let made = results.iter().map(|result| (result.run.kind.as_str(), result.record.identity.version));
    let failed = run.stages.iter().filter(|stage| stage.status == StageStatus::Failed);
    let mut programs: Vec<(&str, u32)> = made.chain(failed.map(|stage| (stage.kind.as_str(), stage.version))).collect();
    programs.sort_unstable();
    programs.dedup_by_key(|(kind, _)| *kind);
    let program = |(kind, version): (&str, u32)| {
        json!({
            "@id": program_id(kind),
            "@type": "SoftwareApplication",
            "name": format!("ser, stage kind `{kind}`"),
            "softwareVersion": version.to_string(),
        })
    };
    programs.into_iter().map(program).collect()
}

fn error(stage: &StageRun) -> String {
    format!("stage `{}`: {}", stage.stage, stage.error.as_deref().unwrap_or("no reason is recorded"))
}

fn status(done: bool) -> &'static str {
    if done { "http://schema.org/CompletedActionStatus" } else { "http://schema.org/FailedActionStatus" }
}

/// Puts `value` in, where there is one.
fn say(entity: &mut Value, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        entity[key] = value;
    }
}

fn run_id(run: &RunRecord) -> String {
    fragment("run", &run.id)
}

fn action_id(stage: &str) -> String {
    fragment("stage", stage)
}

fn program_id(kind: &str) -> String {
    fragment("kind", kind)
}

fn folder_id(stage: &str) -> String {
    format!("{RESULTS}/{}/", uri(stage))
}

fn file_id(file: &ResultFile) -> String {
    if file.inside { format!("{RESULTS}/{}", uri(&file.name())) } else { fragment("left-out", &file.name()) }
}
