//! What to say about a corpus that was read by its names: what is probably a mistake, and what is only worth knowing.
//!
//! | module | what it knows |
//! |---|---|
//! | `misread` | names that say nothing, and why |
//! | `unused` | declarations of the descriptor that match nothing |
//! | `doubtful` | what the names say, and cannot be right |
//! | `people` | what is taken for a person and is none, or more or less than one |
//! | `merged` | what is read as one and is several |
//! | `contradicting` | sources that contradict each other |
//! | `unread` | files that may be recordings and are not read |

mod contradicting;
mod doubtful;
mod merged;
mod misread;
mod people;
mod unread;
mod unused;

use std::collections::BTreeMap;

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
            people::all(read, &mut remarks);
            merged::all(read, &mut remarks);
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

/// `true` where no speaker has two emotions: then the emotion was taken wrongly, which is told elsewhere.
fn each_has_one_emotion(files: &[(&str, &Identity)]) -> bool {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    files.iter().all(|(_, Identity { facts, .. })| match (&facts.speaker, &facts.emotion_raw) {
        (Some(speaker), Some(emotion)) => *first.entry(speaker).or_insert(emotion) == emotion.as_str(),
        _ => true,
    })
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

    const EMOTIONS: [&str; 4] = ["angry", "happy", "neutral", "sad"];

    /// Names made of a template with all combinations of two parts and the emotions.
    pub(super) fn names(template: &str, ones: &[&str], twos: &[&str]) -> Vec<String> {
        let with = |one: &str, two: &str, emotion: &str| {
            format!("{}.wav", template.replace("<1>", one).replace("<2>", two).replace("<e>", emotion))
        };
        let twos = |one| twos.iter().flat_map(move |two| EMOTIONS.map(|emotion| with(one, two, emotion)));
        ones.iter().flat_map(|one| twos(*one)).collect()
    }

    pub(super) fn of(pattern: &str, names: &[String]) -> Vec<String> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        warnings(&with(&format!("[[pattern]]\npath = '{pattern}'\n"), &names))
    }

    pub(super) fn one(pattern: &str, names: &[String], expected: &str) {
        let found = of(pattern, names);
        assert!(found.len() == 1 && found[0].contains(expected), "{pattern}: {found:#?}");
    }

    pub(super) fn none(pattern: &str, names: &[String]) {
        assert_eq!(of(pattern, names), Vec::<String>::new(), "{pattern}");
    }
}
