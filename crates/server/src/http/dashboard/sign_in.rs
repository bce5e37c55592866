//! The pages on which people sign in, and out.
//!
//! Invariants: they show nothing but how to sign in. No secret stands on a page, in an address or in the log.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use pagerslack_store::Causes;
use secrecy::{ExposeSecret, SecretString};

use super::Dashboard;
use super::access::{Access, Gate, is_from_here};
use super::layout::Page;
use super::session::{NotKept, Who};
use super::way_back;
use super::with_slack::{NotAdmitted, NotSignedIn, WithSlack};
use crate::http::{body, cookie};
use crate::states::{LIFE, NotBegun, StateFault};

/// Where people sign in.
pub(super) const SIGN_IN: &str = "/sign-in";

/// What the browser keeps of us while somebody is at Slack.
const COOKIE: &str = "pagerslack-sign-in";

/// The longest of what comes back that is read.
const LONGEST: usize = 2_000;

/// The page.
pub(super) async fn show(State(dashboard): State<Arc<Dashboard>>) -> Response {
    match &dashboard.access {
        Access::Open => Redirect::to("/").into_response(),
        Access::Guarded(gate) => page(gate, StatusCode::OK, None),
    }
}

/// Sends somebody to Slack.
pub(super) async fn begin(State(dashboard): State<Arc<Dashboard>>, headers: HeaderMap) -> Response {
    let Some((gate, slack)) = with_slack(&dashboard) else { return Redirect::to(SIGN_IN).into_response() };
    let now = dashboard.engine().clock().now();
    match slack.begin(now, cookie::read(&headers, COOKIE, gate.secure)).await {
        Ok((to, kept)) => {
            let set = cookie::set(COOKIE, &kept, LIFE.as_secs(), gate.secure);
            with_cookie(Redirect::to(&to), &set)
        }
        Err(NotBegun::Busy) => page(
            gate,
            StatusCode::TOO_MANY_REQUESTS,
            Some("Too many people sign in at once. Please try again in a minute."),
        ),
        Err(error) => out_of_order(gate, &error),
    }
}

/// Takes back whoever comes from Slack.
pub(super) async fn finish(
    State(dashboard): State<Arc<Dashboard>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some((gate, slack)) = with_slack(&dashboard) else { return Redirect::to(SIGN_IN).into_response() };
    let (mut state, mut code) = (String::new(), None);
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "state" if value.len() <= LONGEST => state = value.into_owned(),
            "code" if value.len() <= LONGEST => code = Some(SecretString::from(value.into_owned())),
            _ => {}
        }
    }
    let kept = cookie::read(&headers, COOKIE, gate.secure);
    match slack.finish(&dashboard, &state, kept, code.as_ref()).await {
        Ok(Some(who)) => {
            let name = if who.name.is_empty() { who.user.to_string() } else { who.name };
            tracing::info!(team = %who.team, by = %who.user, "somebody signed in to the dashboard");
            let who = Who::Member { team: who.team, user: who.user };
            let_in(gate, &headers, dashboard.engine().clock().now(), who, name).await
        }
        Ok(None) => {
            page(gate, StatusCode::OK, Some("You pressed “Cancel” at Slack, so nobody is signed in."))
        }
        Err(error) => not_signed_in(gate, &error),
    }
}

/// Takes the admin token for a session.
pub(super) async fn with_token(State(dashboard): State<Arc<Dashboard>>, request: Request) -> Response {
    let Access::Guarded(gate) = &dashboard.access else { return Redirect::to("/").into_response() };
    let Some(token) = &gate.token else { return Redirect::to(SIGN_IN).into_response() };
    let (head, body) = request.into_parts();
    if !is_from_here(&head.headers) {
        return (StatusCode::FORBIDDEN, "this was not sent by a page of this dashboard\n").into_response();
    }
    let body = match body::read(&head.headers, body).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    let shown = url::form_urlencoded::parse(&body).find(|(name, _)| name == "token");
    let shown = SecretString::from(shown.map(|(_, value)| value.trim().to_owned()).unwrap_or_default());
    if !token.is(shown.expose_secret().as_bytes()) {
        dashboard.engine().metrics().admin_requests_refused.count();
        return page(gate, StatusCode::UNAUTHORIZED, Some("That is not the admin token."));
    }
    tracing::info!("somebody signed in to the dashboard with the admin token");
    let who = Who::Admin { token: token.fingerprint() };
    let_in(gate, &head.headers, dashboard.engine().clock().now(), who, "Administrator".to_owned()).await
}

/// Ends a session.
pub(super) async fn out(State(dashboard): State<Arc<Dashboard>>, headers: HeaderMap) -> Response {
    let Access::Guarded(gate) = &dashboard.access else { return Redirect::to("/").into_response() };
    if !is_from_here(&headers) {
        return (StatusCode::FORBIDDEN, "this was not sent by a page of this dashboard\n").into_response();
    }
    match gate.sessions.of(dashboard.engine().clock().now(), &headers).await {
        Ok(Some(held)) => gate.sessions.end(&held).await,
        Ok(None) => {}
        Err(error) => return out_of_order(gate, &error),
    }
    with_cookie(Redirect::to(SIGN_IN), &gate.sessions.nobody())
}

fn with_slack(dashboard: &Dashboard) -> Option<(&Gate, &WithSlack)> {
    match &dashboard.access {
        Access::Guarded(gate) => Some((gate, gate.slack.as_ref()?)),
        Access::Open => None,
    }
}

/// Begins a session, and leads to the page that was asked for before.
async fn let_in(gate: &Gate, headers: &HeaderMap, now: Timestamp, who: Who, name: String) -> Response {
    match gate.sessions.begin(now, who, name).await {
        Ok(cookie) => {
            let way_back = way_back::of(headers, gate.secure);
            let mut response = with_cookie(Redirect::to(way_back.as_deref().unwrap_or("/")), &cookie);
            if way_back.is_some()
                && let Ok(forget) = HeaderValue::try_from(way_back::forget(gate.secure))
            {
                response.headers_mut().append(header::SET_COOKIE, forget);
            }
            response
        }
        Err(error @ (NotKept::Store(_) | NotKept::NoRandomness(_) | NotKept::Form(_))) => {
            out_of_order(gate, &error)
        }
    }
}

fn with_cookie(response: impl IntoResponse, cookie: &str) -> Response {
    let mut response = response.into_response();
    match HeaderValue::try_from(cookie) {
        Ok(cookie) => drop(response.headers_mut().insert(header::SET_COOKIE, cookie)),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
    response
}

fn not_signed_in(gate: &Gate, error: &NotSignedIn) -> Response {
    let (status, said) = match error {
        NotSignedIn::State(StateFault::Store(error)) => return out_of_order(gate, error),
        NotSignedIn::State(StateFault::Unknown) => {
            (StatusCode::BAD_REQUEST, "This page is too old. Please sign in again.")
        }
        NotSignedIn::State(StateFault::OtherBrowser) => (
            StatusCode::FORBIDDEN,
            "This was begun in another browser, or this one keeps no cookies. If you did not begin it yourself, \
             somebody sent you this address.",
        ),
        NotSignedIn::Slack(error) => {
            tracing::warn!(error = %Causes(error), "nobody was signed in to the dashboard");
            match error.refusal() {
                Some(_) => (
                    StatusCode::BAD_REQUEST,
                    "Slack did not confirm it; the log says why. Please sign in again.",
                ),
                None => (StatusCode::BAD_GATEWAY, "Slack does not answer. Please try again in a minute."),
            }
        }
        NotSignedIn::Forged => {
            tracing::warn!("what Slack said of a sign-in to the dashboard was about something else");
            (StatusCode::FORBIDDEN, "Slack did not confirm it. Please sign in again.")
        }
        NotSignedIn::NotAdmitted(NotAdmitted::CannotTell) => (
            StatusCode::BAD_GATEWAY,
            "Slack does not say whether you may come in. Please try again in a minute.",
        ),
        // Which of them it is is nobody's business who is not let in.
        NotSignedIn::NotAdmitted(why) => {
            tracing::info!(error = %Causes(why), "somebody was not let in to the dashboard");
            (
                StatusCode::FORBIDDEN,
                "This account may not see the dashboard. Whoever keeps PagerSlack can let you in.",
            )
        }
    };
    page(gate, status, Some(said))
}

fn out_of_order(gate: &Gate, error: &dyn std::error::Error) -> Response {
    tracing::error!(error = %error, "nobody can sign in to the dashboard just now");
    page(
        gate,
        StatusCode::SERVICE_UNAVAILABLE,
        Some("Something is wrong with PagerSlack itself, and its log says what. Please try again later."),
    )
}

fn page(gate: &Gate, status: StatusCode, said: Option<&str>) -> Response {
    let content = html! {
        div.door {
            h1 { "Sign in" }
            @if let Some(said) = said { p.told role="alert" { (said) } }
            @if gate.slack.is_some() {
                p { a.button href="/sign-in/slack" { "Sign in with Slack" } }
                p.hint { "For members of the workspace. PagerSlack learns who you are, and nothing else." }
            }
            @if gate.token.is_some() { (token_form(gate.slack.is_some())) }
        }
    };
    (status, Page::for_nobody("Sign in").render(&content)).into_response()
}

/// Folded away where there is a better way in.
fn token_form(folded: bool) -> Markup {
    let form = html! {
        form method="post" action="/sign-in/token" {
            label for="token" { "Admin token" }
            input id="token" name="token" type="password" required autocomplete="current-password" spellcheck="false";
            button type="submit" { "Sign in" }
        }
    };
    html! {
        @if folded { details { summary { "With the admin token" } (form) } } @else { (form) }
    }
}
