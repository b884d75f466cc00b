//! Reads a pipeline file: strict, all mistakes at once, into a [`Pipeline`] that cannot be wrong.

mod document;
mod env;
mod links;
mod overrides;
mod pipeline;
mod stages;

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use self::document::{Entry, NodeValue, Reader, entry};
use self::env::Env;
use crate::diagnostic::{Diagnostic, Source, Span, SpecErrors};
use crate::registry::Registry;
use ser_stage::suggest::advice;

pub use self::overrides::Override;
pub use self::pipeline::{Pipeline, Stage};

/// Larger files are no pipelines; reading one by mistake must not eat the memory.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// More stages than any pipeline has; keeps the checks of their links quick.
const MAX_STAGES: usize = 1000;

/// A file that is no TOML at all is wrong in every line; the first ones say so.
const MAX_SYNTAX_ERRORS: usize = 20;

const DEFAULT_SEED: u64 = 42;

const TOP_KEYS: [&str; 3] = ["name", "seed", "stage"];

/// A pipeline file.
#[derive(Debug)]
pub enum Spec {}

impl Spec {
    /// Reads and checks the file at `path`, with `overrides` put in. `env` gives the values of `${VAR}`.
    ///
    /// # Errors
    /// Every mistake found. Only where the file is no TOML at all are its contents not looked at any further.
    pub fn load(
        path: &Path,
        registry: &Registry,
        overrides: &[Override],
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Pipeline, SpecErrors> {
        let text = read_text(path).map_err(|diagnostic| SpecErrors(vec![*diagnostic]))?;
        Self::parse(path, text, registry, overrides, env)
    }

    /// Checks `text` as the pipeline file at `path`, which need not exist.
    pub fn parse(
        path: &Path,
        text: String,
        registry: &Registry,
        overrides: &[Override],
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Pipeline, SpecErrors> {
        let source = Arc::new(Source { name: path.display().to_string(), text });
        let mut found = Vec::new();
        let Some(mut root) = parse_document(&source, env, &mut found) else {
            return Err(SpecErrors::sorted(found));
        };
        overrides::apply(&mut root, overrides, env, &mut found);
        let head = check_head(&root, &source, &mut found);
        let drafts = check_stages(&root, &source, registry, &mut found);
        if !found.is_empty() {
            return Err(SpecErrors::sorted(found));
        }
        let order = links::order(&drafts);
        let mut pipeline = Pipeline {
            name: head.name,
            seed: head.seed,
            file: path.to_owned(),
            text: source.text.clone(),
            overrides: overrides.iter().map(|item| item.as_str().to_owned()).collect(),
            content: registry.content,
            stages: Vec::with_capacity(drafts.len()),
        };
        pipeline.add(drafts, &order);
        Ok(pipeline)
    }
}

struct Head {
    name: String,
    seed: u64,
}

fn read_text(path: &Path) -> Result<String, Box<Diagnostic>> {
    let name = path.display().to_string();
    let failed = |message: String, hint: &str| Box::new(Diagnostic::of_file(&name, message).hint(hint));
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failed(
            format!("there is no pipeline file `{name}`"),
            "run this in the folder that holds `pipeline.toml`, or name the file with `--file`",
        ),
        _ => failed(format!("cannot read `{name}`: {error}"), "check the path and its permissions"),
    })?;
    if !metadata.is_file() {
        return Err(failed(
            format!("`{name}` is not a file"),
            "name the pipeline file itself, for example `pipeline.toml`",
        ));
    }
    if metadata.len() > MAX_FILE_BYTES {
        let message = format!("`{name}` has {} bytes, a pipeline file at most {MAX_FILE_BYTES}", metadata.len());
        return Err(failed(message, "is it the right file?"));
    }
    let bytes = std::fs::read(path)
        .map_err(|error| failed(format!("cannot read `{name}`: {error}"), "check the path and its permissions"))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let source = Arc::new(Source { name: name.clone(), text });
        let span = Span::new(&source, at..at + 1);
        Box::new(
            Diagnostic::at(&span, format!("`{name}` is not UTF-8 text"))
                .label("the first byte that is not")
                .hint("save the file as UTF-8"),
        )
    })
}

/// The file as a tree. `None` where it is no TOML; a key that stands twice keeps the rest readable.
fn parse_document(source: &Arc<Source>, env: &Env<'_>, found: &mut Vec<Diagnostic>) -> Option<Vec<Entry>> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let mut readable = true;
    let mut repeated_header: Option<usize> = None;
    for error in errors.iter().take(MAX_SYNTAX_ERRORS) {
        let span = Span::new(source, error.span().unwrap_or(0..0));
        if error.message() != "duplicate key" {
            readable = false;
            found.push(Diagnostic::at(&span, format!("not valid TOML: {}", error.message())));
            continue;
        }
        // The keys below a header that stands twice are repetitions, too; one report is enough.
        if repeated_header.is_some_and(|header| !source.text[header..span.range.start].contains("\n[")) {
            continue;
        }
        let (line, earlier) = line_and_its_like(&source.text, span.range.start);
        if line.starts_with('[') {
            repeated_header = Some(span.range.start);
        }
        let label =
            earlier.map_or_else(|| "declared before".to_owned(), |line| format!("declared before on line {line}"));
        found.push(
            Diagnostic::at(&span, format!("`{}` is declared twice", &source.text[span.range.clone()]))
                .label(label)
                .hint("every stage and every key stands once; rename or remove one"),
        );
    }
    let mut reader = Reader { source, offset: 0, env, diagnostics: found };
    readable.then(|| reader.table(table.get_ref()))
}

/// The line around `at`, trimmed, and the number of the first line before it that reads the same.
fn line_and_its_like(text: &str, at: usize) -> (&str, Option<usize>) {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default().trim();
    let earlier = text[..start].lines().position(|earlier| earlier.trim() == line);
    (line, earlier.map(|index| index + 1))
}

fn check_head(root: &[Entry], source: &Arc<Source>, found: &mut Vec<Diagnostic>) -> Head {
    for item in root.iter().filter(|item| !TOP_KEYS.contains(&item.key.as_str())) {
        let hint = if item.node.as_table().is_some_and(|table| entry(table, "kind").is_some()) {
            Some(format!("write `[stage.{}]`", item.key))
        } else {
            advice(&item.key, &TOP_KEYS, "valid")
        };
        found.push(Diagnostic::at(&item.key_span, format!("unknown key `{}`", item.key)).hint_opt(hint));
    }
    let name = match entry(root, "name").map(|item| (&item.node, item.node.as_str())) {
        Some((_, Some(name))) if !name.trim().is_empty() => name.to_owned(),
        Some((node, _)) => {
            let message = format!("`name` must be a string that is not empty, found {}", node.shown());
            found.push(Diagnostic::at(&node.span, message));
            String::new()
        }
        None => {
            let start = Span::new(source, 0..0);
            found.push(Diagnostic::at(&start, "the pipeline has no `name`").hint("add `name = \"...\"` at the top"));
            String::new()
        }
    };
    let seed = match entry(root, "seed").map(|item| &item.node) {
        None => DEFAULT_SEED,
        Some(node) => match node.value {
            // TOML numbers are at most 2^63 - 1 in other programs that may read this file.
            NodeValue::Integer(seed) if (0..=i128::from(i64::MAX)).contains(&seed) => seed as u64,
            _ => {
                let message = format!("`seed` must be a whole number from 0 to {}, found {}", i64::MAX, node.shown());
                found.push(Diagnostic::at(&node.span, message));
                DEFAULT_SEED
            }
        },
    };
    Head { name, seed }
}

fn check_stages(
    root: &[Entry],
    source: &Arc<Source>,
    registry: &Registry,
    found: &mut Vec<Diagnostic>,
) -> Vec<stages::DraftStage> {
    let hint = "declare one: `[stage.<name>]` with `kind = \"...\"`";
    let items: &[Entry] = match entry(root, "stage").map(|item| (item, item.node.as_table())) {
        Some((_, Some(items))) => items,
        Some((item, None)) => {
            let message = format!("`stage` must be a table of stages, found {}", item.node.describe());
            found.push(Diagnostic::at(&item.key_span, message).hint(hint));
            return Vec::new();
        }
        None => &[],
    };
    if items.is_empty() {
        let end = source.text.trim_end().len();
        found.push(Diagnostic::at(&Span::new(source, end..end), "the pipeline has no stages").hint(hint));
    }
    if let Some(excess) = items.get(MAX_STAGES) {
        let message = format!("the pipeline has {} stages, at most {MAX_STAGES} are possible", items.len());
        found.push(Diagnostic::at(&excess.key_span, message));
        return Vec::new();
    }
    let drafts: Vec<stages::DraftStage> = items.iter().map(|item| stages::read(item, registry, found)).collect();
    links::check(&drafts, registry, found);
    drafts
}
