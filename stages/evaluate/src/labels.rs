//! The rows of `label_errors` and `perceived`: what models and listeners say of the labels.

use std::collections::BTreeMap;

use ser_schemas::{Clip, Emotion, LabelError, Perceived};

use crate::label_errors::candidates;
use crate::metrics::ratio;
use crate::subject::Subject;

/// The `most` clips of each subject whose label it disputes most, ranked. Of several seeds, what they say on average
/// disputes.
pub(crate) fn label_errors(subjects: &[Subject<'_>], most: usize) -> Vec<LabelError> {
    subjects.iter().flat_map(|subject| disputed(subject, most)).collect()
}

fn disputed(subject: &Subject<'_>, most: usize) -> Vec<LabelError> {
    let clips: Vec<(Vec<f64>, usize)> =
        subject.clips.iter().map(|clip| (clip.mean_probabilities(), clip.truth)).collect();
    if tells_nothing_apart(subject, &clips) {
        return Vec::new();
    }
    let found = candidates(&clips, subject.classes.len());
    found
        .into_iter()
        .take(most)
        .enumerate()
        .map(|(place, candidate)| {
            let (scored, (probabilities, truth)) = (&subject.clips[candidate.clip], &clips[candidate.clip]);
            LabelError {
                model: subject.about.model.clone(),
                split: subject.about.split.clone(),
                rank: place as u32 + 1,
                clip_id: scored.clip.clip_id.clone(),
                path: scored.clip.path.clone(),
                corpus: scored.clip.corpus.clone(),
                speaker: scored.prediction.speaker.clone(),
                emotion: scored.prediction.emotion,
                suggested: subject.classes[candidate.suggested],
                probability_given: probabilities[*truth],
                probability_suggested: probabilities[candidate.suggested],
                score: candidate.margin,
                perceived_emotion: scored.clip.perceived_emotion,
            }
        })
        .collect()
}

/// `true` if the model says the same of every clip of a fold, as the most frequent class does: it disputes nothing
/// then.
fn tells_nothing_apart(subject: &Subject<'_>, said: &[(Vec<f64>, usize)]) -> bool {
    let mut folds: BTreeMap<u32, &[f64]> = BTreeMap::new();
    let mut both = subject.clips.iter().zip(said);
    both.all(|(clip, (said, _))| *folds.entry(clip.prediction.fold).or_insert(said) == said.as_slice())
}

/// The clips of one intended emotion by what was heard.
type Heard<'a> = BTreeMap<Option<Emotion>, Vec<&'a Clip>>;

/// Intended against perceived emotion in every corpus that has votes.
pub(crate) fn perceived(clips: &[Clip]) -> Vec<Perceived> {
    let voted = |clip: &&Clip| clip.perceived_emotion.is_some() || clip.perceived_agreement.is_some();
    let mut cells: BTreeMap<(&str, Emotion), Heard<'_>> = BTreeMap::new();
    for clip in clips.iter().filter(voted) {
        if let Some(emotion) = clip.emotion {
            cells.entry((&clip.corpus, emotion)).or_default().entry(clip.perceived_emotion).or_default().push(clip);
        }
    }
    let mut rows = Vec::new();
    for ((corpus, emotion), heard) in cells {
        let all: usize = heard.values().map(Vec::len).sum();
        for (perceived_emotion, clips) in heard {
            let agreement: Vec<f64> = clips.iter().filter_map(|clip| clip.perceived_agreement).collect();
            rows.push(Perceived {
                corpus: corpus.to_owned(),
                emotion,
                perceived_emotion,
                clips: clips.len() as u64,
                share: ratio(clips.len() as f64, all as f64),
                agreement: (!agreement.is_empty()).then(|| agreement.iter().sum::<f64>() / agreement.len() as f64),
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intended_and_perceived_are_counted_where_listeners_were_asked() {
        let clip = |name: &str, emotion, heard, agreement| {
            let mut clip = Clip::found(name.into(), "crema_d".into(), format!("{name}.wav"), 1);
            (clip.emotion, clip.perceived_emotion, clip.perceived_agreement) = (Some(emotion), heard, agreement);
            clip
        };
        let clips = [
            clip("a", Emotion::SAD, Some(Emotion::SAD), Some(0.8)),
            clip("b", Emotion::SAD, Some(Emotion::NEUTRAL), Some(0.6)),
            clip("c", Emotion::SAD, Some(Emotion::NEUTRAL), Some(0.4)),
            clip("d", Emotion::SAD, None, Some(0.5)),
            clip("e", Emotion::SAD, None, None),
        ];
        let rows = perceived(&clips);
        let told: Vec<_> =
            rows.iter().map(|row| (row.perceived_emotion, row.clips, row.share, row.agreement)).collect();
        assert_eq!(
            told,
            [
                (None, 1, 0.25, Some(0.5)),
                (Some(Emotion::NEUTRAL), 2, 0.5, Some(0.5)),
                (Some(Emotion::SAD), 1, 0.25, Some(0.8)),
            ],
            "the last clip was never heard by anyone who was asked"
        );
        assert_eq!(perceived(&clips[4..]), Vec::new());
    }
}
