//! People: who is in a channel or a group, who they are, whether they are there and may be disturbed.
//!
//! Invariant (P6): a fact that Slack did not give is missing from the answer or an error, never a "no".

use std::collections::BTreeMap;

use pagerslack_core::ids::{ChannelId, UserGroupId, UserId};
use serde::Deserialize;
use serde_json::json;

use super::answer::{Next, cursor};
use super::error::{CallError, Cause, Refusal, doubtful};
use super::{Arguments, Caller, Client, Pages, read};
use crate::lenient::{Word, or_default};
use crate::method::Method;
use crate::person::{DndWindow, Person, Presence, WireDnd, WirePerson};

/// The most people dnd.teamInfo takes at once.
pub const DND_BATCH: usize = 50;
/// Members a page: ids only, so Slack's maximum, for the hunt waits for the last page.
const MEMBERS_PAGE: usize = 1_000;
/// People a page: whole user objects of two kilobytes each.
const USERS_PAGE: usize = 200;

/// One page of a workspace's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsersPage {
    /// The people, bots and deactivated ones among them.
    pub people: Vec<Person>,
    /// What to ask for next; `None` at the end. Cursors expire.
    pub next: Option<String>,
}

impl Client {
    /// Everybody in a channel, members of other organisations and bots among them (conversations.members).
    ///
    /// # Errors
    ///
    /// All or nothing: a page that cannot be read fails the whole.
    pub async fn members(&self, caller: Caller<'_>, channel: &ChannelId) -> Result<Vec<UserId>, CallError> {
        let method = Method::ConversationsMembers;
        let common = [("channel", channel.to_string()), ("limit", MEMBERS_PAGE.to_string())];
        let mut pages = Pages::new(method, caller.now);
        let mut members = Vec::new();
        loop {
            let query = Arguments::Form(pages.query(&common));
            let response =
                self.call(caller, method, None, query).await.map_err(|error| pages.again(error))?;
            let page: Members<'_> = read(method, caller.now, &response)?;
            members.extend(page.members.iter().filter_map(|member| member.get()).map(UserId::new));
            if !pages.more(page.response_metadata)? {
                return Ok(members);
            }
        }
    }

    /// Who somebody is (users.info).
    ///
    /// # Errors
    ///
    /// `user_not_found`, or `user_not_visible` for some people of other organisations.
    pub async fn user_info(&self, caller: Caller<'_>, user: &UserId) -> Result<Person, CallError> {
        self.one_person(caller, Method::UsersInfo, ("user", user.to_string())).await
    }

    /// Who has an e-mail address (users.lookupByEmail; needs the scope `users:read.email`).
    ///
    /// # Errors
    ///
    /// `users_not_found` when nobody has.
    pub async fn lookup_by_email(&self, caller: Caller<'_>, email: &str) -> Result<Person, CallError> {
        self.one_person(caller, Method::UsersLookupByEmail, ("email", email.to_owned())).await
    }

    async fn one_person(
        &self,
        caller: Caller<'_>,
        method: Method,
        argument: (&'static str, String),
    ) -> Result<Person, CallError> {
        let response = self.call(caller, method, None, Arguments::Form(vec![argument])).await?;
        let answer: OneUser<'_> = read(method, caller.now, &response)?;
        answer.user.person().ok_or_else(|| unreadable(caller, method, "a user without an id"))
    }

    /// One page of everybody in the workspace (users.list). Begin without a cursor.
    ///
    /// # Errors
    ///
    /// `invalid_cursor` is refused when the cursor has expired: begin again.
    pub async fn users_list(&self, caller: Caller<'_>, from: Option<&str>) -> Result<UsersPage, CallError> {
        let method = Method::UsersList;
        let mut query = vec![("limit", USERS_PAGE.to_string()), ("team_id", caller.team.to_string())];
        query.extend(from.map(|cursor| ("cursor", cursor.to_owned())));
        let response = self.call(caller, method, None, Arguments::Form(query)).await?;
        let page: Users<'_> = read(method, caller.now, &response)?;
        let people = page.members.iter().filter_map(WirePerson::person).collect();
        Ok(UsersPage { people, next: cursor(page.response_metadata) })
    }

    /// Whether somebody is there (users.getPresence). Of a bot Slack always says "away".
    ///
    /// # Errors
    ///
    /// A presence that is neither `active` nor `away` is an error (P6).
    pub async fn presence(&self, caller: Caller<'_>, user: &UserId) -> Result<Presence, CallError> {
        let method = Method::UsersGetPresence;
        let response =
            self.call(caller, method, None, Arguments::Form(vec![("user", user.to_string())])).await?;
        let answer: PresenceAnswer<'_> = read(method, caller.now, &response)?;
        match answer.presence.get() {
            Some("active") => Ok(Presence::Active),
            Some("away") => Ok(Presence::Away),
            _ => Err(unreadable(caller, method, "neither active nor away")),
        }
    }

    /// The do-not-disturb windows of at most [`DND_BATCH`] people (dnd.teamInfo).
    ///
    /// Of whom Slack said nothing readable is not in the map. `None` means: no schedule and no pause.
    ///
    /// # Errors
    ///
    /// More people than that are refused without asking.
    pub async fn dnd(
        &self,
        caller: Caller<'_>,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, Option<DndWindow>>, CallError> {
        let method = Method::DndTeamInfo;
        if users.is_empty() {
            return Ok(BTreeMap::new());
        }
        if users.len() > DND_BATCH {
            return Err(CallError::Refused(Refusal::new(method, "too_many_users")));
        }
        let list = users.iter().map(UserId::as_str).collect::<Vec<_>>().join(",");
        let query = vec![("users", list), ("team_id", caller.team.to_string())];
        let response = self.call(caller, method, None, Arguments::Form(query)).await?;
        let answer: DndAnswer = read(method, caller.now, &response)?;
        let windows =
            answer.users.into_iter().filter_map(|(user, dnd)| Some((UserId::new(user), dnd.0.window()?)));
        Ok(windows.collect())
    }

    /// The members of a user group (usergroups.users.list).
    ///
    /// # Errors
    ///
    /// `no_such_subteam`; `plan_upgrade_required` where the workspace has no user groups.
    pub async fn user_group_members(
        &self,
        caller: Caller<'_>,
        group: &UserGroupId,
    ) -> Result<Vec<UserId>, CallError> {
        let method = Method::UsergroupsUsersList;
        let query = vec![("usergroup", group.to_string()), ("team_id", caller.team.to_string())];
        let response = self.call(caller, method, None, Arguments::Form(query)).await?;
        let answer: GroupAnswer<'_> = read(method, caller.now, &response)?;
        Ok(answer.users.iter().filter_map(|user| user.get()).map(UserId::new).collect())
    }

    /// Opens the conversation between the bot and one person or several (conversations.open). Asking again
    /// brings the same one.
    ///
    /// # Errors
    ///
    /// `user_disabled`, `user_not_found` or `user_not_visible`.
    pub async fn open_direct(&self, caller: Caller<'_>, users: &[UserId]) -> Result<ChannelId, CallError> {
        let method = Method::ConversationsOpen;
        let users = users.iter().map(UserId::as_str).collect::<Vec<_>>().join(",");
        let response = self.call(caller, method, None, Arguments::Json(json!({ "users": users }))).await?;
        let answer: Opened = read(method, caller.now, &response)?;
        Ok(ChannelId::new(answer.channel.id))
    }
}

fn unreadable(caller: Caller<'_>, method: Method, what: &str) -> CallError {
    doubtful(method.effect(), caller.now, Cause::Unreadable { method, what: what.to_owned() })
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    members: Vec<Word<'a>>,
    #[serde(borrow, default)]
    response_metadata: Option<Next<'a>>,
}

#[derive(Deserialize)]
struct OneUser<'a> {
    #[serde(borrow)]
    user: WirePerson<'a>,
}

#[derive(Deserialize)]
struct Users<'a> {
    #[serde(borrow)]
    members: Vec<WirePerson<'a>>,
    #[serde(borrow, default)]
    response_metadata: Option<Next<'a>>,
}

#[derive(Deserialize)]
struct PresenceAnswer<'a> {
    #[serde(borrow, default)]
    presence: Word<'a>,
}

#[derive(Deserialize)]
struct DndAnswer {
    users: BTreeMap<String, DndEntry>,
}

/// One unreadable entry leaves the others readable.
#[derive(Deserialize)]
struct DndEntry(#[serde(deserialize_with = "or_default")] WireDnd);

#[derive(Deserialize)]
struct GroupAnswer<'a> {
    #[serde(borrow)]
    users: Vec<Word<'a>>,
}

#[derive(Deserialize)]
struct Opened {
    channel: OpenedChannel,
}

#[derive(Deserialize)]
struct OpenedChannel {
    id: String,
}
