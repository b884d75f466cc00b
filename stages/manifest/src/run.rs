//! The stage: read what was ingested, judge every row, write clips, exclusions and corpora.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ser_schemas::stage::{StageContext, StageSummary};
use ser_schemas::{Clip, Corpus, CorpusStatus, Emotion, Exclusion, KEY_SAMPLE_RATE_HZ, Reason, Table};

use crate::duplicates::{self, Candidate};
use crate::error::ManifestError;
use crate::labels::{Label, Labeller};
use crate::params::{LabelSource, Params};
use crate::quality::SoundRules;

/// The table of usable clips, in the stage's folder and in those of the ingest stages it reads.
pub const CLIPS_FILE: &str = "clips.parquet";
/// The table of files left out.
pub const EXCLUSIONS_FILE: &str = "exclusions.parquet";
/// The table of corpora.
pub const CORPORA_FILE: &str = "corpora.parquet";

/// The table of one corpus in an ingest stage's folder.
const CORPUS_FILE: &str = "corpus.parquet";

/// What became of every row.
struct Outcome {
    clips: Vec<Clip>,
    exclusions: Vec<Exclusion>,
    /// Usable clips by ingest stage.
    clips_by_stage: Vec<u64>,
    /// Exclusions by ingest stage and reason.
    reasons_by_stage: Vec<BTreeMap<Reason, u64>>,
}

/// Reads `clips.parquet` and `corpus.parquet` of every folder in `ingested`, and writes `clips.parquet`, in the order of
/// clip ids, with the sample rate of the features in its metadata; `exclusions.parquet`, in the order of paths; and
/// `corpora.parquet`, one row per ingest stage.
pub fn run(params: &Params, ingested: &[PathBuf], ctx: &StageContext<'_>) -> Result<StageSummary, ManifestError> {
    if ingested.is_empty() {
        return Err(ManifestError::NoInputs);
    }
    let mut corpora = Vec::new();
    let mut rows = Vec::new();
    let mut stages = Vec::new();
    for (stage, folder) in ingested.iter().enumerate() {
        if ctx.observer.is_cancelled() {
            return Err(ManifestError::Cancelled);
        }
        let path = folder.join(CORPUS_FILE);
        let corpus = Corpus::read(&path)?.into_iter().next().ok_or(ManifestError::NoCorpus { path })?;
        corpora.push(corpus);
        let clips = Clip::read(&folder.join(CLIPS_FILE))?;
        stages.extend(std::iter::repeat_n(stage, clips.len()));
        rows.extend(clips);
    }

    let labeller = Labeller::new(params, &rows);
    let unrated = corpora.iter().filter(|corpus| {
        params.label_source == LabelSource::Perceived && corpus.files > 0 && !labeller.is_perceived(&corpus.corpus)
    });
    let unrated: Vec<String> = unrated.map(|corpus| corpus.corpus.clone()).collect();
    let outcome = judge(params, &labeller, &rows, &stages, corpora.len());
    for (corpus, clips) in corpora.iter_mut().zip(&outcome.clips_by_stage) {
        corpus.clips = *clips;
    }
    if outcome.clips.is_empty() {
        let found =
            corpora.iter().zip(&outcome.reasons_by_stage).map(|(corpus, reasons)| what_was_found(corpus, reasons));
        return Err(ManifestError::NoClips { found: found.collect() });
    }
    if !unrated.is_empty() {
        let names = unrated.join(", ");
        ctx.observer.warn(&format!("no perceived labels in {names}: the intended ones are used there"));
    }

    let rate = [(KEY_SAMPLE_RATE_HZ, params.sample_rate_hz.to_string())];
    Clip::write_with(&ctx.out_dir.join(CLIPS_FILE), &outcome.clips, &ctx.provenance, &rate)?;
    Exclusion::write(&ctx.out_dir.join(EXCLUSIONS_FILE), &outcome.exclusions, &ctx.provenance)?;
    Corpus::write(&ctx.out_dir.join(CORPORA_FILE), &corpora, &ctx.provenance)?;
    Ok(summary(&corpora, &outcome))
}

/// Makes a clip or an exclusion of every row. `stages` tells which ingest stage a row came from.
fn judge(params: &Params, labeller: &Labeller<'_>, rows: &[Clip], stages: &[usize], stage_count: usize) -> Outcome {
    let labels: Vec<Label> = rows.iter().map(|clip| labeller.label(clip)).collect();
    let mut verdicts: Vec<Option<(Reason, String)>> =
        rows.iter().zip(&labels).map(|(clip, label)| first_reason(params, clip, label)).collect();
    let candidates: Vec<Candidate<'_>> = rows
        .iter()
        .zip(labels.iter().zip(&verdicts))
        .map(|(clip, (label, verdict))| Candidate {
            clip,
            // What a broken or foreign file is called proves nothing about its copies.
            word: label.word().filter(|_| clip.problem.is_none()),
            eligible: verdict.is_none(),
        })
        .collect();
    for (index, detail) in duplicates::resolve(&candidates) {
        verdicts[index] = Some((Reason::Duplicate, detail));
    }

    let mut outcome = Outcome {
        clips: Vec::new(),
        exclusions: Vec::new(),
        clips_by_stage: vec![0; stage_count],
        reasons_by_stage: vec![BTreeMap::new(); stage_count],
    };
    for (((clip, label), verdict), &stage) in rows.iter().zip(&labels).zip(verdicts).zip(stages) {
        match (verdict, label) {
            (None, Label::Class(emotion)) => {
                outcome.clips_by_stage[stage] += 1;
                outcome.clips.push(Clip { emotion: Some(*emotion), ..clip.clone() });
            }
            (verdict, _) => {
                let (reason, detail) = verdict.unwrap_or((Reason::LabelNotWanted, String::new()));
                *outcome.reasons_by_stage[stage].entry(reason).or_default() += 1;
                outcome.exclusions.push(Exclusion {
                    clip_id: clip.clip_id.clone(),
                    path: clip.path.clone(),
                    corpus: clip.corpus.clone(),
                    reason,
                    detail,
                });
            }
        }
    }
    outcome.clips.sort_by(|a, b| a.clip_id.cmp(&b.clip_id));
    outcome.exclusions.sort_by(|a, b| (&a.path, a.reason, &a.detail).cmp(&(&b.path, b.reason, &b.detail)));
    outcome
}

/// The first reason of the stated order that concerns the row alone.
fn first_reason(params: &Params, clip: &Clip, label: &Label) -> Option<(Reason, String)> {
    if let Some(reason) = clip.problem {
        return Some((reason, clip.problem_detail.clone().unwrap_or_else(|| reason.meaning().to_owned())));
    }
    match label {
        Label::Unwanted { why, .. } => Some((Reason::LabelNotWanted, why.clone())),
        Label::Unrated => Some((
            Reason::LabelNotWanted,
            "raters were tied, or the clip was not rated: it has no perceived label".to_owned(),
        )),
        Label::Class(_) => SoundRules::from(params).judge(clip),
    }
}

fn what_was_found(corpus: &Corpus, reasons: &BTreeMap<Reason, u64>) -> String {
    let (name, root) = (&corpus.corpus, &corpus.root);
    match corpus.status {
        CorpusStatus::FolderMissing => format!("{name}: the folder `{root}` is missing"),
        CorpusStatus::FolderEmpty => format!("{name}: the folder `{root}` holds no audio file"),
        CorpusStatus::Ingested => {
            format!("{name}: {} files in `{root}`, left out: {}", corpus.files, counted(reasons))
        }
    }
}

fn counted(reasons: &BTreeMap<Reason, u64>) -> String {
    reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}

fn summary(corpora: &[Corpus], outcome: &Outcome) -> StageSummary {
    let mut all: BTreeMap<Reason, u64> = BTreeMap::new();
    for (reason, count) in outcome.reasons_by_stage.iter().flatten() {
        *all.entry(*reason).or_default() += count;
    }
    let clips = outcome.clips.len();
    let headline = match outcome.exclusions.len() {
        0 => format!("{clips} clips, none excluded"),
        excluded => format!("{clips} clips, {excluded} excluded ({})", counted(&all)),
    };
    let per_corpus = corpora.iter().zip(&outcome.reasons_by_stage).map(|(corpus, reasons)| match corpus.status {
        CorpusStatus::Ingested if reasons.is_empty() => {
            format!("{}: {} files found, {} clips", corpus.corpus, corpus.files, corpus.clips)
        }
        CorpusStatus::Ingested => format!(
            "{}: {} files found, {} clips, excluded: {}",
            corpus.corpus,
            corpus.files,
            corpus.clips,
            counted(reasons)
        ),
        CorpusStatus::FolderMissing | CorpusStatus::FolderEmpty => what_was_found(corpus, reasons),
    });
    let mut notes: Vec<String> = per_corpus.collect();
    let emotions = Emotion::ALL.into_iter().filter_map(|emotion| {
        let count = outcome.clips.iter().filter(|clip| clip.emotion == Some(emotion)).count();
        (count > 0).then(|| format!("{emotion} {count}"))
    });
    notes.push(emotions.collect::<Vec<_>>().join(", "));
    StageSummary { rows: clips as u64, headline, notes }
}

#[cfg(test)]
mod tests;
