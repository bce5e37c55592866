//! The numbers of each picture as comma-separated values, with names and times that a program reads.

use pagerslack_core::report::{Bucket, Times};
use pagerslack_sources::formulas::disarm;

use super::Shown;

/// A sheet while it is written.
struct Sheet(csv::Writer<Vec<u8>>);

impl Sheet {
    fn new(columns: &[&str]) -> Self {
        let mut sheet = Self(csv::Writer::from_writer(Vec::new()));
        sheet.row(columns.iter().map(|column| (*column).to_owned()));
        sheet
    }

    /// A row. What people or Slack wrote must be disarmed before.
    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // Memory takes everything, and every row has as many cells as there are columns.
        let _ = self.0.write_record(cells);
    }

    fn text(self) -> Vec<u8> {
        self.0.into_inner().unwrap_or_default()
    }
}

fn percentiles(times: Option<&Times>) -> [String; 3] {
    let of = |pick: fn(&Times) -> u64| times.map_or_else(String::new, |times| pick(times).to_string());
    [of(|times| times.count), of(|times| times.p50), of(|times| times.p90)]
}

impl Shown<'_> {
    /// The sheet of this name, if there is one.
    pub(super) fn sheet(&self, name: &str) -> Option<Vec<u8>> {
        let summary = &self.summary;
        let sheet = match name {
            "incidents" => self.incidents_sheet(),
            "response" => self.response_sheet(),
            "attempts" => {
                let mut sheet = Sheet::new(&["attempts", "incidents"]);
                for (attempts, incidents) in &summary.attempts {
                    sheet.row([attempts.to_string(), incidents.to_string()]);
                }
                sheet
            }
            "outcomes" => {
                let mut sheet = Sheet::new(&["outcome", "incidents"]);
                for (outcome, incidents) in &summary.outcomes {
                    sheet.row([outcome.name().to_owned(), incidents.to_string()]);
                }
                sheet
            }
            "regions" => {
                let mut sheet = Sheet::new(&["region", "answers", "p50_ms", "p90_ms"]);
                for regional in &summary.regions {
                    let times = percentiles(regional.response.as_ref());
                    sheet.row([regional.region.name().to_owned()].into_iter().chain(times));
                }
                sheet
            }
            "hours" => {
                let mut sheet = Sheet::new(&["local_hour", "answers"]);
                for (hour, answers) in summary.hours.iter().enumerate() {
                    sheet.row([hour.to_string(), answers.to_string()]);
                }
                sheet.row([String::new(), summary.hours_unknown.to_string()]);
                sheet
            }
            "people" => self.people_sheet(),
            _ => return None,
        };
        Some(sheet.text())
    }

    /// What a piece of the series is called.
    fn piece(&self) -> &'static str {
        match self.summary.bucket {
            Bucket::Day => "day",
            Bucket::Week => "week",
            Bucket::Month => "month",
        }
    }

    fn incidents_sheet(&self) -> Sheet {
        let mut sheet =
            Sheet::new(&[self.piece(), "incidents", "by_people", "by_managers", "by_nobody", "cancelled"]);
        for slice in &self.summary.series {
            let answers = slice.answers;
            let counts =
                [slice.incidents, answers.people, answers.managers, answers.nobody, answers.cancelled];
            sheet.row([slice.date.to_string()].into_iter().chain(counts.map(|count| count.to_string())));
        }
        sheet
    }

    fn response_sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(&[self.piece(), "answers", "p50_ms", "p90_ms"]);
        for slice in &self.summary.series {
            sheet.row([slice.date.to_string()].into_iter().chain(percentiles(slice.response.as_ref())));
        }
        sheet
    }

    fn people_sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(&[
            "user",
            "name",
            "turns",
            "asked",
            "answered",
            "unanswered",
            "passed",
            "relieved",
            "volunteered",
            "at_night",
            "as_manager",
        ]);
        for load in &self.summary.people {
            let who =
                [disarm(load.user.as_str()).into_owned(), disarm(&self.names.of(&load.user)).into_owned()];
            let counts = [
                load.turns,
                load.asked,
                load.answered,
                load.unanswered,
                load.passed,
                load.relieved,
                load.volunteered,
                load.at_night,
                load.as_manager,
            ];
            sheet.row(who.into_iter().chain(counts.map(|count| count.to_string())));
        }
        sheet
    }
}
