//! The clips of the manifest, called one by one.

use std::collections::{BTreeSet, HashMap};

use ser_text::nfc;

use crate::error::ImportError;

/// What a clip id of a file is to the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// A clip of it, by its place.
    Clip(usize),
    /// One that it leaves out.
    LeftOut,
    Unknown,
}

/// The clips that a file is to have a row for, and those that had one.
#[derive(Debug)]
pub(crate) struct Roll {
    /// Ids as the manifest spells them.
    ids: Vec<String>,
    /// Ids come from paths, in whatever form these spell their letters; files are written in either form.
    places: HashMap<String, usize>,
    left_out: BTreeSet<String>,
    /// Where the row of each clip is.
    rows: Vec<Option<String>>,
}

impl Roll {
    /// `left_out` are the ids that the manifest leaves out.
    pub(crate) fn new(ids: Vec<String>, left_out: impl IntoIterator<Item = String>) -> Result<Self, ImportError> {
        if ids.is_empty() {
            return Err(ImportError::NoClips);
        }
        let mut places = HashMap::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate() {
            if places.insert(nfc(id).into_owned(), place).is_some() {
                return Err(ImportError::TwoSpellings { clip_id: id.clone() });
            }
        }
        let left_out = left_out.into_iter().map(|id| nfc(&id).into_owned()).collect();
        let rows = vec![None; ids.len()];
        Ok(Self { ids, places, left_out, rows })
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn id(&self, place: usize) -> &str {
        &self.ids[place]
    }

    pub(crate) fn call(&self, id: &str) -> Called {
        let id = nfc(id.trim());
        match self.places.get(id.as_ref()) {
            Some(place) => Called::Clip(*place),
            None if self.left_out.contains(id.as_ref()) => Called::LeftOut,
            None => Called::Unknown,
        }
    }

    /// Notes that the clip at `place` has a row at `row`; where the first one is, if it has one already.
    pub(crate) fn note(&mut self, place: usize, row: &str) -> Option<&str> {
        if self.rows[place].is_none() {
            self.rows[place] = Some(row.to_owned());
            return None;
        }
        self.rows[place].as_deref()
    }

    /// The clips without a row.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().zip(&self.rows).filter(|(_, row)| row.is_none()).map(|(id, _)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn clips_are_known_in_either_spelling_and_noted_once() {
        let mut roll = Roll::new(ids(&["c/a", "c/Ba\u{308}r"]), ids(&["c/copy"])).expect("a roll");
        assert_eq!(
            [" c/a", "c/B\u{e4}r", "c/copy", "a"].map(|id| roll.call(id)),
            [Called::Clip(0), Called::Clip(1), Called::LeftOut, Called::Unknown]
        );
        assert_eq!(roll.note(1, "row 0"), None);
        assert_eq!(roll.note(1, "row 7"), Some("row 0"));
        assert_eq!(roll.missing().collect::<Vec<_>>(), ["c/a"]);
        assert_eq!((roll.len(), roll.id(1)), (2, "c/Ba\u{308}r"));
    }

    #[test]
    fn a_manifest_that_no_file_can_be_held_against_is_refused() {
        assert!(matches!(Roll::new(Vec::new(), []), Err(ImportError::NoClips)));
        let twice = Roll::new(ids(&["c/B\u{e4}r", "c/Ba\u{308}r"]), []);
        assert!(matches!(twice, Err(ImportError::TwoSpellings { clip_id }) if clip_id == "c/Ba\u{308}r"));
    }
}
