//! Presentations of PowerPoint (.pptx, .pptm), slide by slide with the notes of the speaker.

use std::collections::HashMap;

use super::blocks::{Blocks, Mark};
use super::package::{Package, resolve};
use super::sheets::core_title;
use super::xml::{Node, Xml};
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

const PRESENTATION: &str = "ppt/presentation.xml";

pub(super) fn read(package: &mut Package<'_>, characters: usize) -> Result<Extracted, Refused> {
    let mut collected = Collected::new("pptx", Unit::Slide, characters);
    if let Some(title) = package.text("docProps/core.xml")?.as_deref().and_then(core_title) {
        collected.title(&title);
    }
    let parts = targets(package, PRESENTATION)?;
    let mut slides = Vec::new();
    for node in Xml::new(&package.needed(PRESENTATION)?) {
        if let Node::Open(element) = node
            && element.name() == "sldId"
        {
            // `r:id`, beside a number that is called `id` too.
            slides.extend(element.full_attribute("r:id").and_then(|id| parts.get(&id).cloned()));
        }
    }
    for (index, slide) in slides.iter().enumerate() {
        if collected.is_full() {
            collected.skip(slides.len() - index);
            break;
        }
        let Some(text) = package.text(slide)? else {
            collected.skip(1);
            continue;
        };
        let mut blocks = Blocks::new(collected.enough());
        let is_hidden = shapes(&text, &mut blocks)?;
        let notes =
            targets(package, slide)?.into_values().find(|part| part.to_lowercase().contains("notesslide"));
        if let Some(notes) = notes.map(|notes| package.text(&notes)).transpose()?.flatten() {
            let mut words = Blocks::new(collected.enough());
            shapes(&notes, &mut words)?;
            let words = words.finish();
            if !words.trim().is_empty() {
                blocks.end();
                blocks.text(&format!("Notes: {}", words.trim()));
                blocks.end();
            }
        }
        collected.add(is_hidden.then(|| "hidden".to_owned()), &blocks.finish());
    }
    collected.finish()
}

/// The parts that a part refers to, by the ids of their relations.
fn targets(package: &mut Package<'_>, part: &str) -> Result<HashMap<String, String>, Refused> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let relations = package.text(&format!("{folder}/_rels/{name}.rels"))?.unwrap_or_default();
    let mut targets = HashMap::new();
    for node in Xml::new(&relations) {
        if let Node::Open(element) = node
            && element.name() == "Relationship"
            && let (Some(id), Some(target)) = (element.attribute("Id"), element.attribute("Target"))
        {
            targets.insert(id, resolve(part, &target));
        }
    }
    Ok(targets)
}

/// The words of a slide; whether it is hidden.
fn shapes(text: &str, blocks: &mut Blocks) -> Result<bool, Refused> {
    let mut xml = Xml::new(text);
    let (mut in_text, mut is_hidden, mut is_title, mut is_field) = (false, false, false, false);
    while let Some(node) = xml.next() {
        if blocks.is_full() {
            return Ok(is_hidden);
        }
        match node {
            Node::Open(element) => match element.name() {
                "sld" => is_hidden = !element.is_on("show"),
                "Fallback" => xml.pass(),
                "sp" => is_title = false,
                "ph" => match element.attribute("type").as_deref() {
                    Some("title" | "ctrTitle") => is_title = true,
                    // Numbers and dates of the slide, and its picture on the page of the notes.
                    Some("sldNum" | "dt" | "ftr" | "hdr" | "sldImg") => is_field = true,
                    _ => {}
                },
                "p" if is_title => blocks.mark(Mark::Heading(1)),
                "pPr" if !is_title => {
                    if let Some(level) = element.number("lvl").filter(|level| *level > 0) {
                        blocks.mark(Mark::Item(level.min(8), "-".to_owned()));
                    }
                }
                "t" => in_text = !is_field,
                "br" => blocks.text("\n"),
                "tbl" => blocks.begin_table(),
                "tr" => blocks.begin_row(),
                "tc" => blocks.begin_cell(),
                _ => {}
            },
            Node::Close(end) => match end.name() {
                "t" => in_text = false,
                "p" => blocks.end(),
                "sp" => (is_title, is_field) = (false, false),
                "tbl" => blocks.end_table(),
                _ => {}
            },
            Node::Text(text) if in_text => blocks.text(&text),
            Node::Text(_) => {}
        }
    }
    if xml.is_broken { Err(Refused::Damaged) } else { Ok(is_hidden) }
}
