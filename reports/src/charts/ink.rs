//! Colours by role. Charts are drawn once and shown on light and dark paper, so what is drawn are marker colours that
//! stand for CSS variables; [`themed`] puts the variables in their place.

use plotters::style::RGBColor;

/// First two bytes of every marker colour.
const MARKER: (u8, u8) = (0x01, 0xFA);

/// How many colours there are for corpora and other series before they repeat.
pub(crate) const SERIES_COLOURS: usize = 7;

/// A colour by what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Text.
    Text,
    /// Secondary text: axis labels.
    Muted,
    /// Grid lines.
    Line,
    /// The subject of the chart.
    Accent,
    /// The counterpart of the subject.
    Contrast,
    /// The paper behind everything.
    Paper,
    /// One of [`SERIES_COLOURS`] colours that colour-blind readers can tell apart (Okabe and Ito 2008); repeats beyond.
    Series(usize),
}

impl Ink {
    const fn code(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Muted => 1,
            Self::Line => 2,
            Self::Accent => 3,
            Self::Contrast => 4,
            Self::Paper => 5,
            Self::Series(number) => 16 + (number % SERIES_COLOURS) as u8,
        }
    }

    /// The colour to draw with.
    pub(crate) const fn marker(self) -> RGBColor {
        RGBColor(MARKER.0, MARKER.1, self.code())
    }

    /// CSS colour that the marker stands for.
    pub(crate) fn css(self) -> String {
        match self {
            Self::Text => "var(--ink)".to_owned(),
            Self::Muted => "var(--muted)".to_owned(),
            Self::Line => "var(--line)".to_owned(),
            Self::Accent => "var(--accent)".to_owned(),
            Self::Contrast => "var(--contrast)".to_owned(),
            Self::Paper => "var(--paper)".to_owned(),
            Self::Series(number) => format!("var(--series-{})", number % SERIES_COLOURS),
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::Text, Self::Muted, Self::Line, Self::Accent, Self::Contrast, Self::Paper]
            .into_iter()
            .chain((0..SERIES_COLOURS).map(Self::Series))
    }
}

/// `svg` with marker colours replaced by CSS variables, and without what the style sheet says anyway.
///
/// Replacing text in markup is safe here because every pattern contains a quotation mark, which the SVG writer escapes
/// inside labels.
pub(crate) fn themed(svg: &str) -> String {
    let mut themed = svg.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "").replace(" \"", "\"");
    for ink in Ink::all() {
        let RGBColor(red, green, blue) = ink.marker();
        themed = themed.replace(&format!("\"#{red:02X}{green:02X}{blue:02X}\""), &format!("\"{}\"", ink.css()));
    }
    themed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_its_own_marker() {
        let markers: Vec<_> = Ink::all().map(|ink| ink.marker().2).collect();
        let mut unique = markers.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), markers.len());
    }

    #[test]
    fn markers_become_variables_and_labels_stay() {
        let svg = "<text fill=\"#01FA00\" opacity=\"1\">\"#01FA00 opacity=1</text>";
        assert_eq!(themed(svg), "<text fill=\"var(--ink)\">\"#01FA00 opacity=1</text>");
    }
}
