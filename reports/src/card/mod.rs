//! The model card (Mitchell et al., "Model Cards for Model Reporting", 2019): what the leading model is for, what it was
//! made of, how well it does and where it does not. One source for the page's section and for `model_card.md`.

mod limits;
mod markdown;
mod training;

use serde::Serialize;

use ser_schemas::{CorpusStatus, Model, Speech};

use crate::PipelineInfo;
use crate::grid::{Cell, Grid};
use crate::scored::{Estimate, Scoreboard, Scored};
use crate::sections::answer::by_corpus;
use crate::sections::coverage;
use crate::sections::protocols::{interval_note, pooled_note};
use crate::sections::seeds::seeds_cell;
use crate::sections::words::listed;
use crate::tables::Tables;

pub(crate) use limits::speech;
pub(crate) use markdown::markdown;

/// The card.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelCard {
    title: String,
    parts: Vec<Part>,
}

/// A heading and what stands below it.
#[derive(Debug, Clone, Serialize)]
struct Part {
    title: &'static str,
    blocks: Vec<Block>,
}

/// A piece of a part; one field is filled.
#[derive(Debug, Clone, Serialize, Default)]
struct Block {
    text: Option<String>,
    items: Vec<Item>,
    table: Option<Grid>,
}

/// A point of a list.
#[derive(Debug, Clone, Serialize)]
struct Item {
    /// The point in a few words; may be empty.
    point: String,
    text: String,
}

impl Block {
    fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    fn items(items: Vec<Item>) -> Self {
        Self { items, ..Self::default() }
    }

    fn table(table: Grid) -> Self {
        Self { table: Some(table), ..Self::default() }
    }
}

fn item(point: impl Into<String>, text: impl Into<String>) -> Item {
    Item { point: point.into(), text: text.into() }
}

/// The card of the model that the report leads with; `None` where nothing was evaluated.
pub(crate) fn card(tables: &Tables, board: &Scoreboard, pipeline: &PipelineInfo) -> Option<ModelCard> {
    let main = board.main()?;
    let about = tables.models.iter().find(|row| main.owns(&row.model, &row.split));
    Some(ModelCard {
        title: format!("{} of {}", main.model, pipeline.name),
        parts: vec![
            Part { title: "Model", blocks: model(tables, main, about) },
            Part { title: "Intended use", blocks: intended_use(tables) },
            Part { title: "Data", blocks: data(tables) },
            Part { title: "Figures", blocks: figures(tables, board, main) },
            Part { title: "Limits", blocks: vec![Block::items(limits::limits(tables, main))] },
            Part { title: "Training", blocks: training::training(tables, main, about, pipeline) },
            Part { title: "How to cite", blocks: citations(tables, about, pipeline) },
        ],
    })
}

fn model(tables: &Tables, main: &Scored, about: Option<&Model>) -> Vec<Block> {
    let emotions: Vec<String> = tables.emotions().into_iter().map(|emotion| emotion.as_str().to_owned()).collect();
    let described = about.map_or("", |about| about.description.as_str());
    let shared = main.shares_with().map_or_else(String::new, |whose| {
        format!(" It needs several recordings of each {whose}: features are standardised per {whose}.")
    });
    let emotions = listed(&emotions);
    vec![Block::text(format!("{described} It gives each recording of speech a probability for {emotions}.{shared}"))]
}

fn intended_use(tables: &Tables) -> Vec<Block> {
    let speech = limits::corpora_by_speech(tables);
    let all_acted = speech.keys().all(|speech| *speech == Some(Speech::Acted));
    let spontaneous = if speech.contains_key(&Some(Speech::Natural)) { "" } else { "spontaneous speech, " };
    let taught = if all_acted { "what actors do when asked for an emotion" } else { "labels of emotion" };
    let mut items = vec![
        item(
            "For:",
            "research on speech emotion recognition, comparing protocols and models on these corpora, teaching.",
        ),
        item(
            "Not for:",
            format!(
                "decisions about people. It was taught {taught}, not what anybody feels. In the European Union, inferring emotions at work and in education is prohibited but for medical and safety reasons (Regulation (EU) 2024/1689, Article 5(1)(f))."
            ),
        ),
    ];
    let languages = limits::languages(tables);
    if !languages.is_empty() {
        items.push(item(
            "Not tested on:",
            format!(
                "any language but {}, {spontaneous}telephones, noise, several voices at once, children.",
                listed(&languages)
            ),
        ));
    }
    vec![Block::items(items)]
}

fn data(tables: &Tables) -> Vec<Block> {
    let used = || tables.corpora.iter().filter(|corpus| corpus.status == CorpusStatus::Ingested);
    let mut grid = Grid::new("Corpora and their licences", &["Corpus", "#Clips", "#Speakers", "Language", "Licence"]);
    for corpus in used() {
        let clips = || tables.clips.iter().filter(|clip| clip.corpus == corpus.corpus);
        let speakers: std::collections::BTreeSet<&str> = clips().filter_map(|clip| clip.speaker.as_deref()).collect();
        let title = if corpus.synthetic { format!("{} (SYNTHETIC)", corpus.title) } else { corpus.title.clone() };
        grid.row(vec![
            title.into(),
            Cell::count(clips().count() as u64),
            Cell::count(speakers.len() as u64),
            corpus.language.clone().map_or_else(Cell::none, Cell::from),
            corpus.licence.clone().unwrap_or_else(|| "not stated".to_owned()).into(),
        ]);
    }
    let mut blocks = vec![Block::table(grid)];
    if used().any(|corpus| corpus.synthetic) {
        blocks.push(Block::text(
            "Synthetic corpora are generated signals in the layout of the real ones: no figure here says anything about real speech.",
        ));
    } else {
        blocks.push(Block::text(
            "Licences are as the distributors state them. Several allow research only; whether a model trained on the recordings may be used otherwise is for its user to settle.",
        ));
    }
    blocks
}

fn figures(tables: &Tables, board: &Scoreboard, main: &Scored) -> Vec<Block> {
    let over_corpora = board.models.iter().any(Scored::is_over_corpora);
    let mut headings = vec!["Model", "Protocol"];
    headings.extend(if over_corpora {
        &["#UAR, mean over corpora", "#UAR, pooled", "#Accuracy, pooled", "#Macro-F1, pooled", "#Clips"][..]
    } else {
        &["#UAR", "#Accuracy", "#Macro-F1", "#Clips"]
    });
    headings.extend(board.has_seeds().then_some("#Seeds"));
    let mut overall = Grid::new("Figures with 95 % intervals", &headings);
    for scored in &board.models {
        let of_card = scored.owns(&main.model, &main.split).then(|| "this card’s model".to_owned());
        let kind = of_card.or_else(|| scored.baseline.then(|| "baseline".to_owned()));
        let sharing = scored.sharing();
        let notes: Vec<&str> = kind.iter().chain(&sharing).map(String::as_str).collect();
        let mut name = Cell::from(scored.model.clone());
        if !notes.is_empty() {
            name = name.note(notes.join(", "));
        }
        if sharing.is_some() {
            name = name.class("flagged");
        }
        let mut row = vec![name, scored.protocol.name().into(), Cell::estimate(scored.uar())];
        row.extend(over_corpora.then(|| Cell::estimate(scored.metric("uar"))));
        row.extend(["accuracy", "macro_f1"].map(|metric| Cell::estimate(scored.metric(metric))));
        row.push(Cell::count(scored.support));
        row.extend(board.has_seeds().then(|| seeds_cell(scored)));
        overall.row(row);
    }
    let mut classes = Grid::new(
        format!("{} by emotion, with 95 % intervals", main.model),
        &["Emotion", "#Precision", "#Recall", "#F1", "#Clips"],
    );
    for row in &tables.classes {
        if row.group == "overall" && row.support > 0 && main.owns(&row.model, &row.split) {
            let estimate = |value, low, high| Cell::estimate(Some(Estimate { value, low, high }));
            classes.row(vec![
                row.emotion.as_str().into(),
                estimate(row.precision, row.precision_low, row.precision_high),
                estimate(row.recall, row.recall_low, row.recall_high),
                estimate(row.f1, row.f1_low, row.f1_high),
                Cell::count(row.support),
            ]);
        }
    }
    let quoted = format!("Quote the {} figure: {}.", main.protocol.name(), main.protocol.meaning());
    let mut blocks = vec![
        Block::text(format!("{quoted}{}", pooled_note(board))),
        Block::table(overall),
        Block::text(interval_note(board)),
    ];
    if main.is_over_corpora() {
        blocks.push(Block::text(format!("UAR of {} by corpus: {}.", main.model, by_corpus(tables, main))));
    }
    blocks.push(Block::table(classes));
    blocks.extend(coverage::sentence(tables, main).map(Block::text));
    blocks.extend(coverage::table(tables, main).map(Block::table));
    blocks
}

fn citations(tables: &Tables, about: Option<&Model>, pipeline: &PipelineInfo) -> Vec<Block> {
    let version = if pipeline.version.is_empty() { String::new() } else { format!(" {}", pipeline.version) };
    let mut items = vec![item(
        "This model:",
        format!("pipeline “{}”, seed {}, made with ser{version}.", pipeline.name, pipeline.seed),
    )];
    let papers: Vec<&str> = about.into_iter().flat_map(Model::papers).collect();
    if !papers.is_empty() {
        let whose =
            if about.is_some_and(Model::is_ensemble) { "The designs of its members go" } else { "Its design goes" };
        items.push(item(format!("{whose} back to:"), format!("{}.", papers.join("; "))));
    }
    for corpus in tables.corpora.iter().filter(|corpus| corpus.status == CorpusStatus::Ingested && !corpus.synthetic) {
        let citation = corpus.citation.clone().unwrap_or_else(|| "no citation stated".to_owned());
        let url = corpus.url.as_ref().map_or_else(String::new, |url| format!(" {url}"));
        items.push(item(format!("{}:", corpus.title), format!("{citation}{url}")));
    }
    vec![Block::items(items)]
}
