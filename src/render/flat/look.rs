//! How a run of flat text looks, and the entities that make it look so.

use std::rc::Rc;

use crate::render::doc::Formats;

/// How a run of flat text looks.
#[derive(Clone, Default, PartialEq)]
pub(in crate::render) struct Look {
    pub(in crate::render) quote: Option<Quote>,
    pub(in crate::render) pre: Option<Pre>,
    pub(in crate::render) code: bool,
    pub(in crate::render) link: Option<Rc<str>>,
    pub(in crate::render) formats: Formats,
}

/// A block of code and its language.
#[derive(Clone, PartialEq)]
pub(in crate::render) struct Pre(pub(in crate::render) Option<Rc<str>>);

/// The kinds of quotes.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::render) enum Quote {
    /// Folded when it is long.
    Plain,
    /// Folded always: what a details block hides.
    Folded,
}

/// Entity types in the order they nest, the outermost first.
#[derive(Clone, PartialEq)]
pub(super) enum Kind {
    Quote(Quote),
    Pre(Pre),
    Code,
    Spoiler,
    Link(Rc<str>),
    Bold,
    Italic,
    Underline,
    Strike,
}

impl Look {
    /// The entities of the run. Telegram lets nothing but a quote lie around code, and no code in a link.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let quote = self.quote.map(Kind::Quote);
        if let Some(pre) = &self.pre {
            return quote.into_iter().chain([Kind::Pre(pre.clone())]).collect();
        }
        if self.code && self.link.is_none() {
            return quote.into_iter().chain([Kind::Code]).collect();
        }
        let spoiler = self.formats.spoiler.then_some(Kind::Spoiler);
        let link = self.link.clone().map(Kind::Link);
        let splittable = [
            (self.formats.bold, Kind::Bold),
            (self.formats.italic, Kind::Italic),
            (self.formats.underline, Kind::Underline),
            (self.formats.strike, Kind::Strike),
        ];
        let splittable = splittable.into_iter().filter_map(|(is, kind)| is.then_some(kind));
        quote.into_iter().chain(spoiler).chain(link).chain(splittable).collect()
    }
}
