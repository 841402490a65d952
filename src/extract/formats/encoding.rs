//! Bytes → text in whatever encoding they are.
//!
//! A byte order mark and valid UTF-8 decide; UTF-16 without a mark shows in its zeros. Of the old encodings chardetng knows most by their
//! frequencies, and mistakes short Russian texts: those are told apart by [`words`](super::words) first.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::words;

/// How much of a text decides.
const LOOKED_AT: usize = 1 << 16;

/// The text, unless it is none.
pub(super) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(text) = utf_32(bytes) {
        return Some(text.into());
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Some(encoding.decode_without_bom_handling(&bytes[mark..]).0);
    }
    if let Some(encoding) = utf_16(bytes) {
        return Some(encoding.decode_without_bom_handling(bytes).0);
    }
    if is_binary(bytes) {
        return None;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.into());
    }
    Some(guess(bytes).decode_without_bom_handling(bytes).0)
}

/// The text in the encoding that it names itself, where it can be that one.
pub(super) fn decode_named<'a>(bytes: &'a [u8], label: Option<&[u8]>) -> Option<Cow<'a, str>> {
    let named = label.and_then(Encoding::for_label).filter(|named| named.is_ascii_compatible());
    match named {
        Some(named)
            if named != UTF_8
                && Encoding::for_bom(bytes).is_none()
                && std::str::from_utf8(bytes).is_err() =>
        {
            named.decode_without_bom_handling_and_without_replacement(bytes).or_else(|| decode(bytes))
        }
        _ => decode(bytes),
    }
}

/// An old encoding; UTF-8 for what is nearly UTF-8.
fn guess(bytes: &[u8]) -> &'static Encoding {
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    if is_broken_utf_8(looked_at) {
        return UTF_8;
    }
    if let Some(cyrillic) = words::cyrillic(looked_at) {
        return cyrillic;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(looked_at, looked_at.len() == bytes.len());
    detector.guess(None, Utf8Detection::Allow)
}

/// Whether it is UTF-8 but for a few bytes, as what was cut or glued together: by chance no other encoding makes many valid sequences.
fn is_broken_utf_8(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let wrong = text.matches('\u{fffd}').count();
    let right = text.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    right > 20 * wrong
}

fn utf_32(bytes: &[u8]) -> Option<String> {
    let (rest, is_little) = match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => (rest, true),
        [0, 0, 0xfe, 0xff, rest @ ..] => (rest, false),
        _ => return None,
    };
    let characters = rest.chunks_exact(4).map(|chunk| {
        let code = chunk.try_into().unwrap_or_default();
        let code = if is_little { u32::from_le_bytes(code) } else { u32::from_be_bytes(code) };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    });
    Some(characters.collect())
}

/// UTF-16 without a mark: in one half of its pairs nearly all bytes are the same few.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    if bytes.len() < 4 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT) & !1];
    let pairs = looked_at.len() / 2;
    // Latin, Cyrillic and what goes with them have these high bytes.
    let high = |parity: usize| {
        looked_at.iter().skip(parity).step_by(2).filter(|byte| matches!(byte, 0 | 4 | 0x20)).count()
    };
    let zeros = |parity: usize| looked_at.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    for (parity, encoding) in [(1, UTF_16LE), (0, UTF_16BE)] {
        if high(parity) * 20 >= pairs * 19 && zeros(1 - parity) * 20 <= pairs && zeros(parity) > 0 {
            let (text, failed) = encoding.decode_without_bom_handling(looked_at);
            let is_text = !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}'));
            return (is_text && !failed).then_some(encoding);
        }
    }
    None
}

/// Texts have hardly any control characters.
fn is_binary(bytes: &[u8]) -> bool {
    let looked_at = &bytes[..bytes.len().min(LOOKED_AT)];
    let is_control = |byte: &&u8| matches!(byte, 0..=7 | 14..=25 | 28..=31 | 127);
    looked_at.contains(&0) || looked_at.iter().filter(is_control).count() * 100 > looked_at.len()
}

#[cfg(test)]
mod tests {
    use encoding_rs::{
        BIG5, EUC_JP, EUC_KR, GB18030, IBM866, ISO_8859_5, KOI8_R, KOI8_U, SHIFT_JIS, WINDOWS_1250,
        WINDOWS_1251, WINDOWS_1252, WINDOWS_1253,
    };

    use super::*;

    #[track_caller]
    fn returns(text: &str, encoding: &'static Encoding) {
        let (bytes, _, failed) = encoding.encode(text);
        assert!(!failed, "{text} is not {}", encoding.name());
        assert_eq!(decode(&bytes).as_deref(), Some(text), "{}", encoding.name());
    }

    #[test]
    fn russian_texts_are_recognised_however_short_they_are() {
        let texts = [
            "Да",
            "Привет",
            "ПРИВЕТ",
            "Привет, мир!",
            "Добрый день! Когда приедет посылка?",
            "Счёт № 17 от 3 мая",
            "ИНН 7701234567, г. Москва, ул. Лесная, д. 5",
            "Имя;Возраст;Город\nАнна;31;Тула\nПётр;44;Омск\n",
            "// Считает сумму\nint sum(int a, int b) { return a + b; }\n",
            "1\n00:00:01,000 --> 00:00:04,000\nЯ тебя нигде не вижу.\n",
            "Съешь ещё этих мягких французских булок, да выпей же чаю.",
            "СЪЕШЬ ЕЩЁ ЭТИХ МЯГКИХ ФРАНЦУЗСКИХ БУЛОК",
            "Молоко\nХлеб\nЯйца\nСыр",
        ];
        for text in texts {
            for encoding in [WINDOWS_1251, KOI8_R, IBM866] {
                if text.contains('№') && encoding == KOI8_R {
                    continue;
                }
                returns(text, encoding);
            }
            if !text.contains('№') {
                returns(text, ISO_8859_5);
            }
        }
        returns("Дякую, усе гаразд. Її звати Оксана, а його — Євген.", WINDOWS_1251);
        returns("Дякую, усе гаразд. Мене звати Оксана, а його Євген.", KOI8_U);
    }

    #[test]
    fn other_languages_are_recognised_from_a_sentence() {
        returns("Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter.", WINDOWS_1252);
        returns("Falsches Üben von Xylophonmusik quält jeden größeren Zwerg.", WINDOWS_1252);
        returns("Příliš žluťoučký kůň úpěl ďábelské ódy v temné noci na poli.", WINDOWS_1250);
        returns("Ξεσκεπάζω την ψυχοφθόρα βδελυγμία, και γράφω ένα γράμμα.", WINDOWS_1253);
        returns("いろはにほへと ちりぬるを わかよたれそ つねならむ。漢字も少し書きます。", SHIFT_JIS);
        returns("いろはにほへと ちりぬるを わかよたれそ つねならむ。漢字も少し書きます。", EUC_JP);
        returns("我能吞下玻璃而不伤身体。今天天气很好，我们去公园散步吧。", GB18030);
        returns("我能吞下玻璃而不傷身體。今天天氣很好，我們去公園散步吧。", BIG5);
        returns("키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다.", EUC_KR);
    }

    #[test]
    fn unicode_is_recognised_with_and_without_a_mark() {
        for text in ["Привет, мир! 2 + 2", "plain words\n", "Ünïcode — “quoted” 日本"] {
            let units: Vec<u16> = text.encode_utf16().collect();
            let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            let full = |write: fn(u32) -> [u8; 4]| {
                text.chars().flat_map(|c| write(u32::from(c))).collect::<Vec<u8>>()
            };
            let marked = [
                ([&b"\xef\xbb\xbf"[..], text.as_bytes()].concat()),
                ([&b"\xff\xfe"[..], &little].concat()),
                ([&b"\xfe\xff"[..], &big].concat()),
                ([&b"\xff\xfe\0\0"[..], &full(u32::to_le_bytes)].concat()),
                ([&b"\0\0\xfe\xff"[..], &full(u32::to_be_bytes)].concat()),
                text.as_bytes().to_vec(),
            ];
            for bytes in marked {
                assert_eq!(decode(&bytes).as_deref(), Some(text));
            }
            if !text.contains('日') {
                assert_eq!(decode(&little).as_deref(), Some(text));
                assert_eq!(decode(&big).as_deref(), Some(text));
            }
        }
    }

    #[test]
    fn what_was_cut_within_a_letter_stays_utf_8() {
        let text = "Привет, как дела? Всё хорошо, спасибо.";
        let cut = decode(&text.as_bytes()[..text.len() - 2]).unwrap();
        assert_eq!(cut, "Привет, как дела? Всё хорошо, спасиб\u{fffd}");
    }

    #[test]
    fn bytes_that_are_no_text_are_none() {
        assert_eq!(decode(b"\0\x01\x02\x03"), None);
        let noise: Vec<u8> = (0..4000_u32)
            .map(|index| u8::try_from(index.wrapping_mul(2_654_435_761) >> 24).unwrap())
            .collect();
        assert_eq!(decode(&noise), None);
    }
}
