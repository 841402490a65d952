//! Blocks of code: within each other, in lists, unclosed, beginning where they should not. Their code is not touched.

use crate::seen::{assert_seen, preview};

#[test]
fn a_fence_within_a_fence_is_code() {
    assert_seen(&[
        ("````md\n```py\nx\n```\n````\nend", "⟨pre md⟩```py\nx\n```⟨/pre⟩\n\nend"),
        ("~~~\n```\nx\n```\n~~~\nend", "⟨pre -⟩```\nx\n```⟨/pre⟩\n\nend"),
        ("```\n~~~\nx\n```\nend", "⟨pre -⟩~~~\nx⟨/pre⟩\n\nend"),
        (
            "```markdown\n# T\n```py\nx\n```\nmore\n```\nend",
            "⟨pre markdown⟩# T\n```py\nx\n```\nmore⟨/pre⟩\n\nend",
        ),
        // Where the outer one is never closed, the first end is its end.
        ("```markdown\n# T\n```\nend", "⟨pre markdown⟩# T⟨/pre⟩\n\nend"),
    ]);
}

#[test]
fn a_fence_that_is_never_closed_goes_on_to_the_end() {
    assert_seen(&[
        ("```python\nprint(1)\n\n# *x* <b>", "⟨pre python⟩print(1)\n\n# *x* <b>⟨/pre⟩"),
        ("> ```\n> x\n\nend", "⟨quote⟩⟨pre -⟩x⟨/pre⟩⟨/quote⟩\n\nend"),
        ("- ```\n  x\n\nend", "• \n⟨pre -⟩x⟨/pre⟩\n\nend"),
    ]);
    assert_eq!(preview("a\n```py\nx = `1`\n``"), "a\n\n⟨pre py⟩x = `1`⟨/pre⟩");
}

#[test]
fn code_in_a_list_is_in_the_list_also_without_its_indent() {
    assert_seen(&[
        ("1. a\n   ```sh\n   x\n     y\n   ```\n2. b", "1. a\n⟨pre sh⟩x\n  y⟨/pre⟩\n2. b"),
        ("- a\n  ```sh\nx\n  ```\n- b", "• a\n⟨pre sh⟩x⟨/pre⟩\n• b"),
        ("1. a\n```sh\nx\n```\n2. b", "1. a\n\n⟨pre sh⟩x⟨/pre⟩\n\n2. b"),
        ("- > ```js\n  > x\n  > ```\n  > y", "• \n⟨quote⟩⟨pre js⟩x⟨/pre⟩\ny⟨/quote⟩"),
    ]);
}

#[test]
fn a_fence_may_begin_behind_words() {
    assert_seen(&[
        ("Run: ```sh\nls *.txt\n```\nend", "Run:\n\n⟨pre sh⟩ls *.txt⟨/pre⟩\n\nend"),
        ("- Run: ```sh\n  ls\n  ```\n- b", "• Run:\n⟨pre sh⟩ls⟨/pre⟩\n• b"),
        ("see ```\nnot closed", "see ```\nnot closed"),
        ("a ```b``` c", "a ⟨code⟩b⟨/code⟩ c"),
    ]);
}

#[test]
fn what_stands_beside_a_fence_and_is_no_language_is_code() {
    assert_seen(&[
        ("```ls -la\nx\n```", "⟨pre -⟩ls -la\nx⟨/pre⟩"),
        ("```Вот код\nx\n```", "⟨pre -⟩Вот код\nx⟨/pre⟩"),
        ("```rust,no_run\nx\n```", "⟨pre rust⟩x⟨/pre⟩"),
        ("```js title=\"a.js\" {1,3}\nx\n```", "⟨pre js⟩x⟨/pre⟩"),
        ("```C++\nx\n```", "⟨pre c++⟩x⟨/pre⟩"),
    ]);
}

#[test]
fn a_fence_that_says_nothing_may_hold_one_that_does() {
    assert_seen(&[
        ("```\n# T\n```py\nx\n```\nmore\n```\nend", "⟨pre -⟩# T\n```py\nx\n```\nmore⟨/pre⟩\n\nend"),
        ("```\na\n```\nb\n```py\nx\n```\nend", "⟨pre -⟩a⟨/pre⟩\n\nb\n\n⟨pre py⟩x⟨/pre⟩\n\nend"),
    ]);
}

#[test]
fn words_behind_marks_that_fence_nothing_are_shown() {
    assert_seen(&[
        ("a\n``` tail", "a\n\n⟨pre -⟩tail⟨/pre⟩"),
        ("a\n```\n```\nb", "a\n\nb"),
        ("```one two\n```", "⟨pre -⟩one two⟨/pre⟩"),
    ]);
    assert_eq!(preview("a\n```python"), "a");
}
