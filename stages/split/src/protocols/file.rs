//! An analyst's own division, in a file.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ser_schemas::{Clip, Role};
use ser_text::{nfc, printable};

use super::file_rows::{self, Row};
use super::side_unit;
use crate::division::{Fold, Plan};
use crate::error::SplitError;
use crate::params::MAX_FOLDS;

/// The folds of the file at `path`.
pub(crate) fn plan(path: &Path, clips: &[Clip]) -> Result<Plan, SplitError> {
    by_file(path, &file_rows::read(path)?, clips)
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
    let unit = side_unit(&folds, clips);
    Ok(Plan { folds, unit, tests_every_clip_once: false, unknown: Vec::new() })
}
