//! What is not there: corpora, files, clips; and what only pretends to be.

use std::collections::BTreeMap;

use ser_schemas::{CorpusStatus, Exclusion, Finding, Reason, Severity};
use ser_text::{counted, some_names};

use super::{about, finding};
use crate::codes::Code;
use crate::dataset::Dataset;
use crate::params::Params;

/// Synthetic demo speech: figures say nothing about people.
pub(super) fn synthetic(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let synthetic = dataset.corpora.iter().filter(|corpus| corpus.synthetic).map(|corpus| corpus.corpus.clone());
    let message = "the data are synthetic: no figure says anything about emotions in speech".to_owned();
    about(Code::SyntheticData, synthetic.collect(), |_| message).into_iter().collect()
}

/// Corpora that were declared and are not there.
pub(super) fn missing_corpora(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let missing = dataset.corpora.iter().filter_map(|corpus| {
        let what = match corpus.status {
            CorpusStatus::Ingested => return None,
            CorpusStatus::FolderMissing => "its folder is missing",
            CorpusStatus::FolderEmpty => "its folder holds no audio of it",
        };
        Some(finding(
            Code::CorpusMissing,
            format!("{} takes no part: {what}", corpus.corpus),
            format!("looked in {}", corpus.root),
        ))
    });
    missing.collect()
}

/// Corpora that lack files, or have more than they should.
pub(super) fn incomplete_corpora(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let ingested = dataset.corpora.iter().filter(|corpus| corpus.status == CorpusStatus::Ingested);
    let differing = ingested.filter_map(|corpus| {
        let shortfall = corpus.shortfall.clone()?;
        let expected = corpus.expected_files.map_or_else(String::new, |files| format!(" of {files}"));
        Some(finding(
            Code::CorpusIncomplete,
            format!("{} is not the complete corpus: {shortfall}", corpus.corpus),
            format!("{}{expected} files, {} clips", corpus.files, corpus.clips),
        ))
    });
    differing.collect()
}

/// Files left out, by corpus and reason. Duplicates have a finding of their own.
pub(super) fn exclusions(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let mut groups: BTreeMap<(&str, Reason), Vec<&Exclusion>> = BTreeMap::new();
    for exclusion in dataset.exclusions.iter().filter(|exclusion| exclusion.reason != Reason::Duplicate) {
        groups.entry((&exclusion.corpus, exclusion.reason)).or_default().push(exclusion);
    }
    let told = groups.into_iter().map(|((corpus, reason), files)| {
        let message = format!("{} of {corpus} left out as {reason}", counted(files.len(), "file"));
        let evidence = some_names(files.into_iter().map(|file| match reason {
            Reason::CopiesContradict => format!("{}: {}", file.path, file.detail),
            _ => file.clip_id.clone(),
        }));
        Finding { severity: severity(reason), ..finding(Code::FilesExcluded, message, evidence) }
    });
    told.collect()
}

/// Damage is worth a warning; choices are not.
fn severity(reason: Reason) -> Severity {
    match reason {
        Reason::Unreadable
        | Reason::Truncated
        | Reason::GitLfsPointer
        | Reason::NonFinite
        | Reason::ChannelsCancel
        | Reason::NameNotUnderstood
        | Reason::CopiesContradict
        | Reason::ClipIdTaken => Severity::Warning,
        Reason::Silent
        | Reason::TooShort
        | Reason::TooLong
        | Reason::LabelNotWanted
        | Reason::OtherModality
        | Reason::Duplicate
        | Reason::Declared => Severity::Info,
    }
}
