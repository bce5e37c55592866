//! From bytes to cells: which encoding, which separator, and on which line each row begins.
//!
//! A cell may hold line ends, so a row's line is counted in the text and not by rows. A quotation mark that is
//! not closed swallows the rows after it; such a file is refused as a whole, never read in part.

use csv::{ReaderBuilder, StringRecord};

use crate::Faults;
use crate::formulas::as_meant;

/// The largest file that is read.
pub const LONGEST_FILE: usize = 16 * 1024 * 1024;
/// The most rows that are read.
pub const MOST_ROWS: usize = 200_000;
/// The most columns: every header is compared with those that are known.
const MOST_COLUMNS: usize = 1_000;

/// The text of a CSV file.
///
/// # Errors
/// A file that is too large, or neither UTF-8 nor, in consequence, readable.
pub fn decode(bytes: &[u8]) -> Result<&str, Faults> {
    let mut faults = Faults::default();
    if bytes.len() > LONGEST_FILE {
        faults.add(None, too_long());
    } else if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        faults.add(None, "this looks like UTF-16: export it again as \"CSV UTF-8\"");
    }
    let text = match std::str::from_utf8(bytes) {
        _ if !faults.0.is_empty() => "",
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let byte = bytes.get(at).copied().unwrap_or_default();
            let line = Lines::new(bytes, 1).line_at(at);
            faults.add(
                Some(line),
                format!("the byte 0x{byte:02X} is not UTF-8: export the file again as \"CSV UTF-8\""),
            );
            ""
        }
    };
    faults.or(text)
}

fn too_long() -> String {
    format!("the file is larger than {} MB, which no roster is", LONGEST_FILE >> 20)
}

/// The cells of a file.
#[derive(Debug)]
pub(crate) struct Table {
    /// The line of the header.
    pub(crate) line: usize,
    pub(crate) header: Vec<String>,
    pub(crate) separator: char,
    /// Those that are not wholly blank.
    pub(crate) rows: Vec<Row>,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line on which it begins.
    pub(crate) line: usize,
    cells: StringRecord,
    /// Why its cells cannot be trusted: there are more of them than columns.
    pub(crate) fault: Option<String>,
}

impl Row {
    /// A cell, trimmed, without the apostrophe that keeps a spreadsheet from running it; a row that ends early is blank
    /// from there, as Excel writes it.
    pub(crate) fn cell(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", |cell| trim(as_meant(trim(cell))))
    }
}

impl Table {
    /// # Errors
    /// A file that is empty, too long, or whose quotation marks cannot be trusted.
    pub(crate) fn read(text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        if text.len() > LONGEST_FILE {
            faults.add(None, too_long());
            return Err(faults);
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let (text, first_line, named) = separator_line(text);
        let separator = named.unwrap_or_else(|| likeliest_separator(text));
        if let Some((line, what)) = untrustworthy_quotation(text, separator, first_line) {
            faults.add(Some(line), what);
            return Err(faults);
        }
        let mut reader = reader(text, separator);
        let mut lines = Lines::new(text.as_bytes(), first_line);
        let mut table =
            Self { line: 1, header: Vec::new(), separator: char::from(separator), rows: Vec::new() };
        let mut record = StringRecord::new();
        loop {
            let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    faults.add(Some(lines.line_at(start)), error.to_string());
                    break;
                }
            }
            let line = lines.row_from(start);
            if record.iter().all(|cell| trim(cell).is_empty()) {
                continue;
            }
            if table.header.is_empty() {
                table.line = line;
                if record.len() > MOST_COLUMNS {
                    faults.add(Some(line), format!("more than {MOST_COLUMNS} columns, which no roster has"));
                    return Err(faults);
                }
                table.header = record.iter().map(|cell| trim(cell).to_owned()).collect();
                continue;
            }
            let columns = table.header.len();
            let fault = record.iter().skip(columns).any(|cell| !trim(cell).is_empty()).then(|| {
                let (cells, separator) = (record.len(), spelt(separator));
                format!("{cells} cells where the header has {columns}: put a cell that holds a {separator} in quotation marks")
            });
            if table.rows.len() == MOST_ROWS {
                faults.add(Some(line), format!("more than {MOST_ROWS} rows, which no roster has"));
                break;
            }
            table.rows.push(Row { line, cells: std::mem::take(&mut record), fault });
        }
        if table.header.is_empty() && faults.0.is_empty() {
            faults.add(None, "the file is empty: its first line must name the columns");
        }
        faults.or(table)
    }
}

/// Without the blanks around it, those that are invisible among them.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|it: char| {
        it.is_whitespace() || matches!(it, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
    })
}

/// A separator in words.
fn spelt(separator: u8) -> &'static str {
    match separator {
        b';' => "semicolon",
        b'\t' => "tab",
        _ => "comma",
    }
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes())
}

/// Excel may name the separator on a line of its own: `sep=;`.
fn separator_line(text: &str) -> (&str, usize, Option<u8>) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end_matches('\r').strip_prefix("sep=") {
        Some(named @ ("," | ";" | "\t")) => (rest, 2, named.bytes().next()),
        _ => (text, 1, None),
    }
}

/// The one that makes the most columns of the header; a comma when none makes any.
fn likeliest_separator(text: &str) -> u8 {
    let columns = |separator: u8| {
        let mut record = StringRecord::new();
        let found = reader(text, separator).read_record(&mut record).unwrap_or(false);
        if found { record.len() } else { 0 }
    };
    let mut best = (b',', columns(b','));
    for separator in [b';', b'\t'] {
        let found = columns(separator);
        if found > best.1 {
            best = (separator, found);
        }
    }
    best.0
}

/// The first cell whose quotation marks do not match, and its line.
fn untrustworthy_quotation(text: &str, separator: u8, first_line: usize) -> Option<(usize, String)> {
    let bytes = text.as_bytes();
    let (mut at, mut starts) = (0, true);
    while let Some(byte) = bytes.get(at).copied() {
        if !(starts && byte == b'"') {
            starts = byte == separator || byte == b'\n' || byte == b'\r';
            at += 1;
            continue;
        }
        let opened = at;
        let line = || Lines::new(bytes, first_line).line_at(opened);
        at += 1;
        loop {
            match (bytes.get(at).copied(), bytes.get(at + 1).copied()) {
                (None, _) => {
                    return Some((line(), "a quotation mark is opened here and never closed".to_owned()));
                }
                (Some(b'"'), Some(b'"')) => at += 2,
                (Some(b'"'), _) => break,
                _ => at += 1,
            }
        }
        at += 1;
        starts = false;
        if bytes.get(at).is_some_and(|next| *next != separator && !matches!(next, b'\n' | b'\r')) {
            let what = "a cell in quotation marks goes on after the closing one: write a quotation mark within it twice";
            return Some((line(), what.to_owned()));
        }
    }
    None
}

/// Counts lines, from the top down.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8], line: usize) -> Self {
        Self { bytes, at: 0, line }
    }

    fn step(&mut self) {
        let here = self.bytes.get(self.at);
        let ends =
            here == Some(&b'\n') || (here == Some(&b'\r') && self.bytes.get(self.at + 1) != Some(&b'\n'));
        self.line += usize::from(ends);
        self.at += 1;
    }

    /// The line of a byte, which must not lie before the last one asked for.
    fn line_at(&mut self, at: usize) -> usize {
        while self.at < at.min(self.bytes.len()) {
            self.step();
        }
        self.line
    }

    /// The line of the row that begins at a byte or after the line ends there: the CSV reader leaves blank lines
    /// and the second half of a CR LF to the row that follows.
    fn row_from(&mut self, at: usize) -> usize {
        self.line_at(at);
        while matches!(self.bytes.get(self.at), Some(b'\n' | b'\r')) {
            self.step();
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(usize, String)> {
        let table = Table::read(text).unwrap();
        table.rows.iter().map(|row| (row.line, row.cell(0).to_owned())).collect()
    }

    fn told(text: &str) -> String {
        Table::read(text).unwrap_err().to_string()
    }

    #[test]
    fn rows_know_their_line_whatever_ends_lines() {
        let expected =
            [(2, "1"), (4, "2"), (5, "a\nb"), (8, "3")].map(|(line, cell)| (line, cell.to_owned()));
        let text = "x,y\n1,\n\n2,\n\"a\nb\",\n,\n3,\n";
        assert_eq!(lines(text), expected);
        assert_eq!(lines(&format!("\u{FEFF}{text}")), expected);
        let crlf = lines(&text.replace('\n', "\r\n"));
        assert_eq!(crlf.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5, 8]);
        let cr = lines(&text.replace('\n', "\r"));
        assert_eq!(cr.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4, 5, 8]);
    }

    #[test]
    fn the_separator_is_found() {
        for (text, separator) in [
            ("a,b;c,d\n", ','),
            ("a;b;c\n1;2;3", ';'),
            ("a\tb,c\td\n", '\t'),
            ("alone\n", ','),
            ("sep=;\na;b,c,d\n", ';'),
        ] {
            assert_eq!(Table::read(text).unwrap().separator, separator, "{text:?}");
        }
        assert_eq!(lines("sep=,\r\na,b\r\n1,2\r\n"), [(3, "1".to_owned())]);
    }

    #[test]
    fn a_quotation_that_swallows_rows_is_refused_as_a_whole() {
        assert_eq!(
            told("a,b\n1,2\n\"3,4\n5,6\n"),
            "line 3: a quotation mark is opened here and never closed"
        );
        let twice = "line 2: a cell in quotation marks goes on after the closing one: write a quotation mark within it twice";
        assert_eq!(told("a,b\n1,\"note\n2,x\n3,\"ok\"\n"), twice);
        assert_eq!(lines("a,b\n5\" disk,\"a \"\"b\"\" c\"\n"), [(2, "5\" disk".to_owned())]);
    }

    #[test]
    fn rows_may_end_early_but_not_late() {
        assert_eq!(lines("a,b\n1\n2,3,,\n").len(), 2);
        let table = Table::read("a;b\n1;2;3\n").unwrap();
        let told = "3 cells where the header has 2: put a cell that holds a semicolon in quotation marks";
        assert_eq!(table.rows[0].fault.as_deref(), Some(told));
    }

    #[test]
    fn empty_and_endless_files_are_refused() {
        for text in ["", "\u{FEFF}", "\r\n\n", " , ,\n"] {
            assert_eq!(told(text), "the file is empty: its first line must name the columns", "{text:?}");
        }
        let long = format!("a\n{}", "1\n".repeat(MOST_ROWS + 1));
        assert_eq!(told(&long), "line 200002: more than 200000 rows, which no roster has");
        let wide = "a,".repeat(MOST_COLUMNS);
        assert_eq!(told(&wide), "line 1: more than 1000 columns, which no roster has");
        let large = " ".repeat(LONGEST_FILE + 1);
        assert_eq!(told(&large), "the file is larger than 16 MB, which no roster is");
        assert_eq!(decode(large.as_bytes()).unwrap_err().to_string(), told(&large));
    }

    #[test]
    fn other_encodings_are_named() {
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("a,b".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [&utf16[..], &utf16[2..]] {
            let told = decode(bytes).unwrap_err().to_string();
            assert_eq!(told, "this looks like UTF-16: export it again as \"CSV UTF-8\"");
        }
        assert_eq!(
            decode(b"name\r\nAnn\r\nRen\xE9\r\n").unwrap_err().to_string(),
            "line 3: the byte 0xE9 is not UTF-8: export the file again as \"CSV UTF-8\""
        );
        assert_eq!(decode("René".as_bytes()).unwrap(), "René");
    }
}
