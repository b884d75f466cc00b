//! The stage: reads the manifest, divides, checks, writes.

use std::collections::BTreeSet;
use std::path::Path;

use ser_schemas::{Assignment, Check, CheckStatus, Clip, Grouping, KEY_HELD_OUT, KEY_PROTOCOL, Table, TableError};
use ser_stage::{Context, Outcome};
use ser_text::{counted, some_names};

use crate::advice::{Attempt, every_check};
use crate::assign::assign;
use crate::copies::{self, Copies};
use crate::division::{Division, Fold};
use crate::error::SplitError;
use crate::near;
use crate::params::{NearCopies, Params};
use crate::unknown;

/// A split of more folds than this is told in one line.
const MAX_FOLDS_TOLD: usize = 12;

/// Validation clips of a fold, as a share of those that were asked for, below which it is told.
const FEWEST_OF_WANTED: f64 = 0.25;

/// The artifact folders that a split stage reads.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Folder of the manifest: `clips.parquet`.
    pub manifest: &'a Path,
    /// Folder with its `exclusions.parquet`. Without it, nothing is known of copies that the manifest left out.
    pub exclusions: Option<&'a Path>,
    /// Folder of an audit: `near_duplicates.parquet`. Without it, only exact copies of audio are kept on one side.
    pub audit: Option<&'a Path>,
}

/// Divides the clips of a manifest; writes `assignments` and `checks`.
///
/// A leak, or a fold that nothing can be learnt from, fails the stage, which then keeps `checks` as
/// [`Context::keep_refused`] says.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, SplitError> {
    let mut clips = Clip::read_in(inputs.manifest)?;
    // The division must not depend on the order in which a manifest happens to list its clips.
    clips.sort_by(|a, b| a.clip_id.cmp(&b.clip_id));
    let pairs = inputs.audit.map(|audit| near::read(audit, &clips)).transpose()?;
    let exact = inputs.exclusions.map(|dir| copies::read(dir, &clips)).transpose()?.unwrap_or_default();
    let copies = Copies { near: pairs.as_deref(), exact: &exact };
    let division = match assign(params, &clips, copies, ctx.base_dir, ctx.seed) {
        Err(SplitError::NothingToLeaveOut { protocol, what, found, names, unknown }) if !params.required => {
            let why =
                format!("protocol `{protocol}` needs at least 2 {what}, the manifest has {found}: {names}{unknown}");
            ctx.observer.warn(&format!("no folds are made: {why}"));
            return no_folds(params, ctx);
        }
        division => division?,
    };
    let checks = every_check(&clips, &division, copies);
    Check::write_in(ctx.out_dir, &checks, &ctx.provenance)?;
    refuse(&checks, &Attempt { params, clips: &clips, copies, base_dir: ctx.base_dir, seed: ctx.seed }, ctx)?;

    let rows = assignments(&clips, &division);
    Assignment::write_with(&Assignment::file_in(ctx.out_dir), &rows, &ctx.provenance, &about(params))?;
    for warning in unknown::warnings(&clips, &division) {
        ctx.observer.warn(&warning);
    }
    let thin = thin_validation(&clips, &division, params.validation_fraction);
    if let Some(warning) = thin.or_else(|| narrow_validation(&clips, &division)) {
        ctx.observer.warn(&warning);
    }
    Ok(summarise(params, clips.len(), rows.len(), &division, &checks))
}

/// Both tables, without rows.
fn no_folds(params: &Params, ctx: &Context<'_>) -> Result<Outcome, SplitError> {
    Check::write_in(ctx.out_dir, &[], &ctx.provenance)?;
    Assignment::write_with(&Assignment::file_in(ctx.out_dir), &[], &ctx.provenance, &about(params))?;
    Ok(Outcome { headline: format!("no folds, {}", params.told()), ..Outcome::default() })
}

/// The division, as the table of assignments tells it. What the protocol's own word says of it is not said twice, so
/// that tables of before are those of now.
fn about(params: &Params) -> Vec<(&'static str, String)> {
    let protocol = params.protocol.as_str();
    let held_out = params.all_held_out();
    let mut about = vec![(KEY_PROTOCOL, protocol.to_owned())];
    if Grouping::held_out_by(protocol, None) != held_out {
        let names: Vec<&str> = held_out.into_iter().map(Grouping::as_str).collect();
        about.push((KEY_HELD_OUT, names.join(",")));
    }
    about
}

fn refuse(checks: &[Check], attempt: &Attempt<'_>, ctx: &Context<'_>) -> Result<(), SplitError> {
    let Some(check) = checks.iter().find(|check| check.status == CheckStatus::Failed) else { return Ok(()) };
    let kept = Check::file_in(ctx.keep_refused().map_err(TableError::io("create", ctx.refused_dir))?);
    Check::write(&kept, checks, &ctx.provenance)?;
    let verdict = match check.check.as_str() {
        "roles_present" | "classes_in_train" | "every_clip_tested_once" => "the split is of no use",
        _ => "the split leaks",
    };
    Err(SplitError::Refused {
        verdict,
        check: check.check.clone(),
        place: check.fold.map_or_else(String::new, |fold| format!(" in fold {fold}")).into(),
        offenders: check.offenders,
        detail: check.detail.as_str().into(),
        advice: attempt.advice(check).map_or_else(String::new, |advice| format!("; {advice}")).into(),
        checks: kept,
    })
}

/// What was done about copies, a line for each thing that changes what a figure rests on.
fn about_copies(division: &Division) -> Vec<String> {
    let mut told = Vec::new();
    let together = &division.near.together;
    if !together.is_empty() {
        let rule = NearCopies::KeepTogether.as_str();
        let groups = some_names(together.iter().map(String::as_str));
        told.push(format!("held out together, as copies tie them (`near_copies = \"{rule}\"`): {groups}"));
    }
    let folds: Vec<usize> =
        division.folds.iter().map(|fold| fold.left_out.len()).filter(|left_out| *left_out > 0).collect();
    let why = division.near.not_together.as_deref();
    if let (true, Some(why)) = (folds.is_empty(), why) {
        told.push(format!("names that copies tie are not held out together: {why}"));
    }
    if !folds.is_empty() {
        let (times, folds, rule) = (folds.iter().sum::<usize>(), folds.len(), NearCopies::LeaveOut.as_str());
        let why = why.map_or_else(String::new, |why| format!("; {why}"));
        told.push(format!(
            "near copies of clips on another side are left out, {times} in {folds} of {} folds, named in \
             checks.parquet (`near_copies = \"{rule}\"`{why})",
            division.folds.len()
        ));
    }
    told
}

fn assignments(clips: &[Clip], division: &Division) -> Vec<Assignment> {
    let mut rows = Vec::new();
    for fold in &division.folds {
        for (role, members) in fold.roles() {
            rows.extend(members.iter().map(|clip| Assignment {
                clip_id: clips[*clip].clip_id.clone(),
                fold: fold.number,
                role,
            }));
        }
    }
    rows
}

/// A warning about folds whose validation clips are far fewer than a `fraction` of those to train with, or lack most
/// classes: what is chosen on them is chosen by chance. A corpus of a long and a few short speakers makes such folds.
fn thin_validation(clips: &[Clip], division: &Division, fraction: f64) -> Option<String> {
    let classes = |role: &[usize]| role.iter().filter_map(|clip| clips[*clip].emotion).collect::<BTreeSet<_>>().len();
    let is_thin = |fold: &&Fold| {
        let (train, validation) = (fold.train.len(), fold.validation.len());
        let wanted = fraction * (train + validation) as f64;
        let few = (validation as f64) < FEWEST_OF_WANTED * wanted;
        validation > 0 && (few || 2 * classes(&fold.validation) < classes(&fold.train))
    };
    let thin: Vec<&Fold> = division.folds.iter().filter(is_thin).collect();
    let worst = thin.iter().min_by_key(|fold| fold.validation.len())?;
    Some(format!(
        "{} of {} folds choose epoch and regularisation on too little: fold {} on {}, {} of the {} emotions that it \
         trains on; leave out speakers of few clips (`exclude` of the manifest), or set `validation_fraction = 0`",
        thin.len(),
        division.folds.len(),
        worst.number,
        counted(worst.validation.len(), "clip"),
        classes(&worst.validation),
        classes(&worst.train),
    ))
}

/// A warning about folds that train on several corpora and validate on fewer than half of them: what is chosen there
/// suits these.
fn narrow_validation(clips: &[Clip], division: &Division) -> Option<String> {
    let corpora = |role: &[usize]| role.iter().map(|clip| clips[*clip].corpus.as_str()).collect::<BTreeSet<_>>();
    let of = |fold: &Fold| (corpora(&fold.validation), corpora(&fold.train).len());
    let is_narrow =
        |(validated, trained): &(BTreeSet<&str>, usize)| !validated.is_empty() && 2 * validated.len() < *trained;
    let narrow: Vec<_> =
        division.folds.iter().map(|fold| (fold.number, of(fold))).filter(|(_, of)| is_narrow(of)).collect();
    let (number, (validated, trained)) = narrow.iter().min_by_key(|(_, (validated, _))| validated.len())?;
    Some(format!(
        "{} of {} folds choose epoch and regularisation on few of their corpora: fold {number} on {} of {trained}; each corpus \
         gives whole speakers, as many as `validation_fraction` of them rounds to: raise it until every corpus gives one",
        narrow.len(),
        division.folds.len(),
        ser_text::some_names(validated.iter().copied()),
    ))
}

fn summarise(params: &Params, clips: usize, rows: usize, division: &Division, checks: &[Check]) -> Outcome {
    let mut notes = Vec::new();
    if division.folds.len() <= MAX_FOLDS_TOLD {
        notes.extend(division.folds.iter().map(|fold| {
            format!(
                "fold {}: {} train, {} validation, {} test; holds out {}",
                fold.number,
                fold.train.len(),
                fold.validation.len(),
                fold.test.len(),
                fold.held_out
            )
        }));
    }
    // One line for each property that some fold lacks and may lack.
    let noted = checks.iter().filter(|check| check.status == CheckStatus::Noted);
    let mut noted: Vec<&Check> = noted.filter(|check| !check.check.starts_with("near_copies_")).collect();
    noted.sort_by(|a, b| a.check.cmp(&b.check).then(b.offenders.cmp(&a.offenders)));
    for check in noted.chunk_by(|a, b| a.check == b.check) {
        let worst = check[0];
        let place = worst.fold.map_or_else(String::new, |fold| format!(" in fold {fold}"));
        let rest = if check.len() > 1 { format!(", nor in {} other folds", check.len() - 1) } else { String::new() };
        notes.push(format!(
            "{} does not hold{place}{rest}, as this protocol allows: {}, named in checks.parquet",
            worst.check,
            counted(usize::try_from(worst.offenders).unwrap_or(usize::MAX), "offender")
        ));
    }
    notes.extend(about_copies(division));
    Outcome {
        rows: rows as u64,
        headline: format!("{clips} clips, {}, {}", counted(division.folds.len(), "fold"), params.told()),
        notes,
        ..Outcome::default()
    }
}
