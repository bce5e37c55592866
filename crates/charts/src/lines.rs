//! Lines over time, of lengths of time.

use maud::{Markup, html};

use crate::bands::Bands;
use crate::frame::{Anchor, Frame, Heading, Picture, Plot, grid, label, room_for};
use crate::number::seconds;
use crate::scale::Scale;
use crate::table::{figure, table, words};
use crate::text::{LINE, px};

/// How high the picture's middle is.
const HEIGHT: f64 = 200.0;

/// Beyond so many points no mark stands on each: the line says it.
const MOST_MARKS: usize = 62;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    /// What it is, in a word: `p50`.
    pub name: &'a str,
    /// In seconds, for each stretch of time; `None` where nothing was measured.
    pub values: &'a [Option<f64>],
}

/// Lengths of time over time: one line, or two.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines<'a> {
    /// What it is called.
    pub heading: Heading<'a>,
    /// The names of the stretches of time, short for the axis and whole, in order.
    pub names: &'a [(String, String)],
    /// The lower line, and the upper.
    pub series: &'a [Series<'a>],
    /// Whether each tick is so many times the one before, which keeps short times apart beside long ones.
    pub logarithmic: bool,
}

/// A point of a line: which stretch of time, and how long.
type Point = (usize, f64);

impl Lines<'_> {
    /// Draws it.
    pub fn picture(&self) -> Picture {
        let lines: Vec<Vec<Point>> = self.series.iter().map(|series| self.points(series)).collect();
        let values = || lines.iter().flatten().map(|point| point.1);
        if values().next().is_none() {
            return self.heading.nothing();
        }
        let range = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        let columns: Vec<&str> =
            std::iter::once("When").chain(self.series.iter().map(|series| series.name)).collect();
        let rows = self.names.iter().enumerate().map(|(index, (_, long))| {
            let value = |series: &Series<'_>| series.values.get(index).copied().flatten().unwrap_or(f64::NAN);
            let figures = self.series.iter().map(|series| figure(seconds(value(series))));
            std::iter::once(words(&**long)).chain(figures).collect()
        });
        let table = table(self.heading.title, &columns, rows);
        self.heading.picture(&self.description(&lines), table, |frame| self.draw(frame, &lines, range))
    }

    /// What can be drawn of a line.
    fn points(&self, series: &Series<'_>) -> Vec<Point> {
        let values = series.values.iter().take(self.names.len()).enumerate();
        let known = values.filter_map(|(index, value)| Some((index, (*value)?)));
        known.filter(|(_, value)| value.is_finite() && *value >= 0.0).collect()
    }

    fn description(&self, lines: &[Vec<Point>]) -> String {
        let of = |(series, points): (&Series<'_>, &Vec<Point>)| {
            let (last, first) = (points.last()?, points.first()?);
            let most = points.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
            let named = |point: &Point| self.names.get(point.0).map_or("", |name| &name.1);
            Some(format!(
                "{}: {} at first, {} at last, most {} ({}).",
                series.name,
                seconds(first.1),
                seconds(last.1),
                seconds(most.1),
                named(most)
            ))
        };
        self.series.iter().zip(lines).filter_map(of).collect::<Vec<_>>().join(" ")
    }

    fn draw(&self, frame: &Frame<'_>, lines: &[Vec<Point>], range: (f64, f64)) -> (f64, Markup) {
        let (top, bottom) = (LINE / 2.0 + 2.0, LINE / 2.0 + 2.0 + HEIGHT);
        let scale = if self.logarithmic {
            Scale::seconds_log(range.0, range.1, (bottom, top))
        } else {
            Scale::seconds(range.1, 5, (bottom, top))
        };
        let ticks: Vec<String> = scale.ticks.iter().map(|tick| seconds(*tick)).collect();
        let ends: Vec<(usize, f64, String)> = lines
            .iter()
            .zip(self.series)
            .enumerate()
            .filter_map(|(index, (points, series))| {
                let last = points.last()?;
                // A telephone has no room for the last value; the description and the table say it.
                let text = if frame.narrow {
                    series.name.to_owned()
                } else {
                    format!("{} {}", series.name, seconds(last.1))
                };
                Some((index, scale.place(last.1), text))
            })
            .collect();
        let plot = Plot {
            left: room_for(ticks.iter().map(String::as_str)),
            right: frame.width - room_for(ends.iter().map(|end| &*end.2)) - 6.0,
            top,
            bottom,
        };
        let bands = Bands::new(plot, self.names.len());
        let shorts: Vec<&str> = self.names.iter().map(|name| &*name.0).collect();
        let marks = html! {
            (grid(&plot, &scale, seconds))
            @for (index, points) in lines.iter().enumerate() {
                (line(index, points, |point| (bands.middle(point.0), scale.place(point.1))))
            }
            @for (index, y, text) in apart(ends, top, bottom) {
                (label(&format!("end line-{index}"), plot.right + 8.0, y, Anchor::Start, &text))
            }
            (bands.names(&shorts, frame.width))
            (bands.sentences(|index| self.sentence(index)))
        };
        (bottom + 6.0 + LINE + 4.0, marks)
    }

    fn sentence(&self, index: usize) -> String {
        let value = |series: &Series<'_>| series.values.get(index).copied().flatten();
        let parts: Vec<String> = self
            .series
            .iter()
            .filter_map(|series| Some(format!("{} {}", series.name, seconds(value(series)?))))
            .collect();
        let long = self.names.get(index).map_or("", |name| &*name.1);
        if parts.is_empty() { format!("{long}: none") } else { format!("{long}: {}", parts.join(", ")) }
    }
}

/// A line with gaps where nothing was measured, and a mark on each point as long as there are few: discs on the first
/// line, squares on the second, so that they are told apart without their colour.
fn line(index: usize, points: &[Point], place: impl Fn(&Point) -> (f64, f64)) -> Markup {
    let mut path = String::new();
    let mut marks = String::new();
    let marked = points.len() <= MOST_MARKS;
    for (at, point) in points.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| points.get(before));
        let joined = before.is_some_and(|before| before.0 + 1 == point.0);
        let (x, y) = place(point);
        path.push_str(&format!("{}{} {}", if joined { "L" } else { "M" }, px(x), px(y)));
        let alone = !joined && points.get(at + 1).is_none_or(|next| next.0 != point.0 + 1);
        if !marked && !alone {
            continue;
        }
        marks.push_str(&if index == 0 {
            format!("M{} {}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", px(x - 3.0), px(y))
        } else {
            format!("M{} {}h5.4v5.4h-5.4z", px(x - 2.7), px(y - 2.7))
        });
    }
    html! {
        @if !path.is_empty() { path class={ "line line-" (index) } d=(path) {} }
        @if !marks.is_empty() { path class={ "point line-" (index) } d=(marks) {} }
    }
}

/// Moves the names at the ends of lines so far apart that none lies on another.
fn apart(mut ends: Vec<(usize, f64, String)>, top: f64, bottom: f64) -> Vec<(usize, f64, String)> {
    ends.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut least = top;
    for end in &mut ends {
        end.1 = end.1.max(least);
        least = end.1 + LINE;
    }
    let mut most = bottom;
    for end in ends.iter_mut().rev() {
        end.1 = end.1.min(most);
        most = end.1 - LINE;
    }
    ends
}
