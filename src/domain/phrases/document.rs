//! What people read about the files that they sent.

use super::Language::{self, English, Russian};
use crate::domain::document::{Refused, Unit};
use crate::domain::reading::Extent;

impl Language {
    /// How far a file was read that was too long for the model.
    pub fn read_in_part(self, name: &str, extent: Extent) -> String {
        let name = self.named(name);
        match (self, extent) {
            (Russian, Extent::Pieces { unit, last, of }) => {
                format!(
                    "Из {name} я прочитал {} из {of}: целиком он слишком длинный.",
                    self.units(unit, last)
                )
            }
            (English, Extent::Pieces { unit, last, of }) => {
                format!("Of {name} I read {} of {of}: it is too long as a whole.", self.units(unit, last))
            }
            (Russian, Extent::Beginning) => {
                format!("Из {name} я прочитал только начало: целиком он слишком длинный.")
            }
            (English, Extent::Beginning) => {
                format!("Of {name} I read only the beginning: it is too long as a whole.")
            }
        }
    }

    /// Why a file has no words for the model, and what would help.
    pub fn unreadable_file(self, name: &str, refused: Refused) -> String {
        let (name, reason) = (self.named(name), self.reason_of(refused));
        match self {
            Russian => format!("Не получилось прочитать {name}: {reason}."),
            English => format!("I could not read {name}: {reason}."),
        }
    }

    /// Who reads PDFs as they are, scans too.
    pub fn who_reads_pdf(self, names: &[&str]) -> String {
        let names = names.join(", ");
        match self {
            Russian => format!("Сканы умеют читать: {names} (/model)."),
            English => format!("These can read scans: {names} (/model)."),
        }
    }

    fn named(self, name: &str) -> String {
        match (self, name.trim()) {
            (_, "") => self.pick("файла", "the file").to_owned(),
            (Russian, name) => format!("«{name}»"),
            (English, name) => format!("“{name}”"),
        }
    }

    fn units(self, unit: Unit, last: usize) -> String {
        let (russian, english) = match (unit, last) {
            (Unit::Page, 1) => ("страницу", "page"),
            (Unit::Page, _) => ("страницы", "pages"),
            (Unit::Sheet, 1) => ("лист", "sheet"),
            (Unit::Sheet, _) => ("листы", "sheets"),
            (Unit::Slide, 1) => ("слайд", "slide"),
            (Unit::Slide, _) => ("слайды", "slides"),
            (Unit::Chapter, 1) => ("главу", "chapter"),
            (Unit::Chapter, _) => ("главы", "chapters"),
            (Unit::Whole, 1) => ("часть", "part"),
            (Unit::Whole, _) => ("части", "parts"),
        };
        let range = if last == 1 { "1".to_owned() } else { format!("1–{last}") };
        format!("{} {range}", self.pick(russian, english))
    }

    fn reason_of(self, refused: Refused) -> &'static str {
        match refused {
            Refused::Encrypted => self.pick(
                "файл зашифрован, сохраните его без пароля и отправьте снова",
                "it is encrypted, so please save it without a password and send it again",
            ),
            Refused::Scan => self.pick(
                "это скан, на его страницах картинки без текста, поэтому отправьте страницы как фото или распознайте текст",
                "it is a scan, pictures of pages without text, so please send the pages as photos or have the text recognised",
            ),
            Refused::Empty => self.pick("в файле нет текста", "there is no text in it"),
            Refused::Archive => self.pick(
                "это архив, распакуйте его и отправьте файлы по отдельности",
                "it is an archive, so please unpack it and send the files in it",
            ),
            Refused::Executable => self.pick(
                "это программа, а я читаю документы",
                "it is a program, and I read documents",
            ),
            Refused::Picture => self.pick(
                "это картинка в формате, которого модели не видят, отправьте её как фото",
                "it is a picture of a format that models cannot see, so please send it as a photo",
            ),
            Refused::Sound => self.pick(
                "это звукозапись, а из файлов я читаю документы",
                "it is a sound recording, and of files I read documents",
            ),
            Refused::Video => self.pick(
                "это видео, отправьте его как видео, и я увижу один кадр",
                "it is a video, so please send it as one, and I will see one frame",
            ),
            Refused::OldOffice => self.pick(
                "это старый формат Word или PowerPoint, сохраните файл как DOCX, PPTX или PDF",
                "it is an old format of Word or PowerPoint, so please save it as DOCX, PPTX or PDF",
            ),
            Refused::Damaged => self.pick(
                "файл повреждён или обрывается, сохраните его заново и отправьте ещё раз",
                "it is damaged or breaks off, so please save it anew and send it again",
            ),
            Refused::TooLarge => self.pick(
                "файл слишком большой, отправьте его по частям: я читаю до 20 МБ",
                "it is too large, so please send it in parts: I read up to 20 MB",
            ),
            Refused::TooLong => self.pick(
                "чтение заняло слишком много времени, отправьте файл по частям",
                "reading it took too long, so please send it in parts",
            ),
            Refused::TooMuchMemory => self.pick(
                "ему нужно слишком много памяти, отправьте файл по частям",
                "reading it took too much memory, so please send it in parts",
            ),
            Refused::Unknown => self.pick(
                "такой формат я не читаю, сохраните файл как PDF, DOCX или TXT",
                "I do not know its format, so please save it as PDF, DOCX or TXT",
            ),
            Refused::Stopped => self.pick("чтение остановлено", "reading was stopped"),
            Refused::Unavailable => self.pick(
                "здесь я не могу безопасно открывать файлы, владельцу бота поможет команда doctor",
                "files cannot be opened safely here, and the command doctor tells the person who runs the bot why",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_reason_is_one_sentence_of_its_own_that_names_the_file() {
        for language in Language::ALL {
            let said: BTreeSet<String> =
                Refused::ALL.iter().map(|refused| language.unreadable_file("a.pdf", *refused)).collect();
            assert_eq!(said.len(), Refused::ALL.len());
            for said in said {
                assert!(said.contains("a.pdf") && said.ends_with('.'), "{said}");
                assert!(!said.contains(". "), "{said}");
            }
        }
    }

    #[test]
    fn how_far_a_file_was_read_is_told_in_its_own_units() {
        let pages = |last| Extent::Pieces { unit: Unit::Page, last, of: 212 };
        assert_eq!(
            English.read_in_part("a.pdf", pages(40)),
            "Of “a.pdf” I read pages 1–40 of 212: it is too long as a whole."
        );
        assert_eq!(
            Russian.read_in_part("a.pdf", pages(1)),
            "Из «a.pdf» я прочитал страницу 1 из 212: целиком он слишком длинный."
        );
        assert!(English.read_in_part("", Extent::Beginning).starts_with("Of the file I read only"));
    }
}
