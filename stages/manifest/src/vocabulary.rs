//! Words and classes that the parameters name and no clip has: slips that would otherwise pass in silence.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Emotion};
use ser_stage::suggest::nearest;
use ser_text::{counted, first_names};

use crate::params::{Params, folded};

/// Most words of the corpora that a message lists.
const MAX_LISTED: usize = 20;

/// The corpora's own words for emotions, with the number of files that have each, by how they are compared.
pub(crate) struct Vocabulary<'a> {
    words: BTreeMap<String, (&'a str, usize)>,
}

impl<'a> Vocabulary<'a> {
    pub(crate) fn of(rows: &'a [Clip]) -> Self {
        let mut words: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for word in rows.iter().filter_map(|clip| clip.emotion_raw.as_deref()) {
            words.entry(folded(word)).or_insert((word, 0)).1 += 1;
        }
        Self { words }
    }

    /// A sentence for each word of `labels` that no file has. `absent` are corpora whose folders are missing.
    pub(crate) fn unmet_labels(&self, params: &Params, absent: &[&str]) -> Vec<String> {
        let unmet = params.labels.keys().filter(|word| !self.words.contains_key(&folded(word)));
        let told = unmet.map(|word| {
            let meant = match self.nearest(word) {
                Some((near, files)) => format!(": did you mean `{near}` ({})?", counted(files, "file")),
                None => String::new(),
            };
            let end = if meant.is_empty() { ";" } else { "" };
            let missing = match absent {
                [] => String::new(),
                names => format!("; not looked at, as their folders are missing: {}", names.join(", ")),
            };
            format!(
                "`labels` maps `{word}`, which no file is labelled with{meant}{end} the corpora have: {}{missing}",
                self.listed()
            )
        });
        told.collect()
    }

    /// A sentence for each class of `keep` that none of `clips` has.
    pub(crate) fn unmet_classes(&self, params: &Params, clips: &[Clip]) -> Vec<String> {
        let mut found: BTreeMap<Emotion, u64> = BTreeMap::new();
        for emotion in clips.iter().filter_map(|clip| clip.emotion) {
            *found.entry(emotion).or_default() += 1;
        }
        let unmet = params.keep.iter().filter(|class| !found.contains_key(class));
        let classes: Vec<String> = found.iter().map(|(class, count)| format!("{class} ({count})")).collect();
        let told = unmet.map(|class| {
            format!(
                "`keep` names `{class}`, which no clip is labelled with; the clips are {}; the corpora's own words \
                 are: {}",
                classes.join(", "),
                self.listed()
            )
        });
        told.collect()
    }

    /// The words, the most frequent ones first.
    pub(crate) fn listed(&self) -> String {
        let mut words: Vec<&(&str, usize)> = self.words.values().collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        if words.is_empty() {
            return "no words".to_owned();
        }
        first_names(words.iter().map(|(word, files)| format!("{word} ({files})")), MAX_LISTED)
    }

    fn nearest(&self, word: &str) -> Option<(&'a str, usize)> {
        let near = nearest(&folded(word), self.words.keys().map(String::as_str))?;
        self.words.get(near).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            labels: words.iter().map(|word| ((*word).to_owned(), Emotion::Neutral)).collect(),
            ..Params::default()
        }
    }

    #[test]
    fn a_word_that_no_file_has_is_told_with_the_nearest() {
        let rows = rows(&["sad", "boredom", "sad", "boredom", "angry", "sad"]);
        let vocabulary = Vocabulary::of(&rows);
        assert_eq!(
            vocabulary.unmet_labels(&labels(&["bordom", "Boredom"]), &[]),
            ["`labels` maps `bordom`, which no file is labelled with: did you mean `boredom` (2 files)? the \
                 corpora have: sad (3), boredom (2), angry (1)"]
        );
        assert_eq!(
            vocabulary.unmet_labels(&labels(&["contempt"]), &["emodb"]),
            ["`labels` maps `contempt`, which no file is labelled with; the corpora have: sad (3), boredom (2), \
                 angry (1); not looked at, as their folders are missing: emodb"]
        );
        assert_eq!(vocabulary.unmet_labels(&labels(&["BOREDOM", " sad"]), &[]), Vec::<String>::new());
    }

    #[test]
    fn spelling_of_accents_does_not_count() {
        let rows = rows(&["e\u{301}nerve\u{301}"]);
        assert_eq!(Vocabulary::of(&rows).unmet_labels(&labels(&["\u{c9}nerv\u{e9}"]), &[]), Vec::<String>::new());
    }

    #[test]
    fn a_class_that_no_clip_has_is_told() {
        let rows = rows(&["sad", "angry", "sad", "surprisd"]);
        let params = Params { keep: vec![Emotion::Sad, Emotion::Surprise], ..Params::default() };
        assert_eq!(
            Vocabulary::of(&rows).unmet_classes(&params, &rows[..3]),
            ["`keep` names `surprise`, which no clip is labelled with; the clips are angry (1), sad (2); the \
                 corpora's own words are: sad (2), angry (1), surprisd (1)"]
        );
        let params = Params { keep: vec![Emotion::Sad, Emotion::Angry], ..Params::default() };
        assert_eq!(Vocabulary::of(&rows).unmet_classes(&params, &rows), Vec::<String>::new());
    }
}
