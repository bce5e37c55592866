//! Upright bars of counts: how many attempts it took, which hour of the day it was.

use maud::{Markup, html};

use crate::bands::Bands;
use crate::frame::{Anchor, Frame, Heading, Picture, Plot, counted, grid, label, rectangle, room_for};
use crate::number::grouped;
use crate::scale::Scale;
use crate::table::{figure, table, words};
use crate::text::{LINE, width};

/// How high the bars may be.
const HEIGHT: f64 = 150.0;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name on the axis: `3`, `09`.
    pub short: String,
    /// Its whole name: `3 people asked`, `09:00 to 10:00`.
    pub long: String,
    /// How many.
    pub count: u64,
}

/// Counts side by side, in an order of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns<'a> {
    /// What it is called.
    pub heading: Heading<'a>,
    /// What is told apart, as the table's first column names it: `Attempts`.
    pub what: &'a str,
    /// What is counted: `Incidents`.
    pub counted: &'a str,
    /// The bars.
    pub columns: &'a [Column],
}

impl Columns<'_> {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let most = self.columns.iter().rev().max_by_key(|column| column.count);
        let Some(most) = most.filter(|column| column.count > 0) else { return self.heading.nothing() };
        let all = self.columns.iter().fold(0_u64, |sum, column| sum.saturating_add(column.count));
        let description = format!("{} in all. Most: {}, {}.", grouped(all), grouped(most.count), most.long);
        let rows =
            self.columns.iter().map(|column| vec![words(&*column.long), figure(grouped(column.count))]);
        let table = table(self.heading.title, &[self.what, self.counted], rows);
        self.heading.picture(&description, table, |frame| self.draw(frame, most.count))
    }

    fn draw(&self, frame: &Frame<'_>, most: u64) -> (f64, Markup) {
        let (top, bottom) = (LINE, LINE + HEIGHT);
        let scale = Scale::counts(most, 4, (bottom, top));
        let names: Vec<String> = scale.ticks.iter().map(|tick| counted(*tick)).collect();
        let left = room_for(names.iter().map(String::as_str));
        let plot = Plot { left, right: frame.width - 4.0, top, bottom };
        let bands = Bands::new(plot, self.columns.len());
        let mut bars = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let (x, wide) = bands.bar(index);
            let y = scale.place(column.count as f64);
            rectangle(&mut bars, x, y, wide, bottom - y);
        }
        // Either every bar that there is says its number, or none does.
        let text = |column: &Column| counted(column.count as f64);
        let labelled = self.columns.iter().all(|column| width(&text(column)) + 4.0 <= bands.width());
        let shorts: Vec<&str> = self.columns.iter().map(|column| &*column.short).collect();
        let marks = html! {
            (grid(&plot, &scale, counted))
            path class="mark people" d=(bars) {}
            @if labelled { @for (index, column) in self.columns.iter().enumerate() { @if column.count > 0 {
                @let y = scale.place(column.count as f64) - LINE / 2.0;
                (label("value", bands.middle(index), y, Anchor::Middle, &text(column)))
            } } }
            (bands.names(&shorts, frame.width))
            (bands.sentences(|index| {
                let column = &self.columns[index];
                format!("{}: {}", column.long, grouped(column.count))
            }))
        };
        (bottom + 6.0 + LINE + 4.0, marks)
    }
}
