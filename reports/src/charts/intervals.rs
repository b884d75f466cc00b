//! Values between 0 and 1 with their intervals, one row each: models side by side, or the classes of one model.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Chart, DrawError, Ink, TEXT_SIZE, WIDTH, anchored, px, shortened, stroke};
use crate::number;

const ROW_HEIGHT: i32 = 44;
const TOP: i32 = 24;
const AXIS_HEIGHT: i32 = 26;
const SIDE: i32 = 12;
const LABEL_CHARACTERS: usize = 37;

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct IntervalRow {
    /// What is measured.
    pub label: String,
    /// The value, 0 to 1.
    pub value: f64,
    /// Lower end of the interval.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// Colour.
    pub ink: Ink,
    /// Drawn as an outline: a figure that was not measured here.
    pub hollow: bool,
}

/// A value to compare all rows with.
#[derive(Debug, Clone)]
pub(crate) struct Guide {
    /// Where it stands, 0 to 1.
    pub at: f64,
    /// What it is.
    pub label: String,
}

/// Draws `rows` from top to bottom on an axis from 0 to 1.
pub(crate) fn interval_chart(label: &str, rows: &[IntervalRow], guide: Option<&Guide>) -> Result<Chart, DrawError> {
    let bottom = TOP + ROW_HEIGHT * rows.len() as i32;
    Chart::draw(bottom + AXIS_HEIGHT, label, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_left(px(SIDE))
            .margin_right(px(SIDE))
            .margin_top(px(TOP))
            .x_label_area_size(px(AXIS_HEIGHT))
            .build_cartesian_2d(0.0..1.0, f64::from(bottom)..f64::from(TOP))?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .max_light_lines(0)
            .bold_line_style(stroke(Ink::Line, 1.0))
            .axis_style(stroke(Ink::Line, 1.0))
            .label_style(super::font(Ink::Muted, TEXT_SIZE))
            .x_labels(6)
            .x_label_formatter(&|value| format!("{value:.1}"))
            .draw()?;
        if let Some(guide) = guide.filter(|guide| (0.0..=1.0).contains(&guide.at)) {
            let ends = [(guide.at, f64::from(TOP)), (guide.at, f64::from(bottom))];
            // Only beside the marks: across the labels it would strike them out.
            for row in 0..rows.len() as i32 {
                let top = TOP + ROW_HEIGHT * row;
                let dash = [(guide.at, f64::from(top + 22)), (guide.at, f64::from(top + 40))];
                chart.draw_series(DashedLineSeries::new(dash, px(4), px(3), stroke(Ink::Muted, 1.0)))?;
            }
            let (x, _) = chart.plotting_area().map_coordinate(&ends[0]);
            // Beside the line near the edges, above it elsewhere.
            let side = if guide.at < 0.2 { HPos::Left } else { HPos::Center };
            area.draw_text(&guide.label, &anchored(Ink::Muted, 11.0, side), (x, px(TOP - 9)))?;
        }
        for (number, row) in rows.iter().enumerate() {
            let top = TOP + ROW_HEIGHT * number as i32;
            let (text_y, mark_y) = (px(top + 13), f64::from(top + 31));
            area.draw_text(
                &shortened(&row.label, LABEL_CHARACTERS),
                &anchored(Ink::Text, TEXT_SIZE, HPos::Left),
                (px(SIDE), text_y),
            )?;
            area.draw_text(
                &number::with_interval(row.value, row.low, row.high),
                &anchored(Ink::Text, TEXT_SIZE, HPos::Right),
                (px(WIDTH - SIDE), text_y),
            )?;
            if !row.value.is_finite() {
                continue;
            }
            let value = row.value.clamp(0.0, 1.0);
            if let (Some(low), Some(high)) = (row.low, row.high)
                && low.is_finite()
                && high.is_finite()
            {
                let ends = [(low.clamp(0.0, 1.0), mark_y), (high.clamp(0.0, 1.0), mark_y)];
                let line = ShapeStyle::from(&row.ink.marker().mix(0.45)).stroke_width(px(6) as u32);
                chart.draw_series(std::iter::once(PathElement::new(ends, line)))?;
            }
            let at = (value, mark_y);
            let (edge, inside) = if row.hollow { (row.ink, Ink::Paper) } else { (Ink::Paper, row.ink) };
            chart.draw_series(std::iter::once(Circle::new(at, px(6), stroke(edge, 1.0).filled())))?;
            let inner = if row.hollow { px(4) } else { px(5) };
            chart.draw_series(std::iter::once(Circle::new(at, inner, stroke(inside, 1.0).filled())))?;
        }
        Ok(None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_intervals_are_written_beside_the_marks() {
        let row = |value, low, high| IntervalRow {
            label: "net <1>".into(),
            value,
            low,
            high,
            ink: Ink::Accent,
            hollow: false,
        };
        let rows =
            [row(0.61, Some(0.57), Some(0.65)), row(0.5, None, None), row(f64::NAN, None, None), row(7.0, None, None)];
        let svg =
            interval_chart("UAR", &rows, Some(&Guide { at: 0.125, label: "chance".into() })).expect("drawn").into_svg();
        assert!(svg.contains("0.61 [0.57, 0.65]"));
        assert!(svg.contains("net &lt;1&gt;"));
        assert!(!svg.contains("NaN"));
    }
}
