//! The tables that `ser audit` prints: emotion by corpus, and the corpora.

use serde::Serialize;

use ser_schemas::{Clip, Emotion};

use crate::dataset::{Dataset, UNKNOWN, distinct, minutes};

/// Clips of one emotion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EmotionRow {
    /// The emotion; `None` for the row of totals.
    pub emotion: Option<Emotion>,
    /// Clips in each corpus, in the order of [`Overview::corpora`].
    pub clips: Vec<u64>,
    /// Clips in all corpora.
    pub total: u64,
    /// Share of all clips, 0 to 1.
    pub share: f64,
    /// Their duration in minutes.
    pub minutes: f64,
    /// Number of different speakers.
    pub speakers: u64,
}

/// Clips of one corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorpusRow {
    /// Name of the corpus.
    pub corpus: String,
    /// `ingested`, `folder_missing`, `folder_empty`; `unknown` where the corpora table does not have it.
    pub status: String,
    /// Whether the clips are synthetic.
    pub synthetic: bool,
    /// Usable clips.
    pub clips: u64,
    /// Files left out.
    pub excluded: u64,
    /// Duration of the clips in minutes.
    pub minutes: f64,
    /// Number of different speakers.
    pub speakers: u64,
    /// Speakers of each gender, by name: `[("female", 12), ("male", 12)]`.
    pub genders: Vec<(String, u64)>,
}

/// The dataset on one screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    /// Names of the corpora that have clips, in order: the columns of `emotions`.
    pub corpora: Vec<String>,
    /// One row per emotion that occurs, then the totals.
    pub emotions: Vec<EmotionRow>,
    /// One row per corpus, declared or with clips, by name.
    pub by_corpus: Vec<CorpusRow>,
}

/// Counts a dataset for printing.
pub fn overview(dataset: &Dataset) -> Overview {
    let corpora = dataset.corpus_names();
    let mut emotions: Vec<Option<Emotion>> = dataset.emotions().into_iter().map(Some).collect();
    emotions.push(None);
    Overview {
        emotions: emotions.into_iter().map(|emotion| emotion_row(dataset, &corpora, emotion)).collect(),
        by_corpus: corpus_rows(dataset),
        corpora: corpora.into_iter().map(str::to_owned).collect(),
    }
}

fn emotion_row(dataset: &Dataset, corpora: &[&str], emotion: Option<Emotion>) -> EmotionRow {
    let clips: Vec<&Clip> = dataset.clips.iter().filter(|clip| emotion.is_none() || clip.emotion == emotion).collect();
    let of_corpus = |corpus: &&str| clips.iter().filter(|clip| clip.corpus == *corpus).count() as u64;
    EmotionRow {
        emotion,
        clips: corpora.iter().map(of_corpus).collect(),
        total: clips.len() as u64,
        share: clips.len() as f64 / dataset.clips.len().max(1) as f64,
        minutes: total_minutes(clips.iter().copied()),
        speakers: speakers(clips.iter().copied()),
    }
}

fn corpus_rows(dataset: &Dataset) -> Vec<CorpusRow> {
    let declared = dataset.corpora.iter().map(|corpus| corpus.corpus.as_str());
    let names = distinct(declared.chain(dataset.clips.iter().map(|clip| clip.corpus.as_str())));
    let row = |name: &str| {
        let declared: Vec<_> = dataset.corpora.iter().filter(|corpus| corpus.corpus == name).collect();
        let clips = || dataset.clips.iter().filter(|clip| clip.corpus == name);
        let gender = |clip: &Clip| clip.gender.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        let genders = distinct(clips().map(gender)).into_iter().map(|wanted| {
            let speakers = speakers(clips().filter(|clip| gender(clip) == wanted));
            (wanted, speakers)
        });
        CorpusRow {
            corpus: name.to_owned(),
            status: declared.first().map_or(UNKNOWN, |corpus| corpus.status.as_str()).to_owned(),
            synthetic: declared.iter().any(|corpus| corpus.synthetic),
            clips: clips().count() as u64,
            excluded: dataset.exclusions.iter().filter(|exclusion| exclusion.corpus == name).count() as u64,
            minutes: total_minutes(clips()),
            speakers: speakers(clips()),
            genders: genders.collect(),
        }
    };
    names.into_iter().map(row).collect()
}

/// The sum of no numbers is -0, which nobody wants to read.
fn total_minutes<'a>(clips: impl Iterator<Item = &'a Clip>) -> f64 {
    clips.map(minutes).sum::<f64>() + 0.0
}

fn speakers<'a>(clips: impl Iterator<Item = &'a Clip>) -> u64 {
    distinct(clips.filter_map(|clip| clip.speaker.as_deref())).len() as u64
}
