//! Who could be asked, and since when: the truth, as Slack has it, whatever the bot was told.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use slack_sim::{Presence, User, World};

/// Whether something holds of somebody, and for how long it has or has not.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    holds: bool,
    /// Since when it is as it is.
    since: Timestamp,
    /// When it last held; `None` if never.
    last: Option<Timestamp>,
    /// Whether it was ever otherwise.
    constant: bool,
}

impl Stretch {
    fn new(now: Timestamp, holds: bool) -> Self {
        Self { holds, since: now, last: holds.then_some(now), constant: true }
    }

    fn look(&mut self, now: Timestamp, holds: bool) {
        if self.holds || holds {
            self.last = Some(now);
        }
        if self.holds != holds {
            (self.holds, self.since, self.constant) = (holds, now, false);
        }
    }

    /// Whether it has held at some moment since.
    fn held_since(&self, moment: Timestamp) -> bool {
        self.holds || self.last.is_some_and(|last| last >= moment)
    }

    /// Whether it has held at every moment since.
    fn has_held_since(&self, moment: Timestamp) -> bool {
        self.holds && self.since <= moment
    }
}

struct Person {
    here: Stretch,
    undisturbed: Stretch,
    /// A full member of the workspace.
    full: Stretch,
    channels: BTreeMap<String, Stretch>,
}

/// Everybody.
#[derive(Default)]
pub(super) struct People(BTreeMap<String, Person>);

/// Why somebody should not have been asked.
pub(super) enum Unfit {
    Away,
    DoNotDisturb,
    NotInChannel,
    NotAMember,
}

impl People {
    pub(super) fn look(&mut self, now: Timestamp, world: &World) {
        for user in world.users().filter(|user| !user.is_bot) {
            let here = world.presence(&user.id) == Presence::Active;
            let undisturbed = !is_quiet(now, user);
            let full = !(user.deleted || user.is_restricted || user.is_ultra_restricted || user.is_stranger);
            if !self.0.contains_key(&user.id) {
                let person = Person {
                    here: Stretch::new(now, here),
                    undisturbed: Stretch::new(now, undisturbed),
                    full: Stretch::new(now, full),
                    channels: BTreeMap::new(),
                };
                self.0.insert(user.id.clone(), person);
            }
            let Some(person) = self.0.get_mut(&user.id) else { continue };
            person.here.look(now, here);
            person.undisturbed.look(now, undisturbed);
            person.full.look(now, full);
            for channel in world.channels() {
                let member = channel.members.contains(&user.id);
                match person.channels.get_mut(&channel.id) {
                    Some(stretch) => stretch.look(now, member),
                    None if member => {
                        person.channels.insert(channel.id.clone(), Stretch::new(now, true));
                    }
                    None => {}
                }
            }
        }
    }

    /// What speaks against asking somebody, by what was true at any moment at which it may have been looked up.
    pub(super) fn unfit(&self, now: Timestamp, user: &str, channel: &str) -> Option<Unfit> {
        let person = self.0.get(user)?;
        let before = |seconds: i64| now - SignedDuration::from_secs(seconds);
        // Presence is believed for half a minute, do-not-disturb for one, members for ten and accounts for sixty;
        // and looking everybody up takes a while.
        if !person.full.held_since(before(3_600 + 90)) {
            return Some(Unfit::NotAMember);
        }
        if !person.channels.get(channel).is_some_and(|member| member.held_since(before(600 + 90))) {
            return Some(Unfit::NotInChannel);
        }
        if !person.undisturbed.held_since(before(60 + 90)) {
            return Some(Unfit::DoNotDisturb);
        }
        if !person.here.held_since(before(30 + 90)) {
            return Some(Unfit::Away);
        }
        None
    }

    /// Whether somebody has been here and ready to be disturbed at every moment since.
    pub(super) fn available_since(&self, moment: Timestamp, user: &str) -> bool {
        self.0.get(user).is_some_and(|person| {
            person.here.has_held_since(moment)
                && person.undisturbed.has_held_since(moment)
                && person.full.has_held_since(moment)
        })
    }

    /// Whether somebody has been a full member in the channel from the start.
    pub(super) fn always_an_engineer_of(&self, user: &str, channel: &str) -> bool {
        self.0.get(user).is_some_and(|person| {
            let constant = |stretch: &Stretch| stretch.holds && stretch.constant;
            constant(&person.full) && person.channels.get(channel).is_some_and(constant)
        })
    }

    /// Those who have been full members in the channel from the start.
    pub(super) fn engineers(&self, channel: &str) -> impl Iterator<Item = &String> {
        self.0.keys().filter(|user| self.always_an_engineer_of(user, channel))
    }
}

/// Slack tells the window in whole seconds.
fn is_quiet(now: Timestamp, user: &User) -> bool {
    let second = SignedDuration::from_secs(1);
    user.dnd.window.is_some_and(|(from, until)| from <= now && now + second < until)
}
