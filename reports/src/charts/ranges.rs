//! Distributions side by side: a line from the 5th to the 95th percentile, a bar over the middle half, a mark at the
//! median.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Chart, DrawError, Extras, Ink, Spot, TEXT_SIZE, WIDTH, anchored, px, shortened, stroke, value_axis};

const ROW_HEIGHT: i32 = 28;
const LABEL_WIDTH: i32 = 74;
const SIDE: i32 = 14;
const AXIS_HEIGHT: i32 = 38;

#[derive(Debug, Clone)]
pub(crate) struct Range {
    pub label: String,
    /// 5th, 25th, 50th, 75th and 95th percentile.
    pub percentiles: [f64; 5],
    /// Text when pointed at.
    pub spoken: String,
}

/// Draws `ranges` from top to bottom on an axis from 0 to the highest percentile.
pub(crate) fn ranges(label: &str, unit: &str, ranges: &[Range]) -> Result<Chart, DrawError> {
    let height = ROW_HEIGHT * ranges.len() as i32;
    let furthest =
        ranges.iter().flat_map(|range| range.percentiles).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let furthest = if furthest > 0.0 { furthest * 1.03 } else { 1.0 };
    Chart::draw(height + AXIS_HEIGHT, label, |area| {
        let mut spots = Vec::new();
        let mut chart = ChartBuilder::on(area)
            .margin_left(px(LABEL_WIDTH))
            .margin_right(px(SIDE))
            .x_label_area_size(px(AXIS_HEIGHT))
            .build_cartesian_2d(0.0..furthest, f64::from(height.max(1))..0.0)?;
        value_axis(&mut chart, 7, Some(unit))?;
        for (place, range) in ranges.iter().enumerate() {
            let top = ROW_HEIGHT * place as i32;
            let middle = f64::from(top) + f64::from(ROW_HEIGHT) / 2.0;
            let name = shortened(&range.label, 11);
            area.draw_text(
                &name,
                &anchored(Ink::Text, TEXT_SIZE, HPos::Right),
                (px(LABEL_WIDTH - 8), px(top + ROW_HEIGHT / 2)),
            )?;
            spots.push(Spot::between((0, px(top)), (px(WIDTH), px(top + ROW_HEIGHT)), range.spoken.clone()));
            if !range.percentiles.iter().all(|value| value.is_finite()) {
                continue;
            }
            let [p05, p25, median, p75, p95] = range.percentiles;
            let whisker = [(p05, middle), (p95, middle)];
            chart.draw_series(std::iter::once(PathElement::new(whisker, stroke(Ink::Muted, 1.5))))?;
            let half = [(p25, middle - 6.0), (p75, middle + 6.0)];
            chart.draw_series(std::iter::once(Rectangle::new(half, stroke(Ink::Series(5), 1.0).filled())))?;
            let mark = [(median, middle - 8.0), (median, middle + 8.0)];
            chart.draw_series(std::iter::once(PathElement::new(mark, stroke(Ink::Text, 2.0))))?;
        }
        Ok(Extras { spots, ..Extras::default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_distribution_is_drawn_and_told() {
        let range = |percentiles| Range { label: "angry".into(), percentiles, spoken: "angry: median 2.5 s".into() };
        let svg = ranges("d", "seconds", &[range([1.0, 2.0, 2.5, 3.0, 4.0]), range([f64::NAN; 5])])
            .expect("drawn")
            .into_svg();
        assert_eq!(svg.matches("<title>angry: median 2.5 s</title>").count(), 2);
        assert!(svg.contains("seconds") && !svg.contains("NaN"));
        assert!(ranges("d", "seconds", &[]).is_ok());
    }
}
