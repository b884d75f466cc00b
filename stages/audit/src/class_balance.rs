//! How evenly the emotions are covered, as two numbers.

use std::collections::BTreeMap;

use ser_schemas::{Balance, ClassBalance, Emotion};

use crate::contingency::entropy;

/// The dataset as a whole, then each corpus by name; from the counts of `balance`.
pub fn class_balance(balance: &[Balance]) -> Vec<ClassBalance> {
    let mut counts: BTreeMap<Option<&str>, BTreeMap<Emotion, u64>> = BTreeMap::new();
    for row in balance {
        for corpus in [None, Some(row.corpus.as_str())] {
            *counts.entry(corpus).or_default().entry(row.emotion).or_default() += row.clips;
        }
    }
    counts.into_iter().filter_map(|(corpus, emotions)| class_balance_of(corpus, &emotions)).collect()
}

fn class_balance_of(corpus: Option<&str>, emotions: &BTreeMap<Emotion, u64>) -> Option<ClassBalance> {
    // Of equal counts, `min_by_key` gives the first and `max_by_key` the last.
    let (&rarest, &rarest_clips) = emotions.iter().min_by_key(|(_, clips)| **clips)?;
    let (&commonest, &commonest_clips) = emotions.iter().rev().max_by_key(|(_, clips)| **clips)?;
    Some(ClassBalance {
        corpus: corpus.map(str::to_owned),
        clips: emotions.values().sum(),
        classes: emotions.len() as u64,
        rarest,
        rarest_clips,
        commonest,
        commonest_clips,
        imbalance_ratio: commonest_clips as f64 / rarest_clips as f64,
        effective_classes: entropy(emotions.values()).exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balance(corpus: &str, emotion: Emotion, clips: u64) -> Balance {
        Balance {
            corpus: corpus.into(),
            emotion,
            gender: "female".into(),
            intensity: "normal".into(),
            language: "en".into(),
            clips,
            minutes: 1.0,
            speakers: 1,
        }
    }

    #[test]
    fn equal_classes_count_in_full_and_others_for_less() {
        let rows = [
            balance("a", Emotion::ANGRY, 8),
            balance("a", Emotion::SAD, 8),
            balance("b", Emotion::ANGRY, 6),
            balance("b", Emotion::HAPPY, 1),
            balance("b", Emotion::ANGRY, 3),
        ];
        let found = class_balance(&rows);
        let corpora: Vec<Option<&str>> = found.iter().map(|row| row.corpus.as_deref()).collect();
        assert_eq!(corpora, [None, Some("a"), Some("b")]);
        let (all, even, uneven) = (&found[0], &found[1], &found[2]);
        assert_eq!((even.rarest, even.commonest, even.imbalance_ratio), (Emotion::ANGRY, Emotion::ANGRY, 1.0));
        assert!((even.effective_classes - 2.0).abs() < 1e-12);
        assert_eq!((uneven.rarest, uneven.rarest_clips, uneven.commonest_clips), (Emotion::HAPPY, 1, 9));
        assert_eq!(uneven.imbalance_ratio, 9.0);
        // -(0.9 ln 0.9 + 0.1 ln 0.1) = 0.325083
        assert!((uneven.effective_classes - 0.325_083_f64.exp()).abs() < 1e-5);
        assert_eq!((all.clips, all.classes), (26, 3));
        assert_eq!(class_balance(&[]), []);
    }
}
