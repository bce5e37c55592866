//! What the rules know of Rust source: which lines are code, and which are tests.

/// A line of code, with its number from 1.
pub(super) struct Code<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
    /// Whether it stands in a test file or an inline test module.
    pub(super) in_tests: bool,
}

/// The lines of a Rust file that hold code; none for any other file.
pub(super) fn code<'a>(path: &str, text: &'a str) -> impl Iterator<Item = Code<'a>> {
    let test_file = is_test_file(path);
    let test_module = inline_tests(text);
    text.lines().zip(1..).filter(|_| is_rust(path)).filter_map(move |(line, number)| {
        let text = line.trim_start();
        let code = text.split(" // ").next().unwrap_or(text);
        let in_tests = test_file || test_module.is_some_and(|from| number >= from);
        (!text.starts_with("//")).then_some(Code { number, text: code, in_tests })
    })
}

pub(super) fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// `crates/x/tests/…`, or `tests.rs` and what lies below it.
pub(super) fn is_test_file(path: &str) -> bool {
    is_rust(path) && (path.contains("/tests/") || path.ends_with("/tests.rs"))
}

/// The line where `#[cfg(test)] mod tests {` begins; by custom it is the last item of a file.
fn inline_tests(text: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let found = lines.windows(2).position(|pair| {
        pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod ") && pair[1].ends_with('{')
    })?;
    Some(found + 1)
}

/// Whether `code` holds `word` that is not the end of a longer name: `now()` is not in `known()`.
pub(super) fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_not_code_and_tests_are_known() {
        let text = "//! Head\nfn a() {} // tail\n#[cfg(test)]\nmod tests {\n}\n";
        let seen: Vec<_> =
            code("crates/a/src/b.rs", text).map(|it| (it.number, it.text, it.in_tests)).collect();
        assert_eq!(
            seen,
            [(2, "fn a() {}", false), (3, "#[cfg(test)]", true), (4, "mod tests {", true), (5, "}", true)]
        );
        assert!(code("crates/a/src/tests/b.rs", "x").all(|it| it.in_tests));
        assert_eq!(code("README.md", "x").count(), 0);
    }

    #[test]
    fn a_word_is_not_the_end_of_another() {
        assert!(mentions("tokio::time::sleep(wait)", "sleep("));
        assert!(!mentions("oversleep(wait)", "sleep("));
    }
}
