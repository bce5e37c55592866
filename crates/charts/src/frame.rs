//! What every picture has: its title, its description, its two widths, its axes.

use maud::{Markup, html};

use crate::number;
use crate::scale::Scale;
use crate::text::{DROP, LINE, clean, px, width};

/// How wide the picture of a wide page is, in its own units.
const WIDE: f64 = 760.0;

/// How wide that of a telephone is.
const NARROW: f64 = 360.0;

/// What a picture is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading<'a> {
    /// Its id on the page: letters, digits and hyphens; no two pictures of a page have the same.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
    /// What is said instead when there is nothing to draw, such as "Nothing happened in this period."
    pub nothing: &'a str,
}

/// A picture and the table of its numbers.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The picture, or the sentence that there is nothing to draw.
    pub figure: Markup,
    /// The table; `None` when there is nothing to draw.
    pub table: Option<Markup>,
}

/// One of the two drawings of a picture.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Of the ids in this drawing.
    pub(crate) id: &'a str,
    /// The width.
    pub(crate) width: f64,
    /// Whether it is a telephone's.
    pub(crate) narrow: bool,
}

/// Where the numbers are drawn; around it stand their names.
#[derive(Clone, Copy)]
pub(crate) struct Plot {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// Which end of a text is at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Heading<'_> {
    /// The picture, drawn for both widths; `draw` says how high it came out.
    pub(crate) fn picture(
        &self,
        description: &str,
        table: Markup,
        draw: impl Fn(&Frame<'_>) -> (f64, Markup),
    ) -> Picture {
        let drawing = |class: &str, width, narrow| {
            let id = format!("{}-{class}", self.id);
            let (height, marks) = draw(&Frame { id: &id, width, narrow });
            html! {
                svg xmlns="http://www.w3.org/2000/svg" class={ "chart chart-" (class) } role="img"
                    viewBox={ "0 0 " (px(width)) " " (px(height)) }
                    aria-labelledby={ (id) "-title " (id) "-desc" } {
                    title id={ (id) "-title" } { (clean(self.title)) }
                    desc id={ (id) "-desc" } { (clean(description)) }
                    (marks)
                }
            }
        };
        let figure = html! { (drawing("wide", WIDE, false)) (drawing("narrow", NARROW, true)) };
        Picture { figure, table: Some(table) }
    }

    /// There is nothing to draw.
    pub(crate) fn nothing(&self) -> Picture {
        Picture { figure: html! { p class="chart-nothing" { (clean(self.nothing)) } }, table: None }
    }
}

impl Frame<'_> {
    /// A pattern of oblique strokes, for what must be told apart without its colour, by a name within this drawing.
    pub(crate) fn hatching(&self, name: &str) -> Markup {
        html! {
            defs { pattern id={ (self.id) "-" (name) } width="6" height="6" patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)" { line class={ "stroke-" (name) } x1="0" y1="0" x2="0" y2="6" {} } }
        }
    }

    /// What paints with such a pattern.
    pub(crate) fn painted(&self, name: &str) -> String {
        format!("url(#{}-{name})", self.id)
    }
}

/// A text.
pub(crate) fn label(class: &str, x: f64, middle: f64, anchor: Anchor, text: &str) -> Markup {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    html! {
        text class=(class) x=(px(x)) y=(px(middle + DROP)) text-anchor=(anchor) { (clean(text)) }
    }
}

/// A rectangle as a part of a path; none if it is too small to be seen.
pub(crate) fn rectangle(path: &mut String, x: f64, y: f64, width: f64, height: f64) {
    if width >= 0.05 && height >= 0.05 {
        path.push_str(&format!("M{} {}h{}v{}h{}z", px(x), px(y), px(width), px(height), px(-width)));
    }
}

/// How much room the names of these ticks take beside a plot.
pub(crate) fn room_for<'a>(names: impl IntoIterator<Item = &'a str>) -> f64 {
    names.into_iter().map(width).fold(0.0, f64::max).ceil() + 8.0
}

/// A horizontal gridline for each tick, and its name to the left of the plot.
pub(crate) fn grid(plot: &Plot, scale: &Scale, name: impl Fn(f64) -> String) -> Markup {
    html! {
        @for tick in &scale.ticks {
            @let y = scale.place(*tick);
            line class=(if *tick == 0.0 { "base" } else { "grid" })
                x1=(px(plot.left)) x2=(px(plot.right)) y1=(px(y)) y2=(px(y)) {}
            (label("tick", plot.left - 6.0, y, Anchor::End, &name(*tick)))
        }
    }
}

/// The name of a count on an axis.
pub(crate) fn counted(value: f64) -> String {
    number::count(value.max(0.0) as u64)
}

/// One thing that a legend explains.
pub(crate) struct Key<'a> {
    /// The class of what it stands for.
    pub(crate) class: &'a str,
    /// The pattern over it, if any.
    pub(crate) paint: Option<String>,
    /// What it means.
    pub(crate) text: &'a str,
}

/// A legend from the left at the top, broken into lines; and how high it is.
pub(crate) fn legend(left: f64, right: f64, keys: &[Key<'_>]) -> (f64, Markup) {
    let (mut x, mut y) = (left, LINE / 2.0);
    let mut placed = Vec::with_capacity(keys.len());
    for key in keys {
        let wide = 18.0 + width(key.text);
        if x > left && x + wide > right {
            x = left;
            y += LINE + 4.0;
        }
        placed.push((x, y, key));
        x += wide + 16.0;
    }
    let marks = html! {
        @for (x, y, key) in placed {
            rect class=(key.class) x=(px(x)) y=(px(y - 6.0)) width="12" height="12" {}
            @if let Some(paint) = &key.paint {
                rect fill=(paint) x=(px(x)) y=(px(y - 6.0)) width="12" height="12" {}
            }
            (label("key", x + 18.0, y, Anchor::Start, key.text))
        }
    };
    (y + LINE / 2.0 + 8.0, marks)
}

/// A rectangle with a sentence that appears under the pointer.
pub(crate) fn pointed_at(class: &str, at: (f64, f64), size: (f64, f64), sentence: &str) -> Markup {
    html! {
        rect class=(class) x=(px(at.0)) y=(px(at.1)) width=(px(size.0)) height=(px(size.1)) {
            title { (clean(sentence)) }
        }
    }
}
