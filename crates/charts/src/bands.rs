//! Equal bands side by side: the days, hours or numbers along the bottom of a picture.

use maud::{Markup, html};

use crate::frame::{Anchor, Plot, label, pointed_at};
use crate::text::{LINE, clean, width};

/// How many bands may have a sentence each that appears under the pointer. More are too thin to be pointed at.
const MOST_POINTED_AT: usize = 200;

/// The least space between two names.
const APART: f64 = 10.0;

/// So many equal bands over the width of a plot.
#[derive(Clone, Copy)]
pub(crate) struct Bands {
    plot: Plot,
    count: usize,
}

impl Bands {
    pub(crate) fn new(plot: Plot, count: usize) -> Self {
        Self { plot, count: count.max(1) }
    }

    /// How wide each is.
    pub(crate) fn width(&self) -> f64 {
        (self.plot.right - self.plot.left) / self.count as f64
    }

    /// Where one begins.
    pub(crate) fn start(&self, index: usize) -> f64 {
        self.plot.left + self.width() * index as f64
    }

    /// Its middle.
    pub(crate) fn middle(&self, index: usize) -> f64 {
        self.start(index) + self.width() / 2.0
    }

    /// The bar within one: its left edge and its width. A gap is left between bars as long as it can be seen.
    pub(crate) fn bar(&self, index: usize) -> (f64, f64) {
        let gap = if self.width() < 4.0 { 0.0 } else { (self.width() * 0.25).min(6.0) };
        let wide = (self.width() - gap).min(56.0);
        (self.middle(index) - wide / 2.0, wide)
    }

    /// Names under the bands: as many as have room, evenly, and none that leaves the picture.
    pub(crate) fn names(&self, names: &[&str], picture: f64) -> Markup {
        let widest = names.iter().map(|name| width(&clean(name))).fold(0.0, f64::max);
        let stride = ((widest + APART) / self.width()).ceil().max(1.0) as usize;
        let y = self.plot.bottom + 6.0 + LINE / 2.0;
        html! {
            @for (index, name) in names.iter().enumerate().step_by(stride) {
                @let (x, half) = (self.middle(index), width(&clean(name)) / 2.0);
                @if x - half >= 0.0 && x + half <= picture {
                    (label("tick", x, y, Anchor::Middle, name))
                }
            }
        }
    }

    /// What appears under the pointer over each band.
    pub(crate) fn sentences(&self, sentence: impl Fn(usize) -> String) -> Markup {
        let few = self.count <= MOST_POINTED_AT;
        html! {
            @if few { @for index in 0..self.count {
                (pointed_at(
                    "hit",
                    (self.start(index), self.plot.top),
                    (self.width(), self.plot.bottom - self.plot.top),
                    &sentence(index),
                ))
            } }
        }
    }
}
