//! The record of what each clip was used for, which evaluation holds against the clips that a model is scored on.

use ser_schemas::{Exposure, Use};

use crate::data::{Dataset, FoldRoles};
use crate::params::{Params, Standardise};

/// One row for each use of each clip in each fold.
pub(crate) fn exposures(params: &Params, data: &Dataset, folds: &[FoldRoles]) -> Vec<Exposure> {
    let mut rows = Vec::new();
    for roles in folds {
        let mut add = |clips: &[usize], used_for| {
            rows.extend(clips.iter().map(|at| Exposure {
                fold: roles.fold,
                clip_id: data.clips[*at].clip_id.clone(),
                used_for,
            }));
        };
        add(&roles.train, Use::Weights);
        // Of training clips alone in every mode: per speaker and per clip, it serves what has no scaling of its own.
        add(&roles.train, Use::Standardisation);
        if params.standardise == Standardise::Speaker {
            for clips in [&roles.train, &roles.validation, &roles.test] {
                add(clips, Use::SpeakerStandardisation);
            }
        }
        let augment = &params.augment;
        if augment.copies > 0.0 || augment.voice > 0.0 || augment.mixup > 0.0 {
            add(&roles.train, Use::Augmentation);
        }
        add(&roles.validation, Use::Selection);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    use ser_schemas::Emotion;
    use ser_schemas::frames::FrameLayout;

    use crate::data::ClipData;

    fn uses(params: &Params) -> Vec<(String, Use)> {
        let clip = |clip_id: &str| ClipData {
            clip_id: clip_id.into(),
            corpus: "c".into(),
            speaker: "s".into(),
            class: 0,
            frames: Vec::new(),
            copies: Vec::new(),
            functionals: Vec::new(),
        };
        let data = Dataset {
            classes: vec![Emotion::Sad],
            clips: vec![clip("train"), clip("validation"), clip("test")],
            layout: FrameLayout {
                names: Vec::new(),
                sample_rate_hz: 16_000,
                hop_s: 0.01,
                params: serde_json::Value::Null,
            },
            columns: Vec::new(),
            functional_names: Vec::new(),
            limits: None,
        };
        let roles = FoldRoles { fold: 0, train: vec![0], validation: vec![1], test: vec![2] };
        exposures(params, &data, &[roles]).into_iter().map(|row| (row.clip_id, row.used_for)).collect()
    }

    #[test]
    fn test_clips_are_used_for_nothing_but_their_own_speaker() {
        let mut params = Params { standardise: Standardise::Train, ..Params::default() };
        params.augment.mixup = 0.4;
        let found = uses(&params);
        let train =
            [Use::Weights, Use::Standardisation, Use::Augmentation].map(|used_for| ("train".to_owned(), used_for));
        assert_eq!(found[..3], train);
        assert_eq!(found[3..], [("validation".to_owned(), Use::Selection)]);

        let params = Params { standardise: Standardise::Speaker, ..params };
        let of_test: Vec<Use> =
            uses(&params).into_iter().filter(|(clip, _)| clip == "test").map(|(_, used_for)| used_for).collect();
        assert_eq!(of_test, [Use::SpeakerStandardisation]);
    }
}
