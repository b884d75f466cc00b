//! The folders of trained models: a stage's, with one `fold=<k>` for each fold, of several seeds with a `seed=<s>` for
//! each in it; or one of those.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ser_schemas::{Prediction, Table as _};

/// What folders of models are numbered by, from the outer to the inner one.
const LEVELS: [&str; 2] = ["fold", "seed"];

/// Why a folder's models cannot be used: an answer of some of them would pass for that of all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A model that lacks a file.
    #[error(
        "`{}` lacks `{lacks}`: half of a model is of no use; copy the stage's folder again, or run the stage again",
        path.display()
    )]
    Incomplete {
        /// Its folder.
        path: PathBuf,
        /// The file.
        lacks: String,
    },
    /// A folder that is named nearly as one of a fold or seed.
    #[error(
        "`{}` is the folder of no {level}: expected `{level}=` and a number without zeros before it; rename it, or take it \
         away",
        path.display()
    )]
    OddName {
        /// The folder.
        path: PathBuf,
        /// `fold` or `seed`.
        level: &'static str,
    },
    /// A fold or seed whose folder is gone.
    #[error(
        "`{}` has no `{level}={missing}`, and the stage made models of {level}s {made}: copy its folder again, or run the \
         stage again; the folder of one {level} can be used by itself",
        path.display()
    )]
    Gap {
        /// Folder that it should be in.
        path: PathBuf,
        /// `fold` or `seed`.
        level: &'static str,
        /// Its number.
        missing: u32,
        /// Numbers of all in words.
        made: String,
    },
    /// A fold or seed that the stage knows nothing of.
    #[error("`{}` is no model of this stage, which made models of {level}s {made}: take it away", path.display())]
    Stranger {
        /// The folder.
        path: PathBuf,
        /// `fold` or `seed`.
        level: &'static str,
        /// Numbers of all in words.
        made: String,
    },
    /// The folder cannot be looked into.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// `true` if `folder`, or a `fold=<k>` or `seed=<s>` in it, holds one of `files`.
pub fn holds_models(folder: &Path, files: &[&str]) -> bool {
    holds(folder, files) || level(folder, files, &LEVELS).is_some()
}

/// The folders of models, each of which is made of `files`, in `folder`: itself, or those in its `fold=<k>` or
/// `seed=<s>` in order; empty where there is none. Which there should be is asked of the stage's predictions, where
/// these are in `folder` too.
///
/// # Errors
/// A model that lacks a file, a fold or seed that is missing, or a folder that is taken for one of these and is none.
pub fn model_folders(folder: &Path, files: &[&str]) -> Result<Vec<PathBuf>, FolderError> {
    let table = Prediction::file_in(folder);
    let rows = table.is_file().then(|| Prediction::read(&table).ok()).flatten();
    let made = rows.map(|rows| {
        let folds = rows.iter().map(|row| row.fold).collect();
        [folds, rows.iter().filter_map(|row| row.seed).collect()]
    });
    models_below(folder, files, &LEVELS, made.as_ref().map_or(&[], |made| &made[..]))
}

/// [`model_folders`] of `levels`, of which there should be the numbers `made`.
fn models_below(
    folder: &Path,
    files: &[&str],
    levels: &[&'static str],
    made: &[BTreeSet<u32>],
) -> Result<Vec<PathBuf>, FolderError> {
    if holds(folder, files) {
        whole(folder, files)?;
        return Ok(vec![folder.to_owned()]);
    }
    let Some(at) = level(folder, files, levels) else { return Ok(Vec::new()) };
    let named = numbered(folder, levels[at]).map_err(|source| FolderError::Io { path: folder.to_owned(), source })?;
    let mut found: Vec<(u32, PathBuf)> = Vec::with_capacity(named.len());
    for (name, path) in named {
        let number = name.parse::<u32>().ok().filter(|number| number.to_string() == name);
        found.push((number.ok_or_else(|| FolderError::OddName { path: path.clone(), level: levels[at] })?, path));
    }
    found.sort();
    complete(folder, levels[at], &found, made.get(at))?;
    let (inner, made) = (&levels[at + 1..], made.get(at + 1..).unwrap_or_default());
    let mut models = Vec::new();
    for (_, path) in &found {
        let below = models_below(path, files, inner, made)?;
        if below.is_empty() {
            whole(path, files)?;
        }
        models.extend(below);
    }
    Ok(models)
}

/// The first of `levels` whose folders in `folder` hold models.
fn level(folder: &Path, files: &[&str], levels: &[&'static str]) -> Option<usize> {
    let hold = |path: &Path, inner| holds(path, files) || level(path, files, inner).is_some();
    (0..levels.len()).find(|at| {
        let found = numbered(folder, levels[*at]);
        found.is_ok_and(|found| found.iter().any(|(_, path)| hold(path, &levels[at + 1..])))
    })
}

fn holds(folder: &Path, files: &[&str]) -> bool {
    files.iter().any(|file| folder.join(file).is_file())
}

fn whole(folder: &Path, files: &[&str]) -> Result<(), FolderError> {
    let lacks = files.iter().find(|file| !folder.join(file).is_file());
    lacks.map_or(Ok(()), |lacks| Err(FolderError::Incomplete { path: folder.to_owned(), lacks: (*lacks).to_owned() }))
}

/// What follows `<level>=` in the names of folders in `folder`, with these.
fn numbered(folder: &Path, level: &str) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        let number = name.strip_prefix(level).and_then(|rest| rest.strip_prefix('='));
        found.extend(number.filter(|_| path.is_dir()).map(|number| (number.to_owned(), path)));
    }
    Ok(found)
}

/// Fails where a folder is missing or too many. Without the stage's predictions, the numbers between the first and the
/// last are all that is known of it: an analyst's own folds may begin at any.
fn complete(
    folder: &Path,
    level: &'static str,
    found: &[(u32, PathBuf)],
    made: Option<&BTreeSet<u32>>,
) -> Result<(), FolderError> {
    let present: BTreeSet<u32> = found.iter().map(|(number, _)| *number).collect();
    let (Some(first), Some(last)) = (present.first(), present.last()) else { return Ok(()) };
    let told = made.map_or_else(|| format!("{first} to {last}"), listed);
    let missing = match made {
        Some(made) => made.difference(&present).next().copied(),
        None => (*first..=*last).find(|number| !present.contains(number)),
    };
    if let Some(missing) = missing {
        return Err(FolderError::Gap { path: folder.to_owned(), level, missing, made: told });
    }
    let strange = made.and_then(|made| found.iter().find(|(number, _)| !made.contains(number)));
    strange.map_or(Ok(()), |(_, path)| Err(FolderError::Stranger { path: path.clone(), level, made: told }))
}

fn listed(numbers: &BTreeSet<u32>) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use ser_schemas::{Emotion, Provenance};

    use super::*;

    const FILES: [&str; 2] = ["a.json", "b.bin"];

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
            fs::write(path, "").expect("file");
        }
        folder
    }

    /// The names of the folders found, or the error.
    fn found(folder: &Path) -> Result<Vec<String>, String> {
        let names = |paths: Vec<PathBuf>| {
            let name = |path: &PathBuf| path.strip_prefix(folder).map(|path| path.display().to_string());
            paths.iter().map(name).collect::<Result<_, _>>().expect("below the folder")
        };
        model_folders(folder, &FILES).map(names).map_err(|error| error.to_string())
    }

    fn predictions(folder: &Path, folds: &[u32]) {
        let row = |fold: &u32| Prediction {
            model: "net".into(),
            split: "split".into(),
            fold: *fold,
            seed: None,
            clip_id: format!("clip {fold}"),
            corpus: "made".into(),
            speaker: "a".into(),
            emotion: Emotion::SAD,
            predicted: Emotion::SAD,
            probabilities: vec![1.0],
            classes: "sad".into(),
        };
        let rows: Vec<Prediction> = folds.iter().map(row).collect();
        Prediction::write_in(folder, &rows, &Provenance::default()).expect("predictions");
    }

    #[test]
    fn a_model_or_its_folds_in_the_order_of_their_numbers() {
        let one = folder(&["a.json", "b.bin", "fold=0/a.json"]);
        assert_eq!(found(one.path()), Ok(vec![String::new()]));
        let numbers: Vec<String> = (0..11).map(|number| format!("fold={number}")).collect();
        let files: Vec<String> =
            numbers.iter().flat_map(|fold| FILES.iter().map(move |file| format!("{fold}/{file}"))).collect();
        let folds = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found(folds.path()), Ok(numbers));
        // Folds of an analyst's own numbers, and a file that is no fold.
        let own = folder(&["fold=3/a.json", "fold=3/b.bin", "fold=4/a.json", "fold=4/b.bin", "fold=5"]);
        assert_eq!(found(own.path()), Ok(vec!["fold=3".to_owned(), "fold=4".to_owned()]));
        for files in [&[][..], &["other.json", "fold=0/other.json", "fold=x/c"]] {
            let none = folder(files);
            assert_eq!(found(none.path()), Ok(Vec::new()));
            assert!(!holds_models(none.path(), &FILES));
        }
        assert!(!holds_models(&own.path().join("none"), &FILES) && holds_models(own.path(), &FILES));
    }

    #[test]
    fn half_of_a_model_is_none() {
        for lacking in FILES {
            let kept = FILES.iter().find(|file| **file != lacking).expect("the other");
            for files in [
                vec![(*kept).to_owned()],
                vec!["fold=0/a.json".into(), "fold=0/b.bin".into(), format!("fold=1/{kept}")],
                vec![format!("fold=0/{kept}"), "fold=1/a.json".into(), "fold=1/b.bin".into()],
            ] {
                let folder = folder(&files.iter().map(String::as_str).collect::<Vec<_>>());
                let error = found(folder.path()).expect_err(lacking);
                assert!(error.contains(&format!("lacks `{lacking}`")), "{error}");
            }
        }
        // All of a fold's files, the folder stays.
        let folder = folder(&["fold=0/a.json", "fold=0/b.bin", "fold=1/c"]);
        assert!(found(folder.path()).expect_err("none").contains("fold=1` lacks `a.json`"));
    }

    #[test]
    fn folds_that_are_missing_or_too_many_are_told() {
        let whole = |numbers: &[&str]| {
            let files: Vec<String> =
                numbers.iter().flat_map(|number| FILES.map(|file| format!("fold={number}/{file}"))).collect();
            folder(&files.iter().map(String::as_str).collect::<Vec<_>>())
        };
        for odd in ["07", "+1", "", "-0", "1.onnx", "4294967296", "x"] {
            let folder = whole(&["0", odd]);
            let error = found(folder.path()).expect_err(odd);
            assert!(error.contains(&format!("fold={odd}` is the folder of no fold")), "{error}");
        }
        let folder = whole(&["1", "3"]);
        let error = found(folder.path()).expect_err("a gap");
        assert!(error.contains("has no `fold=2`, and the stage made models of folds 1 to 3"), "{error}");
        // What the stage predicted tells of the ends, too.
        for (made, problem) in [
            (&[0, 1, 2, 3][..], "has no `fold=0`"),
            (&[1, 3, 4][..], "has no `fold=4`"),
            (&[3][..], "fold=1` is no model of this stage, which made models of folds 3"),
        ] {
            predictions(folder.path(), made);
            let error = found(folder.path()).expect_err(problem);
            assert!(error.contains(problem), "{error}");
        }
        predictions(folder.path(), &[1, 3]);
        assert_eq!(found(folder.path()).map(|folds| folds.len()), Ok(2));
    }

    #[test]
    fn seeds_of_a_fold_are_found_in_it_and_none_may_be_missing() {
        let files = |seeds: &[&str]| -> Vec<String> {
            seeds.iter().flat_map(|seed| FILES.map(|file| format!("{seed}/{file}"))).collect()
        };
        let whole = |seeds: &[&str]| folder(&files(seeds).iter().map(String::as_str).collect::<Vec<_>>());
        let all = ["fold=0/seed=0", "fold=0/seed=1", "fold=1/seed=0", "fold=1/seed=1"];
        let two = whole(&all);
        assert_eq!(found(two.path()), Ok(all.map(str::to_owned).to_vec()));
        assert_eq!(found(&two.path().join("fold=1")), Ok(vec!["seed=0".to_owned(), "seed=1".to_owned()]));
        assert!(holds_models(two.path(), &FILES) && holds_models(&two.path().join("fold=0"), &FILES));
        for (seeds, problem) in [
            (
                &["fold=0/seed=0", "fold=0/seed=2"][..],
                "fold=0` has no `seed=1`, and the stage made models of seeds 0 to 2",
            ),
            (&["fold=0/seed=0", "fold=1/seed=01"], "seed=01` is the folder of no seed"),
        ] {
            let error = found(whole(seeds).path()).expect_err(problem);
            assert!(error.contains(problem), "{error}");
        }
        let half = folder(&["fold=0/seed=0/a.json", "fold=0/seed=0/b.bin", "fold=0/seed=1/a.json"]);
        assert!(found(half.path()).expect_err("half").contains("seed=1` lacks `b.bin`"));
    }
}
