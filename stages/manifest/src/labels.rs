//! The emotion of a clip in this manifest's class set.

use std::collections::BTreeSet;

use ser_schemas::{Clip, Emotion};

use crate::params::{LabelSource, Params, folded};

/// What a clip is labelled as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Label {
    /// A class of this manifest.
    Class(Emotion),
    /// A class that neither is built in nor asked for.
    Further(Emotion),
    /// A label without a place in the class set: the emotion, or the corpus's own word; and why.
    Unwanted { word: String, why: String },
    /// Raters did not settle on a label.
    Unrated,
    /// The corpus tells no emotion of this file.
    Untold,
}

/// Labels clips by the parameters and by which corpora were rated at all.
pub(crate) struct Labeller<'a> {
    params: &'a Params,
    rated: BTreeSet<String>,
}

impl<'a> Labeller<'a> {
    pub(crate) fn new(params: &'a Params, clips: &[Clip]) -> Self {
        let rated = clips.iter().filter(|clip| clip.perceived_emotion.is_some()).map(|clip| clip.corpus.clone());
        Self { params, rated: rated.collect() }
    }

    /// Whether labels of `corpus` are what raters heard.
    pub(crate) fn is_perceived(&self, corpus: &str) -> bool {
        self.params.label_source == LabelSource::Perceived && self.rated.contains(corpus)
    }

    /// The emotion of `clip` before merging, `None` where none is settled on or told.
    pub(crate) fn emotion(&self, clip: &Clip) -> Option<Emotion> {
        if self.is_perceived(&clip.corpus) {
            clip.perceived_emotion
        } else {
            self.declared(clip.emotion_raw.as_deref()).or(clip.emotion)
        }
    }

    pub(crate) fn label(&self, clip: &Clip) -> Label {
        let Some(emotion) = self.emotion(clip) else {
            if self.is_perceived(&clip.corpus) {
                return Label::Unrated;
            }
            let Some(word) = clip.emotion_raw.clone() else {
                return Label::Untold;
            };
            let why = format!("`{word}` is no emotion of its corpus; `labels = {{ {word:?} = \"...\" }}` would map it");
            return Label::Unwanted { word, why };
        };
        let unwanted = |why: String| Label::Unwanted { word: emotion.as_str().to_owned(), why };
        match self.params.merge.class_of(emotion) {
            None => unwanted(format!("`{emotion}` has no place in the class set of `merge`")),
            Some(class) if self.params.keeps(class) => Label::Class(class),
            Some(class) if self.params.keep.is_empty() => Label::Further(class),
            Some(class) => unwanted(format!("`{class}` is not among the classes in `keep`")),
        }
    }

    fn declared(&self, word: Option<&str>) -> Option<Emotion> {
        let word = folded(word?);
        self.params.labels.iter().find(|(declared, _)| folded(declared) == word).map(|(_, emotion)| *emotion)
    }
}

impl Label {
    /// What copies of one recording are compared by; `None` when there is nothing to compare.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Class(emotion) | Self::Further(emotion) => Some(emotion.as_str()),
            Self::Unwanted { word, .. } => Some(word),
            Self::Unrated | Self::Untold => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{ClassSet, Merge};

    fn clip(corpus: &str, raw: &str, emotion: Option<Emotion>, perceived: Option<Emotion>) -> Clip {
        let mut clip = Clip::found(format!("{corpus}/{raw}"), corpus.into(), format!("{raw}.wav"), 1);
        clip.emotion_raw = Some(raw.to_owned());
        clip.emotion = emotion;
        clip.perceived_emotion = perceived;
        clip
    }

    fn label(params: &Params, clip: &Clip) -> Option<Emotion> {
        match Labeller::new(params, std::slice::from_ref(clip)).label(clip) {
            Label::Class(emotion) => Some(emotion),
            _ => None,
        }
    }

    #[test]
    fn other_words_need_a_mapping() {
        let bored = clip("emodb", "boredom", None, None);
        assert_eq!(label(&Params::default(), &bored), None);
        let labels = [("Boredom".to_owned(), Emotion::CALM)].into();
        let params = Params { labels, ..Params::default() };
        assert_eq!(label(&params, &bored), Some(Emotion::CALM));
        assert_eq!(
            label(&Params { merge: Merge::Set(ClassSet::Four), ..params }, &bored),
            Some(Emotion::NEUTRAL),
            "then merged"
        );
        let labels = [("e\u{301}nerve\u{301}".to_owned(), Emotion::ANGRY)].into();
        let other_spelling = clip("fr", "\u{c9}nerv\u{e9}", None, None);
        assert_eq!(label(&Params { labels, ..Params::default() }, &other_spelling), Some(Emotion::ANGRY));
    }

    #[test]
    fn a_class_beside_the_built_in_ones_is_kept_where_asked_for() {
        let boredom: Emotion = "boredom".parse().expect("a class");
        let bored = clip("emodb", "boredom", Some(boredom), None);
        let params = Params::default();
        assert_eq!(Labeller::new(&params, std::slice::from_ref(&bored)).label(&bored), Label::Further(boredom));
        for params in [
            Params { keep: vec![boredom, Emotion::SAD], ..Params::default() },
            Params { labels: [("boredom".to_owned(), boredom)].into(), ..Params::default() },
            Params { merge: Merge::Map([(Emotion::CALM, boredom)].into()), ..Params::default() },
        ] {
            assert_eq!(label(&params, &bored), Some(boredom), "{params:?}");
        }
        let merged = Params { merge: Merge::Map([(boredom, Emotion::NEUTRAL)].into()), ..Params::default() };
        assert_eq!(label(&merged, &bored), Some(Emotion::NEUTRAL));
        let others = Params { keep: vec![Emotion::ANGRY, Emotion::SAD], ..Params::default() };
        assert_eq!(label(&others, &bored), None);
    }

    #[test]
    fn an_emotion_that_is_not_told_is_no_word_to_map() {
        let mut untold = clip("emodb", "x", None, None);
        untold.emotion_raw = None;
        let params = Params::default();
        let labeller = Labeller::new(&params, std::slice::from_ref(&untold));
        assert_eq!((labeller.label(&untold), labeller.label(&untold).word()), (Label::Untold, None));
        untold.emotion_raw = Some("two words".into());
        assert!(
            matches!(labeller.label(&untold), Label::Unwanted { why, .. } if why.contains("{ \"two words\" = ")),
            "as TOML takes it"
        );
    }

    #[test]
    fn a_mapping_is_stronger_than_the_descriptor() {
        let labels = [("pleasant_surprise".to_owned(), Emotion::HAPPY)].into();
        let params = Params { labels, merge: Merge::Set(ClassSet::Six), ..Params::default() };
        assert_eq!(
            label(&params, &clip("tess", "pleasant_surprise", Some(Emotion::SURPRISE), None)),
            Some(Emotion::HAPPY)
        );
        assert_eq!(label(&params, &clip("ravdess", "surprised", Some(Emotion::SURPRISE), None)), None);
    }

    #[test]
    fn perceived_labels_only_where_a_corpus_was_rated() {
        let params = Params { label_source: LabelSource::Perceived, ..Params::default() };
        let rated = clip("crema_d", "angry", Some(Emotion::ANGRY), Some(Emotion::NEUTRAL));
        let tied = clip("crema_d", "sad", Some(Emotion::SAD), None);
        let unrated = clip("tess", "sad", Some(Emotion::SAD), None);
        let labeller = Labeller::new(&params, &[rated.clone(), tied.clone(), unrated.clone()]);
        assert_eq!(labeller.label(&rated), Label::Class(Emotion::NEUTRAL));
        assert_eq!(labeller.label(&tied), Label::Unrated);
        assert_eq!(labeller.label(&unrated), Label::Class(Emotion::SAD));
    }
}
