//! The days that come, hour by hour, as one strip.
//!
//! Days may have 23 or 25 hours. Under hours with too few people runs a hatched band, so that they are found without
//! their colour and where there is nothing else to see.

use maud::{Markup, html};

use crate::frame::{
    Anchor, Frame, Heading, Key, Picture, Plot, counted, grid, label, legend, pointed_at, rectangle, room_for,
};
use crate::number::grouped;
use crate::scale::Scale;
use crate::table::{figure, table, words};
use crate::text::{LINE, clean, fit, px, width};

/// How high the steps may be.
const HEIGHT: f64 = 110.0;

/// How high the band of the thin hours is, with the space above it.
const BAND: f64 = 14.0;

/// One day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its name on the axis: `Thu 26`.
    pub short: String,
    /// Its whole name: `Thursday 26 November`.
    pub long: String,
    /// What is to be known of it: a holiday's name and whose it is.
    pub note: Option<String>,
    /// How many people there are in each of its hours, with the hour's name: `14:00`.
    pub hours: Vec<(String, u64)>,
}

/// Days in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strip<'a> {
    /// What it is called.
    pub heading: Heading<'a>,
    /// The days.
    pub days: &'a [Day],
    /// Fewer than these are too few.
    pub thin: u64,
}

impl Strip<'_> {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let Some(most) = self.people().max() else { return self.heading.nothing() };
        let thin = self.people().filter(|people| *people < self.thin).count();
        let notes: Vec<String> = self
            .days
            .iter()
            .filter_map(|day| Some(format!(" {}: {}.", day.long, day.note.as_deref()?)))
            .collect();
        let description = format!(
            "Up to {} people at a time in the next {} days. {thin} of {} hours are thin, with fewer than {}.{}",
            grouped(most),
            self.days.len(),
            self.people().count(),
            grouped(self.thin),
            notes.concat()
        );
        let rows = self.days.iter().map(|day| {
            let people = || day.hours.iter().map(|hour| hour.1);
            let few: Vec<&str> =
                day.hours.iter().filter(|hour| hour.1 < self.thin).map(|hour| &*hour.0).collect();
            vec![
                words(&*day.long),
                words(day.note.as_deref().unwrap_or("–")),
                figure(people().min().map_or_else(|| "–".to_owned(), grouped)),
                figure(people().max().map_or_else(|| "–".to_owned(), grouped)),
                words(if few.is_empty() { "none".to_owned() } else { few.join(", ") }),
            ]
        });
        let table = table(self.heading.title, &["Day", "Holidays", "Fewest", "Most", "Thin hours"], rows);
        self.heading.picture(&description, table, |frame| self.draw(frame, most))
    }

    fn people(&self) -> impl Iterator<Item = u64> {
        self.days.iter().flat_map(|day| day.hours.iter().map(|hour| hour.1))
    }

    fn draw(&self, frame: &Frame<'_>, most: u64) -> (f64, Markup) {
        let text = format!("thin: fewer than {}", grouped(self.thin));
        let keys = [Key { class: "cell shade-0", paint: Some(frame.painted("thin")), text: &text }];
        let (top, legend) = legend(0.0, frame.width, &keys);
        let (top, bottom) = (top + 4.0, top + 4.0 + HEIGHT);
        let scale = Scale::counts(most, 4, (bottom, top));
        let names: Vec<String> = scale.ticks.iter().map(|tick| counted(*tick)).collect();
        let left = room_for(names.iter().map(String::as_str));
        let plot = Plot { left, right: frame.width - 2.0, top, bottom };
        let hour = (plot.right - plot.left) / self.people().count().max(1) as f64;
        let [mut area, mut hatched] = [format!("M{} {}", px(left), px(bottom)), String::new()];
        let all: Vec<u64> = self.people().collect();
        let mut x = left;
        for alike in all.chunk_by(|a, b| (*a < self.thin) == (*b < self.thin)) {
            let wide = hour * alike.len() as f64;
            if alike.first().is_some_and(|people| *people < self.thin) {
                rectangle(&mut hatched, x, bottom + 4.0, wide, BAND - 4.0);
            }
            for (index, people) in alike.iter().enumerate() {
                let end = x + hour * (index + 1) as f64;
                area.push_str(&format!("V{}H{}", px(scale.place(*people as f64)), px(end)));
            }
            x += wide;
        }
        area.push_str(&format!("V{}z", px(bottom)));
        let marks = html! {
            (frame.hatching("thin"))
            (legend)
            path class="area people" d=(area) {}
            (grid(&plot, &scale, counted))
            @if !hatched.is_empty() { path class="thin" fill=(frame.painted("thin")) d=(hatched) {} }
            (self.names(&plot, hour, bottom + BAND))
            (self.sentences(&plot, hour))
        };
        let notes = if self.days.iter().any(|day| day.note.is_some()) { LINE } else { 0.0 };
        (bottom + BAND + 6.0 + LINE + notes + 4.0, marks)
    }

    /// Each day with the hours before it.
    fn with_starts(&self) -> impl Iterator<Item = (usize, &Day)> {
        self.days.iter().scan(0, |before, day| {
            let start = *before;
            *before += day.hours.len();
            Some((start, day))
        })
    }

    /// The days' names, and below them what is to be known of the day, where it has room.
    fn names(&self, plot: &Plot, hour: f64, bottom: f64) -> Markup {
        html! {
            @for (start, day) in self.with_starts() {
                @let (x, wide) = (plot.left + hour * start as f64, hour * day.hours.len() as f64);
                @let middle = bottom + 6.0 + LINE / 2.0;
                @let first = clean(&day.short);
                @let short = if width(&first) + 4.0 <= wide { first } else { first.split(' ').next().unwrap_or_default().to_owned() };
                line class="divide" x1=(px(x)) x2=(px(x)) y1=(px(plot.top)) y2=(px(bottom + 6.0)) {}
                @if width(&short) <= wide { (label("tick", x + wide / 2.0, middle, Anchor::Middle, &short)) }
                @if let Some(note) = &day.note {
                    @if width("★") + 2.0 <= wide {
                        (label("note", x + wide / 2.0, middle + LINE, Anchor::Middle, &noted(note, wide - 2.0)))
                    }
                }
            }
        }
    }

    fn sentences(&self, plot: &Plot, hour: f64) -> Markup {
        html! {
            @for (start, day) in self.with_starts() { @for (index, (name, people)) in day.hours.iter().enumerate() {
                @let thin = if *people < self.thin { ", too few" } else { "" };
                (pointed_at(
                    "hit",
                    (plot.left + hour * (start + index) as f64, plot.top),
                    (hour, plot.bottom - plot.top),
                    &format!("{} {name}: {}{thin}", day.long, grouped(*people)),
                ))
            } }
        }
    }
}

/// A note as far as it has room; a star where it has none.
fn noted(note: &str, space: f64) -> String {
    if space < 48.0 { "★".to_owned() } else { fit(note, space) }
}
