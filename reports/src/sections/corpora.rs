//! Composition of the dataset: the corpora, and how clips spread over emotions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use ser_schemas::{Corpus, CorpusStatus, Emotion};

use crate::Error;
use crate::charts::{Ink, StackedBar, stacked_bars};
use crate::figure::{Figure, LegendItem};
use crate::grid::{Cell, Grid};
use crate::number;
use crate::tables::Tables;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Corpora {
    /// Titles of synthetic corpora; not empty means the banner.
    pub synthetic: Vec<String>,
    table: Grid,
    citations: Vec<Citation>,
    balance: Option<Figure>,
    clips: String,
    minutes: String,
    speakers: String,
}

#[derive(Debug, Clone, Serialize)]
struct Citation {
    title: String,
    text: Option<String>,
    licence: Option<String>,
    url: Option<String>,
    /// `true` if `url` may become a link.
    linked: bool,
}

pub(crate) fn corpora(tables: &Tables) -> Result<Corpora, Error> {
    let minutes: f64 = tables.clips.iter().filter_map(|clip| clip.duration_s).sum::<f64>() / 60.0;
    let speakers: BTreeSet<&str> = tables.clips.iter().filter_map(|clip| clip.speaker.as_deref()).collect();
    Ok(Corpora {
        synthetic: tables.corpora.iter().filter(|corpus| corpus.synthetic).map(|corpus| corpus.title.clone()).collect(),
        table: table(tables),
        citations: tables.corpora.iter().map(citation).collect(),
        balance: balance(tables)?,
        clips: number::count(tables.clips.len() as u64),
        minutes: number::count(minutes.round() as u64),
        speakers: number::count(speakers.len() as u64),
    })
}

fn table(tables: &Tables) -> Grid {
    let mut grid = Grid::new(
        "Corpora of this run",
        &["Corpus", "Status", "#Files found", "#Complete corpus", "#Clips used", "#Speakers", "#Minutes", "Language"],
    );
    for corpus in &tables.corpora {
        let clips = || tables.clips.iter().filter(|clip| clip.corpus == corpus.corpus);
        let speakers: BTreeSet<&str> = clips().filter_map(|clip| clip.speaker.as_deref()).collect();
        let minutes = clips().filter_map(|clip| clip.duration_s).sum::<f64>() / 60.0;
        grid.row(vec![
            Cell::from(corpus.title.clone()).note(corpus.corpus.clone()),
            status(corpus),
            Cell::count(corpus.files),
            corpus.expected_files.map_or_else(Cell::none, Cell::count),
            Cell::count(corpus.clips),
            Cell::count(speakers.len() as u64),
            Cell::fixed(minutes, 1),
            corpus.language.clone().unwrap_or_else(|| number::NONE.to_owned()).into(),
        ]);
    }
    grid
}

fn status(corpus: &Corpus) -> Cell {
    let cell = match corpus.status {
        CorpusStatus::FolderMissing => Cell::from("skipped: no folder").class("flagged"),
        CorpusStatus::FolderEmpty => Cell::from("skipped: folder empty").class("flagged"),
        CorpusStatus::Ingested if corpus.synthetic => Cell::from("SYNTHETIC").class("alarm"),
        CorpusStatus::Ingested if corpus.shortfall.is_some() => Cell::from("incomplete").class("flagged"),
        CorpusStatus::Ingested => Cell::from("read"),
    };
    match (&corpus.shortfall, corpus.status) {
        (Some(shortfall), CorpusStatus::Ingested) => cell.note(shortfall.clone()),
        (_, CorpusStatus::FolderMissing | CorpusStatus::FolderEmpty) => cell.note(corpus.root.clone()),
        _ => cell,
    }
}

fn citation(corpus: &Corpus) -> Citation {
    Citation {
        title: corpus.title.clone(),
        text: corpus.citation.clone(),
        licence: corpus.licence.clone(),
        url: corpus.url.clone(),
        linked: corpus.url.as_deref().is_some_and(is_web_address),
    }
}

/// Anything else, such as `javascript:`, is shown as text and never becomes a link.
fn is_web_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn balance(tables: &Tables) -> Result<Option<Figure>, Error> {
    let counts = clips_by_emotion_and_corpus(tables);
    if counts.is_empty() {
        return Ok(None);
    }
    let mut names = tables.corpora_with_clips();
    names.retain(|name| counts.keys().any(|(_, corpus)| corpus == name));

    let mut grid = Grid::new("Clips by emotion and corpus", &["Emotion"]);
    names.iter().chain(&["All"]).for_each(|name| grid.numeric_column(*name));
    let mut bars = Vec::new();
    let mut spoken = Vec::new();
    for emotion in tables.emotions() {
        let of = |name: &str| counts.get(&(emotion, name)).copied().unwrap_or(0);
        let total: u64 = names.iter().map(|name| of(name)).sum();
        let mut row = vec![Cell::from(emotion.as_str())];
        row.extend(names.iter().map(|name| Cell::count(of(name))));
        row.push(Cell::count(total));
        grid.row(row);
        spoken.push(format!("{emotion} {total}"));
        let parts =
            names.iter().enumerate().map(|(place, name)| ((*name).to_owned(), of(name), Ink::Series(place))).collect();
        bars.push(StackedBar { label: emotion.as_str().to_owned(), parts });
    }
    let chart = stacked_bars(&format!("Clips of each emotion, by corpus: {}", spoken.join(", ")), &bars)?;
    let legend = names.iter().enumerate().map(|(place, name)| LegendItem::fill(Ink::Series(place), *name)).collect();
    let caption = "An emotion that only one corpus has can be recognised by the sound of its recordings alone.";
    Ok(Some(Figure::new("Clips by emotion and corpus", caption, chart, grid).with_legend(legend)))
}

/// From the audit where there is one, else from the manifest's clips.
fn clips_by_emotion_and_corpus(tables: &Tables) -> BTreeMap<(Emotion, &str), u64> {
    let mut counts = BTreeMap::new();
    let balance = tables.audit.as_ref().map_or(&[][..], |audit| &audit.balance);
    if balance.is_empty() {
        for clip in &tables.clips {
            if let Some(emotion) = clip.emotion {
                *counts.entry((emotion, clip.corpus.as_str())).or_default() += 1;
            }
        }
    } else {
        for row in balance {
            *counts.entry((row.emotion, row.corpus.as_str())).or_default() += row.clips;
        }
    }
    counts
}
