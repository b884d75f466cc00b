//! Words and classes that the parameters name and no clip has: slips that would otherwise pass in silence.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{Clip, Emotion};
use ser_stage::suggest::nearest;
use ser_text::{counted, first_names};

use crate::labels::Labeller;
use crate::params::{Params, folded};

/// Most words of the corpora that a message lists.
const MAX_LISTED: usize = 20;

/// Words for emotions, with the number of files that have each, by how they are compared.
struct Vocabulary<'a>(BTreeMap<String, (&'a str, usize)>);

/// What the words of the parameters are held against.
pub(crate) struct Vocabularies<'a> {
    /// The corpora's own words.
    own: Vocabulary<'a>,
    /// Classes as the corpora declare them.
    declared: Vocabulary<'a>,
    /// Classes before merging.
    labelled: Vocabulary<'a>,
    /// Classes after merging, kept or not.
    merged: Vocabulary<'a>,
}

impl<'a> Vocabularies<'a> {
    pub(crate) fn of(params: &Params, labeller: &Labeller<'_>, rows: &'a [Clip]) -> Self {
        let labelled = || rows.iter().filter_map(|clip| labeller.emotion(clip));
        let merged = labelled().filter_map(|emotion| params.merge.class_of(emotion));
        Self {
            own: Vocabulary::of(rows.iter().filter_map(|clip| clip.emotion_raw.as_deref())),
            declared: Vocabulary::of(rows.iter().filter_map(|clip| clip.emotion).map(Emotion::as_str)),
            labelled: Vocabulary::of(labelled().map(Emotion::as_str)),
            merged: Vocabulary::of(merged.map(Emotion::as_str)),
        }
    }

    /// The corpora's own words.
    pub(crate) fn listed(&self) -> String {
        self.own.listed()
    }

    /// A sentence for each word of `labels` and `merge` that no file has, for each class of `keep` that none of `clips`
    /// has, and for each new class that looks like another one misspelt. `absent` are corpora whose folders are
    /// missing.
    pub(crate) fn warnings(&self, params: &Params, clips: &[Clip], absent: &[&str]) -> Vec<String> {
        let kept: BTreeSet<Emotion> = clips.iter().filter_map(|clip| clip.emotion).collect();
        let labels = params.labels.keys().filter(|word| !self.own.has(word));
        let labels = labels.map(|word| self.own.unmet("`labels` maps", word, absent));
        let merge = params.merge.pairs().map(|(from, _)| from.as_str()).filter(|word| !self.labelled.has(word));
        let merge = merge.map(|word| self.labelled.unmet("`merge` maps", word, absent));
        let keep = params.keep.iter().filter(|class| !kept.contains(class));
        let keep = keep.map(|class| self.merged.unmet("`keep` names", class.as_str(), absent));
        let made = params.labels.values().map(|class| ("labels", *class));
        let made = made.chain(params.merge.pairs().map(|(_, class)| ("merge", class))).filter_map(|(key, class)| {
            let near = self.misspelt(class)?;
            Some(format!("`{key}` makes a class `{class}`: did you mean `{near}`?"))
        });
        labels.chain(merge).chain(keep).chain(made).collect()
    }

    /// The built-in or declared class that `class`, which is none, is with a letter or two wrong.
    fn misspelt(&self, class: Emotion) -> Option<&'a str> {
        let wrong = match class.as_str().chars().count() {
            0..5 => return None,
            5..8 => 1,
            _ => 2,
        };
        let known = Emotion::BUILT_IN.into_iter().map(|emotion| -> &'a str { emotion.as_str() });
        let mut known = known.chain(self.declared.0.values().map(|(word, _)| *word));
        if known.clone().any(|word| word == class.as_str()) {
            return None;
        }
        known.find(|word| strsim::damerau_levenshtein(class.as_str(), word) <= wrong)
    }
}

impl<'a> Vocabulary<'a> {
    fn of(all: impl Iterator<Item = &'a str>) -> Self {
        let mut words: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for word in all {
            words.entry(folded(word)).or_insert((word, 0)).1 += 1;
        }
        Self(words)
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains_key(&folded(word))
    }

    /// A sentence on `word`, which a key of the parameters has and no file.
    fn unmet(&self, what: &str, word: &str, absent: &[&str]) -> String {
        let meant = match self.nearest(word) {
            Some((near, files)) => format!(": did you mean `{near}` ({})?", counted(files, "file")),
            None => ";".to_owned(),
        };
        let missing = match absent {
            [] => String::new(),
            names => format!("; not looked at, as their folders are missing: {}", names.join(", ")),
        };
        format!("{what} `{word}`, which no clip is labelled with{meant} the corpora have: {}{missing}", self.listed())
    }

    /// The words, the most frequent ones first.
    fn listed(&self) -> String {
        let mut words: Vec<&(&str, usize)> = self.0.values().collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        if words.is_empty() {
            return "no words".to_owned();
        }
        first_names(words.iter().map(|(word, files)| format!("{word} ({files})")), MAX_LISTED)
    }

    fn nearest(&self, word: &str) -> Option<(&'a str, usize)> {
        let word = folded(word);
        let near = nearest(&word, self.0.keys().map(String::as_str).filter(|other| **other != *word))?;
        self.0.get(near).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Merge;

    fn rows(words: &[&str]) -> Vec<Clip> {
        let row = |(number, word): (usize, &&str)| {
            let mut clip = Clip::found(format!("c/{number}"), "c".into(), format!("{number}.wav"), 1);
            clip.emotion_raw = Some((*word).to_owned());
            clip.emotion = word.parse().ok();
            clip
        };
        words.iter().enumerate().map(row).collect()
    }

    fn labels(words: &[&str]) -> Params {
        Params {
            labels: words.iter().map(|word| ((*word).to_owned(), Emotion::NEUTRAL)).collect(),
            ..Params::default()
        }
    }

    fn warnings(params: &Params, rows: &[Clip], absent: &[&str]) -> Vec<String> {
        Vocabularies::of(params, &Labeller::new(params, rows), rows).warnings(params, rows, absent)
    }

    #[test]
    fn a_word_that_no_file_has_is_told_with_the_nearest() {
        let rows = rows(&["sad", "boredom", "sad", "boredom", "angry", "sad"]);
        assert_eq!(
            warnings(&labels(&["bordom", "Boredom"]), &rows, &[]),
            ["`labels` maps `bordom`, which no clip is labelled with: did you mean `boredom` (2 files)? the corpora \
              have: sad (3), boredom (2), angry (1)"]
        );
        assert_eq!(
            warnings(&labels(&["contempt"]), &rows, &["emodb"]),
            [
                "`labels` maps `contempt`, which no clip is labelled with; the corpora have: sad (3), boredom (2), angry \
              (1); not looked at, as their folders are missing: emodb"
            ]
        );
        assert_eq!(warnings(&labels(&["BOREDOM", " sad"]), &rows, &[]), [""; 0]);
    }

    #[test]
    fn spelling_of_accents_does_not_count() {
        let rows = rows(&["e\u{301}nerve\u{301}"]);
        assert_eq!(warnings(&labels(&["\u{c9}nerv\u{e9}"]), &rows, &[]), [""; 0]);
    }

    #[test]
    fn a_class_that_no_clip_has_is_told() {
        let rows = rows(&["sad", "angry", "sad", "surprise"]);
        let keep = |words: &[&str]| Params {
            keep: words.iter().map(|word| word.parse().expect("a class")).collect(),
            ..Params::default()
        };
        assert_eq!(
            warnings(&keep(&["sad", "suprise"]), &rows, &[]),
            ["`keep` names `suprise`, which no clip is labelled with: did you mean `surprise` (1 file)? the corpora \
              have: sad (2), angry (1), surprise (1)"]
        );
        assert_eq!(warnings(&keep(&["sad", "angry"]), &rows, &[]), [""; 0]);
        let merge = |from: &str, to: &str| Params {
            merge: Merge::Map([(from.parse().expect("a class"), to.parse().expect("a class"))].into()),
            ..Params::default()
        };
        assert!(
            warnings(&merge("angyr", "sad"), &rows, &[])[0]
                .starts_with("`merge` maps `angyr`, which no clip is labelled with: did you mean `angry` (1 file)?")
        );
        assert_eq!(
            warnings(&merge("angry", "suprise"), &rows, &[]),
            ["`merge` makes a class `suprise`: did you mean `surprise`?"]
        );
        assert_eq!(warnings(&merge("angry", "annoyed"), &rows, &[]), [""; 0]);
    }
}
