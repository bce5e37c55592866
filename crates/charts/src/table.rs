//! The table beside a picture: the same numbers for whoever cannot see it, or wants to be exact.

use maud::{Markup, html};

use crate::text::clean;

/// A cell of a table.
pub(crate) enum Cell {
    /// Words.
    Text(String),
    /// A figure, which stands to the right.
    Figure(String),
}

/// A table: a caption, the columns' names, and rows whose first cell names them.
pub(crate) fn table(caption: &str, columns: &[&str], rows: impl Iterator<Item = Vec<Cell>>) -> Markup {
    html! {
        table class="chart-table" {
            caption { (clean(caption)) }
            thead { tr { @for column in columns { th scope="col" { (clean(column)) } } } }
            tbody { @for row in rows { tr {
                @for (index, cell) in row.iter().enumerate() {
                    @match cell {
                        Cell::Text(text) if index == 0 => { th scope="row" { (clean(text)) } }
                        Cell::Figure(text) if index == 0 => { th scope="row" { (clean(text)) } }
                        Cell::Text(text) => { td { (clean(text)) } }
                        Cell::Figure(text) => { td class="figure" { (clean(text)) } }
                    }
                }
            } } }
        }
    }
}

/// A cell with words.
pub(crate) fn words(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// A cell with a figure.
pub(crate) fn figure(text: impl Into<String>) -> Cell {
    Cell::Figure(text.into())
}
