//! What the documents say that the log says stands in the code.

use super::Fault;
use super::files::File;

/// The heading of a column of messages.
const COLUMN: &str = "what the log says";

/// The messages in the documents' tables that no source file of the product has.
pub(super) fn unsaid(files: &[File]) -> Vec<Fault> {
    let sources: Vec<String> = files
        .iter()
        .filter(|file| {
            file.path.starts_with("crates/") && file.path.contains("/src/") && file.path.ends_with(".rs")
        })
        .map(|file| joined(&file.text))
        .collect();
    let documents = files.iter().filter(|file| file.path.starts_with("docs/") && file.path.ends_with(".md"));
    documents
        .flat_map(|document| {
            messages(&document.text)
                .filter(|(_, message)| !sources.iter().any(|text| text.contains(message)))
                .map(|(line, message)| {
                    let fault = format!("nothing in the product says so: {message}");
                    Fault::new(&document.path, line, fault)
                })
        })
        .collect()
}

/// String literals that go on in the next line, in one.
fn joined(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start())
}

/// What stands between backticks in the column, with the number of its line.
fn messages(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut column = None;
    let rows = text.lines().zip(1..).filter_map(move |(line, number)| {
        if !line.starts_with('|') {
            column = None;
            return None;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match column {
            None => {
                column = Some(cells.iter().position(|cell| *cell == COLUMN));
                None
            }
            Some(at) => at.and_then(|at| Some((number, *cells.get(at)?))),
        }
    });
    rows.flat_map(|(number, cell)| cell.split('`').skip(1).step_by(2).map(move |message| (number, message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_message_that_nobody_says_is_a_fault() {
        let code = file("crates/a/src/b.rs", "warn!(\"the disk is \\\n        full\");");
        let table = "# Days\n\n| what | what the log says | do |\n|---|---|---|\n| `x` | `the disk is full` | `y` |\n";
        let document = |text: &str| file("docs/A.md", text);
        assert_eq!(unsaid(&[code, document(table)]), []);
        let other = file("crates/a/tests/it/b.rs", "\"the disk is full\"");
        let faults = unsaid(&[other, document(table), document("| a | b |\n|---|---|\n| `c` | `d` |\n")]);
        assert_eq!(faults, [Fault::new("docs/A.md", 5, "nothing in the product says so: the disk is full")]);
    }
}
