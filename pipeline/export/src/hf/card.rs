//! The card of a dataset: a header for the Hub, and what whoever opens the folder has to know.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use ser_schemas::{Clip, Corpus, Reason, Role, language_code};
use ser_text::counted;
use serde_json::Value;

use super::columns::Columns;
use super::{CARD, DATA, HfOptions, HfSummary};
use crate::dataset::{Dataset, terms_of};
use crate::licence::hub_id;
use crate::text::cell;
use crate::whole_folder::holds_only;

/// A line of every card, by which an earlier export is known.
const MARK: &str = "<!-- written by `ser export hf` -->";

/// `true` if an earlier export wrote the folder `dir`.
pub(super) fn is_of_an_export(dir: &Path) -> bool {
    holds_only(dir, &[CARD, DATA]) && fs::read_to_string(dir.join(CARD)).is_ok_and(|card| card.contains(MARK))
}

/// The card of `dataset`, whose clips are divided into `parts`.
pub(super) fn write(
    dataset: &Dataset,
    parts: &[(Role, Vec<&Clip>)],
    columns: &Columns,
    summary: &HfSummary,
    options: &HfOptions<'_>,
) -> String {
    let mut card = header(dataset, columns, summary);
    // Writing to a string cannot fail.
    let _ = write!(card, "{MARK}\n\n# {}\n\n", cell(&dataset.name));
    card += &introduction(dataset, columns, options);
    card += &division(parts, columns, summary, options);
    card += &corpora(dataset, options);
    let _ = write!(card, "\n## What was left out\n\n{}\n", left_out(dataset, summary));
    card += "\n## Columns\n\n| Column | Meaning |\n|---|---|\n";
    for column in &columns.columns {
        let _ = writeln!(card, "| `{}` | {} |", column.name, cell(&column.doc));
    }
    card
}

fn header(dataset: &Dataset, columns: &Columns, summary: &HfSummary) -> String {
    let clips: usize = summary.splits.iter().map(|split| split.clips).sum();
    let bytes: u64 = summary.splits.iter().map(|split| split.bytes).sum();
    let licences: BTreeSet<&str> = dataset
        .used()
        .iter()
        .filter(|corpus| !corpus.synthetic)
        .map(|corpus| hub_id(corpus.licence.as_deref()))
        .collect();
    let licences = if licences.is_empty() { BTreeSet::from(["other"]) } else { licences };
    let languages: BTreeSet<String> = dataset.languages().into_iter().map(language_code).collect();
    let mut header = format!("---\npretty_name: {}\n", quoted(&dataset.name));
    header += &list("license", licences);
    header += &list("language", languages.iter().map(String::as_str));
    header += "task_categories:\n- audio-classification\ntags:\n- speech\n- speech-emotion-recognition\n";
    header += &list("size_categories", [size(clips)]);
    header += "configs:\n- config_name: default\n  data_files:\n";
    for split in &summary.splits {
        let _ = write!(header, "  - split: {0}\n    path: {DATA}/{0}-*\n", split.name);
    }
    let _ = write!(header, "dataset_info:\n  features:\n{}  splits:\n", columns.yaml());
    for split in &summary.splits {
        let _ = write!(
            header,
            "  - name: {}\n    num_bytes: {}\n    num_examples: {}\n",
            split.name, split.bytes, split.clips
        );
    }
    let _ = write!(header, "  download_size: {bytes}\n  dataset_size: {bytes}\n---\n");
    header
}

/// A key with a list of words; nothing without words.
fn list<'a>(key: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    if words.is_empty() { String::new() } else { format!("{key}:\n- {}\n", words.join("\n- ")) }
}

/// Classes of sizes: the Hub's documentation of dataset cards.
fn size(clips: usize) -> &'static str {
    match clips {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        _ => "1M<n<10M",
    }
}

fn introduction(dataset: &Dataset, columns: &Columns, options: &HfOptions<'_>) -> String {
    let mut text = String::new();
    let used = dataset.used();
    let closed: Vec<&str> = used
        .iter()
        .filter(|corpus| !terms_of(corpus, options.terms).may_be_passed_on)
        .map(|corpus| corpus.corpus.as_str())
        .collect();
    if options.private && !closed.is_empty() {
        let _ = write!(
            text,
            "**A private copy, not to be passed on**: the licences of some corpora do not let their recordings be passed on \
             ({}).\n\n",
            closed.join(", ")
        );
    }
    let classes: Vec<String> = columns.classes.iter().map(|class| format!("`{class}`")).collect();
    let _ = write!(
        text,
        "Emotional speech: {} with one emotion each ({}), from {}. Recordings are the files as they were found, byte for \
         byte.\n\n```python\nfrom datasets import load_dataset\n\ndataset = \
         load_dataset(\"path/to/this/folder\")\n```\n",
        counted(dataset.clips.len(), "clip"),
        classes.join(", "),
        if used.len() == 1 { "one corpus".to_owned() } else { format!("{} corpora", used.len()) },
    );
    text
}

fn division(parts: &[(Role, Vec<&Clip>)], columns: &Columns, summary: &HfSummary, options: &HfOptions<'_>) -> String {
    let mut text = "\n## Splits\n\n".to_owned();
    let _ = match options.division {
        Some(division) => write!(
            text,
            "Fold {} of the split `{}`, made by the protocol `{}`. ",
            division.fold, division.split, division.protocol
        ),
        None => write!(
            text,
            "The dataset is not divided: all clips are in `train`. A model that is tested on speakers it was trained on \
             looks better than it is; divide by `speaker`. "
        ),
    };
    if summary.without_part > 0 {
        let _ = write!(text, "{} of the manifest take no part in this fold. ", counted(summary.without_part, "clip"));
    }
    text.truncate(text.trim_end().len());
    text += "\n\n| Split | Clips | Speakers | Minutes |";
    for class in &columns.classes {
        let _ = write!(text, " {class} |");
    }
    let _ = writeln!(text, "\n|---|---|---|---|{}", "---|".repeat(columns.classes.len()));
    for (role, clips) in parts {
        let speakers: BTreeSet<&str> = clips.iter().filter_map(|clip| clip.speaker.as_deref()).collect();
        let minutes: f64 = clips.iter().filter_map(|clip| clip.duration_s).sum::<f64>() / 60.0;
        let _ = write!(text, "| {role} | {} | {} | {minutes:.1} |", clips.len(), speakers.len());
        for class in &columns.classes {
            let _ = write!(text, " {} |", clips.iter().filter(|clip| clip.emotion == Some(*class)).count());
        }
        text.push('\n');
    }
    text
}

fn corpora(dataset: &Dataset, options: &HfOptions<'_>) -> String {
    let mut text = "\n## Corpora and their licences\n\n| Corpus | Clips | Language | Licence | Passing on |\n\
                    |---|---|---|---|---|\n"
        .to_owned();
    let used = dataset.used();
    for corpus in &used {
        let clips = dataset.clips.iter().filter(|clip| clip.corpus == corpus.corpus).count();
        let terms = terms_of(corpus, options.terms);
        let passing_on = match (terms.may_be_passed_on, terms.condition) {
            (true, None) => "allowed".to_owned(),
            (true, Some(condition)) => format!("allowed: {condition}"),
            (false, Some(condition)) => format!("not allowed: {condition}"),
            (false, None) => "not known to be allowed".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {} | {clips} | {} | {} | {} |",
            titled(corpus),
            cell(corpus.language.as_deref().unwrap_or("not stated")),
            cell(corpus.licence.as_deref().unwrap_or("not stated")),
            cell(&passing_on),
        );
    }
    let citations: Vec<&str> = used.iter().filter_map(|corpus| corpus.citation.as_deref()).collect();
    if !citations.is_empty() {
        text += "\nCite:\n\n";
        for citation in citations {
            let _ = writeln!(text, "- {}", cell(citation));
        }
    }
    text
}

/// The corpus's title, linked to where it is from.
fn titled(corpus: &Corpus) -> String {
    let title = cell(&corpus.title);
    match corpus.url.as_deref().filter(|url| url.starts_with("http") && !url.contains([' ', '(', ')', '<', '>'])) {
        Some(url) => format!("[{title}]({url})"),
        None => title,
    }
}

/// One line: how many files are not in the dataset, and why.
fn left_out(dataset: &Dataset, summary: &HfSummary) -> String {
    let mut reasons: BTreeMap<Reason, usize> = BTreeMap::new();
    for row in &dataset.exclusions {
        *reasons.entry(row.reason).or_default() += 1;
    }
    let told: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} `{reason}`")).collect();
    let files = dataset.clips.len() + dataset.exclusions.len();
    let mut text = match dataset.exclusions.len() {
        0 => format!("None of {} that were found.", counted(files, "file")),
        count => format!("{count} of {}: {}.", counted(files, "file"), told.join(", ")),
    };
    if summary.without_part > 0 {
        let _ = write!(text, " Besides, {} without a part in the fold.", counted(summary.without_part, "clip"));
    }
    text
}

/// Text as a string of YAML, of which JSON's are a part.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
