//! What to say about a corpus that was read by its names: what is probably a mistake, and what is only worth knowing.
//!
//! | module | what it knows |
//! |---|---|
//! | `misread` | names that say nothing, and why |
//! | `unused` | declarations of the descriptor that match nothing |
//! | `doubtful` | what the names say, and cannot be right |
//! | `taken` | groups that take too much of a name, too little, or another part of it |
//! | `contradicting` | sources that contradict each other |
//! | `unread` | files that may be recordings and are not read |

mod contradicting;
mod doubtful;
mod misread;
mod taken;
mod unread;
mod unused;

use ser_text::first_names;

use crate::descriptor::Descriptor;
use crate::identify::Identity;
use crate::walk::{Found, Walk};

/// How many examples a remark gives.
const NAMED: usize = 3;

/// Words for a gender that a speaker is hardly called.
const GENDERS: [&str; 8] = ["f", "female", "m", "male", "man", "men", "woman", "women"];

/// Complete sentences without a full stop; a warning ends with what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remarks {
    pub(crate) warnings: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// A corpus by its names: identities are those of the files of the walk, in their order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read<'a> {
    pub(crate) descriptor: &'a Descriptor,
    pub(crate) walk: &'a Walk,
    pub(crate) identities: &'a [Identity],
}

impl Remarks {
    /// About the descriptor and what it made of the names.
    pub(crate) fn of(read: &Read<'_>) -> Self {
        let mut remarks = Self::default();
        if read.walk.exists {
            unused::globs(read, &mut remarks);
        }
        if !read.walk.files.is_empty() {
            contradicting::all(read, &mut remarks);
            doubtful::all(read, &mut remarks);
            taken::all(read, &mut remarks);
            unused::declarations(read, &mut remarks);
        }
        remarks
    }

    /// About the names that were not understood, file by file: for somebody who looks at the descriptor.
    pub(crate) fn of_misread(read: &Read<'_>) -> Self {
        let mut remarks = Self::default();
        misread::all(read, &mut remarks);
        remarks
    }

    /// About files that may be recordings of the corpus and are not read.
    pub(crate) fn of_unread(read: &Read<'_>) -> Vec<String> {
        unread::all(read)
    }
}

impl<'a> Read<'a> {
    /// Whether the descriptor is the user's own. What one that ships with the program declares in vain says that the
    /// copy differs, not that the descriptor is wrong.
    fn is_own(&self) -> bool {
        self.descriptor.path.is_some()
    }

    /// The corpus's own speech whose names were understood, with the paths below the root.
    fn understood(&self) -> impl Iterator<Item = (&'a str, &'a Identity)> {
        let (files, identities) = (&self.walk.files, self.identities);
        let all = files.iter().map(Found::stem).zip(identities);
        all.filter(|(_, identity)| identity.facts.modality.is_none() && identity.not_understood.is_none())
    }
}

fn is_gender(word: &str) -> bool {
    GENDERS.contains(&word.to_lowercase().as_str())
}

/// The first of `words`, each between backticks: "`a`, `b`, `c` and 4 more".
fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    first_names(words.into_iter().map(|word| format!("`{word}`")), NAMED)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::descriptor::Descriptor;
    use crate::survey::{Survey, check_root};

    /// A user's own descriptor on a folder of empty files with these names.
    pub(super) fn with(text: &str, names: &[&str]) -> Survey {
        let root = tempfile::tempdir().expect("folder");
        for name in names {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(path, "").expect("file");
        }
        let text = format!("name = \"own\"\ntitle = \"Own\"\n{text}");
        let descriptor = Descriptor::parse(&text, Some("own.toml".into()));
        let descriptor = descriptor.unwrap_or_else(|error| panic!("{error}\n{text}"));
        check_root(&descriptor, root.path()).expect("survey")
    }

    pub(super) fn warnings(survey: &Survey) -> Vec<String> {
        survey.warnings.clone()
    }

    pub(super) fn notes(survey: &Survey) -> Vec<String> {
        survey.notes.clone()
    }
}
