//! A chart with everything that makes it readable without seeing it: what it shows in words, its legend, its table.

use serde::Serialize;

use crate::charts::{Chart, Ink};
use crate::grid::Grid;
use crate::listen::Listen;

/// One entry of a legend.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LegendItem {
    /// CSS colour: always `var(--...)`.
    colour: String,
    label: String,
    /// `fill`, `line`, `dot` or `hollow`.
    mark: &'static str,
}

impl LegendItem {
    /// A filled swatch.
    pub(crate) fn fill(ink: Ink, label: impl Into<String>) -> Self {
        Self { colour: ink.css(), label: label.into(), mark: "fill" }
    }

    pub(crate) fn dot(ink: Ink, label: impl Into<String>) -> Self {
        Self { colour: ink.css(), label: label.into(), mark: "dot" }
    }

    pub(crate) fn line(ink: Ink, label: impl Into<String>) -> Self {
        Self { colour: ink.css(), label: label.into(), mark: "line" }
    }

    /// An outlined dot.
    pub(crate) fn hollow(ink: Ink, label: impl Into<String>) -> Self {
        Self { colour: ink.css(), label: label.into(), mark: "hollow" }
    }
}

/// A chart, its words and its table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    pub title: String,
    /// Main point of the figure, one or two sentences.
    pub caption: String,
    /// SVG markup, made by [`crate::charts`] only: the one value that templates do not escape.
    pub svg: String,
    /// Colours and what they stand for.
    pub legend: Vec<LegendItem>,
    /// The numbers drawn.
    pub table: Grid,
    /// The recording drawn.
    listen: Option<Listen>,
}

impl Figure {
    /// A figure without a legend.
    pub(crate) fn new(title: impl Into<String>, caption: impl Into<String>, chart: Chart, table: Grid) -> Self {
        Self {
            title: title.into(),
            caption: caption.into(),
            svg: chart.into_svg(),
            legend: Vec::new(),
            table,
            listen: None,
        }
    }

    /// The same with a legend.
    pub(crate) fn with_legend(mut self, legend: Vec<LegendItem>) -> Self {
        self.legend = legend;
        self
    }

    /// The same with the recording that it shows.
    pub(crate) fn with_listen(mut self, listen: Option<Listen>) -> Self {
        self.listen = listen;
        self
    }
}
