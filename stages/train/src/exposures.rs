//! The record of what each clip was used for, which evaluation holds against the clips that a model is scored on.

use ser_models::{Dataset, Fold};
use ser_schemas::Use;

use crate::params::{Params, Standardise};

/// Each use of the clips of a fold of `split`.
pub(crate) fn uses(params: &Params, split: &Dataset, roles: &Fold) -> Vec<(Use, Vec<usize>)> {
    // Standardisation is that of training clips in every mode: per speaker, corpus and clip, it serves what has none of
    // its own.
    let mut uses = vec![(Use::Weights, &roles.train), (Use::Standardisation, &roles.train)];
    let unheard = split.unheard(roles);
    if params.standardise == Standardise::Corpus {
        uses.push((Use::CorpusStandardisation, &unheard));
    }
    if params.standardise == Standardise::Speaker {
        uses.extend([&roles.train, &roles.validation, &roles.test].map(|clips| (Use::SpeakerStandardisation, clips)));
    }
    let augment = &params.augment;
    if augment.copies > 0.0 || augment.voice > 0.0 || augment.mixup > 0.0 || augment.copy_paste > 0.0 {
        uses.push((Use::Augmentation, &roles.train));
    }
    uses.push((Use::Selection, &roles.validation));
    uses.into_iter().map(|(used_for, clips)| (used_for, clips.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Augment;
    use ser_models::LabelledClip;

    /// Clips of the corpora a, a, a and b, one per part, and one of b that has none.
    fn split() -> Dataset {
        let clip = |corpus: &str| LabelledClip {
            clip_id: String::new(),
            corpus: corpus.to_owned(),
            speaker: String::new(),
            class: 0,
        };
        Dataset { clips: ["a", "a", "a", "b", "b"].map(clip).into(), ..Dataset::default() }
    }

    #[test]
    fn test_clips_are_used_for_nothing_but_their_own_speaker_or_corpus() {
        let roles = Fold { number: 0, train: vec![0], validation: vec![1], test: vec![2, 3] };
        let mut params = Params { standardise: Standardise::Train, ..Params::default() };
        params.augment.mixup = 0.4;
        let of_train = [Use::Weights, Use::Standardisation, Use::Augmentation].map(|used_for| (used_for, vec![0]));
        let found = uses(&params, &split(), &roles);
        assert_eq!(found[..3], of_train);
        assert_eq!(found[3..], [(Use::Selection, vec![1])]);

        let params = Params { standardise: Standardise::Speaker, ..params };
        let of_test = uses(&params, &split(), &roles).into_iter().filter(|(_, clips)| clips.contains(&2));
        assert_eq!(of_test.map(|(used_for, _)| used_for).collect::<Vec<_>>(), [Use::SpeakerStandardisation]);

        let params = Params { standardise: Standardise::Corpus, ..params };
        let found = uses(&params, &split(), &roles);
        assert!(found.contains(&(Use::Standardisation, vec![0])));
        let of_test = found.into_iter().filter(|(_, clips)| clips.contains(&2) || clips.contains(&3));
        assert_eq!(of_test.collect::<Vec<_>>(), [(Use::CorpusStandardisation, vec![3, 4])]);
    }

    #[test]
    fn clips_that_are_joined_are_augmented() {
        let mut params = Params::default();
        params.augment = Augment { copies: 0.0, voice: 0.0, mixup: 0.0, ..params.augment };
        let roles = Fold { number: 0, train: vec![0], validation: vec![], test: vec![2] };
        let augmented =
            |params: &Params| uses(params, &split(), &roles).iter().any(|(used_for, _)| *used_for == Use::Augmentation);
        assert!(!augmented(&params));
        params.augment.copy_paste = 0.1;
        assert!(augmented(&params));
    }
}
