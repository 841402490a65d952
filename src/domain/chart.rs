//! A chart of what was spent: a column for each day, its parts one above the other. Kept as figures; it is drawn when it is sent.

use serde::{Deserialize, Serialize};

/// The most series that are told apart by their colours.
pub const SERIES: usize = 6;

/// A chart.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// What stands above it.
    pub title: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// From the bottom up: what the parts of all columns are.
    pub series: Vec<Series>,
    /// What stands before a figure of the axis.
    pub unit: String,
}

/// A column.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// What stands below it.
    pub label: String,
    /// One for each series.
    pub parts: Vec<f32>,
}

/// What parts of one colour are.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name, and perhaps a figure.
    pub name: String,
}

impl Column {
    /// Its height.
    pub fn sum(&self) -> f32 {
        self.parts.iter().sum()
    }
}

impl Chart {
    /// Where the axis ends, and how far its lines are apart.
    pub fn scale(&self) -> (f32, f32) {
        let highest = self.columns.iter().map(Column::sum).fold(0.0, f32::max);
        if !highest.is_normal() {
            return (1.0, 1.0);
        }
        let step = step(highest / 4.0);
        ((highest / step).ceil() * step, step)
    }
}

/// The next of 1, 2, 5, 10 … and their tenths that is no smaller.
fn step(least: f32) -> f32 {
    let ten = 10_f32.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * ten >= least * 0.999);
    factor.unwrap_or(10.0) * ten
}

/// A figure of the axis, as short as it can be: `0.05`, `20`, `1.5k`.
pub fn short(figure: f32) -> String {
    let (figure, letter) = match figure {
        large if large >= 1e9 => (large / 1e9, "G"),
        large if large >= 1e6 => (large / 1e6, "M"),
        large if large >= 1e3 => (large / 1e3, "k"),
        small => (small, ""),
    };
    let places = if figure >= 1.0 { 1 } else { 6 };
    let text = format!("{figure:.places$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}{letter}", if text.is_empty() { "0" } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(heights: &[f32]) -> Chart {
        let column = |height: &f32| Column { label: String::new(), parts: vec![height / 2.0, height / 2.0] };
        Chart { columns: heights.iter().map(column).collect(), ..Chart::default() }
    }

    #[test]
    fn the_axis_ends_above_the_highest_column_at_a_round_figure() {
        for (heights, end, apart) in [
            (&[][..], 1.0, 1.0),
            (&[0.0, 0.0], 1.0, 1.0),
            (&[1.0, 0.2], 1.0, 0.5),
            (&[0.11], 0.15, 0.05),
            (&[7.0, 3.0], 8.0, 2.0),
            (&[123_456.0], 150_000.0, 50_000.0),
        ] {
            let (to, step) = chart(heights).scale();
            let close = |a: f32, b: f32| (a - b).abs() <= b * 1e-4;
            assert!(close(to, end) && close(step, apart), "{heights:?}: {to} {step}");
        }
    }

    #[test]
    fn figures_are_short() {
        for (figure, expected) in
            [(0.0, "0"), (0.05, "0.05"), (0.000_2, "0.0002"), (20.0, "20"), (1500.0, "1.5k"), (2e6, "2M")]
        {
            assert_eq!(short(figure), expected);
        }
    }
}
