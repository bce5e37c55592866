//! One seed, from its first step to its last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use slack_sim::{SimClock, SimHandle};

use crate::checker::{Checker, Conditions, Standing, Violation};
use crate::courier::Courier;
use crate::crowd::Crowd;
use crate::dice::Dice;
use crate::house::House;
use crate::mutant::Mutant;
use crate::outside::Outside;
use crate::scenario::{Scenario, Weather};
use crate::story::Story;
use crate::timeline::{Step, Tasks, Timeline};
use crate::weather::Skies;

/// More steps than any course of events takes: some machine turns in circles.
const MOST_STEPS: u64 = 20_000_000;

/// How a seed is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether the story is taken down.
    pub trace: bool,
    /// A bot that is broken on purpose.
    pub mutant: Option<Mutant>,
    /// An empty Redis to keep everything in, by its address, in place of SQLite.
    pub redis: Option<String>,
}

/// What came of a seed.
#[derive(Clone, Debug)]
pub struct Run {
    /// How bad the day was.
    pub weather: Weather,
    /// The promise that was broken, if one was.
    pub violation: Option<Violation>,
    /// The story, if it was taken down.
    pub story: Vec<String>,
    /// How many incidents there were.
    pub incidents: u64,
    /// For how long, added up, incidents were watched: each from its report to the end of the run.
    pub watched: SignedDuration,
    /// For how long, added up, somebody was looked for.
    pub open: SignedDuration,
    /// In how many ways incidents stand in the end.
    pub standings: BTreeMap<Standing, u64>,
    /// How often the process died.
    pub deaths: u64,
    /// How many steps there were.
    pub steps: u64,
    /// How many commits.
    pub commits: u64,
    /// How many calls Slack got.
    pub calls: u64,
    /// How often somebody outside was told something.
    pub told_outside: u64,
    /// How much of it they have.
    pub heard_outside: u64,
    /// How often each kind of trouble came.
    pub troubles: BTreeMap<&'static str, u64>,
}

/// Plays one seed.
///
/// # Errors
///
/// When the machine on which it runs gives no store; never because of what the bot does.
pub fn run(seed: u64, options: Options) -> Result<Run> {
    // Production code may name tokio's timers, which nothing here lets run.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let _within = runtime.enter();
    let dice = Dice::new(seed);
    let aside = Dice::aside(seed);
    let scenario = Scenario::draw(&dice, &aside);
    let stage = Stage::set(&dice, &aside, scenario, options)?;
    stage.play()
}

/// The fake Slack's clock: the true time.
struct TrueTime(Timeline);

impl SimClock for TrueTime {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn until(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }
}

struct Stage {
    timeline: Timeline,
    dice: Dice,
    tasks: Tasks,
    slack: SimHandle,
    outside: Option<Outside>,
    house: House,
    crowd: Crowd,
    skies: Skies,
    checker: Checker,
    story: Story,
    scenario: Scenario,
    seen: u64,
    steps: u64,
    deaths: u64,
    restart: Option<Timestamp>,
}

impl Stage {
    fn set(dice: &Dice, aside: &Dice, scenario: Scenario, options: Options) -> Result<Self> {
        let timeline = Timeline::new(scenario.start);
        let story = Story::new(timeline.clone(), options.trace);
        story.tell(|| scenario.summary());
        let slack = SimHandle::new(scenario.world().build(), Arc::new(TrueTime(timeline.clone())));
        slack.with(|world, _| world.set_public_url("http://127.0.0.1"));
        if dice.happens(0.03) {
            // Some of what the bot says then becomes several messages.
            slack.with(|world, _| world.set_split_beyond(60));
        }
        let outside = scenario.outside.as_ref().map(|wishes| Outside::new(&timeline, aside, &story, wishes));
        let house = House::build(&timeline, dice, &slack, outside.as_ref(), &scenario, &options)?;
        let courier = Courier::new(&timeline, dice, &slack, &house, &story);
        let crowd = Crowd::new(&timeline, dice, &slack, &story, &scenario);
        let skies = Skies::new(&timeline, dice, &slack, &house, &courier, &story, &scenario);
        let checker = Checker::new(&scenario, story.clone());
        let tasks = Tasks::new(timeline.clone(), dice.clone());
        timeline.spawn(None, courier.clone().run());
        timeline.spawn(None, skies.clone().run());
        if let Some(outside) = &outside {
            timeline.spawn(None, outside.clone().run(scenario.trouble));
        }
        for (after, channel) in &scenario.reports {
            timeline.spawn(None, crowd.clone().report(*after, scenario.channels[*channel].clone()));
        }
        let mut stage = Self {
            timeline,
            dice: dice.clone(),
            tasks,
            slack,
            outside,
            house,
            crowd,
            skies,
            checker,
            story,
            scenario,
            seen: 0,
            steps: 0,
            deaths: 0,
            restart: None,
        };
        stage.start()?;
        Ok(stage)
    }

    fn play(mut self) -> Result<Run> {
        let violation = match self.course()? {
            Ok(()) => None,
            Err(violation) => {
                self.story.tell(|| format!("BROKEN    {violation}"));
                Some(violation)
            }
        };
        let now = self.timeline.now();
        let (told_outside, heard_outside) = self.checker.outside_counts();
        let lengths: Vec<_> = self.checker.incidents(now).collect();
        Ok(Run {
            weather: self.scenario.weather,
            violation,
            story: self.story.lines(),
            incidents: lengths.len() as u64,
            watched: lengths.iter().map(|(watched, _)| *watched).sum(),
            open: lengths.iter().map(|(_, open)| *open).sum(),
            standings: self.checker.standings(),
            deaths: self.deaths,
            steps: self.steps,
            commits: self.house.disk().writes(),
            calls: self.slack.read(|world| world.calls().len()) as u64,
            told_outside,
            heard_outside,
            troubles: self.skies.counted(),
        })
    }

    /// Trouble, and then peace until everything has come to rest.
    fn course(&mut self) -> Result<Result<(), Violation>> {
        let trouble = SignedDuration::try_from(self.scenario.trouble)?;
        if let Err(violation) = self.until(self.scenario.start + trouble)? {
            return Ok(Err(violation));
        }
        self.story.tell(|| "weather   everything is well again");
        self.skies.clear();
        if let Some(outside) = &self.outside {
            outside.heal();
        }
        self.crowd.calm_down();
        let end = self.timeline.now() + self.scenario.aftermath;
        // In stretches, to look whether there is anything left to wait for.
        while self.timeline.now() < end {
            let stretch = self.timeline.now() + SignedDuration::from_mins(45);
            if let Err(violation) = self.until(stretch.min(end))? {
                return Ok(Err(violation));
            }
            if self.is_at_rest() {
                break;
            }
        }
        if self.scenario.socket_mode && !self.house.exchange().stands() {
            return Ok(self.checker.unheard());
        }
        let Some(store) = self.house.store() else { return Ok(Ok(())) };
        Ok(self.slack.read(|world| self.checker.finish(world, &*store)))
    }

    fn is_at_rest(&self) -> bool {
        let idle = self
            .house
            .store()
            .is_some_and(|store| crate::timeline::block_on(store.job_count()).is_ok_and(|jobs| jobs == 0));
        idle && self.house.is_up() && self.slack.read(|world| world.pending_deliveries().is_empty())
    }

    fn until(&mut self, limit: Timestamp) -> Result<Result<(), Violation>> {
        loop {
            self.steps += 1;
            anyhow::ensure!(self.steps < MOST_STEPS, "this never comes to rest");
            let due = self.restart.map_or(limit, |at| at.min(limit));
            let step = self.tasks.step(due);
            if let Err(violation) = self.look() {
                return Ok(Err(violation));
            }
            match step {
                Step::Done(Some(_)) if self.house.burn() => self.kill(),
                Step::Done(_) | Step::Waited => {}
                Step::Over => {
                    if self.restart.is_some_and(|at| at <= self.timeline.now()) {
                        self.start()?;
                    } else if self.timeline.now() >= limit {
                        return Ok(Ok(()));
                    }
                }
            }
            if !self.house.is_up() && self.restart.is_none() {
                // It could not start, since the store could not be read: whoever watches it tries again.
                self.kill();
            }
        }
    }

    fn start(&mut self) -> Result<()> {
        self.restart = None;
        self.story.tell(|| format!("process   life {} begins", self.house.lives() + 1));
        self.house.start().context("the process cannot be started")
    }

    fn kill(&mut self) {
        let life = self.house.fall();
        self.tasks.kill(life);
        self.deaths += 1;
        let down = match self.dice.below(10) {
            0 => self.dice.seconds(60, 400),
            1..=3 => self.dice.seconds(5, 40),
            _ => self.dice.milliseconds(50, 3_000),
        };
        let at = self.timeline.now() + SignedDuration::try_from(down).unwrap_or_default();
        self.restart = Some(at);
        self.story.tell(|| format!("process   life {life} is killed, and will be back at {at:.3}"));
    }

    /// What has changed is looked at by everybody.
    fn look(&mut self) -> Result<(), Violation> {
        let touched = self.house.disk().take_touched();
        let version = self.slack.version();
        let changed = version != self.seen;
        let heard = self.outside.as_ref().map(Outside::take_heard).unwrap_or_default();
        if touched.is_empty() && !changed && heard.is_empty() {
            return Ok(());
        }
        let (now, conditions): (Timestamp, Conditions) = (self.timeline.now(), self.skies.conditions());
        let store = self.house.store();
        let checker = &mut self.checker;
        self.slack.read(|world| {
            if let Some(store) = &store {
                for incident in &touched {
                    checker.look_at_log(now, world, &**store, incident, conditions)?;
                }
            }
            checker.look_outside(now, heard)?;
            if changed {
                checker.look_at_slack(now, world, store.as_deref(), conditions)?;
            }
            Ok(())
        })?;
        if changed {
            self.crowd.look();
            self.seen = self.slack.version();
        }
        Ok(())
    }
}
