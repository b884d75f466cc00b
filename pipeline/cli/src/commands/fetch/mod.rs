//! `ser fetch`: corpora downloaded, verified and unpacked, and then what `ser corpora check` says of them.

mod display;
mod source;

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ser_fetch::{FetchError, Fetched, Job, Network, Source, agree_to_licence, is_licence_agreed};
use ser_ingest::{Descriptor, Survey};
use ser_text::counted;
use serde_json::json;

use crate::args::FetchArgs;
use crate::commands::corpora;
use crate::line::Line;
use crate::output::{self, Status, UsageError};
use crate::project::Project;
use crate::words::size;
use display::Display;

/// A corpus that is asked for.
struct Wanted {
    descriptor: Descriptor,
    source: Source,
    licence: Option<String>,
    root: PathBuf,
}

/// What became of it.
enum Outcome {
    /// It came, or was there from an earlier call.
    Fetched(Fetched),
    /// It is there, whole by its names, and did not come from here.
    Present,
    /// It has to be got by hand.
    ByHand(Vec<String>),
    Failed(anyhow::Error),
}

pub(crate) fn run(project: &Project<'_>, args: &FetchArgs) -> anyhow::Result<Status> {
    // All that can be wrong with what was typed is told before anything is fetched.
    if ser_storage::Root::is_bucket(&args.to.to_string_lossy()) {
        return Err(UsageError {
            message: format!("`{}` is no folder: corpora are not fetched into object storage", args.to.display()),
            hint: Some("fetch into a folder with `--to DIR`, and copy it (`aws s3 sync DIR s3://bucket`)".to_owned()),
        }
        .into());
    }
    let wanted = args.corpora.iter().map(|corpus| Wanted::load(corpus, args)).collect::<anyhow::Result<Vec<_>>>()?;
    if let (Some(archive), [_, second, ..]) = (&args.archive, wanted.as_slice()) {
        return Err(UsageError {
            message: format!("`{}` is one archive, and `{}` another corpus", archive.display(), second.descriptor.name),
            hint: Some("fetch one corpus at a time with `--archive`".to_owned()),
        }
        .into());
    }
    let network = Network::from_environment(&|variable| std::env::var(variable).ok());
    let network = network.map_err(|error| UsageError { message: error.to_string(), hint: None })?;
    let mut due = Vec::new();
    for corpus in wanted {
        let is_present = corpus.is_present()?;
        if !is_present && corpus.comes(args) {
            corpus.agree(args.accept_licence)?;
        }
        due.push((corpus, is_present));
    }
    let (mut status, mut told) = (Status::Done, Vec::new());
    for (corpus, is_present) in due {
        let outcome = if is_present { Outcome::Present } else { corpus.fetch(project, args, &network)? };
        let survey = match &outcome {
            Outcome::Fetched(_) | Outcome::Present => Some(ser_ingest::check_root(&corpus.descriptor, &corpus.root)?),
            Outcome::ByHand(_) | Outcome::Failed(_) => None,
        };
        if survey.as_ref().is_none_or(corpora::is_misread) {
            status = Status::Failed;
        }
        if args.json {
            told.push(corpus.json(&outcome, survey.as_ref()));
        } else {
            corpus.print(&outcome, survey.as_ref())?;
        }
        if let Outcome::Failed(error) = &outcome {
            output::tell_failure(error);
        }
    }
    if args.json {
        output::print_json(&told)?;
    }
    Ok(status)
}

impl Wanted {
    fn load(corpus: &str, args: &FetchArgs) -> anyhow::Result<Self> {
        let descriptor = Descriptor::load(corpus, Path::new("."))
            .map_err(|error| UsageError { message: error.to_string(), hint: None })?;
        let Some(fetch) = &descriptor.fetch else {
            return Err(UsageError {
                message: format!("the descriptor of `{}` does not say where it can be fetched", descriptor.name),
                hint: Some("add a `[fetch]` table to it, as docs/add-a-corpus.md says".to_owned()),
            }
            .into());
        };
        let source = source::source(&fetch.from, descriptor.how_to_obtain())?;
        let licence = descriptor.licence.as_ref().map(|licence| match &fetch.licence_url {
            Some(url) => format!("{licence} ({url})"),
            None => licence.clone(),
        });
        Ok(Self { root: args.to.join(&descriptor.name), source, licence, descriptor })
    }

    /// `true` if something is going to be put into the folder.
    fn comes(&self, args: &FetchArgs) -> bool {
        args.archive.is_some() || !matches!(self.source, Source::Manual { .. })
    }

    /// `true` if the corpus is there by its names, and nothing in the folder came from here: whoever unpacked it by
    /// hand need not download it again.
    fn is_present(&self) -> anyhow::Result<bool> {
        if !self.root.is_dir() || self.root.join(ser_fetch::FOLDER).exists() {
            return Ok(false);
        }
        let survey = ser_ingest::check_root(&self.descriptor, &self.root)?;
        Ok(survey.expected_files == Some(survey.recordings) && survey.shortfall.is_none() && !survey.synthetic)
    }

    /// Has the licence agreed to, unless it was before.
    fn agree(&self, is_accepted: bool) -> anyhow::Result<()> {
        let Some(licence) = &self.licence else { return Ok(()) };
        if is_licence_agreed(&self.root, licence)? {
            return Ok(());
        }
        let (name, title) = (&self.descriptor.name, &self.descriptor.title);
        let shown = format!("{title}\n  is published under: {licence}");
        if is_accepted {
            output::tell(shown);
        } else if std::io::stdin().is_terminal() && output::is_watched() {
            output::tell(format_args!("{shown}\n  Do you agree? [y/N]"));
            let mut answer = String::new();
            std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
            if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
                let message = format!("the licence of `{name}` was not agreed to, and nothing was fetched");
                return Err(UsageError { message, hint: None }.into());
            }
        } else {
            let message = format!("the licence of `{name}` has to be agreed to: {licence}");
            let hint = Some("read it, and pass `--accept-licence` if you agree".to_owned());
            return Err(UsageError { message, hint }.into());
        }
        Ok(agree_to_licence(&self.root, licence)?)
    }

    fn fetch(&self, project: &Project<'_>, args: &FetchArgs, network: &Network) -> anyhow::Result<Outcome> {
        let display = Display::new(&self.descriptor.name, project.quiet);
        let job = Job { source: &self.source, root: &self.root, archive: args.archive.as_deref() };
        match ser_fetch::fetch(&job, network, &display) {
            Ok(fetched) => Ok(Outcome::Fetched(fetched)),
            Err(FetchError::ByHand { steps }) => Ok(Outcome::ByHand(steps)),
            Err(error @ FetchError::NoArchive { .. }) => {
                let hint = error.hint();
                Err(UsageError { message: format!("{}: {error}", self.descriptor.name), hint }.into())
            }
            Err(error) => {
                let name = &self.descriptor.name;
                Ok(Outcome::Failed(anyhow::Error::new(error).context(format!("cannot fetch `{name}`"))))
            }
        }
    }

    fn print(&self, outcome: &Outcome, survey: Option<&Survey>) -> anyhow::Result<()> {
        let (name, root) = (&self.descriptor.name, self.root.display());
        let line = match outcome {
            Outcome::Fetched(fetched) => {
                let Fetched { files, bytes, was_complete } = *fetched;
                let was = if was_complete { "was there already" } else { "verified" };
                let files = counted(usize::try_from(files).unwrap_or(usize::MAX), "file");
                format!("{name}: {files}, {}, in `{root}`: {was}", size(bytes))
            }
            Outcome::Present => format!("{name}: complete by the names of its files, in `{root}`: nothing was fetched"),
            Outcome::ByHand(steps) => {
                let steps: Vec<String> =
                    steps.iter().enumerate().map(|(at, step)| format!("\n  {}. {step}", at + 1)).collect();
                format!("{name}: to be got by hand{}", steps.concat())
            }
            Outcome::Failed(_) => return Ok(()),
        };
        output::print(Line::new().message(line))?;
        survey.map_or(Ok(()), |survey| output::print(corpora::describe(survey).trim_end()))
    }

    fn json(&self, outcome: &Outcome, survey: Option<&Survey>) -> serde_json::Value {
        let mut value = json!({
            "corpus": self.descriptor.name,
            "root": self.root.display().to_string(),
            "licence": self.licence,
            "check": survey,
        });
        let more = match outcome {
            Outcome::Fetched(Fetched { files, bytes, was_complete }) => {
                let status = if *was_complete { "complete" } else { "fetched" };
                json!({"status": status, "files": files, "bytes": bytes})
            }
            Outcome::Present => json!({"status": "present"}),
            Outcome::ByHand(steps) => json!({"status": "by-hand", "steps": steps}),
            Outcome::Failed(error) => {
                json!({"status": "failed", "error": output::causes(error), "hint": output::hint(error)})
            }
        };
        if let (Some(value), serde_json::Value::Object(more)) = (value.as_object_mut(), more) {
            value.extend(more);
        }
        value
    }
}
