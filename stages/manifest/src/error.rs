//! What stops a manifest, as opposed to what leaves one file out of it.

use std::path::PathBuf;

use ser_schemas::{Emotion, TableError};

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// No ingest stage to read from.
    #[error("a manifest reads at least one ingest stage, found none: name them in `from`")]
    NoInputs,
    /// Not one clip is left.
    #[error(
        "no usable clip in any corpus:\n  {}\ncheck the `root` of each corpus with `ser corpora check ROOT --corpus NAME`, or \
         write small synthetic corpora to try the pipeline with: `ser demo DIR`",
        found.join("\n  ")
    )]
    NoClips {
        /// One line for each corpus: what was found and why it is of no use.
        found: Vec<String>,
    },
    /// Not one clip is left but those that the analyst leaves out.
    #[error(
        "`exclude` or `exclude_file` names every usable clip ({usable}), none is left\n  {}\nname fewer clips; in a glob, \
         `*` stands for any name in a folder and `**` for any path",
        found.join("\n  ")
    )]
    AllExcluded {
        /// How many there are.
        usable: usize,
        /// One line for each corpus: what was found and what was left out.
        found: Vec<String>,
    },
    /// Every clip that is left has the same label.
    #[error(
        "every usable clip ({clips}) is labelled `{class}`: a model needs two classes to tell apart\n  {}\nthe \
         corpora's own words for emotions: {words}; {}map words to classes with `labels`, keep more classes with \
         `keep`, or see what a descriptor reads from the files with `ser corpora check ROOT --corpus NAME`",
        found.join("\n  "),
        if *excluded { "leave fewer clips out with `exclude`, " } else { "" }
    )]
    OneClass {
        /// The class.
        class: Emotion,
        /// How many clips there are.
        clips: usize,
        /// The corpora's own words, with how many files have each.
        words: String,
        /// Whether the analyst leaves clips of other classes out.
        excluded: bool,
        /// One line for each corpus: what was found and what was left out.
        found: Vec<String>,
    },
    /// Entries of `exclude` or its file that match no file.
    #[error(
        "{count} {} of `exclude` {} no file of any corpus:\n  {}\nexpected clip ids, as in the column `clip_id` of \
         every table, or globs on them",
        if *count == 1 { "entry" } else { "entries" },
        if *count == 1 { "matches" } else { "match" },
        entries.join("\n  ")
    )]
    ExcludesNothing {
        /// How many.
        count: usize,
        /// The entries, each with where it stands and what was probably meant.
        entries: Vec<String>,
    },
    /// The file that `exclude_file` names is no table of clip ids.
    #[error("`{}`: {problem}", path.display())]
    FileNotUnderstood {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found, with the line.
        problem: String,
    },
    /// An ingest stage's folder holds no corpus row.
    #[error("`{}` has no row: expected one that says what became of the corpus; run the ingest stage again", path.display())]
    NoCorpus {
        /// The table.
        path: PathBuf,
    },
    /// A table could not be read or written, or the file that `exclude_file` names not be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The user asked to stop.
    #[error("stopped before the manifest was complete")]
    Cancelled,
}
