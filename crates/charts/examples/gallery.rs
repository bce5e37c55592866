//! Writes a page with a picture of each kind, to be looked at: `cargo run -p pagerslack-charts --example gallery > x.html`.

#[path = "../tests/it/samples.rs"]
mod samples;

use std::io::Write as _;

use maud::{DOCTYPE, PreEscaped, html};

fn main() -> std::io::Result<()> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Pictures" }
                style {
                    (PreEscaped(pagerslack_charts::CSS))
                    "body { background: var(--chart-ground); color: var(--chart-ink); font: 15px system-ui; margin: 16px; }"
                }
            }
            body { @for picture in samples::all() {
                h2 { "—" }
                (picture.figure)
                @if let Some(table) = picture.table { details { summary { "As a table" } (table) } }
            } }
        }
    };
    std::io::stdout().lock().write_all(page.into_string().as_bytes())
}
