//! Letters and where they stand → lines and paragraphs, in the order in which the page draws them: that is how its author wrote it, with
//! columns one after the other. Positions tell where a word, a line or a paragraph ends.

/// A letter on a page, or several in one sign.
pub(super) struct Letter {
    pub(super) text: String,
    /// Where it begins on its base line, and where the next one would.
    pub(super) begin: (f64, f64),
    pub(super) end: (f64, f64),
    /// The size of its font.
    pub(super) size: f64,
}

/// Lines as they grow.
pub(super) struct Lines {
    out: String,
    enough: usize,
    last: Option<Letter>,
    /// How far apart the last two lines were.
    leading: f64,
    /// Signs of the current line and where they stand: bold letters are often drawn twice.
    drawn: Vec<(f64, f64)>,
}

impl Lines {
    pub(super) fn new(enough: usize) -> Self {
        Self { out: String::new(), enough, last: None, leading: 0.0, drawn: Vec::new() }
    }

    /// Adds the next letter of the page.
    pub(super) fn add(&mut self, letter: Letter) {
        let is_sane = [letter.begin.0, letter.begin.1, letter.end.0, letter.end.1, letter.size]
            .iter()
            .all(|number| number.is_finite());
        if !is_sane || self.out.len() > self.enough {
            return;
        }
        let Some(last) = &self.last else {
            self.push(letter);
            return;
        };
        let size = letter.size.max(last.size).max(1e-3);
        // Along the direction of the line, and across it.
        let direction =
            unit(last.begin, last.end).or_else(|| unit(letter.begin, letter.end)).unwrap_or((1.0, 0.0));
        let step = (letter.begin.0 - last.end.0, letter.begin.1 - last.end.1);
        let along = step.0 * direction.0 + step.1 * direction.1;
        let across = step.1 * direction.0 - step.0 * direction.1;
        if across.abs() > 0.6 * size {
            self.new_line(across, size, letter.size);
        } else {
            if self.is_drawn_again(&letter, size) {
                return;
            }
            if along < -2.0 * size {
                // Back on the same height: something else begins there.
                self.break_line("\n");
            } else if along > 1.8 * size {
                // A wide gap is that of a table.
                self.blank("\t");
            } else if along > 0.17 * size {
                self.blank(" ");
            }
        }
        self.push(letter);
    }

    fn new_line(&mut self, across: f64, size: f64, new_size: f64) {
        let other_size = self.last.as_ref().is_some_and(|last| (last.size - new_size).abs() > 0.25 * size);
        let far = if self.leading > 0.0 { across > 1.35 * self.leading } else { across > 1.9 * size };
        if across < 0.0 || far || other_size {
            self.break_line("\n\n");
            self.leading = 0.0;
        } else {
            self.break_line("\n");
        }
        if across > 0.0 && across < 2.5 * size {
            self.leading = if self.leading > 0.0 { self.leading.min(across) } else { across };
        }
    }

    fn break_line(&mut self, end: &str) {
        self.drawn.clear();
        let kept = self.out.trim_end_matches([' ', '\t']).len();
        self.out.truncate(kept);
        self.out.push_str(end);
    }

    fn blank(&mut self, blank: &str) {
        if self.out.ends_with(' ') && blank == "\t" {
            self.out.pop();
        }
        if !self.out.ends_with([' ', '\t', '\n']) && !self.out.is_empty() {
            self.out.push_str(blank);
        }
    }

    fn is_drawn_again(&self, letter: &Letter, size: f64) -> bool {
        let near = |place: &(f64, f64)| {
            (place.0 - letter.begin.0).abs() < 0.12 * size && (place.1 - letter.begin.1).abs() < 0.12 * size
        };
        // Only what is no longer than a line is looked through.
        !letter.text.trim().is_empty() && self.drawn.iter().rev().take(200).any(near)
    }

    fn push(&mut self, letter: Letter) {
        let text = plain(&letter.text);
        if text.trim().is_empty() {
            if !text.is_empty() {
                self.blank(" ");
            }
        } else {
            if !self.out.ends_with('\n') || !self.join_hyphen(&text) {
                self.out.push_str(&text);
            }
            self.drawn.push(letter.begin);
        }
        self.last = Some(letter);
    }

    /// A word that goes on in the next line is one word.
    fn join_hyphen(&mut self, text: &str) -> bool {
        let line = self.out.trim_end_matches('\n');
        let is_one_break = self.out.len() - line.len() == 1;
        let Some(word) = line.strip_suffix(['-', '\u{2010}', '\u{ad}']) else { return false };
        let ends_in_letters = word.chars().rev().take(2).filter(|c| c.is_lowercase()).count() == 2;
        if is_one_break && ends_in_letters && text.starts_with(char::is_lowercase) {
            self.out.truncate(word.len());
            self.out.push_str(text);
            return true;
        }
        false
    }

    /// All of it; none, if hardly any letter is known.
    pub(super) fn finish(self) -> String {
        let unknown = self.out.matches(char::REPLACEMENT_CHARACTER).count();
        let known = self.out.chars().filter(|c| c.is_alphanumeric()).count();
        if unknown > known { String::new() } else { self.out }
    }
}

/// The direction from one point to another, of length 1.
fn unit(from: (f64, f64), to: (f64, f64)) -> Option<(f64, f64)> {
    let (x, y) = (to.0 - from.0, to.1 - from.1);
    let length = x.hypot(y);
    (length > 1e-6).then(|| (x / length, y / length))
}

/// Ligatures and their like as the letters that they are.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'ﬀ' => plain.push_str("ff"),
            'ﬁ' => plain.push_str("fi"),
            'ﬂ' => plain.push_str("fl"),
            'ﬃ' => plain.push_str("ffi"),
            'ﬄ' => plain.push_str("ffl"),
            '\u{a0}' | '\t' | '\n' | '\r' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word of letters half as wide as they are high.
    fn write(lines: &mut Lines, text: &str, x: f64, y: f64, size: f64) {
        for (index, c) in (0_u16..).zip(text.chars()) {
            let x = x + f64::from(index) * size / 2.0;
            lines.add(Letter { text: c.to_string(), begin: (x, y), end: (x + size / 2.0, y), size });
        }
    }

    #[test]
    fn positions_tell_words_lines_paragraphs_and_cells() {
        let mut lines = Lines::new(1000);
        write(&mut lines, "Заголовок", 0.0, 0.0, 20.0);
        write(&mut lines, "one", 0.0, 40.0, 10.0);
        write(&mut lines, "two", 18.0, 40.0, 10.0);
        write(&mut lines, "three, пере-", 0.0, 52.0, 10.0);
        write(&mut lines, "нос", 0.0, 64.0, 10.0);
        write(&mut lines, "cell", 0.0, 100.0, 10.0);
        write(&mut lines, "cell", 100.0, 100.0, 10.0);
        write(&mut lines, "top", 200.0, 0.0, 10.0);
        assert_eq!(lines.finish(), "Заголовок\n\none two\nthree, перенос\n\ncell\tcell\n\ntop");
    }

    #[test]
    fn letters_drawn_twice_are_bold_and_letters_without_a_name_are_none() {
        let mut lines = Lines::new(1000);
        write(&mut lines, "bold", 0.0, 0.0, 10.0);
        write(&mut lines, "bold", 0.3, 0.0, 10.0);
        assert_eq!(lines.finish(), "bold");
        let mut lines = Lines::new(1000);
        write(&mut lines, "\u{fffd}\u{fffd}a", 0.0, 0.0, 10.0);
        assert_eq!(lines.finish(), "");
    }
}
