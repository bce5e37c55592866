//! What the parser's errors mean to a person who edits a list of days or of people.

use granit_parser::{ErrorKind, ScanError};

use crate::Faults;

/// Adds the fault of a text that is no YAML. Tabs are named on every line: whoever has one has many.
pub(super) fn add(error: &ScanError, text: &str, faults: &mut Faults) {
    use ErrorKind as Kind;
    let line = error.marker().line();
    let tabs = matches!(
        error.kind(),
        Kind::TabNotAllowed
            | Kind::TabInBlockIndentation
            | Kind::TabInIndentation
            | Kind::TabInPlainScalar
            | Kind::TabAtBlockScalarStart
    );
    if tabs {
        let indented = |line: &str| {
            line.chars().take_while(|letter| letter.is_whitespace()).any(|letter| letter == '\t')
        };
        let lines = text.lines().zip(1..).filter(|(line, _)| indented(line)).map(|(_, number)| number);
        let before = faults.0.len();
        for line in lines {
            faults.add(Some(line), "a tab: indent with spaces");
        }
        if faults.0.len() == before {
            faults.add(Some(line), "a tab: write spaces");
        }
        return;
    }
    let what = match error.kind() {
        Kind::MappingValueNotAllowed => {
            "a colon in the wrong place: quote text that holds one, and let the keys of an entry begin in one column"
                .to_owned()
        }
        Kind::UnexpectedCharacter { character: quoted @ ('@' | '`' | '%') } => {
            format!("a text that begins with {quoted} must stand in quotes")
        }
        Kind::MissingAnchorOrAliasName => "a text that begins with & or * must stand in quotes".to_owned(),
        Kind::UnexpectedCharacter { character } => {
            format!("the character U+{:04X} does not belong here: delete it", u32::from(*character))
        }
        Kind::SimpleKeyExpected => "a colon is missing: write \"key: value\"".to_owned(),
        Kind::ExpectedBlockMappingKey | Kind::ExpectedBlockSequenceEntry | Kind::InvalidIndentation => {
            "this line is indented like none above it: begin all entries in one column, and the keys of an entry too"
                .to_owned()
        }
        Kind::UnclosedQuotedScalar => "a quotation mark is opened here and never closed".to_owned(),
        Kind::UnclosedFlowCollection { open } => format!("a {open} is opened here and never closed"),
        Kind::RecursionLimitExceeded => "too many lists within lists: write it flatter".to_owned(),
        _ => format!("this is not YAML: {}", error.info()),
    };
    faults.add(Some(line), what);
}
