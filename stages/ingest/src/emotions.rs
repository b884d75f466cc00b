//! Which words mean which of the eight emotions. Language, not corpus knowledge: codes are in the descriptors.

use ser_schemas::Emotion;

/// Words beside the names of the emotions themselves, as corpora and their papers use them.
const SYNONYMS: [(&str, Emotion); 19] = [
    ("anger", Emotion::Angry),
    ("calmness", Emotion::Calm),
    ("disgusted", Emotion::Disgust),
    ("fearful", Emotion::Fear),
    ("afraid", Emotion::Fear),
    ("anxiety", Emotion::Fear),
    ("anxious", Emotion::Fear),
    ("happiness", Emotion::Happy),
    ("joy", Emotion::Happy),
    ("joyful", Emotion::Happy),
    ("neutrality", Emotion::Neutral),
    ("normal", Emotion::Neutral),
    ("sadness", Emotion::Sad),
    ("surprised", Emotion::Surprise),
    ("surprising", Emotion::Surprise),
    ("pleasant_surprise", Emotion::Surprise),
    ("pleasant_surprised", Emotion::Surprise),
    ("pleasantly_surprised", Emotion::Surprise),
    ("astonishment", Emotion::Surprise),
];

/// The emotion that `word` means, without regard to case; spaces and hyphens count as `_`. `None` for any other word.
pub(crate) fn emotion_of(word: &str) -> Option<Emotion> {
    let word = word.trim().to_lowercase().replace([' ', '-'], "_");
    word.parse().ok().or_else(|| SYNONYMS.iter().find(|(synonym, _)| *synonym == word).map(|(_, emotion)| *emotion))
}

/// All words that [`emotion_of`] knows.
pub(crate) fn known_words() -> impl Iterator<Item = &'static str> {
    Emotion::ALL.into_iter().map(Emotion::as_str).chain(SYNONYMS.iter().map(|(synonym, _)| *synonym))
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
            ("happiness", Emotion::Happy),
            ("Joy", Emotion::Happy),
            ("Pleasant-Surprise", Emotion::Surprise),
            ("pleasant surprised", Emotion::Surprise),
            ("FEARFUL", Emotion::Fear),
            ("neutral", Emotion::Neutral),
        ] {
            assert_eq!(emotion_of(word), Some(emotion), "{word}");
        }
        assert_eq!(emotion_of("boredom"), None);
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
