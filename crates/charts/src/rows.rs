//! Lying bars of counts with their names: regions, channels.

use maud::{Markup, html};

use crate::frame::{Anchor, Frame, Heading, Picture, label, pointed_at, rectangle};
use crate::number::{count, grouped};
use crate::scale::Scale;
use crate::table::{figure, table, words};
use crate::text::{clean, fit, px, width};

/// How high each row is.
const ROW: f64 = 24.0;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is of.
    pub name: String,
    /// How many.
    pub count: u64,
}

/// Counts below each other, each with its name before it and its number behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows<'a> {
    /// What it is called.
    pub heading: Heading<'a>,
    /// What is told apart, as the table's first column names it: `Region`.
    pub what: &'a str,
    /// What is counted: `Incidents`.
    pub counted: &'a str,
    /// The bars, in the order in which they stand.
    pub rows: &'a [Row],
}

impl Rows<'_> {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let most = self.rows.iter().rev().max_by_key(|row| row.count);
        let Some(most) = most.filter(|row| row.count > 0) else { return self.heading.nothing() };
        let all = self.rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.count));
        let description = format!("{} in all. Most: {}, {}.", grouped(all), grouped(most.count), most.name);
        let rows = self.rows.iter().map(|row| vec![words(&*row.name), figure(grouped(row.count))]);
        let table = table(self.heading.title, &[self.what, self.counted], rows);
        self.heading.picture(&description, table, |frame| self.draw(frame, most.count))
    }

    fn draw(&self, frame: &Frame<'_>, most: u64) -> (f64, Markup) {
        let names = self.rows.iter().map(|row| width(&clean(&row.name))).fold(0.0, f64::max);
        let numbers = self.rows.iter().map(|row| width(&count(row.count))).fold(0.0, f64::max);
        let left = (names + 10.0).min(frame.width * 0.38);
        let scale = Scale::up_to(most, (left, frame.width - numbers - 12.0));
        let end = |row: &Row| scale.place(row.count as f64);
        let bottom = ROW * self.rows.len() as f64;
        let mut bars = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            rectangle(&mut bars, left, ROW * index as f64 + 4.0, end(row) - left, ROW - 8.0);
        }
        let marks = html! {
            line class="base" x1=(px(left)) x2=(px(left)) y1="0" y2=(px(bottom)) {}
            path class="mark people" d=(bars) {}
            @for (index, row) in self.rows.iter().enumerate() {
                @let middle = ROW * (index as f64 + 0.5);
                (label("name", left - 8.0, middle, Anchor::End, &fit(&row.name, left - 8.0)))
                (label("value", end(row) + 6.0, middle, Anchor::Start, &count(row.count)))
                (pointed_at(
                    "hit",
                    (0.0, ROW * index as f64),
                    (frame.width, ROW),
                    &format!("{}: {}", row.name, grouped(row.count)),
                ))
            }
        };
        (bottom, marks)
    }
}
