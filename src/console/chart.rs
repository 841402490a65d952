//! Charts, drawn here as SVG. Behind each stands a table with its figures, for whoever would rather read than look.

use askama::Template;

use super::frame::say;
use crate::domain::chart::{Chart, Column, Series, short};
use crate::domain::phrases::Language;

/// How wide the picture is, in its own units; `chart.html` says the same.
const WIDTH: f32 = 720.0;
/// Where the columns stand.
const LEFT: f32 = 48.0;
const TOP: f32 = 12.0;
const BOTTOM: f32 = 190.0;
/// How much of its place a column takes.
const SHARE: f32 = 0.7;
/// So many names of columns have room.
const NAMES: usize = 8;

/// A figure of a table, and how high it stands in the chart.
#[derive(Clone, Default)]
pub(super) struct Figure {
    pub(super) text: String,
    pub(super) height: f32,
}

/// What is to be drawn: for each column its name, and a figure for each series. The figures of a column stand one behind the
/// other, the first in front, so each is to be no lower than the one before it.
pub(super) struct Plan<'a> {
    pub(super) language: Language,
    pub(super) title: &'a str,
    /// What stands before a figure of the axis.
    pub(super) unit: &'a str,
    /// What the columns are.
    pub(super) over: &'a str,
    pub(super) series: &'a [&'a str],
    pub(super) columns: Vec<(String, Vec<Figure>)>,
}

#[derive(Template)]
#[template(path = "chart.html")]
pub(super) struct Drawn {
    title: String,
    /// What the summary of the table says.
    as_table: &'static str,
    over: String,
    series: Vec<String>,
    lines: Vec<Line>,
    bars: Vec<Bar>,
    names: Vec<(f32, String)>,
    rows: Vec<(String, Vec<String>)>,
}

/// A line of the axis.
struct Line {
    y: f32,
    label: String,
}

struct Bar {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    /// Which series it is of, from 1.
    colour: usize,
    /// What a pointer on it shows.
    hint: String,
}

impl Plan<'_> {
    pub(super) fn draw(self) -> Drawn {
        let Self { language, title, unit, over, series, columns } = self;
        let highest = |figures: &[Figure]| figures.iter().map(|figure| figure.height).fold(0.0, f32::max);
        let of_scale = columns
            .iter()
            .map(|(name, figures)| Column { label: name.clone(), parts: vec![highest(figures)] });
        let chart = Chart {
            columns: of_scale.collect(),
            series: vec![Series { name: title.to_owned() }],
            ..Chart::default()
        };
        let (top, step) = chart.scale();
        let y = |height: f32| BOTTOM - (BOTTOM - TOP) * (height / top).clamp(0.0, 1.0);
        let place = (WIDTH - LEFT) / number(columns.len().max(1));
        let x = |index: usize| LEFT + place * number(index);
        let mut bars = Vec::new();
        for (index, (name, figures)) in columns.iter().enumerate() {
            // The one behind comes first.
            for (nth, figure) in figures.iter().enumerate().rev() {
                let hint = format!("{name}: {} {}", figure.text, series.get(nth).unwrap_or(&""));
                let (x, y, width) = (x(index) + place * (1.0 - SHARE) / 2.0, y(figure.height), place * SHARE);
                bars.push(Bar { x, y, width, height: BOTTOM - y, colour: nth + 1, hint });
            }
        }
        bars.retain(|bar| bar.height > 0.0);
        let lines = (0..=8).map(|nth| number(nth) * step).take_while(|height| *height <= top * 1.001);
        let lines = lines.map(|height| Line { y: y(height), label: format!("{unit}{}", short(height)) });
        let each = columns.len().div_ceil(NAMES).max(1);
        let names = columns.iter().enumerate().filter(|(index, _)| index % each == 0);
        let names = names.map(|(index, (name, _))| (x(index) + place / 2.0, name.clone()));
        Drawn {
            title: title.to_owned(),
            as_table: say(language, "As a table", "Таблицей"),
            over: over.to_owned(),
            series: series.iter().map(|&name| name.to_owned()).collect(),
            lines: lines.collect(),
            names: names.collect(),
            bars,
            rows: columns
                .into_iter()
                .map(|(name, figures)| (name, figures.into_iter().map(|figure| figure.text).collect()))
                .collect(),
        }
    }
}

/// A small number of things.
fn number(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(columns: &[(&str, &[f32])]) -> String {
        let figure = |height: &f32| Figure { text: height.to_string(), height: *height };
        let columns =
            columns.iter().map(|(name, heights)| ((*name).to_owned(), heights.iter().map(figure).collect()));
        let plan = Plan {
            language: Language::English,
            title: "<b>Costs</b>",
            unit: "$",
            over: "Day",
            series: &["half", "most"],
            columns: columns.collect(),
        };
        plan.draw().render().unwrap()
    }

    #[test]
    fn a_chart_has_a_bar_for_each_figure_a_table_behind_it_and_no_markup_of_others() {
        let text = drawn(&[("<i>1</i>", &[1.0, 4.0]), ("2", &[0.0, 2.0])]);
        assert_eq!(text.matches("<rect class=\"s").count(), 3 + 2, "three bars and a legend of two: {text}");
        assert!(text.contains("<title>") && text.contains("<details>") && !text.contains("<i>"), "{text}");
        assert!(!text.contains("<b>") && text.contains("&#60;b&#62;Costs"), "{text}");
        assert!(text.contains("$4") && text.contains("height=\"178\""), "{text}");
        // A wider figure stands behind the one it holds.
        let bar = |colour: &str| text.find(&format!("<rect class=\"{colour}\" x=")).unwrap();
        assert!(bar("s2") < bar("s1"), "{text}");
    }

    #[test]
    fn nothing_at_all_can_be_drawn() {
        for text in [drawn(&[]), drawn(&[("1", &[0.0, 0.0])]), drawn(&[("1", &[f32::NAN, f32::INFINITY])])] {
            let (picture, _) = text.split_once("</svg>\n</div>").unwrap();
            assert!(picture.contains("<svg") && !picture.contains("NaN"), "{text}");
        }
    }
}
