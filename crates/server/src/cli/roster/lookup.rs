//! Finding the Slack ids of people who are known by their address.
//!
//! Whom Slack does not know stays in the roster by address: nobody is lost because Slack was silent (P6). Calls are
//! background calls, so that a running bot keeps the share of Slack's limits that paging needs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use indicatif::ProgressBar;
use jiff::Timestamp;
use pagerslack_core::availability::Account;
use pagerslack_core::{TeamId, UserId};
use pagerslack_slack::client::{CallError, Caller, Cause, Client, RefusalKind};
use pagerslack_slack::person::Person;

/// Up to so many people are asked for one by one, which Slack allows 30 times a minute; for more all people of
/// the workspace are read, 200 at a time.
const ONE_BY_ONE: usize = 30;
/// How often a call may fail in a row, our own waiting for the rate limit aside.
const MOST_FAILURES: usize = 5;

/// What Slack knew.
#[derive(Default)]
pub(super) struct Found {
    /// By address in lower case.
    pub(super) users: BTreeMap<String, UserId>,
    pub(super) warnings: Vec<String>,
}

/// Looks these addresses up, in a workspace or in that of the one token there is.
pub(super) async fn look_up(
    client: &Client,
    team: Option<TeamId>,
    emails: &BTreeSet<String>,
    bar: &ProgressBar,
) -> Found {
    let mut found = Found::default();
    if let Err(error) = try_look_up(client, team, emails, bar, &mut found).await {
        let others = emails.len() - found.users.len();
        found.warnings.push(format!("Slack did not say who has {others} of the addresses: {error}"));
    }
    found
}

async fn try_look_up(
    client: &Client,
    team: Option<TeamId>,
    emails: &BTreeSet<String>,
    bar: &ProgressBar,
    found: &mut Found,
) -> Result<(), String> {
    let team = match team {
        Some(team) => team,
        None => {
            let nobody = TeamId::new("");
            patiently(|now| client.auth_test(Caller::background(now, &nobody))).await?.team
        }
    };
    if emails.len() > ONE_BY_ONE {
        return read_everybody(client, &team, emails, bar, found).await;
    }
    for email in emails {
        let ask = |now| client.lookup_by_email(Caller::background(now, &team), email);
        match patiently_or_refused(ask).await? {
            Ok(person) => found.take(&team, email, &person),
            Err(error) if is_user_gone(&error) => found.unknown(email),
            Err(error) => return Err(explained(&error)),
        }
        bar.inc(1);
    }
    Ok(())
}

async fn read_everybody(
    client: &Client,
    team: &TeamId,
    emails: &BTreeSet<String>,
    bar: &ProgressBar,
    found: &mut Found,
) -> Result<(), String> {
    let (mut cursor, mut any_address) = (None::<String>, false);
    loop {
        let ask = |now| client.users_list(Caller::background(now, team), cursor.as_deref());
        let page = patiently(ask).await?;
        for person in page.people.iter().filter(|person| !person.deactivated) {
            let Some(email) = person.email.as_deref().map(str::to_lowercase) else { continue };
            any_address = true;
            if emails.contains(&email) && !found.users.contains_key(&email) {
                found.take(team, &email, person);
                bar.inc(1);
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    if !any_address {
        return Err(NO_ADDRESSES.to_owned());
    }
    let unknown: Vec<_> = emails.iter().filter(|email| !found.users.contains_key(*email)).cloned().collect();
    unknown.iter().for_each(|email| found.unknown(email));
    Ok(())
}

const NO_ADDRESSES: &str = "it shows the bot no e-mail addresses (add the scope users:read.email on the app's page \
                            \"OAuth & Permissions\" and install the app again)";

impl Found {
    fn take(&mut self, team: &TeamId, email: &str, person: &Person) {
        let what = match person.account(team) {
            Account::Member => None,
            Account::Bot => Some("a bot"),
            Account::Guest => Some("a guest"),
            Account::Stranger => Some("of another organisation"),
            Account::Deactivated => Some("deactivated"),
        };
        if let Some(what) = what {
            self.warnings.push(format!("{email} is {what} in Slack, and will not be asked"));
        }
        self.users.insert(email.to_owned(), person.id.clone());
    }

    fn unknown(&mut self, email: &str) {
        self.warnings.push(format!("Slack knows nobody with the address {email}"));
    }
}

/// Asks until Slack answers, waiting as long as it says.
async fn patiently<T, F>(ask: impl Fn(Timestamp) -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, CallError>>,
{
    patiently_or_refused(ask).await?.map_err(|error| explained(&error))
}

/// The same; a refusal is an answer too.
async fn patiently_or_refused<T, F>(ask: impl Fn(Timestamp) -> F) -> Result<Result<T, CallError>, String>
where
    F: Future<Output = Result<T, CallError>>,
{
    let mut failures = 0;
    loop {
        let now = Timestamp::now();
        let error = match ask(now).await {
            Err(error @ CallError::NotDone { .. }) => error,
            answered => return Ok(answered),
        };
        failures += usize::from(!matches!(error, CallError::NotDone { why: Cause::Budget(_), .. }));
        if failures == MOST_FAILURES {
            return Err(explained(&error));
        }
        let wait = error.retry_at().map_or(0, |at| at.as_millisecond() - now.as_millisecond());
        tokio::time::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
    }
}

fn is_user_gone(error: &CallError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.kind() == RefusalKind::UserGone)
}

/// What is wrong and what to do about it.
fn explained(error: &CallError) -> String {
    match error.refusal().map(|refusal| (refusal.kind(), refusal)) {
        Some((RefusalKind::TokenInvalid, _)) => {
            "it does not accept the bot's token (`pagerslack doctor` says more)".to_owned()
        }
        Some((RefusalKind::MissingScope, refusal)) => match refusal.needed.as_deref() {
            Some("users:read.email") | None => NO_ADDRESSES.to_owned(),
            Some(scope) => format!("the bot lacks the scope {scope}"),
        },
        Some((_, refusal)) => refusal.to_string(),
        None => std::iter::successors(std::error::Error::source(error), |cause| cause.source())
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string),
    }
}
