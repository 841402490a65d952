//! The file of a message that can be looked at, read or heard: a picture, the one picture there is of a film, a document, a
//! recording.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::addressed::Me;
use crate::domain::attachment::{Attachment, Kind};

/// The type of a video note; Telegram does not tell it.
const FILM: &str = "video/mp4";

/// The fields of a message that can hold a picture (Bot API, Message). An animation also comes as a document, and a live
/// photo also as a photo.
#[derive(Deserialize)]
struct RawFiles<'a> {
    #[serde(borrow)]
    live_photo: Option<&'a RawValue>,
    #[serde(borrow)]
    photo: Option<&'a RawValue>,
    #[serde(borrow)]
    animation: Option<&'a RawValue>,
    #[serde(borrow)]
    video: Option<&'a RawValue>,
    #[serde(borrow)]
    video_note: Option<&'a RawValue>,
    #[serde(borrow)]
    document: Option<&'a RawValue>,
    #[serde(borrow)]
    sticker: Option<&'a RawValue>,
    #[serde(borrow)]
    voice: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
}

/// One file, in any of those fields.
#[derive(Deserialize, Clone)]
struct RawFile {
    file_id: String,
    #[serde(default)]
    file_unique_id: String,
    file_size: Option<i64>,
    file_name: Option<String>,
    mime_type: Option<String>,
    emoji: Option<String>,
    performer: Option<String>,
    title: Option<String>,
    width: Option<i32>,
    height: Option<i32>,
    /// The side of a round film.
    length: Option<i32>,
    duration: Option<i32>,
    #[serde(default)]
    is_animated: bool,
    #[serde(default)]
    is_video: bool,
    thumbnail: Option<Box<RawFile>>,
    #[serde(default)]
    photo: Vec<RawFile>,
}

/// What of the message can be looked at or read, and, where the bot hears, what can be heard.
pub(super) fn attached(message: &str, me: &Me) -> Option<Attachment> {
    let files: RawFiles<'_> = serde_json::from_str(message).ok()?;
    let most_pixels = me.picture_pixels;
    if let Some(heard) = heard(&files).filter(|_| me.hears) {
        return Some(heard);
    }
    let film = |kind, json| film(kind, json, most_pixels);
    film(Kind::LivePhoto, files.live_photo)
        .or_else(|| Some(best(&read::<Vec<RawFile>>(files.photo)?, most_pixels)?.of(Kind::Photo)))
        .or_else(|| film(Kind::Animation, files.animation))
        .or_else(|| film(Kind::Video, files.video))
        .or_else(|| film(Kind::VideoNote, files.video_note))
        .or_else(|| read(files.document).map(|file: RawFile| file.of(Kind::Document)))
        .or_else(|| read(files.sticker).and_then(RawFile::sticker))
}

fn read<'a, T: Deserialize<'a>>(json: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(json?.get()).ok()
}

fn heard(files: &RawFiles<'_>) -> Option<Attachment> {
    read(files.voice)
        .map(|file: RawFile| file.sound(Kind::Voice))
        .or_else(|| Some(read::<RawFile>(files.audio)?.sound(Kind::Audio)))
        .or_else(|| {
            // An inbox that was filled before the bot could hear names the cover alone.
            let film = read::<RawFile>(files.video_note).filter(|film| !film.file_id.is_empty())?;
            Some(Attachment { mime: Some(FILM.to_owned()), pixels: None, ..film.sound(Kind::VideoNote) })
        })
        .or_else(|| Some(read::<RawFile>(files.document).filter(RawFile::is_sound)?.sound(Kind::Audio)))
}

/// The picture there is of a film.
fn film(kind: Kind, json: Option<&RawValue>, most_pixels: i32) -> Option<Attachment> {
    let film: RawFile = read(json)?;
    let cover = best(&film.photo, most_pixels).or_else(|| film.thumbnail.as_deref().cloned())?;
    let RawFile { width, height, length, duration, .. } = film;
    Some(Attachment { pixels: width.zip(height).or(length.zip(length)), seconds: duration, ..cover.of(kind) })
}

fn best(sizes: &[RawFile], most_pixels: i32) -> Option<RawFile> {
    let longer_side = |file: &&RawFile| file.width.max(file.height).unwrap_or_default();
    let fitting = sizes.iter().filter(|file| longer_side(file) <= most_pixels).max_by_key(longer_side);
    fitting.or_else(|| sizes.iter().min_by_key(longer_side)).cloned()
}

impl RawFile {
    /// One that moves is told in words ([`super::described`]): its emoji says more than one frame.
    fn sticker(self) -> Option<Attachment> {
        let stands = !self.is_animated && !self.is_video;
        let emoji = self.emoji.clone();
        stands.then(|| Attachment { name: emoji, ..self.of(Kind::Sticker) })
    }

    /// Telegram's apps send recordings of some forms as documents.
    fn is_sound(&self) -> bool {
        self.mime_type.as_deref().is_some_and(|mime| mime.starts_with("audio/"))
    }

    fn sound(self, kind: Kind) -> Attachment {
        let titled = [&self.performer, &self.title].into_iter().flatten();
        let titled =
            titled.map(String::as_str).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" – ");
        let (seconds, of) = (self.duration, self.of(kind));
        Attachment { name: Some(titled).filter(|name| !name.is_empty()).or(of.name), seconds, ..of }
    }

    fn of(self, kind: Kind) -> Attachment {
        let Self { file_id, file_unique_id, file_size, file_name, mime_type, width, height, .. } = self;
        Attachment {
            kind,
            file_id,
            unique_id: file_unique_id,
            name: file_name,
            mime: mime_type,
            bytes: file_size,
            pixels: width.zip(height),
            seconds: None,
        }
    }
}

/// The field of a message in which [`attached`] finds this again.
pub(super) fn field(attachment: &Attachment) -> (&'static str, Value) {
    let Attachment { kind, file_id, unique_id, name, mime, bytes, pixels, seconds } = attachment;
    let (width, height) = pixels.unzip();
    let file = json!({
        "file_id": file_id, "file_unique_id": unique_id, "file_size": bytes, "mime_type": mime,
        "width": width, "height": height,
    });
    let field = match kind {
        Kind::Photo => json!([file]),
        _ if attachment.is_sound() || *kind == Kind::Document => {
            let mut file = file;
            file["file_name"] = json!(name);
            file["duration"] = json!(seconds);
            file
        }
        Kind::Sticker => {
            let mut file = file;
            file["emoji"] = json!(name);
            file
        }
        _ => json!({
            "file_id": "", "width": width, "height": height, "duration": seconds,
            "thumbnail": {"file_id": file_id, "file_unique_id": unique_id, "file_size": bytes},
        }),
    };
    (kind.as_str(), field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me(picture_pixels: i32, hears: bool) -> Me {
        Me {
            id: 7,
            username: "our_bot".to_owned(),
            picture_pixels,
            hears,
            transcript_chats: std::collections::BTreeSet::new(),
        }
    }

    fn of(message: &Value) -> Option<Attachment> {
        attached(&message.to_string(), &me(1280, true))
    }

    fn size(id: &str, width: i32, height: i32) -> Value {
        json!({"file_id": id, "file_unique_id": "u", "file_size": 9, "width": width, "height": height})
    }

    #[test]
    fn of_the_sizes_of_a_picture_the_largest_that_is_not_too_large_is_taken() {
        let photo = |sizes: Value| of(&json!({"photo": sizes})).map(|photo| photo.file_id);
        let sizes =
            json!([size("s", 90, 67), size("m", 320, 240), size("x", 1280, 960), size("w", 2560, 1920)]);
        assert_eq!(photo(sizes).as_deref(), Some("x"));
        assert_eq!(
            photo(json!([size("tall", 700, 1280), size("taller", 900, 1600)])).as_deref(),
            Some("tall")
        );
        assert_eq!(photo(json!([size("only", 4000, 3000)])).as_deref(), Some("only"));
        assert_eq!(photo(json!([])), None);
        let small = json!({"photo": [size("m", 320, 240), size("x", 1280, 960)]}).to_string();
        assert_eq!(attached(&small, &me(800, true)).unwrap().file_id, "m");
    }

    #[test]
    fn of_a_film_its_cover_is_looked_at_and_what_has_none_cannot_be() {
        let cover = size("cover", 320, 180);
        let video =
            json!({"file_id": "film", "width": 1920, "height": 1080, "duration": 14, "thumbnail": cover});
        for (fields, kind) in [
            (json!({"video": video}), Kind::Video),
            (
                json!({"animation": video, "document": {"file_id": "film", "mime_type": "video/mp4"}}),
                Kind::Animation,
            ),
            (
                json!({"live_photo": {"file_id": "film", "duration": 3, "photo": [cover]}, "photo": [cover]}),
                Kind::LivePhoto,
            ),
            (
                json!({"video_note": {"file_id": "film", "length": 240, "duration": 5, "thumbnail": cover}}),
                Kind::VideoNote,
            ),
        ] {
            let attachment = attached(&fields.to_string(), &me(1280, false)).unwrap();
            assert_eq!((attachment.kind, &*attachment.file_id), (kind, "cover"), "{fields}");
            assert!(attachment.seconds.is_some());
        }
        assert_eq!(of(&json!({"video": {"file_id": "film", "duration": 14}})), None);
    }

    #[test]
    fn a_document_is_looked_at_where_it_is_a_picture_and_a_sticker_where_it_stands_still() {
        let document = |mime: &str| {
            of(&json!({"document": {"file_id": "d", "file_name": "a.png", "mime_type": mime}})).unwrap()
        };
        assert_eq!(document("image/png").name.as_deref(), Some("a.png"));
        assert!(document("image/png").is_picture());
        assert!(!document("image/tiff").is_picture());
        assert!(document("application/octet-stream").is_picture(), "by its name");
        assert!(!document("application/pdf").is_picture());
        let sticker = json!({"file_id": "s", "width": 512, "height": 512, "emoji": "🙃", "thumbnail": size("t", 128, 128)});
        assert_eq!(of(&json!({"sticker": sticker})).unwrap().file_id, "s");
        let mut moving = sticker;
        moving["is_animated"] = json!(true);
        assert_eq!(of(&json!({"sticker": moving})), None);
    }

    #[test]
    fn what_is_said_is_heard_where_the_bot_hears_and_a_video_note_is_then_the_film() {
        let sound = |id: &str| json!({"file_id": id, "file_unique_id": "u", "duration": 14, "mime_type": "audio/ogg"});
        let mut song = sound("s");
        (song["performer"], song["title"]) = (json!("Bach"), json!("Air"));
        let mut record = sound("r");
        record["file_name"] = json!("a.wav");
        let mut round = json!({"file_id": "film", "length": 240, "duration": 5});
        for (message, kind, id, name) in [
            (json!({"voice": sound("v")}), Kind::Voice, "v", None),
            (json!({"audio": song}), Kind::Audio, "s", Some("Bach – Air")),
            (json!({"document": record}), Kind::Audio, "r", Some("a.wav")),
            (json!({"video_note": round}), Kind::VideoNote, "film", None),
        ] {
            let read = of(&message).unwrap();
            assert_eq!((read.kind, &*read.file_id, read.name.as_deref()), (kind, id, name), "{message}");
            assert!(read.is_sound());
            let (name, value) = field(&read);
            assert_eq!(of(&json!({name: value})), Some(read), "{message}");
            let unheard = attached(&message.to_string(), &me(1280, false));
            assert!(!unheard.is_some_and(|file| file.is_sound()), "{message}");
        }
        // As an inbox has it that was filled before.
        (round["file_id"], round["thumbnail"]) = (json!(""), size("cover", 240, 240));
        assert_eq!(of(&json!({"video_note": round})).unwrap().file_id, "cover");
    }

    #[test]
    fn what_was_read_is_read_again_from_its_own_field() {
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::VideoNote) {
            let film = kind.is_film();
            let named = matches!(kind, Kind::Document | Kind::Sticker | Kind::Audio);
            let sounds = matches!(kind, Kind::Voice | Kind::Audio);
            let attachment = Attachment {
                kind,
                file_id: "id".to_owned(),
                unique_id: "unique".to_owned(),
                name: named.then(|| "name".to_owned()),
                mime: (!film).then(|| "image/jpeg".to_owned()),
                bytes: Some(7),
                pixels: (!sounds).then_some((4, 3)),
                seconds: (film || sounds).then_some(5),
            };
            let (name, value) = field(&attachment);
            assert_eq!(of(&json!({name: value})), Some(attachment));
        }
        for strange in [
            json!({"photo": 7}),
            json!({"video": null}),
            json!({"sticker": {}}),
            json!({"voice": {}}),
            json!([]),
        ] {
            assert_eq!(of(&strange), None);
        }
    }
}
