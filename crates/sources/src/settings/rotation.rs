//! What the file says of a rotation: `[defaults]`, and each `[[rotation]]` over them.
//!
//! A rotation begins as a copy of the defaults, and each key that it has is put over that: tables are merged key by
//! key, lists are replaced whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::columns::{Columns, Field};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, SpanFieldwise};
use pagerslack_core::rules::AwayStatuses;
use pagerslack_core::{Policy, Rules, UserGroupId, UserId};

use super::table::Table;
use super::value;

/// Everything that may differ from rotation to rotation.
#[derive(Clone, Debug, PartialEq)]
pub struct RotationKeys {
    /// The team's files.
    pub files: Files,
    /// The headers of `oncall.csv`; `None` if they are not valid: under wrong headers the whole file would seem wrong.
    pub columns: Option<Columns>,
    /// The numbers, but for the follow-up's.
    pub policy: Policy,
    /// The managers by id.
    pub managers: Vec<UserId>,
    /// The managers by e-mail address.
    pub manager_emails: Vec<String>,
    /// The managers' user group.
    pub manager_group: Option<UserGroupId>,
    /// Nobody is asked within this time of their start date.
    pub min_tenure: SpanFieldwise,
    /// Whether guests may be asked.
    pub guests: bool,
    /// Whether people are off on the public holidays of where they live.
    pub public_holidays: bool,
    /// What happens on days on which nobody is expected.
    pub weekend: WeekendKey,
    /// Where the schedule of those days stands.
    pub schedule_link: Option<String>,
    /// The days of the week on which nobody is expected.
    pub weekend_days: Vec<Weekday>,
    /// The zone in which they begin and end.
    pub day_zone: TimeZone,
    /// Statuses that mean away.
    pub away: AwayStatuses,
    /// Whether people without a notification schedule are told how to set one.
    pub nudge_missing_schedule: bool,
    /// An hour in which fewer people than this could be asked is thin.
    pub thin_coverage: u32,
    /// How long after an acknowledgement the follow-up comes, if there is one.
    pub follow_up_after: SignedDuration,
    /// What it asks.
    pub follow_up_question: Option<String>,
    /// Where the answer goes.
    pub follow_up_link: Option<String>,
    /// The headers by field, which [`Self::columns`] is made of.
    headers: BTreeMap<String, String>,
}

/// `weekend`: one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeekendKey {
    /// Whoever is online is asked.
    Page,
    /// The schedule is shown.
    Link,
    /// Volunteers are asked.
    Volunteers,
}

/// The team's files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Who is on call.
    pub oncall: Named,
    /// Days off.
    pub holidays: Named,
    /// Who is left out.
    pub exclusions: Named,
}

/// Which file is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Named {
    /// Nothing is said: the usual one, if it is there.
    #[default]
    Usual,
    /// `""`: none.
    None,
    /// This one, which must be there.
    Path(PathBuf),
}

impl Named {
    /// Where the file lies, and whether it must be there. `folder` is where `pagerslack.toml` lies.
    pub fn place(&self, folder: &Path, usual: &str) -> Option<(PathBuf, bool)> {
        match self {
            Self::Usual => Some((folder.join(usual), false)),
            Self::None => None,
            Self::Path(path) => Some((folder.join(path), true)),
        }
    }
}

impl Files {
    /// Each file with its usual name.
    pub fn all(&self) -> [(&Named, &'static str); 3] {
        [(&self.oncall, "oncall.csv"), (&self.holidays, "holidays.yml"), (&self.exclusions, "exclusions.yml")]
    }

    /// Takes the names that a table gives.
    pub(super) fn read(&mut self, table: &Table<'_>) {
        let keys = [
            ("oncall", &mut self.oncall),
            ("holidays", &mut self.holidays),
            ("exclusions", &mut self.exclusions),
        ];
        for (key, named) in keys {
            table.take(key, named, |it| {
                value::text(it).map(|text| match text.trim() {
                    "" => Named::None,
                    path => Named::Path(PathBuf::from(path)),
                })
            });
        }
    }
}

impl Default for RotationKeys {
    fn default() -> Self {
        let Rules { min_tenure, guests, away, weekend_days, .. } = Rules::default();
        Self {
            files: Files::default(),
            columns: Some(Columns::default()),
            policy: Policy::default(),
            managers: Vec::new(),
            manager_emails: Vec::new(),
            manager_group: None,
            min_tenure: min_tenure.fieldwise(),
            guests,
            public_holidays: true,
            weekend: WeekendKey::Page,
            schedule_link: None,
            weekend_days,
            day_zone: TimeZone::UTC,
            away: AwayStatuses::clone(&away),
            nudge_missing_schedule: false,
            thin_coverage: 2,
            follow_up_after: SignedDuration::from_hours(24),
            follow_up_question: None,
            follow_up_link: None,
            headers: BTreeMap::new(),
        }
    }
}

impl RotationKeys {
    /// Puts a table's keys over what is here.
    pub(super) fn read(&mut self, table: &Table<'_>) {
        let second = SignedDuration::from_secs(1);
        let day = SignedDuration::from_hours(24);
        table.take("ack_timeout", &mut self.policy.ack_timeout, value::duration(second..=day));
        table.take("max_attempts", &mut self.policy.max_attempts, value::number(1..=100));
        table.take("patience", &mut self.policy.patience, value::duration(second..=day));
        table.take("min_tenure", &mut self.min_tenure, value::tenure);
        table.take("guests", &mut self.guests, value::flag);
        table.take("public_holidays", &mut self.public_holidays, value::flag);
        table.take("nudge_missing_schedule", &mut self.nudge_missing_schedule, value::flag);
        table.take("thin_coverage", &mut self.thin_coverage, value::number(0..=1_000));
        self.read_weekend(table);
        table.within("away_status", |away| {
            away.take_list("emoji", &mut self.away.emoji, value::emoji);
            away.take_list("text", &mut self.away.text, value::phrase);
        });
        table.within("follow_up", |follow_up| {
            let bounds = SignedDuration::from_mins(1)..=day * 90;
            follow_up.take("after", &mut self.follow_up_after, value::duration(bounds));
            follow_up.take("question", &mut self.follow_up_question, value::optional(value::text));
            follow_up.take("link", &mut self.follow_up_link, value::optional(value::link));
        });
        table.within("managers", |managers| {
            managers.take_list("users", &mut self.managers, value::user);
            managers.take_list("emails", &mut self.manager_emails, value::email);
            managers.take("group", &mut self.manager_group, value::optional(value::group));
            managers.take("rounds", &mut self.policy.manager_rounds, value::number(1..=100));
            managers.take("repeat", &mut self.policy.manager_repeat, value::duration(second..=day));
        });
        table.within("columns", |columns| self.read_columns(columns));
    }

    fn read_weekend(&mut self, table: &Table<'_>) {
        const WORDS: [(&str, WeekendKey); 3] =
            [("page", WeekendKey::Page), ("link", WeekendKey::Link), ("volunteers", WeekendKey::Volunteers)];
        let word = table.take("weekend", &mut self.weekend, |it| value::one_of(it, &WORDS));
        let link = table.take("schedule_link", &mut self.schedule_link, value::optional(value::link));
        table.take_list("weekend_days", &mut self.weekend_days, value::weekday);
        table.take("day_zone", &mut self.day_zone, value::zone);
        // Whoever inherits both has the fault told where it was made.
        if let Some(line) = word.or(link)
            && self.weekend == WeekendKey::Link
            && self.schedule_link.is_none()
        {
            let (weekend, link) = (table.path("weekend"), table.path("schedule_link"));
            table.fault(line, format!("{weekend} = \"link\" needs {link}: where the schedule stands"));
        }
    }

    /// The only table whose keys are not the same for everyone: those of [`Field`], each as its canonical header.
    fn read_columns(&mut self, table: &Table<'_>) {
        let mut sound = true;
        for (name, line, header) in table.pairs() {
            let read = Field::named(name).and_then(|field| {
                let header = value::text(header).map_err(|what| format!("{} {what}", table.path(name)))?;
                Ok((field, header))
            });
            match read {
                Ok((field, header)) => {
                    self.headers.insert(field.name().to_owned(), header);
                }
                Err(what) => {
                    table.fault(line, what);
                    sound = false;
                }
            }
        }
        if !table.is_there() {
            return;
        }
        let headers = self.headers.iter().map(|(field, header)| (field.as_str(), header.as_str()));
        match Columns::renamed(headers) {
            Ok(columns) if sound && self.columns.is_some() => self.columns = Some(columns),
            Ok(_) => self.columns = None,
            Err(faults) => {
                faults.0.into_iter().for_each(|fault| table.fault(table.line(), fault.what));
                self.columns = None;
            }
        }
    }
}
