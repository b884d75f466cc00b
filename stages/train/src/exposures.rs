//! The record of what each clip was used for, which evaluation holds against the clips that a model is scored on.

use ser_models::Fold;
use ser_schemas::Use;

use crate::params::{Params, Standardise};

/// Each use of the clips of a fold.
pub(crate) fn uses(params: &Params, roles: &Fold) -> Vec<(Use, Vec<usize>)> {
    // Standardisation is that of training clips in every mode: per speaker and per clip, it serves what has none of its
    // own.
    let mut uses = vec![(Use::Weights, &roles.train), (Use::Standardisation, &roles.train)];
    if params.standardise == Standardise::Speaker {
        uses.extend([&roles.train, &roles.validation, &roles.test].map(|clips| (Use::SpeakerStandardisation, clips)));
    }
    let augment = &params.augment;
    if augment.copies > 0.0 || augment.voice > 0.0 || augment.mixup > 0.0 {
        uses.push((Use::Augmentation, &roles.train));
    }
    uses.push((Use::Selection, &roles.validation));
    uses.into_iter().map(|(used_for, clips)| (used_for, clips.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_clips_are_used_for_nothing_but_their_own_speaker() {
        let roles = Fold { number: 0, train: vec![0], validation: vec![1], test: vec![2] };
        let mut params = Params { standardise: Standardise::Train, ..Params::default() };
        params.augment.mixup = 0.4;
        let of_train = [Use::Weights, Use::Standardisation, Use::Augmentation].map(|used_for| (used_for, vec![0]));
        let found = uses(&params, &roles);
        assert_eq!(found[..3], of_train);
        assert_eq!(found[3..], [(Use::Selection, vec![1])]);

        let params = Params { standardise: Standardise::Speaker, ..params };
        let of_test = uses(&params, &roles).into_iter().filter(|(_, clips)| clips.contains(&2));
        assert_eq!(of_test.map(|(used_for, _)| used_for).collect::<Vec<_>>(), [Use::SpeakerStandardisation]);
    }
}
