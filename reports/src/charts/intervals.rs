//! Values with their intervals, one row each: models side by side, the classes of one model, differences around zero.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Chart, DrawError, Extras, Ink, Spot, TEXT_SIZE, WIDTH, anchored, px, shortened, stroke, value_axis};
use crate::number;
use crate::scored::Estimate;

const ROW_HEIGHT: i32 = 44;
const TOP: i32 = 24;
const AXIS_HEIGHT: i32 = 26;
const SIDE: i32 = 12;
const LABEL_CHARACTERS: usize = 37;

#[derive(Debug, Clone)]
pub(crate) struct IntervalRow {
    pub label: String,
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub ink: Ink,
    /// Drawn as an outline: measured otherwise than the others.
    pub hollow: bool,
    /// Text that pointing at the row adds; may be empty.
    pub detail: String,
}

impl IntervalRow {
    /// A filled mark.
    pub(crate) fn new(label: impl Into<String>, estimate: Estimate, ink: Ink, detail: String) -> Self {
        let Estimate { value, low, high } = estimate;
        Self { label: label.into(), value, low, high, ink, hollow: false, detail }
    }
}

/// A value to compare all rows with.
#[derive(Debug, Clone)]
pub(crate) struct Guide {
    /// Where it stands.
    pub at: f64,
    pub label: String,
}

/// The axis below the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// From 0 to 1.
    Share,
    /// As far to the left of zero as to the right; values are written with their sign.
    Difference,
}

impl Scale {
    /// Half the width of a difference axis: the next tenth beyond everything that is drawn.
    fn range(self, rows: &[IntervalRow]) -> std::ops::Range<f64> {
        if self == Self::Share {
            return 0.0..1.0;
        }
        let reach = rows
            .iter()
            .flat_map(|row| [Some(row.value), row.low, row.high])
            .flatten()
            .filter(|value| value.is_finite())
            .fold(0.0, |reach: f64, value| reach.max(value.abs()));
        let half = (((reach * 10.0).floor() + 1.0) / 10.0).min(1.0);
        -half..half
    }

    fn written(self, row: &IntervalRow) -> String {
        let value = if self == Self::Share { number::metric(row.value) } else { number::difference(row.value) };
        number::interval(row.low, row.high).map_or(value.clone(), |interval| format!("{value} {interval}"))
    }
}

/// Draws `rows` from top to bottom.
pub(crate) fn interval_chart(
    label: &str,
    scale: Scale,
    rows: &[IntervalRow],
    guide: Option<&Guide>,
) -> Result<Chart, DrawError> {
    let bottom = TOP + ROW_HEIGHT * rows.len() as i32;
    let range = scale.range(rows);
    let inside = |value: f64| value.clamp(range.start, range.end);
    Chart::draw(bottom + AXIS_HEIGHT, label, |area| {
        let mut spots = Vec::new();
        let mut chart = ChartBuilder::on(area)
            .margin_left(px(SIDE))
            .margin_right(px(SIDE))
            .margin_top(px(TOP))
            .x_label_area_size(px(AXIS_HEIGHT))
            .build_cartesian_2d(range.clone(), f64::from(bottom)..f64::from(TOP))?;
        value_axis(&mut chart, 6, None)?;
        if let Some(guide) = guide.filter(|guide| range.start <= guide.at && guide.at <= range.end) {
            let ends = [(guide.at, f64::from(TOP)), (guide.at, f64::from(bottom))];
            // Only beside the marks: across the labels it would strike them out.
            for row in 0..rows.len() as i32 {
                let top = TOP + ROW_HEIGHT * row;
                let dash = [(guide.at, f64::from(top + 22)), (guide.at, f64::from(top + 40))];
                chart.draw_series(DashedLineSeries::new(dash, px(4), px(3), stroke(Ink::Muted, 1.0)))?;
            }
            let (x, _) = chart.plotting_area().map_coordinate(&ends[0]);
            // Beside the line near the edges, above it elsewhere.
            let side = if x < px(WIDTH / 5) { HPos::Left } else { HPos::Center };
            area.draw_text(&guide.label, &anchored(Ink::Muted, 11.0, side), (x, px(TOP - 9)))?;
        }
        for (number, row) in rows.iter().enumerate() {
            let top = TOP + ROW_HEIGHT * number as i32;
            let (text_y, mark_y) = (px(top + 13), f64::from(top + 31));
            let written = scale.written(row);
            area.draw_text(
                &shortened(&row.label, LABEL_CHARACTERS),
                &anchored(Ink::Text, TEXT_SIZE, HPos::Left),
                (px(SIDE), text_y),
            )?;
            area.draw_text(&written, &anchored(Ink::Text, TEXT_SIZE, HPos::Right), (px(WIDTH - SIDE), text_y))?;
            let mut spoken = format!("{}: {written}", row.label);
            if !row.detail.is_empty() {
                spoken = format!("{spoken}\n{}", row.detail);
            }
            spots.push(Spot::row(px(top), px(top + ROW_HEIGHT), spoken));
            if !row.value.is_finite() {
                continue;
            }
            if let (Some(low), Some(high)) = (row.low, row.high)
                && low.is_finite()
                && high.is_finite()
            {
                let ends = [(inside(low), mark_y), (inside(high), mark_y)];
                let line = ShapeStyle::from(&row.ink.marker().mix(0.45)).stroke_width(px(6) as u32);
                chart.draw_series(std::iter::once(PathElement::new(ends, line)))?;
            }
            let at = (inside(row.value), mark_y);
            let (edge, core) = if row.hollow { (row.ink, Ink::Paper) } else { (Ink::Paper, row.ink) };
            chart.draw_series(std::iter::once(Circle::new(at, px(6), stroke(edge, 1.0).filled())))?;
            let inner = if row.hollow { px(4) } else { px(5) };
            chart.draw_series(std::iter::once(Circle::new(at, inner, stroke(core, 1.0).filled())))?;
        }
        Ok(Extras { spots, ..Extras::default() })
    })
    .map(Chart::with_halo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: f64, low: Option<f64>, high: Option<f64>) -> IntervalRow {
        IntervalRow::new("net <1>", Estimate { value, low, high }, Ink::Accent, "9 clips".into())
    }

    #[test]
    fn values_and_intervals_are_written_beside_the_marks() {
        let rows =
            [row(0.61, Some(0.57), Some(0.65)), row(0.5, None, None), row(f64::NAN, None, None), row(7.0, None, None)];
        let guide = Guide { at: 0.125, label: "chance".into() };
        let svg = interval_chart("UAR", Scale::Share, &rows, Some(&guide)).expect("drawn").into_svg();
        assert!(svg.contains("0.61 [0.57, 0.65]"));
        assert!(svg.contains("net &lt;1&gt;"));
        assert!(svg.contains("<title>net &lt;1&gt;: 0.61 [0.57, 0.65]\n9 clips</title>"));
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn differences_lie_around_zero_and_carry_their_sign() {
        let rows = [row(0.23, Some(0.19), Some(0.27)), row(-0.04, Some(-0.08), Some(0.01))];
        assert_eq!(Scale::Difference.range(&rows), -0.3..0.3);
        assert_eq!(Scale::Difference.range(&[]), -0.1..0.1);
        assert_eq!(Scale::Difference.range(&[row(5.0, None, None)]), -1.0..1.0);
        let svg = interval_chart("gap", Scale::Difference, &rows, None).expect("drawn").into_svg();
        assert!(svg.contains("+0.23 [0.19, 0.27]") && svg.contains("\u{2212}0.04 [\u{2212}0.08, 0.01]"));
    }
}
