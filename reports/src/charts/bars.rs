//! Stacked horizontal bars: clips of each emotion by corpus.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Chart, DrawError, Extras, Ink, Spot, TEXT_SIZE, anchored, px, stroke};
use crate::number;

const ROW_HEIGHT: i32 = 28;
const BAR_INSET: f64 = 5.0;
const LABEL_WIDTH: i32 = 66;
const TOTAL_WIDTH: i32 = 48;

#[derive(Debug, Clone)]
pub(crate) struct StackedBar {
    pub label: String,
    /// Parts from left to right: name, count, colour.
    pub parts: Vec<(String, u64, Ink)>,
}

impl StackedBar {
    fn total(&self) -> u64 {
        self.parts.iter().map(|(_, count, _)| count).sum()
    }
}

/// Draws `bars` from top to bottom, each with its total.
pub(crate) fn stacked_bars(label: &str, bars: &[StackedBar]) -> Result<Chart, DrawError> {
    let height = ROW_HEIGHT * bars.len() as i32;
    let longest = bars.iter().map(StackedBar::total).max().unwrap_or(0).max(1) as f64;
    Chart::draw(height + 6, label, |area| {
        let mut spots = Vec::new();
        let mut chart = ChartBuilder::on(area)
            .margin_left(px(LABEL_WIDTH))
            .margin_right(px(TOTAL_WIDTH))
            .margin_bottom(px(6))
            .build_cartesian_2d(0.0..longest, f64::from(height)..0.0)?;
        for (number, bar) in bars.iter().enumerate() {
            let top = f64::from(ROW_HEIGHT) * number as f64;
            let (upper, lower) = (top + BAR_INSET, top + f64::from(ROW_HEIGHT) - BAR_INSET);
            let middle = px(ROW_HEIGHT * number as i32 + ROW_HEIGHT / 2);
            area.draw_text(&bar.label, &anchored(Ink::Text, TEXT_SIZE, HPos::Right), (px(LABEL_WIDTH - 8), middle))?;
            let mut from = 0.0;
            for (name, count, ink) in bar.parts.iter().filter(|(_, count, _)| *count > 0) {
                let to = from + *count as f64;
                chart.draw_series(std::iter::once(Rectangle::new(
                    [(from, upper), (to, lower)],
                    stroke(*ink, 1.0).filled(),
                )))?;
                // A gap of paper keeps neighbours apart for readers who cannot tell the colours.
                if from > 0.0 {
                    let gap = stroke(Ink::Paper, 1.5);
                    chart.draw_series(std::iter::once(PathElement::new([(from, upper), (from, lower)], gap)))?;
                }
                let corner = |at, y| chart.plotting_area().map_coordinate(&(at, y));
                let text = format!("{}, {name}: {}", bar.label, number::count(*count));
                spots.push(Spot::between(corner(from, top), corner(to, top + f64::from(ROW_HEIGHT)), text));
                from = to;
            }
            let (end, _) = chart.plotting_area().map_coordinate(&(from, upper));
            area.draw_text(
                &number::count(bar.total()),
                &anchored(Ink::Muted, TEXT_SIZE, HPos::Left),
                (end + px(6), middle),
            )?;
        }
        Ok(Extras { spots, ..Extras::default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_clips_at_all_still_make_a_chart() {
        let bar = StackedBar { label: "calm".into(), parts: vec![("ravdess".into(), 0, Ink::Series(0))] };
        let svg = stacked_bars("balance", &[bar]).expect("drawn").into_svg();
        assert!(svg.contains("calm") && !svg.contains("<rect"));
        assert!(stacked_bars("balance", &[]).is_ok());
    }

    #[test]
    fn every_part_is_drawn_in_its_colour() {
        let bar = StackedBar {
            label: "sad".into(),
            parts: vec![("a".into(), 1200, Ink::Series(0)), ("b".into(), 34, Ink::Series(1))],
        };
        let svg = stacked_bars("balance", &[bar]).expect("drawn").into_svg();
        assert!(svg.contains("var(--series-0)") && svg.contains("var(--series-1)"));
        assert!(svg.contains("1\u{202f}234"));
        assert!(svg.contains("<title>sad, a: 1\u{202f}200</title>") && svg.contains("<title>sad, b: 34</title>"));
    }
}
