//! Formulas: what looks like one is one, what does not is text; and signs are told in characters.

use crate::seen::{assert_as_written, assert_seen, classic, preview, rich};

#[test]
fn a_formula_looks_like_one() {
    assert_seen(&[
        (
            "\\(x^2+1\\) and $x^2$, \\(n\\), $x$",
            "⟨code⟩x^2+1⟨/code⟩ and ⟨code⟩x^2⟨/code⟩, ⟨code⟩n⟨/code⟩, ⟨code⟩x⟨/code⟩",
        ),
        ("so \\[ \\frac{a}{b} \\] is", "so\n\n⟨pre latex⟩\\frac{a}{b}⟨/pre⟩\n\nis"),
        ("\\(e=5.2\\frac{\\$}{€}\\), $p=25.6\\$$", "⟨code⟩e=5.2\\frac{\\$}{€}⟨/code⟩, p=25.6$"),
        ("$$ Скорость = Путь / Время $$", "⟨pre latex⟩Скорость = Путь / Время⟨/pre⟩"),
        ("\\(v = s/t\\), где \\(s\\) — путь", "⟨code⟩v = s/t⟨/code⟩, где ⟨code⟩s⟨/code⟩ — путь"),
    ]);
    assert_eq!(rich("\\(x^2\\)"), "paragraph ⟨tex⟩x^2⟨/tex⟩");
}

#[test]
fn parentheses_money_and_variables_are_no_formulas() {
    assert_seen(&[
        ("It is cheap \\(almost free\\)\\.", "It is cheap (almost free)."),
        ("In 1969 \\(July 20\\), see \\[1\\] and \\(2024\\)", "In 1969 (July 20), see [1] and (2024)"),
        ("f\\(x\\)=y, P\\(A\\), x\\[i\\] and sin\\(x^2\\)", "f(x)=y, P(A), x[i] and sin(x^2)"),
        (
            "да \\[\nнет <a href=\"https://example.com/x_y\">тут</a> да \\]",
            "да [\nнет ⟨a https://example.com/x_y⟩тут⟨/a⟩ да ]",
        ),
        ("see \\[ a\\[0\\] and \\(f\\(x\\)\\)", "see [ a[0] and (f(x))"),
        ("设\\(x\\)为, 5 \\(x\\)", "设⟨code⟩x⟨/code⟩为, 5 ⟨code⟩x⟨/code⟩"),
        ("\\(см. ниже\\) \\(and/or\\) \\(5 kg\\) \\[link\\]", "(см. ниже) (and/or) (5 kg) [link]"),
    ]);
    assert_eq!(rich("cheap \\(almost free\\)\\."), "paragraph cheap (almost free).");
    assert_as_written(&[
        "$5 and $10, $5-$10, 5$/10$, US$5 and A$7, $1,550 or $15.4",
        "月成本 $148+ → $19（省 87%，年省 ~$1,550）",
        "$HOME/bin:$PATH, $HOME and $USER, ${x}",
        "costs $5, not 10$",
    ]);
}

#[test]
fn degrees_arrows_and_greek_letters_are_told_in_characters() {
    assert_seen(&[
        ("turn $90^\\circ$ or 90^\\circ, 20^{\\circ}C", "turn 90° or 90°, 20°C"),
        ("$A \\to B$, A \\to B, \\(x \\Rightarrow y\\), \\Rightarrow z", "A → B, A → B, x ⇒ y, ⇒ z"),
        ("$5 \\times 3$, 3\\times4, $\\alpha + \\beta$, $\\pi$", "5 × 3, 3×4, α + β, π"),
        ("type \\to in LaTeX", "type \\to in LaTeX"),
        ("C:\\to\\x and `\\to`", "C:\\to\\x and ⟨code⟩\\to⟨/code⟩"),
    ]);
    assert_eq!(rich("$90^\\circ$"), "paragraph 90°");
}

#[test]
fn an_environment_needs_no_dollars() {
    assert_seen(&[
        (
            "So:\n\\begin{align}\na &= b \\\\\n- c &= d\n\\end{align}\nend",
            "So:\n\n⟨pre latex⟩\\begin{align} a &= b \\\\\n- c &= d \\end{align}⟨/pre⟩\n\nend",
        ),
        (
            "\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}",
            "⟨pre latex⟩\\begin{pmatrix} 1 & 2 \\\\\n3 & 4 \\end{pmatrix}⟨/pre⟩",
        ),
        (
            "\\begin{itemize}\n\\item a_b_c\n\\end{itemize}",
            "⟨pre latex⟩\\begin{itemize}\n\\item a_b_c\n\\end{itemize}⟨/pre⟩",
        ),
        ("\\begin{align} never closed", "\\begin{align} never closed"),
    ]);
    let tree = rich("\\begin{cases} x & 1 \\\\ y & 2 \\end{cases}");
    assert_eq!(tree, "formula \\begin{cases} x & 1 \\\\ y & 2 \\end{cases}");
}

#[test]
fn the_lines_of_a_formula_are_its_own_whatever_they_begin_with() {
    assert_seen(&[
        ("$$\n\na = b\n\n- c\n+ d\n$$", "⟨pre latex⟩a = b - c + d⟨/pre⟩"),
        ("- \\[\n  x = 1\n  > y\n  \\]\n- b", "• \n⟨pre latex⟩x = 1 > y⟨/pre⟩\n• b"),
        ("> \\[\n> a\n> - b\n> \\]", "⟨quote⟩⟨pre latex⟩a - b⟨/pre⟩⟨/quote⟩"),
        ("$$\nslowly, said he\n$$", "$$\nslowly, said he\n$$"),
    ]);
}

#[test]
fn a_preview_waits_for_formulas_and_not_for_parentheses() {
    for (written, seen) in [
        ("a \\(x", "a"),
        ("a $x^", "a"),
        ("a \\begin{align}\nx", "a"),
        ("90^\\ci", "90"),
        ("costs $5 and", "costs $5 and"),
    ] {
        assert_eq!(preview(written), seen, "{written}");
    }
    let long = format!("cheap \\(almost free, {}", "as they say, ".repeat(20));
    assert!(preview(&long).starts_with("cheap (almost free, as"));
    assert_eq!(classic(&long), long.replace('\\', "").trim_end());
}

#[test]
fn indices_sets_and_endings_belong_to_formulas_and_patterns_do_not() {
    assert_seen(&[
        (
            "$CO_2$, $NH_3$ and $\\{1, 2\\}$",
            "⟨code⟩CO_2⟨/code⟩, ⟨code⟩NH_3⟨/code⟩ and ⟨code⟩\\{1, 2\\}⟨/code⟩",
        ),
        ("the $n$th, 5 $\\mu$m, 5 $\\Omega$", "the ⟨code⟩n⟨/code⟩th, 5 μm, 5 Ω"),
    ]);
    assert_as_written(&["\\(\\d+\\) and \\[\\w\\]", "$a$b and $HOME_1 or $HOME_2"]);
}

#[test]
fn a_sign_is_told_without_the_marks_of_a_formula() {
    assert_seen(&[("20\\degree, \\alpha and \\beta, (\\Delta), \\infty", "20°, α and β, (Δ), ∞")]);
    assert_as_written(&["C:\\alpha\\beta, \\alpha_1, x\\alpha, \\alphabet"]);
}

#[test]
fn brackets_whose_backslashes_were_lost_hold_a_formula_where_tex_stands_in_them() {
    assert_seen(&[
        ("[ \\frac{a}{b} ]", "⟨pre latex⟩\\frac{a}{b}⟨/pre⟩"),
        ("So\n\n[\n\\frac{a}{b} = c\n]\n\nend", "So\n\n⟨pre latex⟩\\frac{a}{b} = c⟨/pre⟩\n\nend"),
        ("is [ \\sqrt{2} ].", "is\n\n⟨pre latex⟩\\sqrt{2}⟨/pre⟩\n\n."),
    ]);
    assert_as_written(&[
        "[ a ] and [ x = y ]",
        "[ \\frac is a command ]",
        "[ ] and [ \\d+ ]",
        "[ see C:\\dir ]",
    ]);
    assert_eq!(preview("a [ \\frac{a}"), "a");
}
