//! The people: they report, react, press buttons, pass, change their minds, hand over, go away and come back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pagerslack_slack::words::{CANCEL_ACTION, DONE_ACTION, HAND_OVER_ACTION, PASS_ACTION, TAKE_ACTION};
use slack_sim::{Mention, Message, SimHandle};

use crate::dice::Dice;
use crate::scenario::{COMMAND, Member, Scenario};
use crate::story::Story;
use crate::timeline::Timeline;

/// How often somebody types a command again that failed.
const PERSISTENCE: usize = 6;

/// Everybody. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Crowd(Arc<Inner>);

struct Inner {
    timeline: Timeline,
    dice: Dice,
    slack: SimHandle,
    story: Story,
    members: Vec<Member>,
    /// How many messages of each conversation everybody has seen.
    seen: Mutex<BTreeMap<String, usize>>,
    reported: AtomicU64,
    /// Nobody does anything any more of which nobody asked them.
    quiet: AtomicBool,
}

/// A message of the bot's that calls for something.
struct Called {
    channel: String,
    ts: String,
    what: What,
    called: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Root,
    Page,
    Managers,
    Taken,
    FollowUp,
}

impl Crowd {
    pub(crate) fn new(
        timeline: &Timeline,
        dice: &Dice,
        slack: &SimHandle,
        story: &Story,
        scenario: &Scenario,
    ) -> Self {
        Self(Arc::new(Inner {
            timeline: timeline.clone(),
            dice: dice.clone(),
            slack: slack.clone(),
            story: story.clone(),
            members: scenario.members.clone(),
            seen: Mutex::default(),
            reported: AtomicU64::new(0),
            quiet: AtomicBool::new(false),
        }))
    }

    /// From now on people only answer.
    pub(crate) fn calm_down(&self) {
        self.0.quiet.store(true, Ordering::Relaxed);
    }

    fn is_quiet(&self) -> bool {
        self.0.quiet.load(Ordering::Relaxed)
    }

    fn member(&self, id: &str) -> Option<&Member> {
        self.0.members.iter().find(|member| member.id == id)
    }

    /// Somebody reports an incident after a while, and again until they are told that it is recorded.
    pub(crate) async fn report(self, after: Duration, channel: String) {
        let Inner { timeline, dice, slack, story, members, reported, .. } = &*self.0;
        timeline.sleep(after).await;
        let reporter = dice.one_of(members).id.clone();
        let number = reported.fetch_add(1, Ordering::Relaxed) + 1;
        let url = format!("https://incident.example/{number}");
        for _ in 0..PERSISTENCE {
            let before = slack.read(|world| world.ephemerals(&reporter).len());
            let typed = slack.with(|world, now| world.slash_command(now, &reporter, &channel, COMMAND, &url));
            story.tell(|| {
                let refused = typed.as_ref().err().map(|error| format!(": {error}")).unwrap_or_default();
                format!("{reporter}       types {COMMAND} {url} in {channel}{refused}")
            });
            timeline.sleep(dice.seconds(4, 8)).await;
            let said: Vec<String> = slack.read(|world| {
                let all = world.ephemerals(&reporter);
                all.into_iter().skip(before).map(|it| it.text.clone()).collect()
            });
            if said.iter().any(|text| is_recorded(text) && names(text, &url)) {
                return;
            }
            timeline.sleep(dice.seconds(10, 90)).await;
        }
    }

    /// Everybody looks at what is new.
    pub(crate) fn look(&self) {
        for called in self.new_messages() {
            match called.what {
                What::Root => self.at_a_root(&called),
                What::Page | What::Managers => {
                    // The managers' page names the reporter too.
                    let managers = called.what == What::Managers;
                    let is_asked =
                        |user: &&String| self.member(user).is_some_and(|it| it.manager == managers);
                    for user in called.called.iter().filter(is_asked) {
                        self.asked(user, &called);
                    }
                }
                What::Taken => self.at_a_taking(&called),
                What::FollowUp => self.at_a_follow_up(&called),
            }
        }
    }

    fn new_messages(&self) -> Vec<Called> {
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.slack.read(|world| {
            let mut found = Vec::new();
            for channel in world.channels() {
                let from = seen.get(&channel.id).copied().unwrap_or_default();
                if channel.messages.len() == from {
                    continue;
                }
                for message in channel.messages.iter().skip(from) {
                    found.extend(called(&channel.id, &channel.members, message));
                }
                seen.insert(channel.id.clone(), channel.messages.len());
            }
            found
        })
    }

    /// Somebody was called by name.
    fn asked(&self, user: &str, called: &Called) {
        let (Some(member), dice) = (self.member(user), &self.0.dice) else { return };
        let temper = &member.temper;
        let (least, most) = temper.looks;
        let after = dice.seconds(least, most);
        let (channel, ts) = (called.channel.clone(), called.ts.clone());
        if called.what == What::Page && dice.happens(temper.passes) {
            self.later(after, user, Deed::Press { channel, ts, action: PASS_ACTION });
        } else if dice.happens(temper.answers) {
            if dice.happens(temper.presses) {
                self.later(after, user, Deed::Press { channel, ts, action: TAKE_ACTION });
                return;
            }
            self.later(after, user, Deed::React { channel: channel.clone(), ts: ts.clone() });
            if dice.happens(temper.regrets) {
                let after = after + dice.seconds(1, 120);
                self.later(after, user, Deed::TakeBack { channel, ts });
            }
        }
    }

    /// Everybody sees that something is wrong.
    fn at_a_root(&self, called: &Called) {
        for member in &self.0.members {
            let dice = &self.0.dice;
            if !self.is_quiet() && dice.happens(member.temper.volunteers) {
                let after = dice.seconds(2, 600);
                let (channel, ts) = (called.channel.clone(), called.ts.clone());
                self.later(after, &member.id, Deed::React { channel, ts });
            }
        }
        let volunteers = self.0.members.iter().any(|member| member.temper.volunteers > 0.0);
        if !self.is_quiet() && volunteers && self.0.dice.happens(0.1) {
            // Only the reporter and the managers may; whoever presses it else is told so.
            let who = self.0.dice.one_of(&self.0.members).id.clone();
            let (channel, ts) = (called.channel.clone(), called.ts.clone());
            self.later(self.0.dice.seconds(5, 400), &who, Deed::Press { channel, ts, action: CANCEL_ACTION });
        }
    }

    fn at_a_taking(&self, called: &Called) {
        for user in &called.called {
            let Some(member) = self.member(user) else { continue };
            if !self.is_quiet() && self.0.dice.happens(member.temper.hands_over) {
                let after = self.0.dice.seconds(5, 900);
                let (channel, ts) = (called.channel.clone(), called.ts.clone());
                self.later(after, user, Deed::Press { channel, ts, action: HAND_OVER_ACTION });
            }
        }
    }

    fn at_a_follow_up(&self, called: &Called) {
        if let Some(user) = called.called.first() {
            let (channel, ts) = (called.channel.clone(), called.ts.clone());
            let after = self.0.dice.seconds(60, 3_600);
            self.later(after, user, Deed::Press { channel, ts, action: DONE_ACTION });
        }
    }

    fn later(&self, after: Duration, user: &str, deed: Deed) {
        let (crowd, user) = (self.clone(), user.to_owned());
        self.0.timeline.spawn(None, async move {
            crowd.0.timeline.sleep(after).await;
            crowd.act(&user, &deed);
        });
    }

    /// People do what they can: a button may be gone, and they may have left.
    fn act(&self, user: &str, deed: &Deed) {
        let done = self.0.slack.with(|world, now| match deed {
            Deed::React { channel, ts } => world.react(now, user, channel, ts, "eyes").is_ok(),
            Deed::TakeBack { channel, ts } => world.unreact(now, user, channel, ts, "eyes").is_ok(),
            Deed::Press { channel, ts, action } => world.click(now, user, channel, ts, action).is_ok(),
        });
        if done {
            self.0.story.tell(|| match deed {
                Deed::React { channel, ts } => format!("{user}       reacts with 👀 to {channel} {ts}"),
                Deed::TakeBack { channel, ts } => format!("{user}       takes the 👀 off {channel} {ts}"),
                Deed::Press { channel, ts, action } => {
                    format!("{user}       presses {action} at {channel} {ts}")
                }
            });
        }
    }
}

enum Deed {
    React { channel: String, ts: String },
    TakeBack { channel: String, ts: String },
    Press { channel: String, ts: String, action: &'static str },
}

/// Whether the reporter is told that the bot has it.
pub(crate) fn is_recorded(text: &str) -> bool {
    ["On it", "Recorded"].iter().any(|start| text.starts_with(start)) || text.contains("is open already")
}

/// Whether a text is about an incident's address, and not about one that begins with it.
pub(crate) fn names(text: &str, url: &str) -> bool {
    text.match_indices(url)
        .any(|(at, _)| !text[at + url.len()..].starts_with(|next: char| next.is_ascii_digit()))
}

/// The key by which the bot knows a message of its own.
pub(crate) fn key(message: &Message) -> Option<&str> {
    message.metadata.as_ref()?["event_payload"]["key"].as_str()
}

fn called(channel: &str, members: &[String], message: &Message) -> Option<Called> {
    let (_, name) = key(message)?.split_once("/send/")?;
    let what = match name.split('/').next()? {
        "root" => What::Root,
        "page" => What::Page,
        "managers" | "manager" => What::Managers,
        "taken" => What::Taken,
        "follow-up" => What::FollowUp,
        _ => return None,
    };
    let mut called: Vec<String> = message
        .mentions
        .iter()
        .filter_map(|mention| match mention {
            Mention::User(user) => Some(user.clone()),
            _ => None,
        })
        .collect();
    if name.starts_with("manager/") {
        called = members.iter().take(1).cloned().collect();
    }
    Some(Called { channel: channel.to_owned(), ts: message.ts.clone(), what, called })
}
