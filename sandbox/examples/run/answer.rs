//! An answer: without what was pasted along with it, and what its check says of it.

use super::bot::Finding;

/// What a check says of an answer.
pub(super) enum Verdict {
    Good,
    /// This setting is wrong.
    Wrong(String),
    /// It may be good: the neighbour could not say, or something else is in the way.
    Open,
}

/// Tells what was found of these settings, and sums it up.
pub(super) fn judge(findings: &[Finding], checks: &[&str], settings: &[(&str, &str)]) -> Verdict {
    let asked = |finding: &Finding| {
        finding.setting.as_ref().filter(|setting| settings.iter().any(|(name, _)| name == setting)).cloned()
    };
    // A fault of the form comes first, and the neighbour is not asked then.
    let of_them = |finding: &&Finding| {
        checks.contains(&finding.check.as_str()) || (!finding.ok && asked(finding).is_some())
    };
    for finding in findings.iter().filter(of_them) {
        let remedy = finding.remedy.as_ref().map(|remedy| format!(" → {remedy}")).unwrap_or_default();
        let mark = if finding.ok { '✓' } else { '✗' };
        eprintln!("{mark} {}: {}{remedy}", finding.check, finding.found);
        if !finding.ok {
            return asked(finding).map_or(Verdict::Open, Verdict::Wrong);
        }
    }
    Verdict::Good
}

/// An answer without what comes along when it is pasted: white space, marks that nobody sees, quotes, the name before it.
pub(super) fn cleaned(answer: &str, name: &str) -> String {
    let mut text = answer;
    loop {
        let before = text;
        text = text.trim_matches(|c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
        });
        // What a terminal puts around a paste, its escape already taken away.
        text = text.strip_prefix("[200~").unwrap_or(text);
        text = text.strip_suffix("[201~").unwrap_or(text);
        text = text.strip_prefix("export ").unwrap_or(text);
        text =
            text.strip_prefix(name).map_or(text, |rest| rest.trim_start().strip_prefix('=').unwrap_or(text));
        for (open, close) in
            [('"', '"'), ('\'', '\''), ('`', '`'), ('«', '»'), ('“', '”'), ('‘', '’'), ('<', '>')]
        {
            text = text.strip_prefix(open).and_then(|text| text.strip_suffix(close)).unwrap_or(text);
        }
        if text == before {
            return text.to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_answer_loses_what_came_along() {
        for pasted in [
            "123:AA",
            "  123:AA \t",
            "\"123:AA\"",
            "' 123:AA '",
            "«123:AA»",
            "`123:AA`",
            "TELEGRAM_BOT_TOKEN=123:AA",
            "export TELEGRAM_BOT_TOKEN = \"123:AA\"",
            "\u{feff}123:AA\u{200b}\r",
            "\u{a0}123:AA",
            "\u{1b}[200~123:AA\u{1b}[201~",
        ] {
            assert_eq!(cleaned(pasted, "TELEGRAM_BOT_TOKEN"), "123:AA", "{pasted:?}");
        }
        assert_eq!(cleaned("postgresql://u:p'@h/d", "DATABASE_URL"), "postgresql://u:p'@h/d");
        assert_eq!(cleaned("\"", "A"), "\"");
        assert_eq!(cleaned(" ", "A"), "");
    }
}
