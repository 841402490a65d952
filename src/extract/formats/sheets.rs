//! Workbooks of Excel (.xlsx, .xlsm, .xlsb, .xls), sheet by sheet, a line for each row and a tab between cells. Cells are read one after the
//! other: how large a sheet says it is costs nothing.

use std::io::Cursor;

use calamine::{
    Data, DataRef, ExcelDateTime, Reader, Sheet, SheetType, SheetVisible, Xls, XlsError, Xlsb, Xlsx,
    XlsxError,
};

use super::package::Package;
use super::xml::{Node, Xml};
use crate::domain::document::{Extracted, Refused, Unit};
use crate::extract::collect::Collected;

/// Where columns are skipped, no more than this many tabs tell it.
const GAP: u32 = 16;

/// A workbook in an archive.
pub(super) fn read(bytes: &[u8], package: &mut Package<'_>, characters: usize) -> Result<Extracted, Refused> {
    if package.has("xl/workbook.bin") {
        let mut book: Xlsb<_> = Xlsb::new(Cursor::new(bytes)).map_err(|_| Refused::Damaged)?;
        let sheets = book.sheets_metadata().to_vec();
        return collect("xlsb", None, &sheets, characters, |name, rows| {
            let mut cells = book.worksheet_cells_reader(name).map_err(|_| Refused::Damaged)?;
            while let Some(cell) = cells.next_cell().map_err(|_| Refused::Damaged)? {
                if !rows.add(cell.get_position(), &shown_ref(cell.get_value())) {
                    break;
                }
            }
            Ok(())
        });
    }
    let title = title(package)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsxError::Password => Refused::Encrypted,
        _ => Refused::Damaged,
    })?;
    let sheets = book.sheets_metadata().to_vec();
    collect("xlsx", title, &sheets, characters, |name, rows| {
        let mut cells = book.worksheet_cells_reader(name).map_err(|_| Refused::Damaged)?;
        while let Some(cell) = cells.next_cell().map_err(|_| Refused::Damaged)? {
            if !rows.add(cell.get_position(), &shown_ref(cell.get_value())) {
                break;
            }
        }
        Ok(())
    })
}

/// A workbook from before 2007.
pub(super) fn read_old(bytes: &[u8], characters: usize) -> Result<Extracted, Refused> {
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsError::Password => Refused::Encrypted,
        _ => Refused::Damaged,
    })?;
    let sheets = book.sheets_metadata().to_vec();
    collect("xls", None, &sheets, characters, |name, rows| {
        let range = book.worksheet_range(name).map_err(|_| Refused::Damaged)?;
        for (row, column, value) in range.used_cells() {
            let place = (u32::try_from(row).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX));
            if !rows.add(place, &shown(value)) {
                break;
            }
        }
        Ok(())
    })
}

fn title(package: &mut Package<'_>) -> Result<Option<String>, Refused> {
    let Some(properties) = package.text("docProps/core.xml")? else { return Ok(None) };
    Ok(core_title(&properties))
}

/// The title in the properties of a document of Office.
pub(super) fn core_title(properties: &str) -> Option<String> {
    let mut xml = Xml::new(properties);
    while let Some(node) = xml.next() {
        if let Node::Open(element) = node
            && element.name() == "title"
        {
            return Some(xml.words());
        }
    }
    None
}

fn collect(
    format: &str,
    title: Option<String>,
    sheets: &[Sheet],
    characters: usize,
    mut fill: impl FnMut(&str, &mut Rows) -> Result<(), Refused>,
) -> Result<Extracted, Refused> {
    let mut collected = Collected::new(format, Unit::Sheet, characters);
    if let Some(title) = title {
        collected.title(&title);
    }
    let sheets: Vec<&Sheet> = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
    for (index, sheet) in sheets.iter().enumerate() {
        if collected.is_full() {
            collected.skip(sheets.len() - index);
            break;
        }
        let mut rows = Rows::new(collected.enough());
        fill(&sheet.name, &mut rows)?;
        let name = match sheet.visible {
            SheetVisible::Visible => sheet.name.clone(),
            SheetVisible::Hidden | SheetVisible::VeryHidden => format!("{} (hidden)", sheet.name),
        };
        collected.add(Some(name), &rows.text);
    }
    collected.finish()
}

/// The rows of a sheet as text.
struct Rows {
    text: String,
    enough: usize,
    /// Where the last cell with something in it was.
    last: Option<(u32, u32)>,
}

impl Rows {
    fn new(enough: usize) -> Self {
        Self { text: String::new(), enough, last: None }
    }

    /// Adds a cell; whether more is wanted.
    fn add(&mut self, (row, column): (u32, u32), value: &str) -> bool {
        let value = value.trim();
        if value.is_empty() {
            return true;
        }
        let (tabs, is_new) = match self.last {
            Some((last_row, last)) if last_row == row => (column.saturating_sub(last), false),
            // An empty row between is one, however many there are.
            Some((last_row, _)) => {
                self.text.push_str(if row > last_row.saturating_add(1) { "\n\n" } else { "\n" });
                (column, true)
            }
            None => (column, true),
        };
        let least = u32::from(!is_new);
        self.text.extend((0..tabs.clamp(least, GAP)).map(|_| '\t'));
        // A cell is in one line.
        let mut words = value.split(['\n', '\r', '\t']).map(str::trim).filter(|words| !words.is_empty());
        self.text.push_str(words.next().unwrap_or_default());
        for words in words {
            self.text.push(' ');
            self.text.push_str(words);
        }
        self.last = Some((row, column));
        self.text.len() <= self.enough
    }
}

fn shown_ref(value: &DataRef<'_>) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(time) => moment(time),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn shown(value: &Data) -> String {
    match value {
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number.to_string(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(time) => moment(time),
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

/// A date, a time of day, or both; how long something takes.
fn moment(time: &ExcelDateTime) -> String {
    let days = time.as_f64();
    if !days.is_finite() || days.abs() > 3e6 {
        return days.to_string();
    }
    if time.is_duration() {
        #[expect(clippy::cast_possible_truncation, reason = "it was bounded just now")]
        let seconds = (days * 86_400.0).round() as i64;
        return format!("{}:{:02}:{:02}", seconds / 3600, (seconds / 60 % 60).abs(), (seconds % 60).abs());
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    if days < 1.0 {
        clock
    } else if days.fract() == 0.0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {clock}")
    }
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn rows_are_lines_and_gaps_are_told_shortly() {
        let mut rows = Rows::new(1000);
        for (place, value) in [
            ((0, 0), "a"),
            ((0, 2), "c\nd"),
            ((1, 1), "b"),
            ((900_000, 0), "far"),
            ((900_000, 16_000), "away"),
        ] {
            assert!(rows.add(place, value));
        }
        assert_eq!(rows.text, format!("a\t\tc d\n\tb\n\nfar{}away", "\t".repeat(16)));
    }

    #[test]
    fn times_are_written_as_iso() {
        let shown = |value, kind| moment(&ExcelDateTime::new(value, kind, false));
        assert_eq!(shown(45_292.0, ExcelDateTimeType::DateTime), "2024-01-01");
        assert_eq!(shown(45_292.75, ExcelDateTimeType::DateTime), "2024-01-01 18:00:00");
        assert_eq!(shown(0.5, ExcelDateTimeType::DateTime), "12:00:00");
        assert_eq!(shown(1.5, ExcelDateTimeType::TimeDelta), "36:00:00");
        assert_eq!(shown(1e300, ExcelDateTimeType::DateTime), format!("{}", 1e300));
    }
}
