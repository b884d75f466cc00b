//! Two listings of files compared, in words.

use std::collections::{BTreeMap, BTreeSet};

/// How many files are named.
const NAMED: usize = 3;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Added,
    Changed,
    Removed,
    /// The content of a file that is gone lies here now.
    Renamed,
}

impl Change {
    /// What happened between two listings of content by path, in the order of paths; of a renamed file, the new path.
    pub(crate) fn between(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<(String, Self)> {
        let mut changes: BTreeMap<&String, Self> = BTreeMap::new();
        let mut gone: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
        for (path, content) in old {
            match new.get(path) {
                Some(now) if now == content => {}
                Some(_) => {
                    changes.insert(path, Self::Changed);
                }
                None => {
                    changes.insert(path, Self::Removed);
                    gone.entry(content).or_default().insert(path);
                }
            }
        }
        for (path, content) in new.iter().filter(|(path, _)| !old.contains_key(*path)) {
            match gone.get_mut(content).and_then(BTreeSet::pop_first) {
                Some(before) => {
                    changes.remove(before);
                    changes.insert(path, Self::Renamed);
                }
                None => {
                    changes.insert(path, Self::Added);
                }
            }
        }
        changes.into_iter().map(|(path, change)| (path.clone(), change)).collect()
    }

    fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
        }
    }
}

/// `2 files added, 1 changed: a.wav, b.wav, c.wav`; `None` when there are none.
pub(crate) fn describe(changes: &[(String, Change)]) -> Option<String> {
    let mut counts: BTreeMap<Change, usize> = BTreeMap::new();
    for (_, change) in changes {
        *counts.entry(*change).or_default() += 1;
    }
    let mut told: Vec<String> = counts.iter().map(|(change, count)| format!("{count} {}", change.word())).collect();
    let first = told.first_mut()?;
    let noun = if first.starts_with("1 ") { " file " } else { " files " };
    *first = first.replacen(' ', noun, 1);
    let named: Vec<&str> = changes.iter().take(NAMED).map(|(path, _)| path.as_str()).collect();
    let rest = changes.len() - named.len();
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    Some(format!("{}: {}{more}", told.join(", "), named.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(old: &[(&str, &str)], new: &[(&str, &str)]) -> Option<String> {
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(path, content)| ((*path).into(), (*content).into())).collect();
        describe(&Change::between(&map(old), &map(new)))
    }

    #[test]
    fn files_are_counted_by_what_happened_to_them_and_some_are_named() {
        assert_eq!(words(&[("a", "1")], &[("a", "1")]), None);
        assert_eq!(words(&[], &[("a", "1")]).as_deref(), Some("1 file added: a"));
        assert_eq!(
            words(&[("a", "1"), ("b", "2")], &[("a", "9"), ("c", "3"), ("d", "4")]).as_deref(),
            Some("2 files added, 1 changed, 1 removed: a, b, c and 1 more")
        );
    }

    #[test]
    fn the_same_content_at_another_path_is_a_renamed_file() {
        assert_eq!(words(&[("a", "1")], &[("b", "1")]).as_deref(), Some("1 file renamed: b"));
        assert_eq!(words(&[("a", "1")], &[("a", "1"), ("b", "1")]).as_deref(), Some("1 file added: b"), "a copy");
        assert_eq!(
            words(&[("a", "1"), ("b", "1")], &[("c", "1")]).as_deref(),
            Some("1 file removed, 1 renamed: b, c"),
            "one of two copies moved"
        );
    }
}
