//! What was read from file names, and can hardly be right.

use ser_schemas::{Clip, Emotion, Finding};
use ser_text::{Told, alike, counted, some_names, strange};

use super::finding;
use crate::codes::Code;
use crate::dataset::Dataset;
use crate::params::Params;

/// Ids that are probably one person's: a speaker-independent split can have that person on both sides.
pub(super) fn speakers_alike(_: &Params, dataset: &Dataset, corpus: &str) -> Option<Finding> {
    let speakers: Vec<&str> = dataset.of_corpus(corpus).filter_map(own_id).collect();
    let groups = alike(speakers.iter().copied());
    let clips = speakers.iter().filter(|speaker| groups.iter().flatten().any(|name| name == *speaker)).count();
    let quoted = |names: &Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" = ");
    (!groups.is_empty()).then(|| {
        finding(
            Code::SpeakersAlike,
            format!(
                "speakers of {corpus} differ only in case, blanks, width or leading zeros: if they are one \
                 person, a speaker-independent split can have that person on both sides"
            ),
            format!("{}, {}", some_names(groups.iter().map(quoted)), counted(clips, "clip")),
        )
    })
}

/// Properties that decide one another. The pattern takes the wrong part of the name, or a model can learn the one for
/// the other.
pub(super) fn doubtful(_: &Params, dataset: &Dataset) -> Vec<Finding> {
    let of_corpus = |corpus: &str| {
        let told: Vec<Told<'_>> = dataset.of_corpus(corpus).map(told).collect();
        let described = strange(&told).into_iter().map(|strange| {
            finding(
                Code::DoubtfulNames,
                format!(
                    "{corpus}: {}; either its descriptor takes the wrong part of the names, or figures for new \
                     speakers mean little",
                    strange.what
                ),
                strange.examples,
            )
        });
        described.collect::<Vec<_>>()
    };
    dataset.corpus_names().into_iter().flat_map(of_corpus).collect()
}

fn told(clip: &Clip) -> Told<'_> {
    Told {
        speaker: own_id(clip),
        emotion: clip.emotion.map(Emotion::as_str),
        sentence: clip.sentence.as_deref(),
        take: clip.take.as_deref(),
        intensity: clip.intensity.as_deref(),
        gender: clip.gender.as_deref(),
    }
}

/// The corpus's own id of the speaker.
fn own_id(clip: &Clip) -> Option<&str> {
    let speaker = clip.speaker.as_deref()?;
    Some(speaker.strip_prefix(clip.corpus.as_str()).and_then(|id| id.strip_prefix(':')).unwrap_or(speaker))
}
