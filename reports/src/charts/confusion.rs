//! A confusion matrix: colour says which share of the row, the figure in the cell how many clips.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use ser_schemas::Emotion;

use super::{Chart, DrawError, Ink, TEXT_SIZE, WIDTH, anchored, px};
use crate::number;

const LEFT: i32 = 66;
const TOP: i32 = 44;
const GAP: i32 = 1;
/// Opacity of a cell that holds a single clip, and of one that holds the whole row: strong enough to see, and pale enough
/// that text stays readable on it, on light and on dark paper.
const FAINTEST: f64 = 0.06;
const STRONGEST: f64 = 0.55;

/// Draws the matrix of `classes`; `cell` answers clips and share of the row for a true and a predicted class.
pub(crate) fn confusion_matrix(
    label: &str,
    classes: &[Emotion],
    cell: impl Fn(Emotion, Emotion) -> (u64, f64),
) -> Result<Chart, DrawError> {
    let size = (WIDTH - LEFT) / classes.len().max(2) as i32;
    let height = TOP + size * classes.len().max(1) as i32 + 2;
    Chart::draw(height, label, |area| {
        area.draw_text("predicted as", &anchored(Ink::Muted, 11.0, HPos::Left), (px(LEFT), px(10)))?;
        area.draw_text("emotion", &anchored(Ink::Muted, 11.0, HPos::Right), (px(LEFT - 8), px(TOP - 14)))?;
        for (row, emotion) in classes.iter().enumerate() {
            let y = TOP + size * row as i32;
            let middle = px(y) + px(size) / 2;
            area.draw_text(emotion.as_str(), &anchored(Ink::Text, TEXT_SIZE, HPos::Right), (px(LEFT - 8), middle))?;
            let x = LEFT + size * row as i32;
            let abbreviated: String = emotion.as_str().chars().take(3).collect();
            area.draw_text(
                &abbreviated,
                &anchored(Ink::Text, TEXT_SIZE, HPos::Center),
                (px(x) + px(size) / 2, px(TOP - 14)),
            )?;
            for (column, predicted) in classes.iter().enumerate() {
                let (clips, share) = cell(*emotion, *predicted);
                let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
                let x = LEFT + size * column as i32;
                let corners = [(px(x + GAP), px(y + GAP)), (px(x + size - GAP), px(y + size - GAP))];
                area.draw(&Rectangle::new(corners, ShapeStyle::from(&Ink::Line.marker().mix(0.35)).filled()))?;
                if clips > 0 {
                    let fill = Ink::Accent.marker().mix(round2(FAINTEST + (STRONGEST - FAINTEST) * share));
                    area.draw(&Rectangle::new(corners, ShapeStyle::from(&fill).filled()))?;
                }
                let ink = if clips == 0 { Ink::Muted } else { Ink::Text };
                let text = if clips == 0 { "·".to_owned() } else { number::count(clips) };
                let center = (px(x) + px(size) / 2, middle);
                area.draw_text(&text, &anchored(ink, TEXT_SIZE, HPos::Center), center)?;
            }
        }
        Ok(None)
    })
}

fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_counts_and_empty_ones_a_dot() {
        let classes = [Emotion::Angry, Emotion::Calm];
        let svg = confusion_matrix(
            "m",
            &classes,
            |emotion, predicted| {
                if emotion == predicted { (17, 1.0) } else { (0, f64::NAN) }
            },
        )
        .expect("drawn")
        .into_svg();
        assert_eq!(svg.matches("\n17\n").count(), 2);
        assert_eq!(svg.matches('·').count(), 2);
        assert!(confusion_matrix("m", &[], |_, _| (0, 0.0)).is_ok());
    }
}
