//! The week as a field of hours, and how many people there are in each.
//!
//! Weekdays are rows on a wide page and columns on a telephone. Every hour says its number, as long as there is room;
//! hours with too few are hatched, framed and bold, so that they are found without their colour.

use maud::{Markup, html};

use crate::frame::{Anchor, Frame, Heading, Key, Picture, label, legend, pointed_at, rectangle};
use crate::number::{count, grouped};
use crate::table::{figure, table, words};
use crate::text::{LINE, width};

/// The weekdays, for short.
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The weekdays.
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How many shades there are.
const SHADES: u64 = 5;

/// The hours of a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heat<'a> {
    /// What it is called.
    pub heading: Heading<'a>,
    /// From Monday, from midnight: how many people there are; `None` where it is not known.
    pub hours: &'a [[Option<u64>; 24]; 7],
    /// Fewer than these are too few.
    pub thin: u64,
}

/// One hour of the week.
#[derive(Clone, Copy)]
struct Hour {
    day: usize,
    hour: usize,
    people: Option<u64>,
}

impl Heat<'_> {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let known = || self.all().filter_map(|hour| hour.people);
        let (Some(least), Some(most)) = (known().min(), known().max()) else {
            return self.heading.nothing();
        };
        let thin = known().filter(|people| *people < self.thin).count();
        let description = format!(
            "From {} to {} people over the hours of the week. {} of {} hours are thin, with fewer than {}.",
            grouped(least),
            grouped(most),
            thin,
            known().count(),
            grouped(self.thin)
        );
        let hours: Vec<String> = (0..24).map(|hour| format!("{hour:02}")).collect();
        let columns: Vec<&str> = std::iter::once("Day").chain(hours.iter().map(String::as_str)).collect();
        let rows = self.hours.iter().zip(WEEKDAYS).map(|(hours, day)| {
            let said = |people: &Option<u64>| people.map_or_else(|| "–".to_owned(), grouped);
            std::iter::once(words(day)).chain(hours.iter().map(|people| figure(said(people)))).collect()
        });
        let table = table(self.heading.title, &columns, rows);
        self.heading.picture(&description, table, |frame| self.draw(frame, most))
    }

    fn all(&self) -> impl Iterator<Item = Hour> {
        self.hours.iter().enumerate().flat_map(|(day, hours)| {
            hours.iter().enumerate().map(move |(hour, people)| Hour { day, hour, people: *people })
        })
    }

    fn is_thin(&self, people: u64) -> bool {
        people < self.thin
    }

    /// Which of the shades a number has.
    fn shade(&self, people: u64, most: u64) -> u64 {
        let from = self.thin.min(most);
        if people <= from {
            return u64::from(people > 0);
        }
        let share = (people - from) as f64 / (most - from).max(1) as f64;
        1 + ((share * (SHADES - 1) as f64).ceil() as u64).min(SHADES - 1)
    }

    fn draw(&self, frame: &Frame<'_>, most: u64) -> (f64, Markup) {
        let text = format!("thin: fewer than {}", grouped(self.thin));
        let keys = [Key { class: "cell shade-0", paint: Some(frame.painted("thin")), text: &text }];
        let (top, legend) = legend(0.0, frame.width, &keys);
        let days = room_for_names(frame.narrow);
        let (left, head) = (days, top + LINE + 4.0);
        let (across, down) = if frame.narrow { (7.0, 24.0) } else { (24.0, 7.0) };
        let wide = ((frame.width - left) / across).floor();
        let high = if frame.narrow { 20.0 } else { 28.0 };
        let at = |hour: &Hour| {
            let (column, row) = if frame.narrow { (hour.day, hour.hour) } else { (hour.hour, hour.day) };
            (left + wide * column as f64, head + high * row as f64)
        };
        let fits = |text: &str| width(text) + 4.0 <= wide;
        let numbered = self.all().filter_map(|hour| hour.people).all(|people| fits(&count(people)));
        let mut hatched = String::new();
        for hour in self.all().filter(|hour| hour.people.is_some_and(|people| self.is_thin(people))) {
            let (x, y) = at(&hour);
            rectangle(&mut hatched, x + 1.0, y + 1.0, wide - 2.0, high - 2.0);
        }
        let marks = html! {
            (frame.hatching("thin"))
            (legend)
            (axes(frame.narrow, left, head, wide, high))
            @for hour in self.all() {
                @let (x, y) = at(&hour);
                (pointed_at(
                    &hour.people.map_or_else(|| "cell unknown".to_owned(), |people| format!("cell shade-{}", self.shade(people, most))),
                    (x + 1.0, y + 1.0),
                    (wide - 2.0, high - 2.0),
                    &self.sentence(&hour),
                ))
            }
            @if !hatched.is_empty() {
                path class="thin" fill=(frame.painted("thin")) d=(hatched) {}
            }
            @for hour in self.all() { @if let Some(people) = hour.people.filter(|_| numbered) {
                @let (x, y) = at(&hour);
                @let class = if self.is_thin(people) { "number few".to_owned() } else { format!("number on-{}", self.shade(people, most)) };
                (label(&class, x + wide / 2.0, y + high / 2.0, Anchor::Middle, &count(people)))
            } }
        };
        (head + high * down + 2.0, marks)
    }

    fn sentence(&self, hour: &Hour) -> String {
        let (day, from, to) = (WEEKDAYS[hour.day], hour.hour, (hour.hour + 1) % 24);
        let people = match hour.people {
            None => "not known".to_owned(),
            Some(1) => "1 person".to_owned(),
            Some(people) => format!("{} people", grouped(people)),
        };
        let thin = if hour.people.is_some_and(|people| self.is_thin(people)) { ", too few" } else { "" };
        format!("{day} {from:02}:00 to {to:02}:00: {people}{thin}")
    }
}

fn room_for_names(narrow: bool) -> f64 {
    let widest = if narrow { width("00") } else { DAYS.iter().map(|day| width(day)).fold(0.0, f64::max) };
    widest.ceil() + 8.0
}

/// The names of days and hours.
fn axes(narrow: bool, left: f64, head: f64, wide: f64, high: f64) -> Markup {
    let above = head - 4.0 - LINE / 2.0;
    html! {
        @for (index, day) in DAYS.into_iter().enumerate() {
            @if narrow {
                (label("tick", left + wide * (index as f64 + 0.5), above, Anchor::Middle, day))
            } @else {
                (label("tick", left - 6.0, head + high * (index as f64 + 0.5), Anchor::End, day))
            }
        }
        @for hour in 0..24 {
            @let name = format!("{hour:02}");
            @if narrow {
                (label("tick", left - 6.0, head + high * (f64::from(hour) + 0.5), Anchor::End, &name))
            } @else {
                (label("tick", left + wide * (f64::from(hour) + 0.5), above, Anchor::Middle, &name))
            }
        }
    }
}
