//! People and places as pages name them, from memory: a page never waits for Slack.

use jiff::Timestamp;
use maud::{Markup, html};
use pagerslack_core::incident::ManagersWhom;
use pagerslack_core::{Candidate, ChannelId, MessageRef, TeamId, UserId, Verdict};
use pagerslack_slack::words::reason_where_they_are;

use crate::engine::Engine;

/// Names in one workspace.
pub(super) struct Names<'a> {
    engine: &'a Engine,
    team: &'a TeamId,
}

impl<'a> Names<'a> {
    /// The names of a workspace's people.
    pub(super) fn new(engine: &'a Engine, team: &'a TeamId) -> Self {
        Self { engine, team }
    }

    /// What somebody is called, or their id where that was never read.
    pub(super) fn of(&self, user: &UserId) -> String {
        let person = self.engine.directory().person_of_any_age(self.team, user);
        person.map_or_else(|| user.to_string(), |person| person.name.clone())
    }

    /// What a channel is called, or its id where that was never read.
    pub(super) fn channel(&self, channel: &ChannelId) -> String {
        let name = self.engine.directory().channel_name(self.team, channel);
        name.map_or_else(|| format!("Channel {channel}"), |name| format!("#{name}"))
    }

    /// Several people in one breath.
    pub(super) fn all<'u>(&self, users: impl IntoIterator<Item = &'u UserId>) -> String {
        listed(&users.into_iter().map(|user| self.of(user)).collect::<Vec<_>>())
    }

    /// Whom a managers' page addresses.
    pub(super) fn managers(&self, whom: &ManagersWhom) -> String {
        match (whom.users.is_empty(), &whom.group) {
            (true, None) => "nobody, as none are set".to_owned(),
            (true, Some(_)) => "their user group".to_owned(),
            (false, _) => self.all(&whom.users),
        }
    }

    /// Why somebody was or is not asked, with instants as they are where that person is.
    pub(super) fn reason(&self, user: &UserId, verdict: &Verdict, now: Timestamp) -> String {
        let person = self.engine.directory().person_of_any_age(self.team, user);
        reason_where_they_are(verdict, now, person.as_ref().and_then(|person| person.tz.as_deref()))
    }

    /// People with the reasons for which they were passed over.
    pub(super) fn reasons(&self, candidates: &[&Candidate], at: Timestamp) -> Markup {
        html! {
            ul.reasons {
                @for candidate in candidates {
                    li {
                        b { (self.of(&candidate.user)) } " "
                        (self.reason(&candidate.user, &candidate.verdict, at))
                    }
                }
            }
        }
    }
}

/// `ana`, `ana and bo`, `ana, bo and caro`.
fn listed(names: &[String]) -> String {
    match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A channel in Slack's own page.
pub(super) fn channel_link(team: &TeamId, channel: &ChannelId) -> String {
    format!("https://app.slack.com/client/{team}/{channel}")
}

/// A thread in Slack's own page.
pub(super) fn thread_link(team: &TeamId, root: &MessageRef) -> String {
    format!("{}/thread/{}-{}", channel_link(team, &root.channel), root.channel, root.ts.as_str())
}

/// Where an incident is shown.
pub(super) fn incident_path(team: &TeamId, incident: &pagerslack_core::IncidentId) -> String {
    format!("/incidents/{team}/{incident}")
}

/// A link to an incident's own address, where it is one of the web.
pub(super) fn address(url: &str, said: &str) -> Markup {
    let web = url.starts_with("https://") || url.starts_with("http://");
    html! {
        @if web { a.address href=(url) rel="noopener noreferrer" { (said) } } @else { span.address { (url) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_people_are_said_in_one_breath() {
        let say = |names: &[&str]| listed(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(say(&[]), "nobody");
        assert_eq!(say(&["ana"]), "ana");
        assert_eq!(say(&["ana", "bo", "caro"]), "ana, bo and caro");
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        assert!(
            address("https://a.example/?x=1&y", "it")
                .into_string()
                .contains("href=\"https://a.example/?x=1&amp;y\"")
        );
        assert!(!address("javascript:alert(1)", "it").into_string().contains("href"));
    }
}
