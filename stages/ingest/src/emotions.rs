//! Which words mean which of the built-in emotions. Language, not corpus knowledge: codes are in the descriptors.

use ser_schemas::Emotion;
use ser_text::nfc;

/// Words beside the names of the emotions themselves, as corpora and their papers use them.
const SYNONYMS: [(&str, Emotion); 19] = [
    ("anger", Emotion::ANGRY),
    ("calmness", Emotion::CALM),
    ("disgusted", Emotion::DISGUST),
    ("fearful", Emotion::FEAR),
    ("afraid", Emotion::FEAR),
    ("anxiety", Emotion::FEAR),
    ("anxious", Emotion::FEAR),
    ("happiness", Emotion::HAPPY),
    ("joy", Emotion::HAPPY),
    ("joyful", Emotion::HAPPY),
    ("neutrality", Emotion::NEUTRAL),
    ("normal", Emotion::NEUTRAL),
    ("sadness", Emotion::SAD),
    ("surprised", Emotion::SURPRISE),
    ("surprising", Emotion::SURPRISE),
    ("pleasant_surprise", Emotion::SURPRISE),
    ("pleasant_surprised", Emotion::SURPRISE),
    ("pleasantly_surprised", Emotion::SURPRISE),
    ("astonishment", Emotion::SURPRISE),
];

/// How words for emotions are compared: composed, without regard to case; spaces and hyphens count as `_`.
pub(crate) fn folded(word: &str) -> String {
    nfc(&word.trim().to_lowercase()).replace([' ', '-'], "_")
}

/// The built-in emotion that `word` means, once [`folded`]. `None` for any other word.
pub(crate) fn emotion_of(word: &str) -> Option<Emotion> {
    let word = folded(word);
    let built_in = Emotion::BUILT_IN.into_iter().map(|emotion| (emotion.as_str(), emotion));
    built_in.chain(SYNONYMS).find(|(known, _)| *known == word).map(|(_, emotion)| emotion)
}

/// Position of the class among `classes` that `word` means: its name, or a word for a built-in emotion, in any writing. `None` for
/// any other word.
pub fn class_of(word: &str, classes: &[Emotion]) -> Option<usize> {
    let position = |name: &str| classes.iter().position(|class| class.as_str() == name);
    position(&folded(word)).or_else(|| position(emotion_of(word)?.as_str()))
}

/// All words that [`emotion_of`] knows.
pub(crate) fn known_words() -> impl Iterator<Item = &'static str> {
    Emotion::BUILT_IN.into_iter().map(Emotion::as_str).chain(SYNONYMS.iter().map(|(synonym, _)| *synonym))
}

/// The known word that `word` is with a letter or two wrong; `None` for words that are too short to say.
pub(crate) fn misspelt(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let wrong = match word.chars().count() {
        0..5 => return None,
        5..8 => 1,
        _ => 2,
    };
    known_words().find(|known| strsim::damerau_levenshtein(&word, known) <= wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_map_whatever_their_writing() {
        for (word, emotion) in [
            ("happiness", Emotion::HAPPY),
            ("Joy", Emotion::HAPPY),
            ("Pleasant-Surprise", Emotion::SURPRISE),
            ("pleasant surprised", Emotion::SURPRISE),
            ("FEARFUL", Emotion::FEAR),
            ("neutral", Emotion::NEUTRAL),
        ] {
            assert_eq!(emotion_of(word), Some(emotion), "{word}");
        }
        assert_eq!(emotion_of("boredom"), None);
    }

    #[test]
    fn a_word_is_a_class_by_its_name_or_what_it_means() {
        let classes = [Emotion::ANGRY, Emotion::HAPPY, "boredom".parse().expect("a name")];
        let found = ["happy", "Joy", " ANGER ", "Boredom", "calm", "hapy"].map(|word| class_of(word, &classes));
        assert_eq!(found, [Some(1), Some(1), Some(0), Some(2), None, None]);
        // What a synonym usually means does not count where it is a class itself.
        let own = ["joy".parse().expect("a name"), Emotion::HAPPY];
        assert_eq!([class_of("Joy", &own), class_of("happiness", &own)], [Some(0), Some(1)]);
    }

    #[test]
    fn every_word_known_is_understood() {
        for word in known_words() {
            assert!(emotion_of(word).is_some(), "{word}");
        }
    }

    #[test]
    fn misspelt_words_are_told_from_other_words() {
        assert_eq!(
            [misspelt("angyr"), misspelt("surprize"), misspelt("Happi")],
            [Some("angry"), Some("surprise"), Some("happy")]
        );
        for word in
            ["boredom", "mad", "contempt", "excited", "sarcasm", "relief", "tired", "glad", "sleepiness", "amused"]
        {
            assert_eq!(misspelt(word), None, "{word}");
        }
    }
}
