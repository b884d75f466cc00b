//! What is wrong with the rows of a file, all of it at once: to make such a file again may take hours.

use std::collections::BTreeSet;

use ser_text::{counted, exclude_line, first_names, printable};

/// Most findings of a sort that a message names.
const NAMED: usize = 5;
/// Of more clips, to leave them out is no advice.
const FEW: usize = 20;

/// Findings of one sort: the first few in words, and how many there are.
#[derive(Debug, Default)]
struct Sort {
    count: usize,
    told: Vec<String>,
}

impl Sort {
    fn add(&mut self, told: impl FnOnce() -> String) {
        self.count += 1;
        if self.told.len() < NAMED {
            self.told.push(told());
        }
    }

    /// The first few, and how many more there are.
    fn names(&self) -> String {
        let more = self.count - self.told.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", self.told.join(", "))
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    twice: Sort,
    /// Values that are no finite numbers.
    values: Sort,
    columns: BTreeSet<String>,
    clips: BTreeSet<String>,
    /// A value looked like a list written as text.
    has_list_as_text: bool,
    lengths: Sort,
    unknown: Sort,
    left_out: usize,
}

impl Findings {
    /// `clip_id` has a row at `second`, after that at `first`.
    pub(crate) fn twice(&mut self, clip_id: &str, first: &str, second: &str) {
        self.twice.add(|| format!("`{}` ({first} and {second})", printable(clip_id)));
    }

    /// The value of `name` in column `column` is `found`, which is no finite number.
    pub(crate) fn value(&mut self, clip_id: &str, column: &str, name: &str, found: &str) {
        self.values.add(|| format!("`{}` of `{}` is {}", printable(name), printable(clip_id), printable(found)));
        self.columns.insert(column.to_owned());
        self.clips.insert(clip_id.to_owned());
        self.has_list_as_text |= found.starts_with("`[");
    }

    /// What `column` has of `clip_id` is not as long as it has to be: `found` and `expected` in words.
    pub(crate) fn length(&mut self, clip_id: &str, column: &str, found: &str, expected: &str) {
        self.lengths
            .add(|| format!("`{}` of `{}` has {found} instead of {expected}", printable(column), printable(clip_id)));
    }

    /// A row of no clip.
    pub(crate) fn unknown(&mut self, clip_id: &str) {
        self.unknown.add(|| format!("`{}`", printable(clip_id)));
    }

    /// A row of a clip that the manifest leaves out.
    pub(crate) fn left_out(&mut self) {
        self.left_out += 1;
    }

    /// `true` if there is anything for which the file is refused.
    pub(crate) fn are_grave(&self) -> bool {
        [&self.twice, &self.values, &self.lengths].iter().any(|sort| sort.count > 0)
    }

    /// Everything for which the file is refused, with advice; `missing` are the clips without a row, of `all`.
    pub(crate) fn problems<'a>(&self, missing: impl Iterator<Item = &'a str>, all: usize) -> Vec<String> {
        let mut problems = Vec::new();
        if self.twice.count > 0 {
            problems.push(format!(
                "{} in more than one row: {}; keep one row of each",
                if self.twice.count == 1 {
                    "1 clip is".to_owned()
                } else {
                    format!("{} rows are of clips", self.twice.count)
                },
                self.twice.names()
            ));
        }
        if self.values.count > 0 {
            problems.push(format!("{}: {}; {}", self.counted_values(), self.values.names(), self.advice_on_values()));
        }
        if self.lengths.count > 0 {
            problems.push(format!(
                "{} of another length: {}; a list has to be as long for every clip, and so has a frame",
                counted(self.lengths.count, "value"),
                self.lengths.names()
            ));
        }
        let missing: Vec<&str> = missing.collect();
        if !missing.is_empty() {
            problems.push(format!(
                "{} of {all} clips of the manifest {} no row: compute {} too, or leave {} out of the manifest, and so of \
                 every model: {}",
                missing.len(),
                if missing.len() == 1 { "has" } else { "have" },
                if missing.len() == 1 { "it" } else { "them" },
                if missing.len() == 1 { "it" } else { "them" },
                exclude_line(missing)
            ));
        }
        problems
    }

    fn counted_values(&self) -> String {
        if self.values.count == 1 {
            "1 value is no finite number".to_owned()
        } else {
            format!("{} values are no finite numbers", self.values.count)
        }
    }

    fn advice_on_values(&self) -> String {
        let columns = first_names(self.columns.iter().map(|name| format!("\"{}\"", printable(name))), NAMED);
        let what = if self.columns.len() == 1 { "the column" } else { "the columns" };
        let clips = if self.clips.len() <= FEW {
            format!(", or the clips, of the manifest: {}", exclude_line(self.clips.iter().map(String::as_str)))
        } else {
            String::new()
        };
        let lists = if self.has_list_as_text { "; lists are read from Parquet, not from CSV" } else { "" };
        format!("compute them again, or leave {what} out (`ignore = [{columns}]`){clips}{lists}")
    }

    /// What is told though the file is taken: rows that were not read.
    pub(crate) fn warning(&self) -> Option<String> {
        (self.unknown.count > 0).then(|| {
            format!(
                "{} of no clip that the manifest knows, and not read: {}",
                if self.unknown.count == 1 {
                    "1 row is".to_owned()
                } else {
                    format!("{} rows are", self.unknown.count)
                },
                self.unknown.names()
            )
        })
    }

    /// The same of clips that the manifest leaves out, which is as it should be.
    pub(crate) fn note(&self) -> Option<String> {
        (self.left_out > 0)
            .then(|| format!("{} of clips that the manifest leaves out, not read", counted(self.left_out, "row")))
    }

    /// The first few ids that are of no clip.
    pub(crate) fn unknown_ids(&self) -> String {
        self.unknown.names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_told_at_once_with_the_first_names() {
        let mut findings = Findings::default();
        assert!(!findings.are_grave());
        findings.twice("c/a", "row 0", "row 4");
        for clip in 0..7 {
            findings.value(&format!("c/{clip}"), "f0", "f0", "NaN");
        }
        findings.length("c/b", "h", "3 values", "4");
        let problems = findings.problems(["c/x", "c/y"].into_iter(), 40);
        assert_eq!(problems[0], "1 clip is in more than one row: `c/a` (row 0 and row 4); keep one row of each");
        assert!(problems[1].starts_with("7 values are no finite numbers: `f0` of `c/0` is NaN, "), "{}", problems[1]);
        assert!(problems[1].contains("and 2 more; compute them again, or leave the column out (`ignore = [\"f0\"]`)"));
        assert!(problems[1].ends_with("`exclude = [\"c/0\", \"c/1\", \"c/2\", \"c/3\", \"c/4\", \"c/5\", \"c/6\"]`"));
        assert!(problems[2].starts_with("1 value of another length: `h` of `c/b` has 3 values instead of 4; "));
        assert_eq!(
            problems[3],
            "2 of 40 clips of the manifest have no row: compute them too, or leave them out of the manifest, and so of every \
             model: `exclude = [\"c/x\", \"c/y\"]`"
        );
        assert!(findings.are_grave() && findings.warning().is_none() && findings.note().is_none());
    }

    #[test]
    fn rows_that_are_not_read_are_told_and_grave_only_where_they_are_of_clips() {
        let mut findings = Findings::default();
        findings.unknown("x\u{1b}");
        findings.left_out();
        assert!(!findings.are_grave() && findings.problems([].into_iter(), 1).is_empty());
        let warning = findings.warning().expect("a warning");
        assert!(warning.starts_with("1 row is of no clip that the manifest knows") && !warning.contains('\u{1b}'));
        assert_eq!(findings.note().as_deref(), Some("1 row of clips that the manifest leaves out, not read"));
    }
}
