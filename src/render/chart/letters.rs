//! Letters as shapes: those of DejaVu Sans, which has Latin, Greek, Cyrillic and more, and is part of the program.

use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::{Path, PathBuilder};

/// What is drawn for a character that the font does not have.
pub(super) const UNKNOWN: GlyphId = GlyphId::new(0);

/// The font.
pub(super) struct Letters<'a> {
    font: FontRef<'a>,
}

impl Letters<'_> {
    /// `None`: the font cannot be read, which a test excludes.
    pub(super) fn new() -> Option<Self> {
        Some(Self { font: FontRef::new(dejavu::sans::regular()).ok()? })
    }

    pub(super) fn glyph(&self, letter: char) -> GlyphId {
        self.font.charmap().map(letter).unwrap_or(UNKNOWN)
    }

    fn metrics(&self, size: f32) -> GlyphMetrics<'_> {
        self.font.glyph_metrics(Size::new(size), LocationRef::default())
    }

    /// How wide a text of this size is.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let metrics = self.metrics(size);
        text.chars().filter_map(|letter| metrics.advance_width(self.glyph(letter))).sum()
    }

    /// As much of the text as is no wider than this.
    pub(super) fn fitting(&self, text: &str, size: f32, width: f32) -> String {
        if self.width(text, size) <= width {
            return text.to_owned();
        }
        let mut fitting = text.to_owned();
        while fitting.pop().is_some() {
            let short = format!("{}…", fitting.trim_end());
            if self.width(&short, size) <= width {
                return short;
            }
        }
        fitting
    }

    /// The shapes of a text that begins at `x` and stands on `y`. `None`: it shows nothing.
    pub(super) fn shapes(&self, text: &str, size: f32, x: f32, y: f32) -> Option<Path> {
        let (metrics, outlines) = (self.metrics(size), self.font.outline_glyphs());
        let mut pen = Pen { path: PathBuilder::new(), x, y };
        for letter in text.chars() {
            let glyph = self.glyph(letter);
            if let Some(outline) = outlines.get(glyph) {
                let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
                outline.draw(settings, &mut pen).ok()?;
            }
            pen.x += metrics.advance_width(glyph).unwrap_or_default();
        }
        pen.path.finish()
    }
}

/// Draws with the origin at `x` and `y`; a font's own axis points up.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, self.y - cy, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + ax, self.y - ay, self.x + bx, self.y - by, self.x + x, self.y - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
