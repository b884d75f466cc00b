//! The stage: read what was ingested, judge every row, write clips, exclusions and corpora.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ser_schemas::{Clip, Corpus, CorpusStatus, Emotion, Exclusion, KEY_LIMITS, KEY_SAMPLE_RATE_HZ, Reason, Table};
use ser_stage::{Context, Outcome};

use crate::duplicates::{self, Candidate, Resolution};
use crate::error::ManifestError;
use crate::exclude::Excludes;
use crate::labels::{Label, Labeller};
use crate::params::{LabelSource, Params};
use crate::quality::SoundRules;
use crate::takes::tell_apart;
use crate::told;
use crate::vocabulary::Vocabularies;

/// What became of every row.
struct Judged {
    clips: Vec<Clip>,
    exclusions: Vec<Exclusion>,
    /// Usable clips by ingest stage.
    clips_by_stage: Vec<u64>,
    /// Clips left out by class, where nothing but the default of `keep` leaves them out.
    further: BTreeMap<Emotion, u64>,
    /// Exclusions by ingest stage and reason.
    reasons_by_stage: Vec<BTreeMap<Reason, u64>>,
    /// What became of copies.
    copies: Resolution,
}

/// Reads `clips.parquet` and `corpus.parquet` of every folder in `ingested`, and writes `clips.parquet`, in the order
/// of clip ids, with the sample rate of the features and the rules for sound in its metadata; `exclusions.parquet`, in
/// the order of paths; and `corpora.parquet`, one row per ingest stage.
pub fn run(params: &Params, ingested: &[PathBuf], ctx: &Context<'_>) -> Result<Outcome, ManifestError> {
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
        let path = folder.join(Corpus::INGESTED.file);
        let corpus = Corpus::read(&path)?.into_iter().next().ok_or(ManifestError::NoCorpus { path })?;
        corpora.push(corpus);
        let clips = Clip::read_in(folder)?;
        stages.extend(std::iter::repeat_n(stage, clips.len()));
        rows.extend(clips);
    }
    tell_apart(&mut rows, &stages);

    let absent = corpora.iter().filter(|corpus| corpus.status != CorpusStatus::Ingested);
    let absent: Vec<String> = absent.map(|corpus| corpus.corpus.clone()).collect();
    let absent: Vec<&str> = absent.iter().map(String::as_str).collect();
    let declared = Excludes::read(params, ctx.base_dir)?.apply(&rows, &absent)?;
    let labeller = Labeller::new(params, &rows);
    let unrated = corpora.iter().filter(|corpus| {
        params.label_source == LabelSource::Perceived && corpus.files > 0 && !labeller.is_perceived(&corpus.corpus)
    });
    let unrated: Vec<String> = unrated.map(|corpus| corpus.corpus.clone()).collect();
    let outcome = judge(params, &labeller, &rows, &declared.details, &stages, corpora.len());
    for (corpus, clips) in corpora.iter_mut().zip(&outcome.clips_by_stage) {
        corpus.clips = *clips;
    }
    let found =
        || corpora.iter().zip(&outcome.reasons_by_stage).map(|(corpus, reasons)| what_was_found(corpus, reasons));
    // What the analyst leaves out and could be used.
    let excluded = rows.iter().zip(&declared.details).filter(|(_, detail)| detail.is_some());
    let excluded = excluded.map(|(clip, _)| (clip, labeller.label(clip)));
    let mut excluded = excluded.filter(|(clip, label)| first_reason(params, clip, label).is_none());
    let Some(class) = outcome.clips.first().and_then(|clip| clip.emotion) else {
        let found = found().collect();
        return Err(match excluded.count() {
            0 => ManifestError::NoClips { found },
            usable => ManifestError::AllExcluded { usable, found },
        });
    };
    let vocabularies = Vocabularies::of(params, &labeller, &rows);
    for warning in vocabularies.warnings(params, &outcome.clips, &absent) {
        ctx.observer.warn(&warning);
    }
    if outcome.clips.iter().all(|clip| clip.emotion == Some(class)) {
        let (clips, words) = (outcome.clips.len(), vocabularies.listed());
        let excluded = excluded.any(|(_, label)| matches!(label, Label::Class(other) if other != class));
        return Err(ManifestError::OneClass { class, clips, words, excluded, found: found().collect() });
    }
    for warning in told::warnings(&rows, &outcome.copies) {
        ctx.observer.warn(&warning);
    }
    if !unrated.is_empty() {
        let names = unrated.join(", ");
        ctx.observer.warn(&format!("no perceived labels in {names}: the intended ones are used there"));
    }

    let rules = serde_json::to_string(&SoundRules::from(params)).unwrap_or_default();
    let extra = [(KEY_SAMPLE_RATE_HZ, params.sample_rate_hz.to_string()), (KEY_LIMITS, rules)];
    Clip::write_with(&Clip::file_in(ctx.out_dir), &outcome.clips, &ctx.provenance, &extra)?;
    Exclusion::write_in(ctx.out_dir, &outcome.exclusions, &ctx.provenance)?;
    Corpus::write_in(ctx.out_dir, &corpora, &ctx.provenance)?;
    let mut summary = summary(&corpora, &outcome);
    if declared.absent > 0 {
        let (count, names) = (declared.absent, absent.join(", "));
        summary.notes.push(format!("entries of `exclude` for corpora that are not there ({names}): {count}"));
    }
    Ok(summary)
}

/// Makes a clip or an exclusion of every row. `declared` tells why the analyst leaves a row out, and `stages` which
/// ingest stage it came from.
fn judge(
    params: &Params,
    labeller: &Labeller<'_>,
    rows: &[Clip],
    declared: &[Option<String>],
    stages: &[usize],
    stage_count: usize,
) -> Judged {
    let labels: Vec<Label> = rows.iter().map(|clip| labeller.label(clip)).collect();
    let speakers: Vec<_> = rows.iter().map(|clip| clip.speaker.as_deref().map(ser_text::nfc)).collect();
    let reason = |row: usize| match &declared[row] {
        Some(detail) => Some((Reason::Declared, detail.clone())),
        None => first_reason(params, &rows[row], &labels[row]),
    };
    let mut verdicts: Vec<Option<(Reason, String)>> = (0..rows.len()).map(reason).collect();
    let candidate = |row: usize| {
        // What a broken or foreign file is called proves nothing about its copies, nor does what the analyst rejects.
        let counts = rows[row].problem.is_none() && declared[row].is_none();
        Candidate {
            clip: &rows[row],
            word: labels[row].word().filter(|_| counts),
            speaker: speakers[row].as_deref().filter(|_| counts),
            eligible: verdicts[row].is_none(),
        }
    };
    let candidates: Vec<Candidate<'_>> = (0..rows.len()).map(candidate).collect();
    let copies = duplicates::resolve(&candidates);
    for (index, verdict) in &copies.out {
        verdicts[*index] = Some(verdict.clone());
    }
    let copy_of = |row: usize| copies.copy_of.get(&row).map(|&other| rows[other].clip_id.clone());
    let copy_of: Vec<Option<String>> = (0..rows.len()).map(copy_of).collect();

    let mut outcome = Judged {
        clips: Vec::new(),
        exclusions: Vec::new(),
        clips_by_stage: vec![0; stage_count],
        further: BTreeMap::new(),
        reasons_by_stage: vec![BTreeMap::new(); stage_count],
        copies,
    };
    let files = rows.iter().zip(&labels).zip(verdicts.into_iter().zip(copy_of)).zip(stages);
    for (((clip, label), (verdict, copy_of)), &stage) in files {
        match (verdict, label) {
            (None, Label::Class(emotion)) => {
                outcome.clips_by_stage[stage] += 1;
                outcome.clips.push(Clip { emotion: Some(*emotion), ..clip.clone() });
            }
            (verdict, _) => {
                if let (Some((Reason::LabelNotWanted, _)), Label::Further(class)) = (&verdict, label) {
                    *outcome.further.entry(*class).or_default() += 1;
                }
                let (reason, detail) = verdict.unwrap_or((Reason::LabelNotWanted, String::new()));
                *outcome.reasons_by_stage[stage].entry(reason).or_default() += 1;
                outcome.exclusions.push(Exclusion {
                    clip_id: clip.clip_id.clone(),
                    path: clip.path.clone(),
                    corpus: clip.corpus.clone(),
                    reason,
                    detail,
                    copy_of,
                    speaker: clip.speaker.clone(),
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
    let why = match label {
        Label::Class(_) => return SoundRules::from(params).judge(clip),
        Label::Unwanted { why, .. } => why.clone(),
        Label::Further(class) => {
            format!("`{class}` is none of the built-in emotions, and neither `keep` nor `labels` asks for it")
        }
        Label::Unrated => "raters were tied, or the clip was not rated: it has no perceived label".to_owned(),
        Label::Untold => "neither the file's name nor a table of the corpus tells its emotion".to_owned(),
    };
    Some((Reason::LabelNotWanted, why))
}

fn what_was_found(corpus: &Corpus, reasons: &BTreeMap<Reason, u64>) -> String {
    let (name, root) = (&corpus.corpus, &corpus.root);
    match corpus.status {
        CorpusStatus::FolderMissing => format!("{name}: the folder `{root}` is missing"),
        CorpusStatus::FolderEmpty => format!("{name}: the folder `{root}` holds no audio file"),
        CorpusStatus::Ingested if reasons.is_empty() => {
            format!("{name}: {} files in `{root}`, all usable", corpus.files)
        }
        CorpusStatus::Ingested => {
            format!("{name}: {} files in `{root}`, left out: {}", corpus.files, counted(reasons))
        }
    }
}

fn counted(reasons: &BTreeMap<Reason, u64>) -> String {
    reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}

fn summary(corpora: &[Corpus], judged: &Judged) -> Outcome {
    let mut all: BTreeMap<Reason, u64> = BTreeMap::new();
    for (reason, count) in judged.reasons_by_stage.iter().flatten() {
        *all.entry(*reason).or_default() += count;
    }
    let clips = judged.clips.len();
    let headline = match judged.exclusions.len() {
        0 => format!("{clips} clips, none excluded"),
        excluded => format!("{clips} clips, {excluded} excluded ({})", counted(&all)),
    };
    let per_corpus = corpora.iter().zip(&judged.reasons_by_stage).map(|(corpus, reasons)| match corpus.status {
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
    let mut emotions: BTreeMap<Emotion, u64> = BTreeMap::new();
    for emotion in judged.clips.iter().filter_map(|clip| clip.emotion) {
        *emotions.entry(emotion).or_default() += 1;
    }
    let listed = |classes: &BTreeMap<Emotion, u64>| {
        classes.iter().map(|(class, count)| format!("{class} {count}")).collect::<Vec<_>>().join(", ")
    };
    notes.push(listed(&emotions));
    if let Some(class) = judged.further.keys().next() {
        let listed = listed(&judged.further);
        notes.push(format!(
            "left out, as they are none of the built-in emotions: {listed}; name the classes to keep in `keep`, or take \
             one in with `labels = {{ {class} = \"{class}\" }}`"
        ));
    }
    Outcome { rows: clips as u64, headline, notes, ..Outcome::default() }
}

#[cfg(test)]
mod tests;
