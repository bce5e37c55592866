//! The pictures of a report.

use maud::{Markup, html};
use pagerslack_charts::{
    Bucket as Stretch, Column, Columns, Heading, Lines, Load, Outcomes, Person, Picture, Row, Rows, Series,
    Stacked, count, seconds,
};
use pagerslack_core::report::{Answers, Bucket, Outcome, Slice, Times};

use super::super::charts::framed;
use super::Shown;

const NOTHING: &str = "Nothing happened in this period.";
const NO_ANSWER: &str = "Nothing was answered in this period.";

/// From this ratio of the longest wait to the shortest on, the axis is a logarithmic one: on the other the short waits
/// would all look alike.
const FAR_APART: u64 = 30;

impl Shown<'_> {
    /// The page's content below the form.
    pub(super) fn content(&self) -> Markup {
        let csv = |sheet: &str| format!("/reports/{sheet}.csv?{}", self.query);
        let frame = |id: &str, title: &str, about: &str, picture: &Picture| {
            framed(id, title, about, picture, Some(&csv(id)))
        };
        let unknown = match self.summary.hours_unknown {
            0 => String::new(),
            unknown => format!(" Of {} answers the zone is not known.", count(unknown)),
        };
        html! {
            (self.at_a_glance())
            (frame("incidents", "Incidents", self.per(), &self.incidents()))
            (frame("response", "Time to response", "From the report to the first acknowledgement: half of the answers \
                came within p50, nine of ten within p90.", &self.response()))
            (frame("attempts", "People asked", "How many people were asked until somebody answered.", &self.attempts()))
            (frame("outcomes", "Outcome", "Where the incidents stand, or how they ended.", &self.outcomes()))
            (frame("regions", "By region", "Answers by the part of the world that is at work at the hour.", &self.regions()))
            (frame("hours", "By local hour", &format!("Answers by the clock of whoever answered.{unknown}"), &self.hours()))
            (frame("people", "Load on people", "Each turn is being asked, or answering without being asked. Night is from \
                22:00 to 6:00 by their clock.", &self.people()))
        }
    }

    /// The few numbers that matter most.
    fn at_a_glance(&self) -> Markup {
        let Answers { people, managers, cancelled, nobody } = self.summary.answers;
        let share = |part: u64| match self.summary.incidents {
            0 => "–".to_owned(),
            all => match (200 * part + all) / (2 * all) {
                // Few are not none.
                0 if part > 0 => format!("{} (<1 %)", count(part)),
                percent => format!("{} ({percent} %)", count(part)),
            },
        };
        let time = |pick: fn(&Times) -> u64| {
            self.summary
                .response
                .as_ref()
                .map_or_else(|| "–".to_owned(), |times| seconds(in_seconds(pick(times))))
        };
        html! {
            dl.facts {
                div { dt { "Incidents" } dd { (count(self.summary.incidents)) } }
                div { dt { "Answered by people" } dd { (share(people)) } }
                div { dt { "By managers" } dd { (share(managers)) } }
                div { dt { "By nobody" } dd { (share(nobody)) } }
                div { dt { "Cancelled" } dd { (share(cancelled)) } }
                div { dt { "Response, p50" } dd { (time(|times| times.p50)) } }
                div { dt { "Response, p90" } dd { (time(|times| times.p90)) } }
            }
        }
    }

    fn per(&self) -> &'static str {
        match self.summary.bucket {
            Bucket::Day => "By day, by who answered.",
            Bucket::Week => "By week, by who answered.",
            Bucket::Month => "By month, by who answered.",
        }
    }

    /// The names of a piece of the series, short and whole.
    fn named(&self, slice: &Slice) -> (String, String) {
        let (short, long) = match self.summary.bucket {
            Bucket::Day => ("%-d %b", "%A %-d %B %Y"),
            Bucket::Week => ("%-d %b", "week from %-d %B %Y"),
            Bucket::Month => ("%b %Y", "%B %Y"),
        };
        (slice.date.strftime(short).to_string(), slice.date.strftime(long).to_string())
    }

    fn incidents(&self) -> Picture {
        let stretch = |slice: &Slice| {
            let (short, long) = self.named(slice);
            let Answers { people, managers, cancelled, nobody } = slice.answers;
            let outcomes =
                Outcomes { by_people: people, by_managers: managers, by_nobody: nobody, cancelled };
            Stretch { short, long, outcomes }
        };
        let buckets: Vec<Stretch> = self.summary.series.iter().map(stretch).collect();
        let heading = Heading { id: "incidents", title: "Incidents over time", nothing: NOTHING };
        Stacked { heading, buckets: &buckets }.picture()
    }

    fn response(&self) -> Picture {
        let names: Vec<(String, String)> =
            self.summary.series.iter().map(|slice| self.named(slice)).collect();
        let values = |pick: fn(&Times) -> u64| -> Vec<Option<f64>> {
            let of = |slice: &Slice| slice.response.as_ref().map(|times| in_seconds(pick(times)));
            self.summary.series.iter().map(of).collect()
        };
        let times = || self.summary.series.iter().filter_map(|slice| slice.response.as_ref());
        let (least, most) = (times().map(|it| it.p50).min(), times().map(|it| it.p90).max());
        let far_apart = least.zip(most).is_some_and(|(least, most)| most / least.max(1_000) >= FAR_APART);
        let (p50, p90) = (values(|times| times.p50), values(|times| times.p90));
        let series = [Series { name: "p50", values: &p50 }, Series { name: "p90", values: &p90 }];
        let heading = Heading { id: "response", title: "Time to response over time", nothing: NO_ANSWER };
        Lines { heading, names: &names, series: &series, logarithmic: far_apart }.picture()
    }

    fn attempts(&self) -> Picture {
        let most = self.summary.attempts.keys().max().copied().unwrap_or(0);
        let column = |attempts: u16| Column {
            short: attempts.to_string(),
            long: format!("{attempts} asked"),
            count: self.summary.attempts.get(&attempts).copied().unwrap_or(0),
        };
        let columns: Vec<Column> = (0..=most).map(column).collect();
        let heading =
            Heading { id: "attempts", title: "Incidents by how many people were asked", nothing: NOTHING };
        Columns { heading, what: "People asked", counted: "Incidents", columns: &columns }.picture()
    }

    fn outcomes(&self) -> Picture {
        let row = |(outcome, count): (&Outcome, &u64)| Row { name: said(*outcome).to_owned(), count: *count };
        let mut rows: Vec<Row> = self.summary.outcomes.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        let heading = Heading { id: "outcomes", title: "Incidents by outcome", nothing: NOTHING };
        Rows { heading, what: "Outcome", counted: "Incidents", rows: &rows }.picture()
    }

    fn regions(&self) -> Picture {
        let rows: Vec<Row> = self
            .summary
            .regions
            .iter()
            .map(|regional| Row {
                name: regional.region.name().to_owned(),
                count: regional.response.as_ref().map_or(0, |times| times.count),
            })
            .collect();
        let heading = Heading { id: "regions", title: "Answers by region", nothing: NO_ANSWER };
        Rows { heading, what: "Region", counted: "Answers", rows: &rows }.picture()
    }

    fn hours(&self) -> Picture {
        let hour = |(hour, count): (usize, &u64)| Column {
            short: format!("{hour:02}"),
            long: format!("{hour:02}:00 to {:02}:00", (hour + 1) % 24),
            count: *count,
        };
        let columns: Vec<Column> = self.summary.hours.iter().enumerate().map(hour).collect();
        let heading = Heading { id: "hours", title: "Answers by local hour", nothing: NO_ANSWER };
        Columns { heading, what: "Hour", counted: "Answers", columns: &columns }.picture()
    }

    fn people(&self) -> Picture {
        let people: Vec<Person> = self
            .summary
            .people
            .iter()
            .filter(|load| load.turns > 0)
            .map(|load| Person {
                name: self.names.of(&load.user),
                turns: load.turns,
                unanswered: load.unanswered,
                at_night: load.at_night,
            })
            .collect();
        let heading =
            Heading { id: "people", title: "Turns by person", nothing: "Nobody had a turn in this period." };
        Load { heading, people: &people }.picture()
    }
}

/// Milliseconds as seconds.
fn in_seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1_000.0
}

fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Open => "Open",
        Outcome::ManagersPaged => "Managers called, nobody answered",
        Outcome::ScheduleShown => "Schedule shown",
        Outcome::Acknowledged => "Taken",
        Outcome::Cancelled => "Cancelled",
        Outcome::Closed => "Closed",
    }
}
