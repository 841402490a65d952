//! Figures → a chart as a PNG, with a background of its own: it is readable whatever theme the reader's app has.

mod letters;

use tiny_skia::{Color, FillRule, Paint, Path, Pixmap, Rect, Transform};

use self::letters::Letters;
use crate::domain::chart::{Chart, SERIES, short};

/// Pixels.
const WIDTH: u16 = 1280;
const HEIGHT: u16 = 800;
/// Where the columns stand: left, top, right, bottom.
const PLACE: [f32; 4] = [110.0, 110.0, 1240.0, 560.0];
const TITLE: f32 = 34.0;
const LABEL: f32 = 20.0;
/// Rows of the legend, in two columns.
const LEGEND: [f32; 2] = [660.0, 46.0];
/// The part of a column's place that is empty.
const GAP: f32 = 0.28;
/// So wide is the place of a label below a column, at least.
const LABEL_PLACE: f32 = 76.0;

type Rgb = [u8; 3];
const BACKGROUND: Rgb = [0x1e, 0x25, 0x2d];
const TEXT: Rgb = [0xee, 0xf1, 0xf4];
const LINE: Rgb = [0x45, 0x50, 0x5c];
/// Told apart also by people who see fewer colours (Okabe and Ito).
const COLOURS: [Rgb; SERIES] = [
    [0x56, 0xb4, 0xe9],
    [0xe6, 0x9f, 0x00],
    [0x00, 0xb8, 0x8a],
    [0xf0, 0xe4, 0x42],
    [0xcc, 0x79, 0xa7],
    [0xb4, 0xbd, 0xc6],
];

/// The chart as a PNG. `None`: it could not be drawn.
pub fn png(chart: &Chart) -> Option<Vec<u8>> {
    let mut pixmap = Pixmap::new(u32::from(WIDTH), u32::from(HEIGHT))?;
    let [r, g, b] = BACKGROUND;
    pixmap.fill(Color::from_rgba8(r, g, b, 0xff));
    let mut canvas = Canvas { pixmap, letters: Letters::new()? };
    let [left, _, right, bottom] = PLACE;
    canvas.write(&canvas.letters.fitting(&chart.title, TITLE, right - left + 60.0), TITLE, 50.0, 66.0);
    canvas.axis(chart);
    canvas.columns(chart);
    canvas.fill([left, bottom, right, bottom + 2.0], TEXT);
    canvas.legend(chart);
    canvas.pixmap.encode_png().ok()
}

struct Canvas<'a> {
    pixmap: Pixmap,
    letters: Letters<'a>,
}

fn paint([r, g, b]: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(r, g, b, 0xff);
    paint
}

/// A number of things, as the place of the next one is counted.
fn number(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

impl Canvas<'_> {
    fn fill(&mut self, [left, top, right, bottom]: [f32; 4], colour: Rgb) {
        if let Some(rect) = Rect::from_ltrb(left, top, right, bottom) {
            self.pixmap.fill_rect(rect, &paint(colour), Transform::identity(), None);
        }
    }

    fn write(&mut self, text: &str, size: f32, x: f32, y: f32) {
        if let Some(shapes) = self.letters.shapes(text, size, x, y) {
            self.draw(&shapes, TEXT);
        }
    }

    fn draw(&mut self, shapes: &Path, colour: Rgb) {
        let mut paint = paint(colour);
        paint.anti_alias = true;
        self.pixmap.fill_path(shapes, &paint, FillRule::Winding, Transform::identity(), None);
    }

    /// The lines across, with the figure of each at its left end.
    fn axis(&mut self, chart: &Chart) {
        let [left, top, right, bottom] = PLACE;
        let (end, step) = chart.scale();
        let mut figure = 0.0;
        while figure <= end + step / 2.0 {
            let y = bottom - (bottom - top) * figure / end;
            self.fill([left, y - 1.0, right, y], LINE);
            let text = format!("{}{}", chart.unit, short(figure));
            let x = left - 14.0 - self.letters.width(&text, LABEL);
            self.write(&text, LABEL, x, y + LABEL / 3.0);
            figure += step;
        }
    }

    fn columns(&mut self, chart: &Chart) {
        let [left, top, right, bottom] = PLACE;
        let (end, _) = chart.scale();
        let wide = (right - left) / number(chart.columns.len()).max(1.0);
        // Of many columns each so many-th has its label, and so has the last one.
        let each = chart.columns.len().div_ceil(14).max(1);
        for (index, column) in chart.columns.iter().enumerate() {
            let from = left + wide * number(index);
            let mut y = bottom;
            for (part, colour) in column.parts.iter().zip(COLOURS) {
                let height = (bottom - top) * part / end;
                // What is there is seen, however little it is.
                let height = if *part > 0.0 { height.max(1.5) } else { continue };
                self.fill([from + wide * GAP / 2.0, y - height, from + wide * (1.0 - GAP / 2.0), y], colour);
                y -= height;
            }
            if (chart.columns.len() - 1 - index).is_multiple_of(each) {
                let label = self.letters.fitting(&column.label, LABEL, LABEL_PLACE.max(wide));
                let x = from + wide / 2.0 - self.letters.width(&label, LABEL) / 2.0;
                self.write(&label, LABEL, x, bottom + 34.0);
            }
        }
    }

    fn legend(&mut self, chart: &Chart) {
        let [top, high] = LEGEND;
        for (index, (series, colour)) in chart.series.iter().zip(COLOURS).enumerate() {
            let (x, y) = (50.0 + 610.0 * number(index % 2), top + high * number(index / 2));
            self.fill([x, y - 20.0, x + 24.0, y + 4.0], colour);
            let name = self.letters.fitting(&series.name, LABEL, 540.0);
            self.write(&name, LABEL, x + 40.0, y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::letters::UNKNOWN;
    use super::*;
    use crate::domain::chart::{Column, Series};

    fn chart(days: u16) -> Chart {
        let column = |day: u16| Column {
            label: format!("{:02}.11", day + 1),
            parts: (0..6).map(|series| f32::from(day * (series + 1)) / 100.0).collect(),
        };
        let series = |name: &str| Series { name: name.to_owned() };
        Chart {
            title: "30 дней — $12.34".to_owned(),
            columns: (0..days).map(column).collect(),
            series: ["openai/gpt-5.2-mini — $8.10", "claude", "c", "d", &"long".repeat(99), "ещё 3"]
                .map(series)
                .into(),
            unit: "$".to_owned(),
        }
    }

    fn luminance(colour: Rgb) -> f64 {
        let part = |value: u8| match f64::from(value) / 255.0 {
            dark if dark <= 0.03928 => dark / 12.92,
            light => ((light + 0.055) / 1.055).powf(2.4),
        };
        let [r, g, b] = colour.map(part);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn a_chart_is_an_opaque_picture_that_shows_its_columns() {
        for days in [0, 1, 7, 30, 400] {
            let png = png(&chart(days)).unwrap();
            let shown = Pixmap::decode_png(&png).unwrap();
            assert_eq!((shown.width(), shown.height()), (u32::from(WIDTH), u32::from(HEIGHT)));
            assert!(shown.pixels().iter().all(|pixel| pixel.alpha() == 0xff), "nothing shines through");
            let painted = |[r, g, b]: Rgb, rows: std::ops::Range<usize>| {
                let of = usize::from(WIDTH);
                let pixels = &shown.pixels()[rows.start * of..rows.end * of];
                pixels.iter().filter(|pixel| (pixel.red(), pixel.green(), pixel.blue()) == (r, g, b)).count()
            };
            assert!(painted(TEXT, 30..80) > 500, "the title");
            for colour in COLOURS {
                assert_eq!(painted(colour, 110..560) > 100, days > 1, "{colour:?} of {days} days");
                assert!(painted(colour, 620..800) > 400, "{colour:?} in the legend");
            }
        }
    }

    #[test]
    fn what_is_written_and_drawn_stands_out_from_the_background() {
        assert!(contrast(TEXT, BACKGROUND) > 7.0);
        for colour in COLOURS {
            assert!(contrast(colour, BACKGROUND) > 3.0, "{colour:?}");
        }
    }

    #[test]
    fn the_letters_of_both_languages_are_there() {
        let letters = Letters::new().unwrap();
        let text = "АБВЯабвяёЁ ABCXYZabcxyz 0123456789 $—…./:";
        assert!(text.chars().all(|letter| letters.glyph(letter) != UNKNOWN));
        assert!(letters.width("Ж", 20.0) > letters.width("i", 20.0));
        let short = letters.fitting(&"w".repeat(99), 20.0, 100.0);
        assert!(short.ends_with('…') && letters.width(&short, 20.0) <= 100.0);
    }
}
