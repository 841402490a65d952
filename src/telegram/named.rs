//! A file that is quoted and that can be neither looked at nor read, as one line that names it: `[voice 0:14]`.

use serde::Deserialize;

use super::described::Fields;
use crate::domain::attachment;

/// What a message holds that is a file, or what nobody may look into. An animation is told as a document, too.
pub(super) fn named(held: &Fields<'_>) -> Option<String> {
    if let Some(sizes) = held.read::<Vec<File>>("photo") {
        let largest = sizes.into_iter().max_by_key(|size| size.width.unwrap_or_default());
        return Some(largest.unwrap_or_default().line("photo"));
    }
    let files = ["live_photo", "animation", "video", "video_note", "voice", "audio", "document", "sticker"];
    let file = files.iter().find(|kind| held.get(kind).is_some());
    if let Some(kind) = file {
        return Some(held.read::<File>(kind).unwrap_or_default().line(&kind.replace('_', " ")));
    }
    let others = [
        "story",
        "paid_media",
        "giveaway",
        "giveaway_winners",
        "photo",
        "game",
        "invoice",
        "poll",
        "checklist",
        "contact",
        "rich_message",
    ];
    let other = others.iter().find(|kind| held.get(kind).is_some());
    other.map(|kind| format!("[{}]", kind.replace('_', " ")))
}

#[derive(Deserialize, Default)]
struct File {
    width: Option<i32>,
    height: Option<i32>,
    duration: Option<i32>,
    #[serde(rename = "file_name")]
    name: Option<String>,
    performer: Option<String>,
    title: Option<String>,
}

impl File {
    fn line(self, kind: &str) -> String {
        let titled = [self.performer, self.title].into_iter().flatten().collect::<Vec<_>>().join(" – ");
        let name = Some(titled).filter(|name| !name.is_empty()).or(self.name);
        attachment::line(kind, name.as_deref(), self.width.zip(self.height), self.duration, "")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_named_by_its_kind_and_what_is_known_of_it() {
        for (message, line) in [
            (
                json!({"photo": [{"width": 90, "height": 60}, {"width": 1280, "height": 960}]}),
                "[photo 1280×960]",
            ),
            (json!({"photo": []}), "[photo]"),
            (json!({"voice": {"duration": 14}}), "[voice 0:14]"),
            (json!({"document": {"file_name": "plan.pdf"}}), "[document plan.pdf]"),
            (
                json!({"animation": {"width": 320, "height": 240, "duration": 2}, "document": {}}),
                "[animation 320×240 0:02]",
            ),
            (
                json!({"audio": {"performer": "Bach", "title": "Air", "duration": 305}}),
                "[audio Bach – Air 5:05]",
            ),
            (json!({"video_note": {"length": 240, "duration": 61}}), "[video note 1:01]"),
            (json!({"video": 7}), "[video]"),
            (json!({"story": {"id": 1}}), "[story]"),
            (json!({"paid_media": {}}), "[paid media]"),
        ] {
            let message = message.to_string();
            assert_eq!(named(&Fields::of(&message).unwrap()).as_deref(), Some(line), "{message}");
        }
        assert_eq!(named(&Fields::of(r#"{"text":"hi"}"#).unwrap()), None);
    }
}
