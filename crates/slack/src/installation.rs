//! What is kept of an installation of the app, and when its token is to be replaced. Values alone: no store, no Slack.
//!
//! Invariant: an installation is found by what Slack says it belongs to. A workspace's own stands under the workspace; one
//! of a whole Enterprise Grid organisation under the organisation, beside those of its workspaces. Ids of workspaces are
//! unique over all of Slack, so a workspace that joins an organisation keeps its installation.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::ids::{TeamId, UserId};
use serde::{Deserialize, Serialize};

use crate::client::{BotGrant, Granted};
use crate::transport::Token;

/// A token is replaced so long before it ends. Slack's live twelve hours; what is left is time to wait for a Slack, or
/// a machine, that is out of order.
const AHEAD: SignedDuration = SignedDuration::from_hours(2);

/// A token that ends within this time is used no more: a call may be on its way, and clocks differ.
const OVER: SignedDuration = SignedDuration::from_mins(1);

/// Where the app is installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Home {
    /// In one workspace.
    Team(TeamId),
    /// In every workspace of an organisation (`E…`).
    Org(String),
}

/// How it is named where it is kept.
impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Team(team) => write!(f, "team/{team}"),
            Self::Org(enterprise) => write!(f, "org/{enterprise}"),
        }
    }
}

/// An installation of the app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Installation {
    /// The workspace, unless the whole organisation has installed it.
    pub team: Option<TeamId>,
    /// The name of the workspace or of the organisation, for people.
    pub name: String,
    /// The organisation, if there is one.
    pub enterprise: Option<String>,
    /// Whether the whole organisation has installed it.
    pub whole_org: bool,
    /// The app (`A…`).
    pub app_id: String,
    /// The bot.
    pub bot_user: Option<UserId>,
    /// What its token may do.
    pub scopes: Vec<String>,
    /// Who installed it.
    pub installer: Option<UserId>,
    /// When, by Slack's clock where Slack said it.
    pub installed_at: Timestamp,
    /// The bot's token.
    #[serde(with = "exposed")]
    pub token: Token,
    /// The end of the token, and what brings the next; `None` where tokens last.
    pub rotation: Option<Rotation>,
}

/// A token that ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rotation {
    /// When it was given.
    pub since: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// What brings the next one, once.
    #[serde(with = "exposed")]
    pub refresh: Token,
}

/// What a token calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// It is good, and the next one is to be asked for.
    Soon,
    /// It is over, or about to be: the next one comes before any call.
    Now,
}

impl Installation {
    /// What was granted at `now`; `None` where no bot came with it, or where Slack did not say for whom it is.
    pub fn of(granted: Granted, now: Timestamp) -> Option<Self> {
        let Granted { bot, app_id, team, team_name, enterprise, enterprise_name, whole_org, installer, date } =
            granted;
        let BotGrant { token, user, scopes, rotation } = bot?;
        let found = Self {
            name: if whole_org { enterprise_name } else { team_name },
            team: team.filter(|_| !whole_org),
            enterprise,
            whole_org,
            app_id,
            bot_user: user,
            scopes,
            installer,
            installed_at: date.unwrap_or(now),
            token,
            rotation: rotation.map(|(life, refresh)| Rotation::new(now, life, refresh)),
        };
        found.home().is_some().then_some(found)
    }

    /// Where it is installed.
    pub fn home(&self) -> Option<Home> {
        if self.whole_org {
            self.enterprise.clone().map(Home::Org)
        } else {
            self.team.clone().map(Home::Team)
        }
    }

    /// The same with the token that a refresh brought at `now`. `None` if it brought none.
    pub fn refreshed(&self, granted: Granted, now: Timestamp) -> Option<Self> {
        let BotGrant { token, user, scopes, rotation } = granted.bot?;
        Some(Self {
            token,
            bot_user: user.or_else(|| self.bot_user.clone()),
            scopes: if scopes.is_empty() { self.scopes.clone() } else { scopes },
            rotation: rotation.map(|(life, refresh)| Rotation::new(now, life, refresh)),
            ..self.clone()
        })
    }

    /// What the token calls for at `now`.
    pub fn due(&self, now: Timestamp) -> Due {
        let Some(rotation) = &self.rotation else { return Due::Nothing };
        let left = rotation.until.duration_since(now);
        // Of one that lives shorter than Slack's a quarter is left.
        let ahead = AHEAD.min(rotation.until.duration_since(rotation.since) / 4);
        match left {
            left if left <= OVER => Due::Now,
            left if left <= ahead => Due::Soon,
            _ => Due::Nothing,
        }
    }
}

impl Rotation {
    fn new(now: Timestamp, life: SignedDuration, refresh: Token) -> Self {
        Self { since: now, until: now.saturating_add(life).unwrap_or(now), refresh }
    }
}

/// Written before Slack is asked for a token, and taken away once the token is kept: who finds it knows that a refresh
/// token may be used up already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refreshing {
    /// Which process.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
    /// Nobody else tries before.
    pub until: Timestamp,
    /// How often it was tried.
    pub tries: u32,
}

impl Refreshing {
    /// Whether somebody who finds this has to leave it alone at `now`. `alone` says that no other process can be at
    /// work, so that a name that is not ours is a dead one's.
    pub fn holds(&self, now: Timestamp, me: &str, alone: bool) -> bool {
        // A clock that was put back makes nobody wait longer than was meant.
        let held = self.since <= now && now < self.until;
        held && (self.by == me || !alone)
    }

    /// How long to wait after so many tries that came to nothing: soon at first, since Slack takes the old refresh token
    /// for a short time only.
    pub fn pause(tries: u32) -> SignedDuration {
        SignedDuration::from_secs(2_i64.pow(tries.min(8)).min(120))
    }
}

/// Tokens as they are kept, which is always sealed.
mod exposed {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::transport::Token;

    pub(super) fn serialize<S: Serializer>(token: &Token, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(token.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Token, D::Error> {
        String::deserialize(deserializer).map(Token::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    fn granted(whole_org: bool, life: Option<i64>) -> Granted {
        let rotation = life.map(|hours| (SignedDuration::from_hours(hours), Token::new("xoxe-1-next")));
        Granted {
            bot: Some(BotGrant {
                token: Token::new("xoxb-hunter2"),
                user: Some("UBOT".into()),
                scopes: vec!["commands".into()],
                rotation,
            }),
            app_id: "A1".into(),
            team: (!whole_org).then(|| "T1".into()),
            team_name: if whole_org { String::new() } else { "Acme".into() },
            enterprise: whole_org.then(|| "E1".into()),
            enterprise_name: if whole_org { "Acme Group".into() } else { String::new() },
            whole_org,
            installer: Some("U1".into()),
            date: None,
        }
    }

    #[test]
    fn it_is_found_by_what_it_belongs_to() {
        let home =
            |granted| Installation::of(granted, at(0)).and_then(|it| it.home()).map(|it| it.to_string());
        assert_eq!(home(granted(false, None)).as_deref(), Some("team/T1"));
        assert_eq!(home(granted(true, None)).as_deref(), Some("org/E1"));
        let in_an_org = Granted { enterprise: Some("E1".into()), ..granted(false, None) };
        assert_eq!(home(in_an_org).as_deref(), Some("team/T1"), "one workspace of an organisation");
        assert_eq!(home(Granted { team: None, ..granted(false, None) }), None);
        assert_eq!(home(Granted { bot: None, ..granted(false, None) }), None, "somebody only signed in");
    }

    #[test]
    fn a_token_is_replaced_in_time_and_never_used_beyond_its_end() {
        let twelve_hours = Installation::of(granted(false, Some(12)), at(0)).unwrap();
        for (minute, due) in [
            (0, Due::Nothing),
            (10 * 60 - 1, Due::Nothing),
            (10 * 60, Due::Soon),
            (12 * 60 - 2, Due::Soon),
            (12 * 60 - 1, Due::Now),
            (99 * 60, Due::Now),
        ] {
            assert_eq!(twelve_hours.due(at(minute)), due, "minute {minute}");
        }
        let one_hour = Installation::of(granted(false, Some(1)), at(0)).unwrap();
        assert_eq!([one_hour.due(at(44)), one_hour.due(at(45))], [Due::Nothing, Due::Soon]);
        assert_eq!(Installation::of(granted(false, None), at(0)).unwrap().due(at(1_000_000)), Due::Nothing);
    }

    #[test]
    fn it_reads_back_as_it_was_written_and_prints_no_token() {
        let before = Installation::of(granted(false, Some(12)), at(0)).unwrap();
        let written = serde_json::to_vec(&before).unwrap();
        let after: Installation = serde_json::from_slice(&written).unwrap();
        assert_eq!(after.token.expose(), "xoxb-hunter2");
        assert_eq!(after.rotation.as_ref().map(|it| it.refresh.expose()), Some("xoxe-1-next"));
        assert_eq!(format!("{before:?}"), format!("{after:?}"));
        assert!(!format!("{after:?}").contains("hunter2") && !format!("{after:?}").contains("xoxe"));
    }

    #[test]
    fn a_refresh_keeps_what_it_does_not_bring() {
        let before = Installation::of(granted(false, Some(12)), at(0)).unwrap();
        let mut brought = granted(true, Some(12));
        brought.bot.as_mut().unwrap().token = Token::new("xoxb-next");
        brought.bot.as_mut().unwrap().scopes.clear();
        let after = before.refreshed(brought, at(600)).unwrap();
        assert_eq!(after.home(), before.home(), "it stays where it is");
        assert_eq!((after.token.expose(), after.scopes.len()), ("xoxb-next", 1));
        assert_eq!(after.due(at(600)), Due::Nothing);
    }

    #[test]
    fn one_refreshes_at_a_time_and_nobody_waits_for_the_dead() {
        let marker = Refreshing { by: "a".into(), since: at(0), until: at(1), tries: 1 };
        assert!(marker.holds(at(0), "b", false), "another replica is at it");
        assert!(marker.holds(at(0), "a", true), "another task of this process is at it");
        assert!(!marker.holds(at(0), "b", true), "it was a process that is gone");
        assert!(!marker.holds(at(1), "b", false), "it took too long");
        assert!(!marker.holds(at(-60), "b", false), "the clock was put back");
        let pauses: Vec<i64> = [0, 1, 2, 3, 6, 7, 40].map(|tries| Refreshing::pause(tries).as_secs()).into();
        assert_eq!(pauses, [1, 2, 4, 8, 64, 120, 120]);
    }
}
