//! Limits of the data, as far as the tables tell.

use std::collections::{BTreeMap, BTreeSet};

use ser_schemas::{Emotion, Speech, language_name};

use super::{Item, item};
use crate::number;
use crate::scored::Scored;
use crate::sections::labelled;
use crate::sections::standardisation::Tried;
use crate::sections::words::{column, listed};
use crate::tables::Tables;

/// Fewer speakers than this say little about voices in general.
const FEW_SPEAKERS: usize = 50;
/// An emotion with less than this share of what an even distribution would give it is rare.
const RARE: f64 = 0.5;
/// More clips per sentence than this, and what is said is the same over and over.
const MANY_PER_SENTENCE: usize = 10;

/// Every limit, those of all speech first.
pub(super) fn limits(tables: &Tables, main: &Scored) -> Vec<Item> {
    let mut limits = vec![speech_item(tables)];
    limits.extend(speakers(tables));
    limits.extend(language(tables));
    limits.extend(sentences(tables));
    limits.extend(ages(tables));
    limits.extend(rare_emotions(tables));
    limits.extend(worst(tables, main));
    limits.extend(few_clips(tables, main));
    limits.extend(labelled_clips(tables, main));
    if !main.protocol.separates_speakers() {
        limits.push(item(
            "Known speakers.",
            "The leading figure was not measured on unheard speakers; on a new voice expect less.",
        ));
    }
    limits.push(item(
        "Studio sound.",
        "Nothing here was tested on other microphones, rooms, codecs or noise than those of the corpora.",
    ));
    limits
}

/// Point and text about how the emotions came about.
pub(crate) fn speech(tables: &Tables) -> (String, String) {
    let item = speech_item(tables);
    (item.point, item.text)
}

fn speech_item(tables: &Tables) -> Item {
    if tables.corpora.iter().any(|corpus| corpus.synthetic) {
        return item(
            "Synthetic signals.",
            "Generated in the layout of the corpora; nothing follows from them about speech or emotion.",
        );
    }
    let by_speech = corpora_by_speech(tables);
    match by_speech.keys().collect::<Vec<_>>().as_slice() {
        [Some(Speech::Acted)] => item(
            "Acted speech.",
            "The emotions were played on request. Spontaneous emotion is subtler; expect less on it.",
        ),
        [Some(Speech::Induced)] => item(
            "Induced speech.",
            "The emotions were brought about by the recordings' set-up; what life brings about may sound different.",
        ),
        [Some(Speech::Natural)] => item(
            "Natural speech.",
            "Nobody asked for the emotions; what they are is the judgement of those who listened.",
        ),
        [None] => item(
            "Acted or not:",
            "not stated. Emotion that is played is easier to recognise than felt; a descriptor says which with `speech`.",
        ),
        _ => {
            let told = by_speech.iter().map(|(speech, names)| {
                let of = speech.map_or("not stated", Speech::as_str);
                format!("{of} in {}", listed(names))
            });
            item(
                "Acted or not:",
                format!(
                    "{}. Emotion that is played is easier to recognise than felt.",
                    told.collect::<Vec<_>>().join("; ")
                ),
            )
        }
    }
}

/// The corpora with clips by how their emotions came about; those that do not state it come first.
pub(super) fn corpora_by_speech(tables: &Tables) -> BTreeMap<Option<Speech>, Vec<String>> {
    let mut corpora: BTreeMap<Option<Speech>, Vec<String>> = BTreeMap::new();
    for name in tables.corpora_with_clips() {
        let row = tables.corpora.iter().find(|corpus| corpus.corpus == name);
        corpora.entry(row.and_then(|row| row.speech)).or_default().push(name.to_owned());
    }
    corpora
}

/// The languages of the clips, in words where they are common.
pub(super) fn languages(tables: &Tables) -> Vec<String> {
    let tags: BTreeSet<&str> = tables.clips.iter().filter_map(|clip| clip.language.as_deref()).collect();
    let tags = if tags.is_empty() {
        tables.corpora.iter().filter_map(|corpus| corpus.language.as_deref()).collect()
    } else {
        tags
    };
    let word = |tag: &str| language_name(tag).map_or_else(|| format!("“{tag}”"), str::to_owned);
    tags.into_iter().map(word).collect::<BTreeSet<_>>().into_iter().collect()
}

fn language(tables: &Tables) -> Option<Item> {
    match languages(tables).as_slice() {
        [] => None,
        [one] => Some(item(format!("{one} only."), "How emotion sounds differs between languages and cultures.")),
        several => Some(item("Few languages:", format!("{}.", listed(several)))),
    }
}

fn speakers(tables: &Tables) -> Option<Item> {
    let speakers: BTreeSet<&str> = tables.clips.iter().filter_map(|clip| clip.speaker.as_deref()).collect();
    let by_gender = |wanted: &str| {
        let of: BTreeSet<&str> = tables
            .clips
            .iter()
            .filter(|clip| clip.gender.as_deref() == Some(wanted))
            .filter_map(|clip| clip.speaker.as_deref())
            .collect();
        of.len()
    };
    let (female, male) = (by_gender("female"), by_gender("male"));
    let genders = if female + male > 0 { format!(" ({female} female, {male} male)") } else { String::new() };
    let count = number::counted(speakers.len() as u64, "speaker", "speakers");
    match speakers.len() {
        0 => None,
        few if few < FEW_SPEAKERS => Some(item(
            "Few speakers.",
            format!("{count}{genders}: one more or one less moves every figure, as the intervals show."),
        )),
        _ => Some(item("Speakers.", format!("{count}{genders}."))),
    }
}

fn sentences(tables: &Tables) -> Option<Item> {
    let spoken: BTreeSet<(&str, &str)> =
        tables.clips.iter().filter_map(|clip| Some((clip.corpus.as_str(), clip.sentence.as_deref()?))).collect();
    let clips = tables.clips.iter().filter(|clip| clip.sentence.is_some()).count();
    (!spoken.is_empty() && clips / spoken.len() >= MANY_PER_SENTENCE).then(|| {
        item(
            "Scripted sentences.",
            format!(
                "{} in {}: what is said tells nothing of the emotion, unlike in life.",
                number::counted(spoken.len() as u64, "sentence", "sentences"),
                number::counted(clips as u64, "clip", "clips")
            ),
        )
    })
}

fn ages(tables: &Tables) -> Option<Item> {
    let ages = || tables.clips.iter().filter_map(|clip| clip.age_years).filter(|age| age.is_finite());
    let (youngest, oldest) = (ages().reduce(f64::min)?, ages().reduce(f64::max)?);
    let known: BTreeSet<&str> = tables
        .clips
        .iter()
        .filter(|clip| clip.age_years.is_some())
        .filter_map(|clip| clip.speaker.as_deref())
        .collect();
    Some(item(
        "Ages.",
        format!(
            "{} to {} years, among the {} whose age is known.",
            number::fixed(youngest, 0),
            number::fixed(oldest, 0),
            number::counted(known.len() as u64, "speaker", "speakers")
        ),
    ))
}

fn rare_emotions(tables: &Tables) -> Option<Item> {
    let mut counts: BTreeMap<Emotion, u64> = BTreeMap::new();
    for emotion in tables.clips.iter().filter_map(|clip| clip.emotion) {
        *counts.entry(emotion).or_default() += 1;
    }
    let even = counts.values().sum::<u64>() as f64 / counts.len().max(1) as f64;
    let rare: Vec<String> = counts
        .iter()
        .filter(|(_, count)| (**count as f64) < RARE * even)
        .map(|(emotion, count)| format!("{emotion} ({})", number::counted(*count, "clip", "clips")))
        .collect();
    (!rare.is_empty()).then(|| item("Rare emotions:", format!("{}.", listed(&rare))))
}

/// Of a model that is standardised per speaker.
fn few_clips(tables: &Tables, main: &Scored) -> Option<Item> {
    Some(item("Few clips of a speaker:", Tried::of(tables, main)?.points().join(" ")))
}

fn labelled_clips(tables: &Tables, main: &Scored) -> Option<Item> {
    Some(item("Labelled clips of a speaker:", labelled::sentence(tables, main)?))
}

fn worst(tables: &Tables, main: &Scored) -> Option<Item> {
    let groups: Vec<String> = tables
        .worst_groups
        .iter()
        .filter(|row| main.owns(&row.model, &row.split) && row.group != "fold" && row.value < row.overall)
        .map(|row| {
            let value = number::with_interval(row.value, row.low, row.high);
            format!("{} {} (UAR {value}, worst of {})", column(&row.group), row.group_value, row.compared)
        })
        .collect();
    (!groups.is_empty()).then(|| item("Worst groups:", format!("{}.", groups.join("; "))))
}
