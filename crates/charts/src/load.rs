//! The load on people: their turns, how many of these went unanswered or fell into the night, and the spread.

use maud::{Markup, html};

use crate::frame::{Anchor, Frame, Heading, Key, Picture, label, legend, pointed_at, rectangle};
use crate::number::{count, grouped};
use crate::scale::Scale;
use crate::table::{figure, table, words};
use crate::text::{LINE, clean, fit, px, width};

/// How high each row is.
const ROW: f64 = 22.0;

/// So many people are drawn; the table has all.
const MOST_DRAWN: usize = 40;

/// One person's load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub name: String,
    /// How often it was their turn.
    pub turns: u64,
    /// How many of these turns they left unanswered.
    pub unanswered: u64,
    /// How many of these turns fell into their night.
    pub at_night: u64,
}

/// How evenly the turns fell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// The fewest turns that anybody had.
    pub least: u64,
    /// A quarter of the people had no more.
    pub lower: u64,
    /// Half of the people had no more.
    pub median: u64,
    /// Three quarters had no more.
    pub upper: u64,
    /// The most turns that anybody had.
    pub most: u64,
}

/// The load on people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load<'a> {
    /// What it is called.
    pub heading: Heading<'a>,
    /// Everybody, in the order in which they stand.
    pub people: &'a [Person],
}

impl Spread {
    /// The spread of these people's turns.
    pub fn of(people: &[Person]) -> Self {
        let mut turns: Vec<u64> = people.iter().map(|person| person.turns).collect();
        turns.sort_unstable();
        let at = |quarter: usize| {
            let index = (turns.len() * quarter).div_ceil(4).saturating_sub(1);
            turns.get(index).copied().unwrap_or(0)
        };
        Self { least: at(0), lower: at(1), median: at(2), upper: at(3), most: at(4) }
    }
}

impl Load<'_> {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let spread = Spread::of(self.people);
        if spread.most == 0 {
            return self.heading.nothing();
        }
        let description = format!(
            "{} people, from {} to {} turns each; half of them had {} or fewer, the middle half {} to {}.",
            grouped(self.people.len() as u64),
            grouped(spread.least),
            grouped(spread.most),
            grouped(spread.median),
            grouped(spread.lower),
            grouped(spread.upper),
        );
        let rows = self.people.iter().map(|person| {
            let figures = [person.turns, person.unanswered, person.at_night];
            let figures = figures.into_iter().map(|count| figure(grouped(count)));
            std::iter::once(words(&*person.name)).chain(figures).collect()
        });
        let table = table(self.heading.title, &["Who", "Turns", "Unanswered", "At night"], rows);
        self.heading.picture(&description, table, |frame| self.draw(frame, &spread))
    }

    fn draw(&self, frame: &Frame<'_>, spread: &Spread) -> (f64, Markup) {
        let drawn = self.people.get(..MOST_DRAWN).unwrap_or(self.people);
        let (median, band) = (
            format!("median {}", count(spread.median)),
            format!("middle half {}–{}", count(spread.lower), count(spread.upper)),
        );
        let keys = [
            Key { class: "mark people", paint: None, text: "answered" },
            Key { class: "mark nobody", paint: Some(frame.painted("over")), text: "unanswered" },
            Key { class: "band", paint: None, text: &band },
        ];
        let (top, legend) = legend(0.0, frame.width, &keys);
        let head = top + LINE;
        let names = drawn.iter().map(|person| width(&clean(&person.name))).fold(0.0, f64::max);
        let left = (names + 10.0).min(frame.width * 0.36);
        let night = width("at night");
        let digits = drawn.iter().map(|person| width(&count(person.turns))).fold(width("0"), f64::max);
        let right = frame.width - night - digits - 26.0;
        let scale = Scale::up_to(spread.most, (left, right));
        let place = |value: u64| scale.place(value as f64);
        let bottom = head + ROW * drawn.len() as f64;
        let [mut answered, mut unanswered] = [String::new(), String::new()];
        for (index, person) in drawn.iter().enumerate() {
            let y = head + ROW * index as f64 + 4.0;
            let end = place(person.turns.saturating_sub(person.unanswered));
            rectangle(&mut answered, left, y, end - left, ROW - 8.0);
            rectangle(&mut unanswered, end, y, place(person.turns) - end, ROW - 8.0);
        }
        let hidden = self.people.len() - drawn.len();
        let (from, to) = (place(spread.lower), place(spread.upper));
        let x = place(spread.median);
        // A name at the median stands where there is room for it.
        let anchor = if x + width(&median) > right { Anchor::End } else { Anchor::Start };
        let marks = html! {
            (frame.hatching("over"))
            (legend)
            rect class="band" x=(px(from - 1.0)) y=(px(head)) width=(px(to - from + 2.0)) height=(px(bottom - head)) {}
            @if !answered.is_empty() { path class="mark people" d=(answered) {} }
            @if !unanswered.is_empty() {
                path class="mark nobody" d=(unanswered) {}
                path fill=(frame.painted("over")) d=(unanswered) {}
            }
            line class="base" x1=(px(left)) x2=(px(left)) y1=(px(head)) y2=(px(bottom)) {}
            line class="median" x1=(px(x)) x2=(px(x)) y1=(px(head - 4.0)) y2=(px(bottom)) {}
            (label("tick", x, head - 6.0 - LINE / 2.0 + 2.0, anchor, &median))
            (label("tick", frame.width, head - 6.0 - LINE / 2.0 + 2.0, Anchor::End, "at night"))
            @for (index, person) in drawn.iter().enumerate() {
                @let middle = head + ROW * (index as f64 + 0.5);
                (label("name", left - 8.0, middle, Anchor::End, &fit(&person.name, left - 8.0)))
                (label("value", place(person.turns) + 6.0, middle, Anchor::Start, &count(person.turns)))
                @if person.at_night > 0 {
                    (label("tick", frame.width, middle, Anchor::End, &count(person.at_night)))
                }
                (pointed_at("hit", (0.0, middle - ROW / 2.0), (frame.width, ROW), &format!(
                    "{}: {} turns, {} unanswered, {} at night",
                    person.name, grouped(person.turns), grouped(person.unanswered), grouped(person.at_night)
                )))
            }
            @if hidden > 0 {
                (label("tick", left, bottom + LINE / 2.0 + 2.0, Anchor::Start, &format!("and {} more in the table", grouped(hidden as u64))))
            }
        };
        (if hidden > 0 { bottom + LINE + 6.0 } else { bottom + 2.0 }, marks)
    }
}
