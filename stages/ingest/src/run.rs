//! The stage: walk, identify, probe in parallel what was not seen before, and write the two tables.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use ser_schemas::{Clip, Corpus, CorpusStatus, Provenance, Reason, Table, TableError};
use ser_stage::suggest::nearest;
use ser_stage::{Attempt, Context, Outcome, each_shared_part};
use ser_storage::{Place, Root, pieces, side_by_side};
use ser_text::counted;

use crate::descriptor::Descriptor;
use crate::error::IngestError;
use crate::expected::Inventory;
use crate::identify::{Identity, identify};
use crate::ids::clip_ids;
use crate::index::{self, Entry, Index};
use crate::params::Params;
use crate::parts::{Parts, divide};
use crate::probe::{self, Content, Probed, Unread, probe};
use crate::remarks::{Read, Remarks};
use crate::seen::Seen;
use crate::sources::Sources;
use crate::tables::Tables;
use crate::walk::{self, Found, Walk};

/// Parts at work: one waits for the disk while another computes.
const PARTS_AT_ONCE: usize = 2;

/// How many files a note names.
const NAMED: usize = 3;

/// A corpus that was read, to be written as `clips.parquet`, with one row per audio file in the order of paths, and
/// `corpus.parquet`.
#[derive(Debug)]
pub struct Reading {
    sources: Sources,
    rows: Vec<Clip>,
    corpus: Corpus,
    outcome: Outcome,
}

/// Reads the corpus.
///
/// Files are read that are not in the index of the context's state folder as they are now, and decoded when the last
/// result has no row of the same content; names and tables are read anew. The index is written back.
///
/// A missing or empty root gives tables without clips and a warning. Files that are no clips are rows with a `problem`;
/// what is wrong with the content comes before what is wrong with the name.
///
/// `None` where files were left to other processes ([`Others::LeftAlone`](ser_stage::Others::LeftAlone)).
pub fn read(params: &Params, ctx: &Context<'_>) -> Result<Option<Reading>, IngestError> {
    let looked_ns = index::now_ns();
    let descriptor = Descriptor::load(&params.corpus, ctx.base_dir)?;
    check_modalities(params, &descriptor)?;
    let root = Root::of(&params.root, ctx.base_dir)?;
    let walk = walk::walk(&descriptor, &root)?;
    let tables = Tables::load(&descriptor, &root, &walk)?;
    for warning in walk.notes.iter().chain(&tables.warnings) {
        ctx.observer.warn(&format!("{}: {warning}", descriptor.name));
    }

    let identities: Vec<Identity> =
        walk.files.iter().map(|found| identify(&descriptor, &tables, found.stem())).collect();
    let by_names = Read { descriptor: &descriptor, walk: &walk, identities: &identities };
    let (remarks, unread) = (Remarks::of(&by_names), Remarks::of_unread(&by_names));
    for warning in &remarks.warnings {
        ctx.observer.warn(&format!("{}: {warning}", descriptor.name));
    }
    let stems: Vec<&str> = walk.files.iter().map(Found::stem).collect();
    let ids = clip_ids(&descriptor.name, &stems);
    let known = Index::load(ctx.state_dir);
    let seen = Seen::read(ctx.previous_dir);
    ctx.observer.begin(&format!("reading {}", descriptor.name), walk.files.len() as u64, "files");
    let (parts, reads) = (Parts::new(ctx), divide(&walk.files));
    let read = each_shared_part(reads.into_iter().map(Ok), PARTS_AT_ONCE, ctx.others, |part| {
        let id = Parts::id(&walk.files[part.clone()]);
        let mut found_before = parts.known(&id);
        let claim = if found_before.is_some() { None } else { Some(parts.claim(&id)) };
        let claim = claim.transpose().map_err(TableError::io("claim a part in", ctx.parts_dir))?;
        if matches!(claim, Some(None)) {
            return if ctx.observer.is_cancelled() {
                Err(IngestError::Cancelled)
            } else {
                Ok(Attempt::Elsewhere(part))
            };
        }
        // Whoever had the claim may have ended in between.
        found_before = found_before.or_else(|| parts.known(&id));
        let found_before = found_before.unwrap_or_default();
        let seen = [&seen, &found_before];
        let known_now = |at: usize| {
            let found = &walk.files[at];
            let entry = known.entry(&found.below_root, &found.stat, looked_ns);
            entry.filter(|entry| seen.iter().any(|seen| seen.knows(&entry.hash)))
        };
        let mut read: Vec<(Clip, Probed)> = Vec::with_capacity(part.len());
        for piece in pieces_of(part, &walk.files) {
            // The pool computes, and never waits for a bucket.
            let wanted: Vec<usize> = piece.clone().collect();
            let ahead = side_by_side(&wanted, |&at| match walk.files[at].place {
                Place::Object(_) if known_now(at).is_none() => read_ahead(&walk.files[at]),
                _ => None,
            });
            let rows = piece.into_par_iter().zip(ahead).map(|(at, content)| {
                if ctx.observer.is_cancelled() {
                    return Err(IngestError::Cancelled);
                }
                let file = (&walk.files[at], ids[at].as_str());
                let read = row(params, &descriptor, file, &identities[at], (known_now(at), content), seen)?;
                ctx.observer.advance(1);
                Ok(read)
            });
            read.extend(rows.collect::<Result<Vec<_>, _>>()?);
        }
        if read.iter().any(|(_, probed)| probed.is_new) {
            let rows: Vec<Clip> = read.iter().map(|(row, _)| row.clone()).collect();
            parts.keep(&id, &rows, &ctx.provenance)?;
        }
        Ok(Attempt::Done(read))
    })?;
    let Some(read) = read else { return Ok(None) };
    let read: Vec<(Clip, Probed)> = read.into_iter().flatten().collect();
    let gone = || walk.files.iter().zip(&read).filter(|(_, (_, probed))| probed.vanished);
    if let Some((first, _)) = gone().next() {
        let first = first.below_root.clone();
        return Err(IngestError::Vanished { corpus: descriptor.name, count: gone().count(), first });
    }
    let entries = walk.files.iter().zip(&read);
    let entries = entries.filter_map(|(found, (_, probed))| Some((found.below_root.clone(), probed.entry?)));
    let entries = entries.chain(tables.objects.iter().cloned());
    if let Err(error) = Index::new(looked_ns, entries).save(ctx.state_dir) {
        ctx.observer.warn(&format!("{}: what was read is not remembered for the next run: {error}", descriptor.name));
    }

    let rows: Vec<Clip> = read.into_iter().map(|(row, _)| row).collect();
    let corpus = corpus_row(params, &descriptor, &walk, &identities, &rows);
    if let Some(warning) = nothing_found(params, &descriptor, &walk) {
        ctx.observer.warn(&warning);
    }
    let mut outcome = outcome(&descriptor, &corpus, &walk, &tables, &identities, &rows);
    outcome.notes.extend(unread);
    let sources = Sources::of_rows(&descriptor, &walk, &tables, &rows);
    Ok(Some(Reading { sources, rows, corpus, outcome }))
}

/// The places `part` of `files` in pieces: of files all at once, of objects as many as are read ahead.
fn pieces_of(part: Range<usize>, files: &[Found]) -> Vec<Range<usize>> {
    let is_object = |found: &Found| matches!(found.place, Place::Object(_));
    if !files[part.clone()].iter().any(is_object) {
        return vec![part];
    }
    let sizes = files[part.clone()].iter().map(|found| found.stat.bytes);
    pieces(sizes).into_iter().map(|piece| part.start + piece.start..part.start + piece.end).collect()
}

/// The content of `found`, if it is read at all.
fn read_ahead(found: &Found) -> Option<Result<Content, Unread>> {
    probe::refusal(found).is_none().then(|| probe::read(&found.place))
}

impl Reading {
    /// What was read.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Writes the two tables into `folder`.
    pub fn write(&self, folder: &Path, provenance: &Provenance) -> Result<(), IngestError> {
        Clip::write_in(folder, &self.rows, provenance)?;
        Corpus::write(&folder.join(Corpus::INGESTED.file), std::slice::from_ref(&self.corpus), provenance)?;
        Ok(())
    }

    /// What there is to say about it.
    pub fn into_outcome(self) -> Outcome {
        self.outcome
    }
}

fn check_modalities(params: &Params, descriptor: &Descriptor) -> Result<(), IngestError> {
    let known = descriptor.modalities();
    let Some(unknown) = params.modalities.iter().find(|word| !known.contains(&word.as_str())) else {
        return Ok(());
    };
    let hint = if known.is_empty() {
        "its descriptor names none".to_owned()
    } else {
        let near = nearest(unknown, known.iter().copied());
        let near = near.map(|word| format!("did you mean `{word}`? ")).unwrap_or_default();
        format!("{near}its descriptor names {}", known.join(", "))
    };
    Err(IngestError::UnknownModality { corpus: descriptor.name.clone(), modality: unknown.clone(), hint })
}

/// The row of a file, which goes by `id`; `known` is what the index says of its content, and `content` what was read
/// already.
fn row(
    params: &Params,
    descriptor: &Descriptor,
    (found, id): (&Found, &str),
    identity: &Identity,
    (known, content): (Option<&Entry>, Option<Result<Content, Unread>>),
    seen: [&Seen; 2],
) -> Result<(Clip, Probed), IngestError> {
    let path = Root::path(&params.root, &found.below_root);
    let mut clip = Clip::found(id.to_owned(), descriptor.name.clone(), path, found.stat.bytes);
    let probed = match known {
        Some(entry) if seen.iter().any(|seen| seen.fill(&entry.hash, &mut clip)) => {
            Probed { entry: Some(*entry), ..Probed::default() }
        }
        _ => probe(found, content, seen, &mut clip)?,
    };
    let facts = &identity.facts;
    clip.speaker = facts.speaker.as_ref().map(|speaker| format!("{}:{speaker}", descriptor.name));
    clip.gender.clone_from(&facts.gender);
    clip.age_years = identity.age_years;
    clip.language.clone_from(&descriptor.language);
    clip.emotion_raw.clone_from(&facts.emotion_raw);
    clip.emotion = facts.emotion;
    clip.intensity.clone_from(&facts.intensity);
    clip.sentence.clone_from(&facts.sentence);
    clip.take.clone_from(&facts.take);
    clip.perceived_emotion = identity.perceived_emotion;
    clip.perceived_agreement = identity.perceived_agreement;
    clip.name_matches_folder = facts.name_matches_folder;
    if clip.problem.is_none()
        && let Some((reason, detail)) = name_problem(params, descriptor, identity)
    {
        clip.problem = Some(reason);
        clip.problem_detail = Some(detail);
    }
    Ok((clip, probed))
}

fn name_problem(params: &Params, descriptor: &Descriptor, identity: &Identity) -> Option<(Reason, String)> {
    if let Some(modality) = &identity.facts.modality
        && !params.modalities.contains(modality)
    {
        let detail = format!(
            "by its name this is `{modality}`, not the speech of {}; `modalities = [\"{modality}\"]` takes it in",
            descriptor.name
        );
        return Some((Reason::OtherModality, detail));
    }
    identity.not_understood.clone().map(|why| (Reason::NameNotUnderstood, why))
}

fn corpus_row(params: &Params, descriptor: &Descriptor, walk: &Walk, identities: &[Identity], rows: &[Clip]) -> Corpus {
    let mut inventory = Inventory::default();
    for (found, identity) in walk.files.iter().zip(identities) {
        if identity.facts.modality.is_none() && identity.not_understood.is_none() {
            inventory.add(identity, &found.below_root);
        }
    }
    let edition = inventory.edition(descriptor);
    let status = match (walk.exists, rows.is_empty()) {
        (false, _) => CorpusStatus::FolderMissing,
        (true, true) => CorpusStatus::FolderEmpty,
        (true, false) => CorpusStatus::Ingested,
    };
    // Synthetic speech is no copy of the corpus, and a folder that is not there is not an incomplete one.
    let compared = edition.filter(|_| status == CorpusStatus::Ingested && !walk.synthetic);
    Corpus {
        corpus: descriptor.name.clone(),
        title: descriptor.title.clone(),
        root: params.root.clone(),
        status,
        synthetic: walk.synthetic,
        files: rows.len() as u64,
        clips: rows.iter().filter(|clip| clip.problem.is_none()).count() as u64,
        expected_files: edition.map(|edition| edition.files),
        shortfall: compared.and_then(|edition| inventory.shortfall(edition)),
        language: descriptor.language.clone(),
        speech: descriptor.speech,
        licence: descriptor.licence.clone(),
        citation: descriptor.citation.clone(),
        url: descriptor.url.clone(),
    }
}

fn nothing_found(params: &Params, descriptor: &Descriptor, walk: &Walk) -> Option<String> {
    if !walk.files.is_empty() {
        return None;
    }
    let obtain = descriptor.how_to_get().map(|how| format!("; to get it: {how}")).unwrap_or_default();
    let (name, root) = (&descriptor.name, &params.root);
    if !walk.exists && Root::is_bucket(root) {
        return Some(format!("{name}: there is nothing below `{root}`, so the corpus takes no part in this run"));
    }
    if !walk.exists {
        return Some(format!(
            "{name}: the folder `{root}` is missing, so the corpus takes no part in this run{obtain}"
        ));
    }
    let others: Vec<String> = walk.others.iter().map(|(extension, count)| format!("{count} {extension}")).collect();
    let others = if others.is_empty() { String::new() } else { format!(", only other files ({})", others.join(", ")) };
    let packed = walk::ARCHIVES.iter().any(|kind| walk.others.contains_key(*kind));
    let packed = if packed { "; unpack the archive" } else { "" };
    Some(format!("{name}: the folder `{root}` holds no audio file{others}{packed}{obtain}"))
}

fn outcome(
    descriptor: &Descriptor,
    corpus: &Corpus,
    walk: &Walk,
    tables: &Tables,
    identities: &[Identity],
    rows: &[Clip],
) -> Outcome {
    let mut problems: BTreeMap<Reason, u64> = BTreeMap::new();
    for reason in rows.iter().filter_map(|clip| clip.problem) {
        *problems.entry(reason).or_default() += 1;
    }
    let headline = match corpus.status {
        CorpusStatus::FolderMissing => format!("folder `{}` is missing: skipped", corpus.root),
        CorpusStatus::FolderEmpty => format!("no audio file in `{}`", corpus.root),
        CorpusStatus::Ingested if problems.is_empty() => format!("{} files found, all usable", corpus.files),
        CorpusStatus::Ingested => {
            let problems: Vec<String> = problems.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            format!("{} files found, {} usable ({})", corpus.files, corpus.clips, problems.join(", "))
        }
    };
    let mut notes = Vec::new();
    if corpus.synthetic {
        notes.push("the folder is marked as synthetic: demo speech, not the corpus".to_owned());
    }
    if let Some(shortfall) = &corpus.shortfall {
        notes.push(format!("not the complete corpus: {shortfall}"));
    }
    for (number, repair) in descriptor.repairs.iter().enumerate() {
        let repaired = walk.files.iter().zip(identities).filter(|(_, identity)| identity.repaired == Some(number));
        notes.extend(some_of("repaired", &repair.why, repaired.map(|(found, _)| found.below_root.as_str())));
    }
    let contradicting = rows.iter().filter(|clip| clip.name_matches_folder == Some(false));
    notes.extend(some_of(
        "in a folder that contradicts the name",
        "the name wins",
        contradicting.map(|c| c.path.as_str()),
    ));
    notes.extend(walk.notes.iter().cloned());
    if walk.exists {
        notes.extend(tables.notes.iter().cloned());
    }
    Outcome { rows: corpus.files, headline, notes, ..Outcome::default() }
}

/// "2 files repaired, <why>: a, b"; nothing without files.
fn some_of<'a>(what: &str, why: &str, files: impl Iterator<Item = &'a str>) -> Option<String> {
    let files: Vec<&str> = files.collect();
    let named = files.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if files.len() > NAMED { ", ..." } else { "" };
    (!files.is_empty()).then(|| format!("{} {what}, {why}: {named}{more}", counted(files.len(), "file")))
}
