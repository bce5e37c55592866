//! What all pages have in common: the head, the way around, who is reading.
//!
//! A page is `Page::new("Title", &viewer).at("/path").live(now).render(&content)`. What changes while somebody reads
//! stands in an element with an id and `data-live`, which the script replaces. The policy of content lets no style
//! stand in an attribute: shapes and colours belong in `style.css`, or in attributes of SVG.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::access::Viewer;
use super::assets::{ICON_AT, SCRIPT_AT, STYLE_AT};

/// The pages that the head leads to.
const PLACES: [(&str, &str); 2] = [("/", "Now"), ("/queue", "Queue")];

/// A page in the making.
pub(super) struct Page<'a> {
    title: &'a str,
    viewer: Option<&'a Viewer>,
    at: &'a str,
    live: Option<Timestamp>,
}

impl<'a> Page<'a> {
    /// A page with this title, for this viewer.
    pub(super) fn new(title: &'a str, viewer: &'a Viewer) -> Self {
        Self { title, viewer: Some(viewer), at: "", live: None }
    }

    /// Which of the places in the head it is.
    pub(super) fn at(mut self, path: &'a str) -> Self {
        self.at = path;
        self
    }

    /// It is kept up to date, from `now` on.
    pub(super) fn live(mut self, now: Timestamp) -> Self {
        self.live = Some(now);
        self
    }

    /// The whole page.
    pub(super) fn render(&self, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · PagerSlack" }
                    link rel="stylesheet" href=(*STYLE_AT);
                    link rel="icon" href=(*ICON_AT);
                    script src=(*SCRIPT_AT) defer {}
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header.top {
                        div.inner {
                            a.brand href="/" { "PagerSlack" }
                            @if let Some(viewer) = self.viewer { (self.way_around(viewer)) }
                        }
                    }
                    main id="content" tabindex="-1" data-now=[self.live.map(|now| now.as_millisecond())] {
                        (content)
                    }
                }
            }
        }
    }

    fn way_around(&self, viewer: &Viewer) -> Markup {
        html! {
            nav aria-label="Pages" {
                ul {
                    @for (path, name) in PLACES {
                        li { a href=(path) aria-current=[(path == self.at).then_some("page")] { (name) } }
                    }
                }
            }
            div.who {
                @if self.live.is_some() { span id="link" hidden {} }
                @if let Some(name) = viewer.name() {
                    span.name { (name) }
                    form method="post" action="/sign-out" { button.quiet type="submit" { "Sign out" } }
                }
            }
        }
    }
}
