//! An analyst's own division: by a column of the clips, or by a file.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ser_schemas::{Clip, Role};
use ser_text::{nfc, printable};

use super::column_file::{self, Row};
use super::leave_one_out::leave_out;
use crate::division::{Fold, Plan, Unit};
use crate::error::SplitError;
use crate::params::{MAX_FOLDS, Params, Protocol};
use crate::roster::speaker_name;
use crate::ties::Ties;

/// How a column tells its value of a clip.
pub(crate) type Value = fn(&Clip) -> Option<String>;

/// Columns that clips can be divided by. Emotion is not among them: a class must be trained on to be told.
const COLUMNS: &[(&str, Value)] = &[
    ("age_years", |clip| clip.age_years.map(|value| value.to_string())),
    ("bits_per_sample", |clip| clip.bits_per_sample.map(|value| value.to_string())),
    ("channels", |clip| clip.channels.map(|value| value.to_string())),
    ("codec", |clip| clip.codec.clone()),
    ("container", |clip| clip.container.clone()),
    ("corpus", |clip| Some(clip.corpus.clone())),
    ("gender", |clip| clip.gender.clone()),
    ("intensity", |clip| clip.intensity.clone()),
    ("language", |clip| clip.language.clone()),
    ("sample_rate_hz", |clip| clip.sample_rate_hz.map(|value| value.to_string())),
    ("sentence", |clip| clip.sentence.clone()),
    ("speaker", |clip| clip.speaker.clone()),
    ("take", |clip| clip.take.clone()),
];

pub(crate) fn plan(params: &Params, clips: &[Clip], ties: &Ties, base_dir: &Path) -> Result<Plan, SplitError> {
    match (&params.column, &params.file) {
        (Some(column), _) => by_column(column, clips, ties),
        (None, Some(file)) => {
            let path = base_dir.join(file);
            by_file(&path, &column_file::read(&path)?, clips)
        }
        (None, None) => Err(SplitError::BadParameter {
            key: "column".to_owned(),
            message: "protocol `column` needs `column` or `file`".to_owned(),
        }),
    }
}

/// How `column` tells its value of a clip.
pub(crate) fn value_of(column: &str) -> Result<Value, SplitError> {
    COLUMNS.iter().find(|(name, _)| *name == column).map(|(_, value)| *value).ok_or_else(|| {
        let valid: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        SplitError::UnknownColumn { column: column.to_owned(), valid: valid.join(", ") }
    })
}

/// One fold per value, or group of values, in the order of their names; clips without a value are in training always.
fn by_column(column: &str, clips: &[Clip], ties: &Ties) -> Result<Plan, SplitError> {
    let value = value_of(column)?;
    let plan = leave_out(clips, Protocol::Column, "values", column, |clip| value(clip).map(|value| ties.group(value)))?;
    Ok(Plan { unit: unit(&plan.folds, clips), ..plan })
}

fn by_file(path: &Path, rows: &[Row], clips: &[Clip]) -> Result<Plan, SplitError> {
    // Ids come from paths, in whatever form these spell their letters; files are written in either form.
    let mut known: HashMap<Cow<'_, str>, Vec<usize>> = HashMap::new();
    for (index, clip) in clips.iter().enumerate() {
        known.entry(nfc(&clip.clip_id)).or_default().push(index);
    }
    let mut folds: BTreeMap<u32, Fold> = BTreeMap::new();
    for row in rows {
        let problem = |problem: String| SplitError::FileNotUnderstood {
            path: path.to_owned(),
            place: row.place.clone(),
            problem,
        };
        let clip = match known.get(nfc(&row.clip_id).as_ref()).map(Vec::as_slice) {
            Some([clip]) => clip,
            Some(_) => {
                let id = printable(&row.clip_id);
                return Err(problem(format!("several clips are called `{id}`, in two spellings of one letter")));
            }
            None => return Err(problem(format!("clip `{}` is not in the manifest", printable(&row.clip_id)))),
        };
        if row.fold >= MAX_FOLDS {
            return Err(problem(format!("expected a fold below {MAX_FOLDS}, found {}", row.fold)));
        }
        let fold = folds.entry(row.fold).or_insert_with(|| Fold {
            number: row.fold,
            held_out: format!("fold {} of {}", row.fold, path.display()),
            ..Fold::default()
        });
        match row.role {
            Role::Train => fold.train.push(*clip),
            Role::Validation => fold.validation.push(*clip),
            Role::Test => fold.test.push(*clip),
        }
    }
    let mut folds: Vec<Fold> = folds.into_values().collect();
    for fold in &mut folds {
        for role in [&mut fold.train, &mut fold.validation, &mut fold.test] {
            role.sort_unstable();
            // To name a clip twice in one role is to name it once.
            role.dedup();
        }
    }
    let unit = unit(&folds, clips);
    Ok(Plan { folds, unit, tests_every_clip_once: false })
}

/// Validation goes by whole speakers where the division does.
fn unit(folds: &[Fold], clips: &[Clip]) -> Unit {
    let apart = folds.iter().all(|fold| {
        let tested: std::collections::BTreeSet<String> =
            fold.test.iter().map(|clip| speaker_name(&clips[*clip])).collect();
        !fold.train.iter().any(|clip| tested.contains(&speaker_name(&clips[*clip])))
    });
    if apart { Unit::Speakers } else { Unit::Clips }
}
