//! The folder of answers in parts: what is there, and what may be in it.
//!
//! Whoever reads the folder by a pattern counts the rows of every Parquet file in it. So it holds answers of one call alone: those
//! of another model, of other options or of other recordings are refused, unless the user wants them replaced, and files that are
//! no answers in any case. Parts that are no longer wanted go before new ones are written, so that no recording ever has two.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ser_schemas::{Answer, KEY_RECIPE, KEY_TABLE, Provenance, Stretch, Table as _, read_metadata};
use ser_stage::{PartFolder, PartId};

use super::division::Part;
use super::recipe::differences;
use super::recordings::Recording;
use crate::output::UsageError;

/// Answers in parts.
pub(super) struct AnswerFolder {
    path: PathBuf,
    parts: PartFolder,
    /// Held as long as this is in use; `None` where the system locks no folders.
    _lock: Option<File>,
}

/// Fails where `path` can be no folder of answers: before anything is looked for or heard.
pub(super) fn check(path: &Path) -> anyhow::Result<()> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Ok(()),
        Ok(_) => "is a file".to_owned(),
        Err(error) if error.kind() != io::ErrorKind::NotFound => format!("cannot be made: {error}"),
        Err(_) if above.is_dir() => return Ok(()),
        Err(_) => "names no folder in one that there is".to_owned(),
    };
    Err(refused(
        format!("`--parts {}` {found}", path.display()),
        "name a folder, or a place where there is none yet: `--parts answers`",
    ))
}

impl AnswerFolder {
    /// The folder at `path`, which is made where there is none.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let unusable = || format!("cannot write answers into `{}`", path.display());
        let parts = PartFolder::standing(path).with_context(unusable)?;
        // The folder itself is locked: nothing that is no answer is ever in it.
        let lock = File::open(path).ok();
        if let Some(Err(TryLockError::WouldBlock)) = lock.as_ref().map(File::try_lock) {
            bail!(
                "another `ser predict` writes answers into `{}`: wait for it, or name another folder",
                path.display()
            );
        }
        Ok(Self { path: path.to_owned(), parts, _lock: lock })
    }

    /// The rows of a part of `recordings`, where it is there and whole. A file that is not what its name says is as good as none.
    pub(super) fn known(&self, part: &Part, recordings: &[Recording]) -> Option<Vec<Answer>> {
        let rows = Answer::read(&self.parts.known(&part.id)?).ok()?;
        let told = rows.iter().filter(|row| row.stretch == Stretch::Recording).map(|row| row.path.as_str());
        let expected = recordings[part.range.clone()].iter().map(|recording| recording.path.display().to_string());
        told.eq(expected).then_some(rows)
    }

    /// Makes room for parts of `recipe` beside those of such `names` that stay, of recordings among the files and folders `named`.
    /// What else is there goes, if it is of the same recipe and of recordings among these, or if `replace` says so.
    ///
    /// # Errors
    /// Answers that may not go, and files that are no answers.
    pub(super) fn make_room(
        &self,
        names: &BTreeSet<String>,
        recipe: &str,
        named: &[PathBuf],
        replace: bool,
    ) -> anyhow::Result<()> {
        let shown = self.path.display();
        for item in fs::read_dir(&self.path).with_context(|| format!("cannot read `{shown}`"))? {
            let item = item.with_context(|| format!("cannot read `{shown}`"))?.path();
            let name = item.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if item.extension().is_none_or(|extension| extension != "parquet") || names.contains(&name) {
                continue;
            }
            let made = if PartId::names(&name) { recipe_of(&item) } else { Made::Otherwise };
            let differs = match &made {
                // A name that only this program gives: what is left of a disk that failed.
                Made::Unreadable => continue,
                Made::By(found) => differences(recipe, found),
                Made::Otherwise => None,
            };
            let Some(differs) = differs else {
                return Err(refused(
                    format!(
                        "`{}` is none of the parts of `{shown}`, and whoever reads these would count its rows",
                        item.display()
                    ),
                    "take it away, or name another folder",
                ));
            };
            if replace {
                continue;
            }
            if !differs.is_empty() {
                return Err(refused(
                    format!("`{shown}` holds answers of {}", differs.join(" and of ")),
                    "name another folder; `--replace` replaces them",
                ));
            }
            if let Some(other) = other_recording(&item, named) {
                return Err(refused(
                    format!("`{shown}` holds answers to other recordings: `{other}` is not among those that are named"),
                    "name another folder, or these as well; `--replace` replaces the answers",
                ));
            }
        }
        self.parts.keep_only(names).with_context(|| format!("cannot remove answers from `{shown}`"))
    }

    /// Writes the answers of a part.
    pub(super) fn write(&self, id: &PartId, rows: &[Answer], recipe: &str) -> anyhow::Result<()> {
        let provenance =
            Provenance { stage: "predict".to_owned(), fingerprint: id.as_str().to_owned(), ..Provenance::default() };
        let place = self.parts.place(id);
        Answer::write_with(&place, rows, &provenance, &[(KEY_RECIPE, recipe.to_owned())])
            .with_context(|| format!("cannot write answers into `{}`", self.path.display()))
    }
}

/// What made a file of answers.
enum Made {
    By(String),
    Otherwise,
    Unreadable,
}

fn recipe_of(file: &Path) -> Made {
    let Ok(mut metadata) = read_metadata(file) else { return Made::Unreadable };
    let is_answers = metadata.get(KEY_TABLE).is_some_and(|table| table == Answer::NAME);
    metadata.remove(KEY_RECIPE).filter(|_| is_answers).map_or(Made::Otherwise, Made::By)
}

/// A recording of the part at `file` that is not among the files and folders that are `named`.
fn other_recording(file: &Path, named: &[PathBuf]) -> Option<String> {
    let is_named = |path: &str| named.iter().any(|named| Path::new(path).starts_with(named));
    let mut rows = Answer::scan(file).ok()?.flatten().flatten();
    rows.find(|row| !is_named(&row.path)).map(|row| row.path)
}

fn refused(message: String, hint: &str) -> anyhow::Error {
    UsageError { message, hint: Some(hint.to_owned()) }.into()
}
