//! The report: one HTML file that answers first, and works from disk without a network.
//!
//! Tables of other stages go in, a page comes out. Nothing is measured here: numbers are read, rearranged, formatted
//! and drawn. [`run`] reads the [`tables`], [`scored`] sorts out which number was measured under which protocol, each
//! module of [`sections`] prepares what one part of the page shows, [`charts`] draws, and [`page`] fills the templates.
//! [`card`] is the model card, for the page and for a file of its own.

mod card;
mod charts;
mod error;
mod figure;
#[cfg(test)]
mod fixture;
mod grid;
mod inputs;
mod kind;
mod listen;
mod number;
mod page;
mod params;
mod scored;
mod sections;
mod tables;

use ser_schemas::{Grouping, Table, TableError};
use ser_stage::{Context, Outcome};

pub use error::Error;
pub use inputs::{Inputs, PipelineInfo, StageInfo};
pub use kind::Report;
pub use params::Params;

use listen::Recordings;
use page::Page;
use scored::Scoreboard;
use tables::Tables;

/// The page, below the stage's folder.
pub const PAGE_FILE: &str = "index.html";

/// The model card, below the stage's folder.
pub const CARD_FILE: &str = "model_card.md";

/// Writes `index.html`, `model_card.md` (where a model was evaluated; else it says that none was), `classes.parquet`
/// and `summary.parquet` into the stage's folder.
pub fn run(params: &Params, inputs: &Inputs<'_>, ctx: &Context<'_>) -> Result<Outcome, Error> {
    let tables = Tables::read(inputs)?;
    let board = Scoreboard::new(&tables, &inputs.pipeline, params.main_model.as_deref())?;
    let room = u64::from(params.embed_audio_kib) * 1024;
    let mut recordings = Recordings::new(&tables.clips, ctx.base_dir, &inputs.page_dir, room);
    let clip_rows = params.clip_rows as usize;
    let page = Page {
        title: params.title.clone().unwrap_or_else(|| inputs.pipeline.name.clone()),
        answer: sections::answer::answer(&tables, &board),
        cautions: sections::distrust::distrust(&tables, &board),
        protocols: sections::protocols::protocols(&tables, &board, params.paper_figures)?,
        comparisons: sections::comparisons::comparisons(&tables, &board)?,
        cross_corpus: sections::cross_corpus::cross_corpus(&tables, &board)?,
        unheard_corpora: sections::unheard::unheard(&tables, &board, Grouping::Corpus)?,
        unheard_languages: sections::unheard::unheard(&tables, &board, Grouping::Language)?,
        standardisation: sections::standardisation::standardisations(&tables, &board)?,
        labelled: sections::labelled::labelled(&tables, &board)?,
        corpora: sections::corpora::corpora(&tables)?,
        left_out: sections::left_out::left_out(&tables, params.exclusion_rows as usize),
        audit: sections::audit::audit(&tables, &recordings, clip_rows)?,
        voices: sections::voices::voices(&tables, &mut recordings)?,
        training: sections::training::training(&tables)?,
        ensembles: sections::ensembles::ensembles(&tables),
        errors: sections::errors::errors(&tables, &board)?,
        groups: sections::groups::groups(&tables, &board)?,
        calibration: sections::calibration::calibration(&tables, &board)?,
        labels: sections::labels::labels(&tables, &board, &mut recordings, clip_rows)?,
        measurements: sections::measurements::measurements(&tables, &board),
        card: card::card(&tables, &board, &inputs.pipeline),
        provenance: sections::provenance::provenance(&tables, &inputs.pipeline),
    };
    if let Some(trouble) = recordings.trouble() {
        ctx.observer.warn(&format!("some recordings are not in the page: {trouble}: {}", trouble.hint()));
    }
    let card = page.card.as_ref().map_or_else(|| "No model was evaluated.\n".to_owned(), card::markdown);
    for (file, text) in [(PAGE_FILE, page::render(&page)?), (CARD_FILE, card)] {
        let path = ctx.out_dir.join(file);
        std::fs::write(&path, text).map_err(TableError::io("write", &path))?;
    }
    ser_schemas::ClassMetrics::write_in(ctx.out_dir, &tables.classes, &ctx.provenance)?;
    ser_schemas::SummaryMetric::write_in(ctx.out_dir, &tables.summary, &ctx.provenance)?;
    let (headline, notes) = (headline(&board), notes(&page));
    Ok(Outcome { rows: tables.summary.len() as u64, headline, notes, ..Outcome::default() })
}

fn headline(board: &Scoreboard) -> String {
    let uar = board.main().and_then(|main| main.uar().map(|uar| (main, uar)));
    let Some((main, uar)) = uar else { return "nothing was evaluated".to_owned() };
    let over =
        if main.is_over_corpora() { format!(", mean over {} corpora", main.corpora.len()) } else { String::new() };
    let label = main.shares_with().map(|whose| format!(", standardised per {whose}")).unwrap_or_default();
    let seeds = main.seeds_told().map_or_else(String::new, |told| format!(", {told}"));
    format!(
        "UAR {}{over}{seeds}, {}{label} ({})",
        number::with_interval(uar.value, uar.low, uar.high),
        main.protocol.name(),
        main.model
    )
}

fn notes(page: &Page) -> Vec<String> {
    let synthetic = &page.corpora.synthetic;
    if synthetic.is_empty() {
        return Vec::new();
    }
    vec![format!("SYNTHETIC DATA: {}; the figures say nothing about real speech", synthetic.join(", "))]
}

#[cfg(test)]
mod tests;
