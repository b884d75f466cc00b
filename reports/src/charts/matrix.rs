//! A matrix of shares: colour and figure say how much, rows and columns say of what.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Chart, DrawError, Extras, Ink, Spot, TEXT_SIZE, WIDTH, anchored, px, shortened, stroke};

const TOP: i32 = 44;
const GAP: i32 = 1;
/// Cells are no higher than this, however few there are.
const HIGHEST_CELL: i32 = 46;
/// Width of a character of a label, about.
const CHARACTER: i32 = 7;
/// Opacity of the cells with the smallest and the largest share: strong enough to see, and pale enough that text stays
/// readable on them, on light and on dark paper.
const FAINTEST: f64 = 0.05;
const STRONGEST: f64 = 0.55;

/// Rows, columns and what they are.
#[derive(Debug, Clone)]
pub(crate) struct Axes<'a> {
    pub rows_title: &'a str,
    pub columns_title: &'a str,
    pub rows: Vec<String>,
    pub columns: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct MatrixCell {
    pub text: String,
    /// How strong its colour is, 0 to 1; `None` leaves it empty.
    pub share: Option<f64>,
    /// Text when pointed at.
    pub spoken: String,
    /// `true` if it is framed: where row and column are the same.
    pub framed: bool,
}

/// Draws a matrix; `cell` answers for a row and a column.
pub(crate) fn matrix(
    label: &str,
    axes: &Axes<'_>,
    cell: impl Fn(usize, usize) -> MatrixCell,
) -> Result<Chart, DrawError> {
    let longest = axes.rows.iter().map(|row| row.chars().count()).max().unwrap_or(0) as i32;
    let left = (longest * CHARACTER + 12).clamp(66, 150);
    let width = (WIDTH - left) / axes.columns.len().max(2) as i32;
    let height = width.min(HIGHEST_CELL);
    Chart::draw(TOP + height * axes.rows.len().max(1) as i32 + 2, label, |area| {
        let mut spots = Vec::new();
        area.draw_text(axes.columns_title, &anchored(Ink::Muted, 11.0, HPos::Left), (px(left), px(10)))?;
        area.draw_text(axes.rows_title, &anchored(Ink::Muted, 11.0, HPos::Right), (px(left - 8), px(TOP - 14)))?;
        for (column, name) in axes.columns.iter().enumerate() {
            let x = px(left + width * column as i32) + px(width) / 2;
            let name =
                if width < 58 { name.chars().take(3).collect() } else { shortened(name, (width / CHARACTER) as usize) };
            area.draw_text(&name, &anchored(Ink::Text, TEXT_SIZE, HPos::Center), (x, px(TOP - 14)))?;
        }
        for (row, name) in axes.rows.iter().enumerate() {
            let y = TOP + height * row as i32;
            let middle = px(y) + px(height) / 2;
            let name = shortened(name, (left / CHARACTER) as usize);
            area.draw_text(&name, &anchored(Ink::Text, TEXT_SIZE, HPos::Right), (px(left - 8), middle))?;
            for column in 0..axes.columns.len() {
                let x = left + width * column as i32;
                let cell = cell(row, column);
                let corners = [(px(x + GAP), px(y + GAP)), (px(x + width - GAP), px(y + height - GAP))];
                area.draw(&Rectangle::new(corners, ShapeStyle::from(&Ink::Line.marker().mix(0.35)).filled()))?;
                let share = cell.share.filter(|share| share.is_finite()).map(|share| share.clamp(0.0, 1.0));
                if let Some(share) = share {
                    let fill = Ink::Accent.marker().mix(round2(FAINTEST + (STRONGEST - FAINTEST) * share));
                    area.draw(&Rectangle::new(corners, ShapeStyle::from(&fill).filled()))?;
                }
                if cell.framed {
                    area.draw(&Rectangle::new(corners, stroke(Ink::Accent, 1.0)))?;
                }
                let ink = if share.is_some() { Ink::Text } else { Ink::Muted };
                let center = (px(x) + px(width) / 2, middle);
                area.draw_text(&cell.text, &anchored(ink, TEXT_SIZE, HPos::Center), center)?;
                spots.push(Spot::between(corners[0], corners[1], cell.spoken));
            }
        }
        Ok(Extras { spots, ..Extras::default() })
    })
}

fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(names: &[&str]) -> Axes<'static> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Axes { rows_title: "emotion", columns_title: "predicted as", rows: names.clone(), columns: names }
    }

    #[test]
    fn cells_say_and_tell_what_they_hold() {
        let svg = matrix("m", &axes(&["angry", "calm"]), |row, column| MatrixCell {
            text: if row == column { "100".into() } else { "·".into() },
            share: (row == column).then_some(1.0),
            spoken: format!("row {row}, column {column}"),
            framed: row == column,
        })
        .expect("drawn")
        .into_svg();
        assert_eq!(svg.matches("\n100\n").count(), 2);
        assert_eq!(svg.matches('·').count(), 2);
        assert_eq!(svg.matches("class=\"spot\"").count(), 4);
        assert!(svg.contains("<title>row 1, column 0</title>"));
    }

    #[test]
    fn nothing_and_nonsense_are_drawn_too() {
        let cell =
            |_, _| MatrixCell { text: String::new(), share: Some(f64::NAN), spoken: String::new(), framed: false };
        assert!(matrix("m", &axes(&[]), cell).is_ok());
        let svg = matrix("m", &axes(&[&"x".repeat(90)]), cell).expect("drawn").into_svg();
        assert!(!svg.contains("NaN") && !svg.contains(&"x".repeat(30)));
    }
}
