//! The ids of clips: the name of the corpus and the path below its root, without extension.
//!
//! Ids are in Unicode's composed form, so that a copy of the corpus whose paths went through a system with the other
//! spelling has the same ids. Where both spellings of one path lie side by side, the files are two: the composed one
//! has the id, the others get `~2`, `~3` and so on, in the order of paths. Two formats of one path (`x.wav`,
//! `x.flac`) share an id.

use std::collections::{BTreeMap, BTreeSet};

use ser_text::nfc;

/// The ids of files with these paths below the root, without extension.
pub(crate) fn clip_ids(corpus: &str, stems: &[&str]) -> Vec<String> {
    let mut spellings: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for stem in stems {
        spellings.entry(nfc(stem).into_owned()).or_default().insert(stem);
    }
    let mut taken: BTreeSet<String> = spellings.keys().cloned().collect();
    let mut other: BTreeMap<&str, String> = BTreeMap::new();
    for (composed, stems) in &spellings {
        let mut stems: Vec<&str> = stems.iter().copied().collect();
        stems.sort_by_key(|stem| (*stem != composed.as_str(), *stem));
        let mut number = 2;
        for stem in stems.into_iter().skip(1) {
            while !taken.insert(format!("{composed}~{number}")) {
                number += 1;
            }
            other.insert(stem, format!("{composed}~{number}"));
        }
    }
    let id = |stem: &&str| match other.get(stem) {
        Some(id) => format!("{corpus}/{id}"),
        None => format!("{corpus}/{}", nfc(stem)),
    };
    stems.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSED: &str = "Jos\u{e9}_1";
    const DECOMPOSED: &str = "Jose\u{301}_1";

    #[test]
    fn either_spelling_alone_has_the_same_id() {
        assert_eq!(clip_ids("c", &[COMPOSED, "b"]), clip_ids("c", &[DECOMPOSED, "b"]));
        assert_eq!(clip_ids("c", &[DECOMPOSED]), [format!("c/{COMPOSED}")]);
    }

    #[test]
    fn both_spellings_together_have_different_ids() {
        let expected = [format!("c/{COMPOSED}~2"), format!("c/{COMPOSED}")];
        assert_eq!(clip_ids("c", &[DECOMPOSED, COMPOSED]), expected, "the composed one keeps its id");
        let taken = format!("{COMPOSED}~2");
        let ids = clip_ids("c", &[DECOMPOSED, COMPOSED, &taken]);
        assert_eq!(ids, [format!("c/{COMPOSED}~3"), format!("c/{COMPOSED}"), format!("c/{COMPOSED}~2")]);
    }

    #[test]
    fn three_spellings_of_two_letters() {
        let stems = ["e\u{301}o\u{308}", "\u{e9}o\u{308}", "e\u{301}\u{f6}"];
        let ids = clip_ids("c", &stems);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3, "{ids:?}");
        assert!(ids.contains(&"c/\u{e9}\u{f6}".to_owned()));
    }

    #[test]
    fn two_formats_share_their_id() {
        assert_eq!(clip_ids("c", &["a/x", "a/x"]), ["c/a/x", "c/a/x"]);
    }
}
