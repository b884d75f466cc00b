//! Clips that the analyst declares to be left out: by id, by glob, or in a file with reasons.
//!
//! Entries and ids are compared in Unicode's composed form. Whatever ingest found can be named, broken files too: the
//! analyst's own word comes before every other reason.

mod file;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use ser_schemas::Clip;
use ser_text::nfc;

use crate::error::ManifestError;
use crate::params::Params;

/// Most entries that an error names.
const MAX_NAMED: usize = 100;
/// Entries for which ids that may have been meant are looked for: each is compared with every id.
const MAX_COMPARED: usize = 20;
/// Most ids proposed for one entry.
const MAX_PROPOSED: usize = 3;

/// What the analyst wants left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Excludes {
    entries: Vec<Entry>,
}

/// One id or glob.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// As it was written, in one spelling.
    text: String,
    /// The analyst's reason.
    reason: Option<String>,
    /// File and line; `None` for one of the pipeline file.
    place: Option<String>,
}

/// What the entries came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    /// Why each row is left out, in words; `None` for rows that no entry names.
    pub(crate) details: Vec<Option<String>>,
    /// How many entries name clips of corpora whose folders are missing.
    pub(crate) absent: usize,
}

impl Excludes {
    /// The entries of the parameters; those of the file first, as they may have reasons.
    pub(crate) fn read(params: &Params, base_dir: &Path) -> Result<Self, ManifestError> {
        let mut entries = match &params.exclude_file {
            Some(name) => file::read(name, &base_dir.join(name))?,
            None => Vec::new(),
        };
        entries.extend(params.exclude.iter().map(|text| Entry {
            text: nfc(text.trim()).into_owned(),
            reason: None,
            place: None,
        }));
        Ok(Self { entries })
    }

    /// Which of `rows` are named. Entries that name none are an error, all at once, except for those of corpora in
    /// `absent`.
    pub(crate) fn apply(&self, rows: &[Clip], absent: &[&str]) -> Result<Declared, ManifestError> {
        let mut declared = Declared { details: vec![None; rows.len()], absent: 0 };
        let ids: Vec<_> =
            if self.entries.is_empty() { Vec::new() } else { rows.iter().map(|clip| nfc(&clip.clip_id)).collect() };
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (row, id) in ids.iter().enumerate() {
            by_id.entry(id).or_default().push(row);
        }
        let mut unmatched = Vec::new();
        for entry in &self.entries {
            let named = match by_id.get(entry.text.as_str()) {
                Some(named) => named.clone(),
                None => match glob(&entry.text) {
                    Ok(glob) => (0..ids.len()).filter(|&row| glob.is_match(ids[row].as_ref())).collect(),
                    Err(error) => {
                        unmatched.push((entry, Some(error.kind().to_string())));
                        continue;
                    }
                },
            };
            for &row in &named {
                declared.details[row].get_or_insert_with(|| entry.detail());
            }
            if named.is_empty() {
                let corpus = entry.text.split('/').next().unwrap_or_default();
                if absent.contains(&corpus) {
                    declared.absent += 1;
                } else {
                    unmatched.push((entry, None));
                }
            }
        }
        if unmatched.is_empty() { Ok(declared) } else { Err(unmatched_error(&unmatched, rows)) }
    }
}

impl Entry {
    fn detail(&self) -> String {
        match (&self.reason, &self.place) {
            (Some(reason), Some(place)) => format!("{reason} ({place})"),
            (None, Some(place)) => format!("named in {place}"),
            _ => format!("named by `exclude`: `{}`", self.text),
        }
    }
}

/// A glob whose `*` stays within a folder.
fn glob(text: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(text).literal_separator(true).build()?.compile_matcher())
}

fn unmatched_error(unmatched: &[(&Entry, Option<String>)], rows: &[Clip]) -> ManifestError {
    let told = unmatched.iter().take(MAX_NAMED).enumerate().map(|(number, (entry, problem))| {
        let place = entry.place.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
        let advice = match problem {
            Some(problem) => format!(": neither a clip id nor a glob, {problem}"),
            None if number < MAX_COMPARED => advice(&entry.text, rows),
            None => String::new(),
        };
        format!("`{}`{place}{advice}", entry.text)
    });
    let mut entries: Vec<String> = told.collect();
    if unmatched.len() > MAX_NAMED {
        entries.push(format!("and {} more", unmatched.len() - MAX_NAMED));
    }
    ManifestError::ExcludesNothing { count: unmatched.len(), entries }
}

fn advice(text: &str, rows: &[Clip]) -> String {
    let meant = probably_meant(text, rows);
    if meant.is_empty() {
        return String::new();
    }
    let meant: Vec<String> = meant.iter().map(|id| format!("`{id}`")).collect();
    format!(": did you mean {}?", meant.join(" or "))
}

/// Ids of the files that `text` names in another way (a path, a name without its folders), or else the ids most like
/// it.
fn probably_meant<'a>(text: &str, rows: &'a [Clip]) -> Vec<&'a str> {
    let text = text.replace('\\', "/");
    let text = text.trim_start_matches("./");
    let stem = match text.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => stem,
        _ => text,
    };
    let is_tail = |whole: &str, tail: &str| {
        whole.strip_suffix(tail).is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    let otherwise = rows.iter().filter(|clip| {
        let (id, path) = (nfc(&clip.clip_id), nfc(&clip.path));
        !text.is_empty() && (is_tail(&id, text) || is_tail(&id, stem) || is_tail(&path, text) || is_tail(text, &path))
    });
    let otherwise: BTreeSet<&str> = otherwise.map(|clip| clip.clip_id.as_str()).collect();
    if !otherwise.is_empty() {
        return otherwise.into_iter().take(MAX_PROPOSED).collect();
    }
    let folded = text.to_lowercase();
    let near = |id: &str| {
        let distance = strsim::damerau_levenshtein(&folded, &nfc(id).to_lowercase());
        (distance <= id.chars().count().div_ceil(3)).then_some(distance)
    };
    let mut near: Vec<(usize, &str)> =
        rows.iter().filter_map(|clip| Some((near(&clip.clip_id)?, clip.clip_id.as_str()))).collect();
    near.sort_unstable();
    near.dedup();
    let least = near.first().map_or(0, |(distance, _)| *distance);
    near.into_iter().take_while(|(distance, _)| *distance == least).map(|(_, id)| id).take(MAX_PROPOSED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ids: &[&str]) -> Vec<Clip> {
        let row = |id: &&str| {
            let corpus = id.split('/').next().expect("a corpus");
            Clip::found((*id).to_owned(), corpus.to_owned(), format!("data/{id}.wav"), 1)
        };
        ids.iter().map(row).collect()
    }

    fn excludes(entries: &[&str]) -> Excludes {
        let params = Params { exclude: entries.iter().map(|entry| (*entry).to_owned()).collect(), ..Params::default() };
        Excludes::read(&params, Path::new(".")).expect("no file to read")
    }

    fn named(entries: &[&str], ids: &[&str]) -> Vec<String> {
        let rows = rows(ids);
        let declared = excludes(entries).apply(&rows, &[]).expect("every entry names a file");
        let named = rows.iter().zip(&declared.details).filter(|(_, detail)| detail.is_some());
        named.map(|(clip, _)| clip.clip_id.clone()).collect()
    }

    fn refused(entries: &[&str], ids: &[&str]) -> String {
        excludes(entries).apply(&rows(ids), &[]).expect_err("an entry names no file").to_string()
    }

    #[test]
    fn ids_and_globs_name_clips() {
        let ids = ["c/a/1", "c/a/2", "c/b/1", "d/1"];
        assert_eq!(named(&["c/a/2"], &ids), ["c/a/2"]);
        assert_eq!(named(&["c/*/1"], &ids), ["c/a/1", "c/b/1"]);
        assert_eq!(named(&["c/**", "d/?"], &ids), ids);
        assert_eq!(named(&["c/a/[12]", "c/a/1"], &ids), ["c/a/1", "c/a/2"]);
        assert_eq!(named(&[], &ids), Vec::<String>::new());
        assert!(refused(&["c/*"], &ids).contains("`c/*`"), "`*` stays within a folder");
    }

    #[test]
    fn the_id_of_a_clip_is_no_glob() {
        let ids = ["c/[take 1]", "c/t", "c/what?", "c/whatX", "c/{1"];
        assert_eq!(named(&["c/[take 1]", "c/what?", "c/{1"], &ids), ["c/[take 1]", "c/what?", "c/{1"]);
        assert!(
            refused(&["c/{2"], &ids).contains("`c/{2`: neither a clip id nor a glob, "),
            "{}",
            refused(&["c/{2"], &ids)
        );
    }

    #[test]
    fn both_spellings_of_a_name_are_one() {
        assert_eq!(named(&["c/Jose\u{301}/*"], &["c/Jos\u{e9}/1"]), ["c/Jos\u{e9}/1"]);
        assert_eq!(named(&["c/Jos\u{e9}/1"], &["c/Jose\u{301}/1"]), ["c/Jose\u{301}/1"]);
    }

    #[test]
    fn all_entries_that_name_nothing_are_told_with_what_was_meant() {
        let ids = ["talk/ep1/017", "talk/ep1/018", "talk/ep2/x"];
        let error = refused(&["talk/ep1/017", "talk/ep1/17", "data/talk/ep2/x.wav", "018", "nowhere/*"], &ids);
        assert!(error.starts_with("4 entries of `exclude` match no file of any corpus:\n"), "{error}");
        for expected in [
            "`talk/ep1/17`: did you mean `talk/ep1/017`?",
            "`data/talk/ep2/x.wav`: did you mean `talk/ep2/x`?",
            "`018`: did you mean `talk/ep1/018`?",
            "`nowhere/*`\n",
        ] {
            assert!(error.contains(expected), "missing `{expected}` in: {error}");
        }
        let many: Vec<String> = (0..150).map(|number| format!("nowhere/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(refused(&many, &ids).contains("`nowhere/99`\n  and 50 more\n"), "{}", refused(&many, &ids));
    }

    #[test]
    fn entries_of_a_corpus_that_is_not_there_are_no_mistake() {
        let declared = excludes(&["tess/x", "tess/**", "c/1"]).apply(&rows(&["c/1"]), &["tess"]).expect("no mistake");
        assert_eq!((declared.absent, declared.details), (2, vec![Some("named by `exclude`: `c/1`".to_owned())]));
    }

    #[test]
    fn a_file_gives_reasons_and_its_word_counts_before_the_list() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("out.csv"), "reason,clip_id\n\"noise, crosstalk\",c/1\n,c/2\n")
            .expect("write");
        let params = Params { exclude: vec!["c/*".into()], exclude_file: Some("out.csv".into()), ..Params::default() };
        let excludes = Excludes::read(&params, folder.path()).expect("reads");
        let details = excludes.apply(&rows(&["c/1", "c/2", "c/3", "d/1"]), &[]).expect("all match").details;
        assert_eq!(
            details,
            [
                Some("noise, crosstalk (`out.csv`, line 2)".to_owned()),
                Some("named in `out.csv`, line 3".to_owned()),
                Some("named by `exclude`: `c/*`".to_owned()),
                None
            ]
        );
        let error = excludes.apply(&rows(&["c/2"]), &[]).expect_err("c/1 is not there").to_string();
        assert!(error.contains("`c/1` (`out.csv`, line 2): did you mean `c/2`?"), "{error}");
    }
}
