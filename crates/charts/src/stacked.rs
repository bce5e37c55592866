//! Bars over time, in parts by outcome.

use maud::html;

use crate::bands::Bands;
use crate::frame::{Frame, Heading, Key, Picture, Plot, counted, grid, legend, rectangle, room_for};
use crate::number::grouped;
use crate::scale::Scale;
use crate::table::{figure, table, words};
use crate::text::LINE;

/// How high the bars may be.
const HEIGHT: f64 = 180.0;

/// What became of the incidents of one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Somebody of the rotation took it.
    pub by_people: u64,
    /// One of the managers did.
    pub by_managers: u64,
    /// Nobody did.
    pub by_nobody: u64,
    /// It was cancelled before anybody did.
    pub cancelled: u64,
}

/// One stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name on the axis, such as `12 Nov`.
    pub short: String,
    /// Its whole name, such as `Thursday 12 November 2026`.
    pub long: String,
    /// What happened.
    pub outcomes: Outcomes,
}

/// Incidents over time, by who answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stacked<'a> {
    /// What it is called.
    pub heading: Heading<'a>,
    /// The stretches of time, in order.
    pub buckets: &'a [Bucket],
}

const PEOPLE: &str = "answered by people";
const MANAGERS: &str = "by managers";
const NOBODY: &str = "by nobody";
const CANCELLED: &str = "cancelled";

impl Outcomes {
    /// In the order in which they stand on each other.
    fn parts(&self) -> [u64; 4] {
        [self.by_people, self.by_managers, self.by_nobody, self.cancelled]
    }

    fn sum(&self) -> u64 {
        self.parts().into_iter().fold(0, u64::saturating_add)
    }

    fn and(self, other: &Self) -> Self {
        Self {
            by_people: self.by_people.saturating_add(other.by_people),
            by_managers: self.by_managers.saturating_add(other.by_managers),
            by_nobody: self.by_nobody.saturating_add(other.by_nobody),
            cancelled: self.cancelled.saturating_add(other.cancelled),
        }
    }

    fn said(&self) -> String {
        let names = [PEOPLE, MANAGERS, NOBODY, CANCELLED];
        let parts = self.parts().into_iter().zip(names).filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{} {what}", grouped(count))).collect();
        parts.join(", ")
    }
}

impl Stacked<'_> {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let all = self.buckets.iter().fold(Outcomes::default(), |sum, bucket| sum.and(&bucket.outcomes));
        let Some(most) = self.buckets.iter().rev().max_by_key(|bucket| bucket.outcomes.sum()) else {
            return self.heading.nothing();
        };
        if all.sum() == 0 {
            return self.heading.nothing();
        }
        let description = format!(
            "{} in all: {}. Most in one stretch: {}, {}.",
            grouped(all.sum()),
            all.said(),
            grouped(most.outcomes.sum()),
            most.long
        );
        let rows = self.buckets.iter().map(|bucket| {
            let figures = bucket.outcomes.parts().into_iter().chain([bucket.outcomes.sum()]);
            let figures = figures.map(|count| figure(grouped(count)));
            std::iter::once(words(&*bucket.long)).chain(figures).collect()
        });
        let table = table(
            self.heading.title,
            &["When", "By people", "By managers", "By nobody", "Cancelled", "All"],
            rows,
        );
        self.heading.picture(&description, table, |frame| self.draw(frame, most.outcomes.sum()))
    }

    fn draw(&self, frame: &Frame<'_>, most: u64) -> (f64, maud::Markup) {
        let keys = [
            Key { class: "mark people", paint: None, text: PEOPLE },
            Key { class: "mark managers", paint: None, text: MANAGERS },
            Key { class: "mark nobody", paint: Some(frame.painted("over")), text: NOBODY },
            Key { class: "mark cancelled", paint: None, text: CANCELLED },
        ];
        let (top, legend) = legend(0.0, frame.width, &keys);
        let (top, bottom) = (top + 4.0, top + 4.0 + HEIGHT);
        let scale = Scale::counts(most, 5, (bottom, top));
        let names: Vec<String> = scale.ticks.iter().map(|tick| counted(*tick)).collect();
        let left = room_for(names.iter().map(String::as_str));
        let plot = Plot { left, right: frame.width - 4.0, top, bottom };
        let bands = Bands::new(plot, self.buckets.len());
        let mut paths = [const { String::new() }; 4];
        for (index, bucket) in self.buckets.iter().enumerate() {
            let (x, wide) = bands.bar(index);
            let mut below = 0;
            for (path, count) in paths.iter_mut().zip(bucket.outcomes.parts()) {
                let above = count.saturating_add(below);
                let (from, to) = (scale.place(below as f64), scale.place(above as f64));
                rectangle(path, x, to, wide, from - to);
                below = above;
            }
        }
        let [people, managers, nobody, cancelled] = paths;
        let shorts: Vec<&str> = self.buckets.iter().map(|bucket| &*bucket.short).collect();
        let marks = html! {
            (frame.hatching("over"))
            (legend)
            (grid(&plot, &scale, counted))
            @if !people.is_empty() { path class="mark people" d=(people) {} }
            @if !managers.is_empty() { path class="mark managers" d=(managers) {} }
            @if !nobody.is_empty() {
                path class="mark nobody" d=(nobody) {}
                path fill=(frame.painted("over")) d=(nobody) {}
            }
            @if !cancelled.is_empty() { path class="mark cancelled" d=(cancelled) {} }
            (bands.names(&shorts, frame.width))
            (bands.sentences(|index| {
                let bucket = &self.buckets[index];
                let sum = bucket.outcomes.sum();
                if sum == 0 { format!("{}: none", bucket.long) } else { format!("{}: {}", bucket.long, bucket.outcomes.said()) }
            }))
        };
        (bottom + 6.0 + LINE + 4.0, marks)
    }
}
