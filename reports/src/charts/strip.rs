//! Many values on one axis, a dot each: how far apart the speakers are.

use plotters::prelude::*;

use super::{Chart, DrawError, Extras, Ink, Spot, px, stroke, value_axis};

const SIDE: i32 = 14;
const AXIS_HEIGHT: i32 = 38;
/// Distance between dots in pixels: they are heaped where they would hide each other.
const DOT: i32 = 9;
/// Columns that values are heaped in.
const COLUMNS: usize = 41;

/// One value, 0 to 1.
#[derive(Debug, Clone)]
pub(crate) struct Dot {
    pub value: f64,
    /// Text when pointed at.
    pub spoken: String,
    pub ink: Ink,
}

/// Draws `dots` on an axis from 0 to 1, heaped in columns of 0.025.
pub(crate) fn strip(label: &str, title: &str, dots: &[Dot]) -> Result<Chart, DrawError> {
    let mut heaps: Vec<Vec<&Dot>> = vec![Vec::new(); COLUMNS];
    for dot in dots.iter().filter(|dot| dot.value.is_finite()) {
        heaps[(dot.value.clamp(0.0, 1.0) * (COLUMNS - 1) as f64).round() as usize].push(dot);
    }
    let highest = heaps.iter().map(Vec::len).max().unwrap_or(0).max(4) as i32;
    let height = highest * DOT + 12;
    Chart::draw(height + AXIS_HEIGHT, label, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin_left(px(SIDE))
            .margin_right(px(SIDE))
            .x_label_area_size(px(AXIS_HEIGHT))
            .build_cartesian_2d(0.0..1.0, 0.0..f64::from(height))?;
        value_axis(&mut chart, 6, Some(title))?;
        let mut spots = Vec::new();
        for (column, heap) in heaps.iter().enumerate() {
            for (place, dot) in heap.iter().enumerate() {
                let at = (column as f64 / (COLUMNS - 1) as f64, f64::from(DOT * place as i32 + DOT / 2 + 2));
                chart.draw_series(std::iter::once(Circle::new(at, px(4), stroke(dot.ink, 1.0).filled())))?;
                let (x, y) = chart.plotting_area().map_coordinate(&at);
                let half = px(DOT) / 2;
                spots.push(Spot::between((x - half, y - half), (x + half, y + half), dot.spoken.clone()));
            }
        }
        Ok(Extras { spots, ..Extras::default() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_heaped_and_all_told() {
        let dot = |value| Dot { value, spoken: format!("r:1 {value}"), ink: Ink::Accent };
        let svg = strip("s", "UAR", &[dot(0.5), dot(0.501), dot(7.0), dot(f64::NAN)]).expect("drawn").into_svg();
        assert_eq!(svg.matches("class=\"spot\"").count(), 3);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(strip("s", "UAR", &[]).is_ok());
    }
}
