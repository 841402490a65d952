//! Marks that stand for themselves: in arithmetic, in identifiers, in paths and patterns.

use crate::seen::{assert_as_written, assert_seen, classic, preview};

#[test]
fn arithmetic_stays_as_it_is_written() {
    assert_as_written(&[
        "2*3*4 = 24; 150*2*3 = 900",
        "2**3**2 = 512, 2 ** 3 ** 2, x**2 + y**2",
        "a*b*c, 2*x*y, x*(y+z)*w, f(x)*g(y)*(h+1)",
        "2*(3+4)*5 and 6*(1)*2, (-2)*(-3)*(-4) = -24",
        "width*height*depth, цена*количество*скидка, а*б*в",
        "100%*2*3, 5!*3!*2, 2*π*r, π*r*2, 2*√3*√5, x²*y²*z",
        "*note: 2*3 = 6, and *price: a*b",
        "f(**kwargs) returns a**b, f(*args) too",
        "2 *3* 4 = 24",
        "5~10~15, ~5~, ~5 to ~10, HEAD~1~2",
        "x^2 + y^2, a_1 + a_2, 10^-3",
        "5 > 3, 3 < 5, >= 5, 5 - 3 - 1",
    ]);
}

#[test]
fn names_and_paths_stay_as_they_are_written() {
    assert_as_written(&[
        "snake_case_name, _private_name_, __my_var__, user_id_, _id",
        "__init__.py, __init__, __main__, __name__ == \"__main__\", obj.__dict__, __init__(self)",
        "file_1_2.txt, my_file_(1).txt, @user_name_, #_tag_, $_GET and $_POST",
        "~/path~, ~/a and ~/b, /usr/_lib_/x, ./__pycache__/x, /__a__/__b__",
        "*.txt and *.md, *.*, (*.rs|*.toml), src/*.rs, src/**/*.rs and lib/**/*.rs, /etc/*, /usr/*",
        "C:\\new\\_dir, C:\\Users\\name\\*.txt, D:\\!x\\(old)\\[y], \\\\server\\share\\_x, .\\_build\\x",
        "https://example.com/_a_/b_c?x=1&copy=1&y=*z*, http://a.b/c*d*e",
        "\\d+\\.\\d*, .*foo.*, [a-z]*[0-9]*, (.*) and (.*), ^\\s*$",
        "[1][2], array[0](x), f[i][j], [see note], [x] or [y]",
        "a || b || c, a||b||c, 'a'||'b'||'c', x && y",
        "\"*\" and \"*\", (*) and (*), '_' and '_', \"~~\"",
        "/*text*/, R&D, AT&T, &copy=1, ¯\\_(ツ)_/¯",
        "**kwargs, *args, __, **",
    ]);
}

#[test]
fn a_figure_at_the_beginning_of_a_line_is_no_list() {
    assert_as_written(&[
        "2024. It was a year.",
        "1. 2. 3.",
        "1.",
        "+7 999 123-45-67",
        "-5 degrees",
        "#1 of two",
        "3.14 is pi",
        ">= 3.10",
    ]);
    assert_seen(&[
        ("2024. First.\n1999. Second.", "2024. First.\n1999. Second."),
        ("12\n+ 30\n- 2\n= 40", "12\n+ 30\n- 2\n= 40"),
        ("- 5\n- 7", "• 5\n• 7"),
        ("3. three\n4. four\n7. seven", "3. three\n4. four\n7. seven"),
        ("3. three\n2. two\n1. one", "3. three\n2. two\n1. one"),
        ("1. a\n1. b\n1. c", "1. a\n2. b\n3. c"),
    ]);
}

#[test]
fn an_escaped_sign_is_that_sign() {
    assert_seen(&[
        ("It is cheap \\(almost free\\)\\.", "It is cheap (almost free)."),
        (
            "5\\*3\\*2, \\_x\\_, \\# no, \\[y\\], 1\\. z\\!, \\~5\\~, \\|\\|",
            "5*3*2, _x_, # no, [y], 1. z!, ~5~, ||",
        ),
        ("snake\\_case\\_name and \\$5", "snake_case_name and $5"),
        ("\\\\ and \\q", "\\ and \\q"),
    ]);
}

#[test]
fn what_is_formatted_beside_signs_is_formatted() {
    assert_seen(&[
        ("**2*3*4 = 24** and *a*", "⟨b⟩2*3*4 = 24⟨/b⟩ and ⟨i⟩a⟨/i⟩"),
        (
            "**/start** - **src/** - **.env** - **snake_case**",
            "⟨b⟩/start⟨/b⟩ - ⟨b⟩src/⟨/b⟩ - ⟨b⟩.env⟨/b⟩ - ⟨b⟩snake_case⟨/b⟩",
        ),
        ("**он**/**она**, _и_/_или_", "⟨b⟩он⟨/b⟩/⟨b⟩она⟨/b⟩, ⟨i⟩и⟨/i⟩/⟨i⟩или⟨/i⟩"),
        ("***a*** **b *c* d** ~~e~~ ~about~", "⟨b⟩⟨i⟩a⟨/i⟩⟨/b⟩ ⟨b⟩b ⟨i⟩c⟨/i⟩ d⟨/b⟩ ⟨s⟩e⟨/s⟩ ⟨s⟩about⟨/s⟩"),
        ("_cursive_ and __strong__ and __Важно__", "⟨i⟩cursive⟨/i⟩ and ⟨b⟩strong⟨/b⟩ and ⟨b⟩Важно⟨/b⟩"),
    ]);
}

#[test]
fn a_preview_shows_signs_as_the_answer_does() {
    for text in [
        "2*3*4",
        "a*b*c = d",
        "5~10~15",
        "*.txt and *.md",
        "цена*вес*путь",
        "snake_case_name",
        "C:\\new\\_dir",
    ] {
        assert_eq!(preview(text), text);
    }
    // A number behind a number may be the second item of a list, or the beginning of figures.
    assert_eq!(preview("1. a\n2. 3."), "1. a");
    assert_eq!(preview("1. a\n2. 3.14 b"), "1. a\n2. 3.14 b");
    assert_eq!(classic("# C# and F#"), "⟨b⟩⟨u⟩C# and F#⟨/u⟩⟨/b⟩");
}

#[test]
fn operators_patterns_and_units_stay_as_they_are_written() {
    assert_as_written(&[
        "int *p, *q; *p = *q; **pp = 5; &*x; y-*x; *(p+1) * *(q+1)",
        "[^*]*, x[*], and then *more",
        "5*кг*м, м*с*кг, 2*м*с",
        "2.5 *3* 4 = 30",
        "4*5=20, 4 *5 = 20, 4* 5 = 20; a *b = c, d* e",
        "2 *x*y = z, *x*y",
        "_user_@example.com and _my_name_@example.com",
        "**нет **; ** да",
        "5**%**; *да *, и *нет",
        "x*!*y and a**?**b",
        "foo_*bar_*baz, test_*.py, **/target/**, /*a*/",
    ]);
}

#[test]
fn what_is_formatted_as_a_whole_keeps_the_signs_within() {
    assert_seen(&[
        ("*a*b*c*, **a**b**c**", "⟨i⟩a*b*c⟨/i⟩, ⟨b⟩a**b**c⟨/b⟩"),
        ("*и*/*или*, *a*/*b*", "⟨i⟩и⟨/i⟩/⟨i⟩или⟨/i⟩, ⟨i⟩a⟨/i⟩/⟨i⟩b⟨/i⟩"),
        ("зам*о*к, ж*и*знь, the *n*th, **X**s", "зам⟨i⟩о⟨/i⟩к, ж⟨i⟩и⟨/i⟩знь, the ⟨i⟩n⟨/i⟩th, ⟨b⟩X⟨/b⟩s"),
        (
            "**C#**это, **C++**это, **50%**от, **`x`**слово",
            "⟨b⟩C#⟨/b⟩это, ⟨b⟩C++⟨/b⟩это, ⟨b⟩50%⟨/b⟩от, ⟨code⟩x⟨/code⟩слово",
        ),
        ("x1 *3.14* w and **x1 *3.14* word**", "x1 ⟨i⟩3.14⟨/i⟩ w and ⟨b⟩x1 ⟨i⟩3.14⟨/i⟩ word⟨/b⟩"),
        ("*!* or **...**", "⟨i⟩!⟨/i⟩ or ⟨b⟩...⟨/b⟩"),
    ]);
}

#[test]
fn patterns_of_names_and_expressions_stay_as_they_are_written() {
    assert_as_written(&[
        "*_test_* and *_test_.py, *_test.py, test_*_x",
        "*test*.py, *spec*.tar.gz and *a-b*.rs",
        "*n = *o; .*jx.* and .*",
        "grep '.*foo.*' and .*a.*b.*",
        "&*a and [a-z]*, y-*x and [^*]*",
        "*p = *q; [a-z]*",
        "*a = *b; \\d+\\.\\d* and *c",
        "_aa_@example.com /a/__aaa__",
    ]);
    assert_seen(&[
        ("*да*.Нет, *yes*.No", "⟨i⟩да⟨/i⟩.Нет, ⟨i⟩yes⟨/i⟩.No"),
        ("*Конец.* И *the end.*", "⟨i⟩Конец.⟨/i⟩ И ⟨i⟩the end.⟨/i⟩"),
        ("**_так_** и **_so_**", "⟨b⟩⟨i⟩так⟨/i⟩⟨/b⟩ и ⟨b⟩⟨i⟩so⟨/i⟩⟨/b⟩"),
    ]);
}
