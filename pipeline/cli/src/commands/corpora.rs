//! `ser corpora`: the corpora that ship with the program, a folder checked against one, a new descriptor to start from.

use std::fmt::Write as _;
use std::path::Path;

use ser_ingest::{Descriptor, Example, Redistribution, Survey};
use ser_storage::{Root, RootProblem};
use ser_text::printable;
use serde_json::json;

use crate::args::{CorporaArgs, CorporaCommand};
use crate::output::{self, Status, UsageError};
use crate::text_table;

/// How many files a list names.
const LISTED: usize = 5;

pub(crate) fn run(args: &CorporaArgs) -> anyhow::Result<Status> {
    match &args.command {
        None | Some(CorporaCommand::List) => list(args.json),
        Some(CorporaCommand::Check { root, corpus }) => check(root, corpus, args.json),
        Some(CorporaCommand::New { name }) => new(name),
    }
}

fn list(json: bool) -> anyhow::Result<Status> {
    let corpora = ser_ingest::builtin_descriptors();
    if json {
        let list: Vec<_> = corpora
            .iter()
            .map(|corpus| {
                json!({
                    "corpus": corpus.name,
                    "title": corpus.title,
                    "language": corpus.language,
                    "licence": corpus.licence,
                    "redistribution": corpus.redistribution.map(Redistribution::as_str),
                    "citation": corpus.citation,
                    "url": corpus.url,
                    "obtain": corpus.obtain,
                    "fetch": corpus.fetch_command(),
                })
            })
            .collect();
        output::print_json(&list)?;
        return Ok(Status::Done);
    }
    let mut text = String::new();
    for corpus in &corpora {
        let fetch = corpus.fetch_command();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}  {}", corpus.name, corpus.title);
        let passing_on = corpus.redistribution.map_or("not known to be allowed", Redistribution::as_str).to_owned();
        for (label, value) in [
            ("language", &corpus.language),
            ("licence", &corpus.licence),
            ("pass on", &Some(passing_on)),
            ("from", &corpus.url),
            ("get it", &corpus.obtain),
            ("fetch it", &fetch),
        ] {
            if let Some(value) = value {
                let _ = writeln!(text, "    {label:<9} {}", value.trim());
            }
        }
    }
    output::print(text.trim_end())?;
    Ok(Status::Done)
}

fn check(root: &Path, corpus: &str, json: bool) -> anyhow::Result<Status> {
    let descriptor = Descriptor::load(corpus, Path::new("."))?;
    let shown = root.to_string_lossy();
    if let Some(RootProblem { message, hint }) = Root::problem(&shown) {
        return Err(UsageError { message, hint: Some(hint) }.into());
    }
    let survey = ser_ingest::check_root(&descriptor, root)?;
    let status = if survey.exists && !is_misread(&survey) { Status::Done } else { Status::Failed };
    if json {
        output::print_json(&survey)?;
        return Ok(status);
    }
    if !survey.exists {
        let is_bucket = Root::is_bucket(&shown);
        let what = if is_bucket { "there is nothing below" } else { "there is no folder" };
        let hint = if is_bucket { None } else { descriptor.how_to_get() };
        return Err(UsageError { message: format!("{what} `{}`", printable(&shown)), hint }.into());
    }
    output::print(describe(&survey).trim_end())?;
    Ok(status)
}

/// `true` if there are files, and not one is understood.
pub(crate) fn is_misread(survey: &Survey) -> bool {
    survey.files > 0 && survey.recordings == 0
}

/// Findings of the survey, warnings first and notes last. File names are other people's text, and shown so that a
/// terminal does not obey them.
pub(crate) fn describe(survey: &Survey) -> String {
    let mut text = printable(&format!(
        "{}: {} audio files in `{}`, {} understood as {}",
        survey.corpus,
        survey.files,
        survey.root,
        survey.recordings,
        survey.edition.as_deref().unwrap_or("recordings of the corpus"),
    ))
    .into_owned();
    text.push('\n');
    if let Some(shortfall) = &survey.shortfall {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "not complete: {}", printable(shortfall));
    }
    match survey.warnings.len() {
        0 => text.push_str("no warnings\n"),
        1 => text.push_str("\n1 WARNING\n"),
        several => {
            let _ = writeln!(text, "\n{several} WARNINGS");
        }
    }
    for (number, warning) in survey.warnings.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", number + 1, printable(warning));
    }
    if !survey.examples.is_empty() {
        let cell = |cell: &Option<String>| printable(cell.as_deref().unwrap_or("-")).into_owned();
        let row = |example: &Example| {
            let Example { path, speaker, emotion, sentence, take } = example;
            vec![printable(path).into_owned(), cell(speaker), cell(emotion), cell(sentence), cell(take)]
        };
        let rows: Vec<Vec<String>> = survey.examples.iter().map(row).collect();
        let head = ["for example", "speaker", "emotion", "sentence", "take"];
        let _ = write!(text, "\n{}", text_table::render(&head, &rows));
    }
    for (title, counts) in
        [("emotion", &survey.emotions), ("speaker", &survey.speakers), ("left out as", &survey.other_modalities)]
    {
        if !counts.is_empty() {
            let rows: Vec<Vec<String>> =
                counts.iter().map(|(name, count)| vec![printable(name).into_owned(), count.to_string()]).collect();
            let _ = write!(text, "\n{}", text_table::render(&[title, "files"], &rows));
        }
    }
    for (title, named) in [("names not understood", &survey.not_understood), ("names repaired", &survey.repaired)] {
        list_files(&mut text, title, named.iter().map(|(path, why)| format!("{path}: {why}")));
    }
    let copies = survey.seen_twice.iter().map(|(path, first)| format!("{path}: as {first}"));
    list_files(&mut text, "seen twice, counted once", copies);
    list_files(&mut text, "name and folder disagree", survey.contradicting.iter().cloned());
    if !survey.notes.is_empty() {
        text.push_str("\nnotes\n");
    }
    for note in &survey.notes {
        let _ = writeln!(text, "  - {}", printable(note));
    }
    text
}

/// A title with the number of lines, and the first of them.
fn list_files(text: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let number = lines.len();
    if number == 0 {
        return;
    }
    let _ = writeln!(text, "\n{title}: {number}");
    for line in lines.take(LISTED) {
        let _ = writeln!(text, "  {}", printable(&line));
    }
    if number > LISTED {
        let _ = writeln!(text, "  ... and {} more; `--json` has them all", number - LISTED);
    }
}

fn new(name: &str) -> anyhow::Result<Status> {
    if !ser_ingest::is_valid_name(name) {
        return Err(UsageError {
            message: format!("`{name}` cannot be the name of a corpus"),
            hint: Some("use lower-case letters, digits and `_`, beginning with a letter".to_owned()),
        }
        .into());
    }
    output::print(ser_ingest::template(name).trim_end())?;
    Ok(Status::Done)
}
