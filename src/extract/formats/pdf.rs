//! PDF: the text layer, page by page. The pages are drawn by the interpreter of the hayro project onto a device that keeps only the
//! letters and where they stand.

use std::sync::Arc;

use encoding_rs::WINDOWS_1251;
use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, TransformExt, interpret_page,
};

use super::encoding;
use super::lines::{Letter, Lines};
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

/// The size of a font's own units.
const UNITS_PER_EM: f64 = 1000.0;

pub(super) fn read(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let pdf = Pdf::new(Arc::new(bytes.to_vec())).map_err(|error| match error {
        LoadPdfError::Decryption(
            DecryptionError::PasswordProtected | DecryptionError::UnsupportedAlgorithm,
        ) => Refused::Encrypted,
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => Refused::Damaged,
    })?;
    let mut collected = Collected::new("pdf", Unit::Page, characters);
    if let Some(title) = pdf.metadata().title.as_deref().and_then(encoding::decode) {
        collected.title(&title);
    }
    let cache = InterpreterCache::new();
    let mut has_pictures = false;
    let pages = pdf.pages();
    for (index, page) in pages.iter().enumerate() {
        if collected.is_full() {
            collected.skip(pages.len() - index);
            break;
        }
        let transform = page.initial_transform(true).to_kurbo();
        // Only letters are wanted, wherever they stand.
        let everywhere = Rect::new(-1e6, -1e6, 1e6, 1e6);
        let mut context =
            Context::new(transform, everywhere, &cache, pdf.xref(), InterpreterSettings::default());
        let mut letters = Letters { lines: Lines::new(collected.enough()), has_pictures: false };
        interpret_page(page, &mut context, &mut letters);
        has_pictures |= letters.has_pictures;
        collected.add(None, &letters.lines.finish());
    }
    collected.finish().map_err(|_| match (pages.len(), has_pictures) {
        (0, _) => Refused::Damaged,
        (_, true) => Refused::Scan,
        (_, false) => Refused::Empty,
    })
}

/// The letter of a drawn glyph that nobody named: LaTeX with bitmap fonts numbers them as T2A does, which has the letters of Russian
/// where Windows-1251 has them.
fn unnamed(code: u32) -> char {
    match u8::try_from(code) {
        Ok(code @ 0x21..=0x7e) => char::from(code),
        Ok(code @ 0xc0..) => {
            WINDOWS_1251.decode_without_bom_handling(&[code]).0.chars().next().unwrap_or_default()
        }
        _ => char::REPLACEMENT_CHARACTER,
    }
}

/// Keeps the letters of a page, and whether there are pictures.
struct Letters {
    lines: Lines,
    has_pictures: bool,
}

impl<'a> Device<'a> for Letters {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}

    fn push_clip_path(&mut self, _: &ClipPath) {}

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        for glyph in run.glyphs() {
            let transform: Affine = props.transform * glyph.transform();
            let advance = match &**glyph {
                Glyph::Outline(outline) => outline.advance_width(),
                Glyph::Type3(drawn) => drawn.advance_width(),
            };
            let text = match glyph.as_unicode() {
                Some(BfString::Char(c)) => c.to_string(),
                Some(BfString::String(text)) => text,
                None => match &**glyph {
                    Glyph::Type3(drawn) => unnamed(drawn.char_code()),
                    // No letter is known for it; that something stands there is.
                    Glyph::Outline(_) => char::REPLACEMENT_CHARACTER,
                }
                .to_string(),
            };
            let begin = transform * Point::ZERO;
            let end = transform * Point::new(f64::from(advance.unwrap_or(500.0)), 0.0);
            let top = transform * Point::new(0.0, UNITS_PER_EM);
            self.lines.add(Letter {
                text,
                begin: (begin.x, begin.y),
                end: (end.x, end.y),
                size: (top - begin).hypot(),
            });
        }
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.has_pictures = true;
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}
