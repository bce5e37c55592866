//! The web dashboard: where it is reached, by what people sign in, and who gets in.

use pagerslack_core::{TeamId, UserGroupId, UserId};
use pagerslack_slack::client::AppCredentials;
pub use pagerslack_slack::manifest::SIGN_IN_CALLBACK;
use pagerslack_sources::settings::is_loopback;
use url::Url;

use super::{CALLBACK, Environment, File};

/// What the dashboard begins with.
#[derive(Clone, Debug)]
pub struct DashboardConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// Where browsers reach it, where that is said.
    pub url: Option<Url>,
    /// By what Slack knows the app, where people are to sign in with Slack.
    pub app: Option<AppCredentials>,
}

impl DashboardConfig {
    /// What the file and the environment say together.
    pub(super) fn of(file: &File, environment: &Environment) -> Self {
        let app = environment.client_id.clone().zip(environment.client_secret.clone());
        Self {
            enabled: file.dashboard.enabled,
            url: file.dashboard.url.clone().or_else(|| beside_installing(environment)),
            app: app.map(|(client_id, client_secret)| AppCredentials { client_id, client_secret }),
        }
    }

    /// Whether browsers come from other machines.
    pub fn is_reached_from_outside(&self) -> bool {
        self.url.as_ref().is_some_and(|url| !is_loopback(url))
    }
}

/// The address before the one to which Slack sends those back who install the app.
fn beside_installing(environment: &Environment) -> Option<Url> {
    let base = environment.redirect_uri.as_deref()?.strip_suffix(CALLBACK)?;
    Url::parse(base).ok().filter(|url| url.scheme() == "https" || is_loopback(url))
}

/// Who gets in to the dashboard; everybody of an installed workspace where nobody is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestList {
    /// People by id, perhaps with the workspace before it.
    pub people: Vec<String>,
    /// A user group.
    pub group: Option<UserGroupId>,
}

impl GuestList {
    /// What the file says.
    pub(super) fn of(file: &File) -> Self {
        Self { people: file.dashboard.allow.clone(), group: file.dashboard.allow_group.clone() }
    }

    /// Whether every member of the workspace gets in.
    pub fn is_open(&self) -> bool {
        self.people.is_empty() && self.group.is_none()
    }

    /// Whether somebody is named. An id alone is of one workspace only: where there are `many`, theirs has to stand
    /// before it, for Slack promises nothing of ids across workspaces.
    pub fn names(&self, team: &TeamId, user: &UserId, many: bool) -> bool {
        self.people.iter().any(|named| match named.split_once('/') {
            Some((its, whom)) => its == team.as_str() && whom == user.as_str(),
            None => !many && named == user.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_in_the_workspace_it_is_of() {
        let list = GuestList { people: vec!["U1".to_owned(), "T2/U2".to_owned()], group: None };
        let check = |team: &str, user: &str, many| list.names(&team.into(), &user.into(), many);
        assert!(
            check("T1", "U1", false) && !check("T1", "U1", true),
            "with many workspaces it may be another's"
        );
        assert!(check("T2", "U2", true) && !check("T1", "U2", true));
        assert!(!check("T1", "U3", false));
        assert!(GuestList::default().is_open() && !list.is_open());
    }

    #[test]
    fn the_address_is_the_one_beside_installing() {
        let of = |uri: &str| {
            let environment = Environment { redirect_uri: Some(uri.to_owned()), ..Environment::default() };
            DashboardConfig::of(&File::default(), &environment).url.map(String::from)
        };
        assert_eq!(
            of("https://pager.example/slack/oauth/callback").as_deref(),
            Some("https://pager.example/")
        );
        assert_eq!(of("http://pager.example/slack/oauth/callback"), None);
        assert_eq!(of("https://pager.example/"), None);
    }
}
