//! The page that says what has come of installing: short, in words, with the one next step.

use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};
use pagerslack_slack::installation::Home;

use crate::installations::Installed;

/// What has happened.
pub(super) enum Outcome<'a> {
    /// It is installed.
    Installed(&'a Installed),
    /// Somebody pressed "Cancel" at Slack.
    Declined,
    /// Slack says no, with this word.
    Refused(&'a str),
    /// Slack does not answer.
    NoAnswer,
    /// Slack granted no bot.
    NoBot,
    /// It took too long, or the page was loaded again.
    Expired,
    /// It was begun in another browser.
    Forged,
    /// Too many at once.
    Busy,
    /// What was granted could not be kept.
    OurFault,
}

impl Outcome<'_> {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Installed(_) | Self::Declined => StatusCode::OK,
            Self::Refused(_) | Self::NoBot | Self::Expired => StatusCode::BAD_REQUEST,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::NoAnswer => StatusCode::BAD_GATEWAY,
            Self::OurFault => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A sign for who only glances; the heading says the same.
    fn sign(&self) -> &'static str {
        match self {
            Self::Installed(_) => "✓",
            Self::Declined => "–",
            _ => "!",
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Installed(_) => "good",
            Self::Declined => "plain",
            _ => "bad",
        }
    }

    fn heading(&self) -> &'static str {
        match self {
            Self::Installed(installed) if installed.again => "PagerSlack is installed again",
            Self::Installed(_) => "PagerSlack is installed",
            Self::Declined => "Nothing was installed",
            Self::Refused(_) | Self::NoBot => "Slack did not install it",
            Self::NoAnswer => "Slack does not answer",
            Self::Expired => "This page is too old",
            Self::Forged => "This was begun in another browser",
            Self::Busy => "Too many people at once",
            Self::OurFault => "It could not be saved",
        }
    }

    fn said(&self) -> Markup {
        match self {
            Self::Installed(installed) => said_of(installed),
            Self::Declined => html! { p { "You pressed “Cancel” at Slack, so everything is as it was." } },
            Self::Refused(code) => html! {
                p { "Slack said: " code { (code) } }
                p { (remedy(code)) }
            },
            Self::NoBot => html! {
                p { "Slack granted no bot token. The app's settings at Slack may lack its bot user or its scopes: make the \
                     app from " code { "pagerslack manifest" } ", or ask whoever keeps PagerSlack." }
            },
            Self::NoAnswer => html! {
                p { "So it is not known whether PagerSlack is installed. Installing it once more does no harm." }
            },
            Self::Expired => html! {
                p { "A page like this is good once, for ten minutes. If you just loaded it again, PagerSlack may be \
                     installed already: installing it once more does no harm." }
            },
            Self::Forged => html! {
                p { "Or this browser keeps no cookies. Nothing was installed. If you did not begin this yourself, \
                     somebody sent you this address: close the page." }
            },
            Self::Busy => html! { p { "Nothing was installed. Please try again in a minute." } },
            Self::OurFault => html! {
                p { "Something is wrong with PagerSlack itself, and its log says what. Nothing at Slack needs to be \
                     undone: install it once more when it is mended." }
            },
        }
    }

    /// Whether beginning anew may help.
    fn offers_again(&self) -> bool {
        !matches!(self, Self::Installed(_))
    }
}

fn said_of(installed: &Installed) -> Markup {
    let place = match (&installed.home, installed.name.as_str()) {
        (Home::Team(_), "") => "your workspace".to_owned(),
        (Home::Team(_), name) => format!("the workspace {name}"),
        (Home::Org(_), "") => "your organisation".to_owned(),
        (Home::Org(_), name) => format!("the organisation {name}"),
    };
    html! {
        p { "It works in " strong { (place) } " from now on." }
        @if matches!(installed.home, Home::Org(_)) {
            p { "An administrator of the organisation chooses the workspaces in which it may be used." }
        }
        p { "Next, in the engineers' channel in Slack:" }
        ol {
            li { "type " code { "/invite @pagerslack" } }
            li { "try " code { "/devoncall https://incident.example/1" } }
        }
        @if !installed.missing.is_empty() {
            p { "Slack granted less than PagerSlack asks for. It lacks:" }
            ul {
                @for (scope, why) in &installed.missing { li { code { (scope) } ", to " (why) } }
            }
            p { "Add them to the app at Slack, and install it once more." }
        } @else {
            p.hint { "You can close this page." }
        }
    }
}

/// What to do about an error of Slack's. Codes: docs.slack.dev/reference/methods/oauth.v2.access.
fn remedy(code: &str) -> &'static str {
    match code {
        "invalid_code" => "That code was used before, or took longer than ten minutes. Please begin again.",
        "bad_redirect_uri" => {
            "The address in SLACK_REDIRECT_URI is not among the redirect URLs of the app: whoever keeps PagerSlack has to \
             make them the same."
        }
        "invalid_client_id" | "bad_client_secret" => {
            "SLACK_CLIENT_ID and SLACK_API_SECRET are not those of the app: whoever keeps PagerSlack has to correct them."
        }
        "cannot_install_an_org_installed_app" => {
            "Your organisation has installed the app for all its workspaces: an administrator of the organisation adds \
             yours."
        }
        "user_email_unverified" => "Confirm your e-mail address at Slack, and begin again.",
        "no_scopes" | "invalid_scope" => {
            "The app's scopes at Slack are not those that PagerSlack asks for: whoever keeps it has to make the app anew \
             from `pagerslack manifest`."
        }
        _ => "Please begin again; if it stays so, show this word to whoever keeps PagerSlack.",
    }
}

/// The whole page.
pub(super) fn page(outcome: &Outcome<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (outcome.heading()) }
                link rel="stylesheet" href=(super::STYLE);
            }
            body {
                main class=(outcome.kind()) {
                    div.sign aria-hidden="true" { (outcome.sign()) }
                    h1 { (outcome.heading()) }
                    (outcome.said())
                    @if outcome.offers_again() {
                        p { a.again href="/slack/install" { "Install PagerSlack" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(home: Home, name: &str, again: bool) -> Installed {
        Installed { home, name: name.to_owned(), again, missing: Vec::new() }
    }

    /// The words alone, a paragraph or an item a line.
    fn words(outcome: &Outcome<'_>) -> String {
        let page = page(outcome).into_string();
        let body = page.split("<body>").nth(1).unwrap_or_default();
        let lines = body.replace("</p>", "\n").replace("</h1>", "\n").replace("</li>", "\n");
        let mut text = String::new();
        for part in lines.split('<') {
            text.push_str(part.split_once('>').map_or("", |(_, text)| text));
        }
        text
    }

    #[test]
    fn every_outcome_is_said_in_words() {
        let team = installed(Home::Team("T1".into()), "Acme & Sons", false);
        let org = installed(Home::Org("E1".into()), "Acme Group", true);
        let poor = Installed { missing: vec![("dnd:read", "leave people alone")], ..team.clone() };
        let mut all = String::new();
        for outcome in [
            Outcome::Installed(&team),
            Outcome::Installed(&org),
            Outcome::Installed(&poor),
            Outcome::Declined,
            Outcome::Refused("invalid_code"),
            Outcome::Refused("bad_redirect_uri"),
            Outcome::Refused("something_new"),
            Outcome::NoAnswer,
            Outcome::NoBot,
            Outcome::Expired,
            Outcome::Forged,
            Outcome::Busy,
            Outcome::OurFault,
        ] {
            all.push_str(&format!("── {} ──\n{}\n", outcome.status(), words(&outcome)));
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn a_workspaces_name_makes_no_markup() {
        let odd = installed(Home::Team("T1".into()), "<script src=//x>", false);
        let page = page(&Outcome::Installed(&odd)).into_string();
        assert!(!page.contains("<script") && page.contains("&lt;script src=//x&gt;"), "{page}");
    }
}
