//! Nothing unfinished is committed: no placeholder macros, no ignored tests.

use super::Fault;
use super::source::{code, mentions};

const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Faults for each placeholder macro and each ignored test.
pub(super) fn leftovers(path: &str, text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for line in code(path, text) {
        for word in MACROS {
            if mentions(line.text, &format!("{word}!")) {
                faults.push(Fault::new(
                    path,
                    line.number,
                    format!("finish it: {word}! is for your desk only"),
                ));
            }
        }
        if line.text.trim_start().strip_prefix("#[").is_some_and(|attribute| attribute.starts_with("ignore"))
        {
            faults.push(Fault::new(
                path,
                line.number,
                "a test that does not run proves nothing: mend or delete it",
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_faults() {
        for word in MACROS {
            assert_eq!(leftovers("crates/a/src/b.rs", &format!("fn x() {{ {word}!() }}")).len(), 1, "{word}");
        }
        let attribute = |word: &str| format!("#[test]\n#[{word}]\nfn x() {{}}");
        assert_eq!(leftovers("crates/a/tests/b.rs", &attribute("ignore = \"slow\"")).len(), 1);
        assert_eq!(leftovers("crates/a/tests/b.rs", &attribute("tokio::test")), []);
        assert_eq!(leftovers("crates/a/src/b.rs", &format!("// {}!", "dbg")), []);
    }
}
