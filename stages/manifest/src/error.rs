//! What stops a manifest, as opposed to what leaves one file out of it.

use std::path::PathBuf;

use ser_schemas::{Emotion, TableError};

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "messages say what their fields are")]
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
    NoClips { found: Vec<String> },
    /// Not one clip is left but those that the analyst leaves out.
    #[error(
        "`exclude` or `exclude_file` names every usable clip ({usable}), none is left\n  {}\nname fewer clips; in a glob, \
         `*` stands for any name in a folder and `**` for any path",
        found.join("\n  ")
    )]
    AllExcluded { usable: usize, found: Vec<String> },
    /// Every clip that is left has the same label.
    #[error(
        "every usable clip ({clips}) is labelled `{class}`: a model needs two classes to tell apart\n  {}\nthe \
         corpora's own words for emotions: {words}; {}map words to classes with `labels`, keep more classes with \
         `keep`, or see what a descriptor reads from the files with `ser corpora check ROOT --corpus NAME`",
        found.join("\n  "),
        if *excluded { "leave fewer clips out with `exclude`, " } else { "" }
    )]
    OneClass { class: Emotion, clips: usize, words: String, excluded: bool, found: Vec<String> },
    /// Entries of `exclude` or its file that match no file.
    #[error(
        "{count} {} of `exclude` {} no file of any corpus:\n  {}\nexpected clip ids, as in the column `clip_id` of \
         every table, or globs on them",
        if *count == 1 { "entry" } else { "entries" },
        if *count == 1 { "matches" } else { "match" },
        entries.join("\n  ")
    )]
    ExcludesNothing { count: usize, entries: Vec<String> },
    /// The file that `exclude_file` names is no table of clip ids.
    #[error("`{}`: {problem}", path.display())]
    FileNotUnderstood { path: PathBuf, problem: String },
    /// An ingest stage's folder holds no corpus row.
    #[error("`{}` has no row: expected one that says what became of the corpus; run the ingest stage again", path.display())]
    NoCorpus { path: PathBuf },
    /// A table could not be read or written, or the file that `exclude_file` names not be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The user asked to stop.
    #[error("stopped before the manifest was complete")]
    Cancelled,
}
