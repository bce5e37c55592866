//! Pictures on a page: each in a frame of its own, with its table to be opened below it.

use maud::{Markup, html};
use pagerslack_charts::Picture;

/// A picture with its heading, a sentence about it, and its table; `csv` is where the same numbers are to be had as a
/// file.
pub(super) fn framed(id: &str, title: &str, about: &str, picture: &Picture, csv: Option<&str>) -> Markup {
    html! {
        section.picture aria-labelledby={ (id) "-heading" } {
            h2 id={ (id) "-heading" } { (title) }
            @if !about.is_empty() { p.hint { (about) } }
            (picture.figure)
            @if let Some(table) = &picture.table {
                div.under {
                    details {
                        summary { "As a table" }
                        // A wide table is scrolled in its place, by the keyboard too.
                        div.scroll tabindex="0" role="region" aria-label={ (title) ", as a table" } { (table) }
                    }
                    @if let Some(csv) = csv { a href=(csv) { "As a file (CSV)" } }
                }
            }
        }
    }
}
