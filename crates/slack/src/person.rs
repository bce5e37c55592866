//! What Slack knows of a person: who they are, whether they are there, whether they may be disturbed.
//!
//! Invariant: a [`Person`] is built in one place, from the `user` object of users.info, users.list, user_change
//! and team_join alike. Whether somebody may be paged is not decided here.
//! Source: docs.slack.dev/reference/objects/user-object.

use jiff::Timestamp;
use pagerslack_core::availability::{Account, Profile, Status};
pub use pagerslack_core::availability::{DndWindow, Presence};
use pagerslack_core::ids::{TeamId, UserId};
use serde::Deserialize;

use crate::lenient::{Present, Word, or_default};

/// One person, bot or app, as Slack describes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id in this workspace.
    pub id: UserId,
    /// Their home workspace, where Slack said it.
    pub team: Option<TeamId>,
    /// The name Slack shows: display name, else real name, else handle, else the id.
    pub name: String,
    /// Their full name, or "".
    pub real_name: String,
    /// Their address, with the scope `users:read.email` only.
    pub email: Option<String>,
    /// A bot, a workflow, or Slackbot (of which Slack says `is_bot: false`).
    pub is_bot: bool,
    /// The account is deactivated. Slack may leave the field out, which means it is not.
    pub deactivated: bool,
    /// A guest of many channels or of one.
    pub guest: bool,
    /// The other workspaces of their Enterprise Grid organisation that they belong to.
    pub workspaces: Vec<TeamId>,
    /// Of another organisation, and in no channel that the bot could see.
    pub stranger: bool,
    /// Their IANA time zone.
    pub tz: Option<String>,
    /// Their status, or "".
    pub status_text: String,
    /// The status's emoji with its colons, or "".
    pub status_emoji: String,
    /// When the status ends by itself.
    pub status_expiration: Option<Timestamp>,
}

impl Person {
    /// What kind of account this is, seen from `team`, where the app is installed.
    ///
    /// Slack says `is_stranger` only of people in no channel that the bot can see. Whoever comes from another
    /// organisation through a shared channel is known by their home workspace alone.
    pub fn account(&self, team: &TeamId) -> Account {
        let of_ours = self.team.as_ref().is_none_or(|home| home == team) || self.workspaces.contains(team);
        if self.is_bot {
            Account::Bot
        } else if self.deactivated {
            Account::Deactivated
        } else if self.stranger || !of_ours {
            Account::Stranger
        } else if self.guest {
            Account::Guest
        } else {
            Account::Member
        }
    }

    /// What the rules go by, seen from `team`, where the app is installed.
    pub fn profile(&self, team: &TeamId) -> Profile {
        // The shown name may be the id, when Slack says no other.
        let mut names: Vec<String> = [&self.name, &self.real_name]
            .into_iter()
            .filter(|name| !name.is_empty() && name.as_str() != self.id.as_str())
            .cloned()
            .collect();
        names.dedup();
        let status = Status {
            emoji: self.status_emoji.clone(),
            text: self.status_text.clone(),
            until: self.status_expiration,
        };
        Profile {
            account: self.account(team),
            email: self.email.as_deref().map(str::to_lowercase),
            names,
            zone: self.tz.clone(),
            status: Some(status).filter(|status| !status.emoji.is_empty() || !status.text.is_empty()),
        }
    }
}

/// A `user` object.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct WirePerson<'a> {
    #[serde(borrow, default)]
    id: Word<'a>,
    #[serde(borrow, default)]
    team_id: Word<'a>,
    #[serde(borrow, default)]
    name: Word<'a>,
    #[serde(borrow, default)]
    real_name: Word<'a>,
    #[serde(borrow, default)]
    tz: Word<'a>,
    #[serde(default)]
    profile: Option<WireProfile<'a>>,
    #[serde(default, deserialize_with = "or_default")]
    deleted: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_bot: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_workflow_bot: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_connector_bot: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_restricted: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_ultra_restricted: bool,
    #[serde(default, deserialize_with = "or_default")]
    is_stranger: bool,
    #[serde(default)]
    enterprise_user: Option<WireEnterpriseUser<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct WireEnterpriseUser<'a> {
    #[serde(borrow, default)]
    teams: Vec<Word<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct WireProfile<'a> {
    #[serde(borrow, default)]
    display_name: Word<'a>,
    #[serde(borrow, default)]
    real_name: Word<'a>,
    #[serde(borrow, default)]
    email: Word<'a>,
    #[serde(borrow, default)]
    status_text: Word<'a>,
    #[serde(borrow, default)]
    status_emoji: Word<'a>,
    #[serde(default, deserialize_with = "or_default")]
    status_expiration: i64,
    #[serde(default)]
    bot_id: Present,
}

impl WirePerson<'_> {
    /// `None` when the object names nobody, as in Slack's own example of team_join.
    pub(crate) fn person(&self) -> Option<Person> {
        let id = self.id.get()?;
        let nobody = WireProfile::default();
        let profile = self.profile.as_ref().unwrap_or(&nobody);
        let real_name = self.real_name.get().or(profile.real_name.get()).unwrap_or_default();
        let name = profile.display_name.get().or(Some(real_name).filter(|name| !name.is_empty()));
        Some(Person {
            id: UserId::new(id),
            team: self.team_id.get().map(TeamId::new),
            name: name.or(self.name.get()).unwrap_or(id).to_owned(),
            real_name: real_name.to_owned(),
            email: profile.email.owned(),
            is_bot: self.is_bot
                || self.is_workflow_bot
                || self.is_connector_bot
                || profile.bot_id.0
                || id == "USLACKBOT",
            deactivated: self.deleted,
            guest: self.is_restricted || self.is_ultra_restricted,
            workspaces: self
                .enterprise_user
                .iter()
                .flat_map(|user| user.teams.iter().filter_map(|team| team.get()).map(TeamId::new))
                .collect(),
            stranger: self.is_stranger,
            tz: self.tz.owned(),
            status_text: profile.status_text.or_empty(),
            status_emoji: profile.status_emoji.or_empty(),
            status_expiration: Some(profile.status_expiration)
                .filter(|seconds| *seconds > 0)
                .and_then(|seconds| Timestamp::from_second(seconds).ok()),
        })
    }
}

/// The do-not-disturb fields of dnd.teamInfo and dnd_updated_user.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct WireDnd {
    #[serde(default, deserialize_with = "or_default")]
    dnd_enabled: Option<bool>,
    #[serde(default, deserialize_with = "or_default")]
    next_dnd_start_ts: Option<i64>,
    #[serde(default, deserialize_with = "or_default")]
    next_dnd_end_ts: Option<i64>,
}

impl WireDnd {
    /// `Some(None)`: no schedule and no pause. `None`: not readable, which is not the same (P6).
    ///
    /// `dnd_enabled` only says that a schedule exists; without one Slack sends `false, 1, 1`.
    pub(crate) fn window(self) -> Option<Option<DndWindow>> {
        if !self.dnd_enabled? {
            return Some(None);
        }
        let (start, end) = (self.next_dnd_start_ts?, self.next_dnd_end_ts?);
        if (start, end) == (1, 1) {
            return Some(None);
        }
        let window =
            DndWindow { start: Timestamp::from_second(start).ok()?, end: Timestamp::from_second(end).ok()? };
        Some(Some(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(json: &str) -> Option<Person> {
        serde_json::from_str::<WirePerson<'_>>(json).unwrap().person()
    }

    #[test]
    fn little_is_enough_and_nulls_are_nothing() {
        let ann =
            person(r#"{"id":"U1","profile":null,"tz":null,"deleted":null,"is_bot":"","name":""}"#).unwrap();
        assert_eq!((ann.name.as_str(), ann.tz, ann.deactivated, ann.is_bot), ("U1", None, false, false));
        assert_eq!(person("{}"), None);
        assert_eq!(person(r#"{"id":""}"#), None);
    }

    #[test]
    fn the_shown_name_is_the_display_name_first() {
        let name = |json| person(json).unwrap().name;
        assert_eq!(name(r#"{"id":"U1","name":"h","real_name":"R","profile":{"display_name":"D"}}"#), "D");
        assert_eq!(name(r#"{"id":"U1","name":"h","real_name":"R","profile":{"display_name":""}}"#), "R");
        assert_eq!(name(r#"{"id":"U1","name":"h","profile":{"real_name":"P"}}"#), "P");
        assert_eq!(name(r#"{"id":"U1","name":"h"}"#), "h");
    }

    #[test]
    fn people_of_a_shared_channel_are_known_by_their_home() {
        let ours = TeamId::new("T1");
        let account = |json| person(json).unwrap().account(&ours);
        assert_eq!(account(r#"{"id":"U1","team_id":"T1"}"#), Account::Member);
        assert_eq!(account(r#"{"id":"U1"}"#), Account::Member);
        assert_eq!(account(r#"{"id":"U1","team_id":"T2","is_stranger":false}"#), Account::Stranger);
        assert_eq!(
            account(r#"{"id":"U1","team_id":"T2","enterprise_user":{"teams":["T1","T2"]}}"#),
            Account::Member
        );
        assert_eq!(account(r#"{"id":"U1","team_id":"T1","is_restricted":true}"#), Account::Guest);
    }

    #[test]
    fn a_profile_has_what_the_rules_go_by() {
        let profile = |json| person(json).unwrap().profile(&TeamId::new("T1"));
        let ann = profile(
            r#"{"id":"U1","team_id":"T1","name":"ann","real_name":"Ann Ott","tz":"Europe/Berlin","profile":{"display_name":"Ann",
                "email":"Ann.Ott@Example.COM","status_text":"Lunch","status_emoji":":sandwich:","status_expiration":60}}"#,
        );
        let status = Status {
            emoji: ":sandwich:".into(),
            text: "Lunch".into(),
            until: Some(Timestamp::from_second(60).unwrap()),
        };
        let expected = Profile {
            account: Account::Member,
            email: Some("ann.ott@example.com".into()),
            names: vec!["Ann".into(), "Ann Ott".into()],
            zone: Some("Europe/Berlin".into()),
            status: Some(status),
        };
        assert_eq!(ann, expected);
        assert_eq!(profile(r#"{"id":"U1","real_name":"Ann Ott"}"#).names, ["Ann Ott"]);
        assert_eq!(profile(r#"{"id":"U1"}"#), Profile::bare(Account::Member));
        let emoji = profile(r#"{"id":"U1","profile":{"status_emoji":":palm_tree:"}}"#).status.unwrap();
        assert_eq!((emoji.emoji.as_str(), emoji.text.as_str(), emoji.until), (":palm_tree:", "", None));
    }

    #[test]
    fn bots_guests_and_strangers_are_told_apart() {
        assert!(person(r#"{"id":"USLACKBOT","is_bot":false}"#).unwrap().is_bot);
        assert!(person(r#"{"id":"U1","is_workflow_bot":true}"#).unwrap().is_bot);
        assert!(person(r#"{"id":"U1","is_ultra_restricted":true}"#).unwrap().guest);
        assert!(person(r#"{"id":"U1","is_stranger":true}"#).unwrap().stranger);
        assert!(person(r#"{"id":"U1","deleted":true}"#).unwrap().deactivated);
    }

    #[test]
    fn do_not_disturb_is_a_window_none_or_unreadable() {
        let window = |json: &str| serde_json::from_str::<WireDnd>(json).unwrap().window();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(window(r#"{"dnd_enabled":false,"next_dnd_start_ts":1,"next_dnd_end_ts":1}"#), Some(None));
        assert_eq!(window(r#"{"dnd_enabled":true,"next_dnd_start_ts":1,"next_dnd_end_ts":1}"#), Some(None));
        let night =
            window(r#"{"dnd_enabled":true,"next_dnd_start_ts":100,"next_dnd_end_ts":200}"#).unwrap().unwrap();
        assert_eq!([99, 100, 199, 200].map(|second| night.contains(at(second))), [false, true, true, false]);
        assert_eq!(window("{}"), None);
        assert_eq!(window(r#"{"dnd_enabled":true}"#), None);
    }
}
