//! How a call can end other than well: not done, refused, or unknown.
//!
//! Invariant (P2): "not done" is said only when the call certainly had no effect or repeating it does no harm;
//! whatever may have happened and must not happen twice is "unknown". Which of Slack's error codes mean what
//! stands in one place, [`judge`].

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::lenient::Word;
use crate::method::{Effect, Method};
use crate::transport::{Response, TransportError};

/// Why a call brought nothing. The token is never in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It did not happen, or may safely be asked again.
    #[error("Slack was not asked, or did not answer; to be asked again at {retry_at}")]
    NotDone {
        /// Not before this moment.
        retry_at: Timestamp,
        /// What stood in the way.
        #[source]
        why: Cause,
    },
    /// Slack said no, and asking again would not help.
    #[error("Slack refused")]
    Refused(#[source] Refusal),
    /// It may have happened. Find out before doing it again.
    #[error("it is not known whether Slack did it")]
    Unknown {
        /// Why it is not known.
        #[source]
        why: Cause,
    },
}

impl CallError {
    /// When to ask again, if that makes sense.
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::NotDone { retry_at, .. } => Some(*retry_at),
            Self::Refused(_) | Self::Unknown { .. } => None,
        }
    }

    /// When the rate limit ends that alone stood in the way. By then Slack may be expected to answer, as it has
    /// been answering; nothing of the kind can be said of a failure.
    pub fn limited_until(&self) -> Option<Timestamp> {
        match self {
            Self::NotDone { retry_at, why: Cause::Budget(_) | Cause::RateLimited(_) } => Some(*retry_at),
            _ => None,
        }
    }

    /// Whether Slack understood the question and spoke about its subject. A missing permission or a wrong token
    /// says nothing of that, nor will the next one.
    pub(crate) fn is_answer(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            !matches!(refusal.kind(), RefusalKind::MissingScope | RefusalKind::TokenInvalid)
        })
    }

    /// Whether its permit held it back, so that nothing was asked: somebody else may do it by now.
    pub fn is_withheld(&self) -> bool {
        matches!(self, Self::NotDone { why: Cause::Transport(TransportError::Withheld), .. })
    }

    /// Slack's no, if it was one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::NotDone { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// What stood in the way of a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Our own rate budget for it is used up, or Slack has closed it with an earlier 429.
    #[error("no rate budget left for {0}")]
    Budget(Method),
    /// Slack answered 429.
    #[error("Slack limits the rate of {0}")]
    RateLimited(String),
    /// It may not be asked yet, and asking has brought no answer of late.
    #[error("{0} has brought no answer lately and may not be asked yet")]
    Unanswered(Method),
    /// The workspace's token cannot be had just now.
    #[error("there is no token for it yet: {0}")]
    NoToken(&'static str),
    /// The exchange failed below HTTP.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Slack is in trouble, and says so with this error code.
    #[error("{method} answered `{code}`")]
    Trouble {
        /// The method.
        method: String,
        /// Slack's error code.
        code: String,
    },
    /// An HTTP status other than 200, without Slack's JSON.
    #[error("{method} answered with HTTP status {status}")]
    Status {
        /// The method.
        method: String,
        /// The status.
        status: u16,
    },
    /// An answer that cannot be understood.
    #[error("{method} answered something unreadable: {what}")]
    Unreadable {
        /// The method.
        method: Method,
        /// What is wrong with it.
        what: String,
    },
}

/// Slack's no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{method} answered `{code}`{}", scopes(.needed, .provided))]
pub struct Refusal {
    /// What was asked.
    pub method: String,
    /// Slack's error code, such as `not_in_channel`.
    pub code: String,
    /// With `missing_scope`: the scope that is missing.
    pub needed: Option<String>,
    /// With `missing_scope`: the scopes that the token has, separated by commas.
    pub provided: Option<String>,
}

/// What a refusal means for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The bot is not a member of the channel.
    NotInChannel,
    /// The channel does not exist, or the bot may not know of it.
    ChannelGone,
    /// The channel is archived.
    Archived,
    /// The token is missing, wrong, revoked or expired.
    TokenInvalid,
    /// The app lacks a scope: see [`Refusal::needed`].
    MissingScope,
    /// The text or the blocks are too long.
    MessageTooLong,
    /// The message or thread does not exist (any more).
    MessageGone,
    /// The person does not exist, is deactivated, or cannot be seen from here.
    UserGone,
    /// Anything else.
    Other,
}

impl Refusal {
    /// What the code means for us. Codes: the method pages of docs.slack.dev/reference/methods.
    pub fn kind(&self) -> RefusalKind {
        match self.code.as_str() {
            "not_in_channel" => RefusalKind::NotInChannel,
            "channel_not_found" => RefusalKind::ChannelGone,
            "is_archived" | "is_inactive" => RefusalKind::Archived,
            "invalid_auth"
            | "not_authed"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "not_allowed_token_type"
            | "user_removed_from_team"
            | "team_disabled"
            | "team_access_not_granted" => RefusalKind::TokenInvalid,
            "missing_scope" => RefusalKind::MissingScope,
            "msg_too_long" | "msg_blocks_too_long" => RefusalKind::MessageTooLong,
            "message_not_found" | "thread_not_found" => RefusalKind::MessageGone,
            "user_not_found" | "users_not_found" | "user_not_visible" | "user_disabled" => {
                RefusalKind::UserGone
            }
            _ => RefusalKind::Other,
        }
    }

    pub(crate) fn new(method: impl ToString, code: &str) -> Self {
        Self { method: method.to_string(), code: code.to_owned(), needed: None, provided: None }
    }
}

fn scopes(needed: &Option<String>, provided: &Option<String>) -> String {
    match (needed, provided) {
        (Some(needed), Some(provided)) => format!(" (needed: {needed}; provided: {provided})"),
        (Some(needed), None) => format!(" (needed: {needed})"),
        (None, _) => String::new(),
    }
}

/// How long after a failure without a `Retry-After` the same may be asked again.
const SOON: SignedDuration = SignedDuration::from_secs(2);
/// The same when nothing will change within seconds: a proxy's refusal, an account being moved.
const LATER: SignedDuration = SignedDuration::from_secs(10);

pub(crate) fn not_done(now: Timestamp, wait: SignedDuration, why: Cause) -> CallError {
    CallError::NotDone { retry_at: now.checked_add(wait).unwrap_or(now), why }
}

/// It did not happen, and is worth another try within seconds.
pub(crate) fn soon(now: Timestamp, why: Cause) -> CallError {
    not_done(now, SOON, why)
}

/// Something went wrong after the request may have been sent.
pub(crate) fn doubtful(effect: Effect, now: Timestamp, why: Cause) -> CallError {
    match effect {
        Effect::Repeatable => not_done(now, SOON, why),
        Effect::Once => CallError::Unknown { why },
    }
}

pub(crate) fn not_sent_or_doubtful(effect: Effect, now: Timestamp, error: TransportError) -> CallError {
    match error {
        TransportError::NotSent(_) => not_done(now, SOON, error.into()),
        TransportError::Withheld => not_done(now, SignedDuration::ZERO, error.into()),
        TransportError::Unknown(_) => doubtful(effect, now, error.into()),
    }
}

/// What every answer says before anything else.
#[derive(Deserialize)]
struct Verdict<'a> {
    #[serde(default)]
    ok: Option<bool>,
    #[serde(borrow, default)]
    error: Word<'a>,
    #[serde(borrow, default)]
    needed: Word<'a>,
    #[serde(borrow, default)]
    provided: Word<'a>,
}

/// How an HTTP exchange with the Web API ended.
pub(crate) enum Judgement {
    /// `ok: true`.
    Done,
    /// 429, or one of the two error codes that say the same.
    RateLimited,
    /// Anything else.
    Failed(CallError),
}

/// Judges an answer of the Web API.
///
/// Nearly every failure is HTTP 200 with `ok: false`; of the statuses only 429 has a meaning of its own.
/// `internal_error` and `fatal_error` may have happened: their descriptions say so.
pub(crate) fn judge(method: Method, now: Timestamp, response: &Response) -> Judgement {
    let effect = method.effect();
    if response.status == 429 {
        return Judgement::RateLimited;
    }
    let status = Cause::Status { method: method.to_string(), status: response.status };
    let verdict: Verdict<'_> = match (serde_json::from_slice(&response.body), response.status) {
        (Ok(verdict), _) => verdict,
        (Err(error), 200..=299) => {
            let why = Cause::Unreadable { method, what: error.to_string() };
            return Judgement::Failed(doubtful(effect, now, why));
        }
        // Whoever answered 3xx or 4xx without Slack's JSON stands in front of Slack and let nothing through.
        (Err(_), 300..=499) => return Judgement::Failed(not_done(now, LATER, status)),
        (Err(_), _) => return Judgement::Failed(doubtful(effect, now, status)),
    };
    match (verdict.ok, verdict.error.get()) {
        (Some(true), _) if (200..300).contains(&response.status) => Judgement::Done,
        (Some(false), Some(code)) => judge_code(method, now, code, &verdict),
        _ if response.status >= 300 => Judgement::Failed(doubtful(effect, now, status)),
        _ => {
            let why = Cause::Unreadable { method, what: "neither ok nor an error".to_owned() };
            Judgement::Failed(doubtful(effect, now, why))
        }
    }
}

fn judge_code(method: Method, now: Timestamp, code: &str, verdict: &Verdict<'_>) -> Judgement {
    let trouble = || Cause::Trouble { method: method.to_string(), code: code.to_owned() };
    Judgement::Failed(match code {
        "ratelimited" | "rate_limited" => return Judgement::RateLimited,
        // `request_timeout`: the body came cut short, so nothing was done. `fetch_members_failed`: a read.
        "service_unavailable" | "request_timeout" | "fetch_members_failed" => not_done(now, SOON, trouble()),
        "team_added_to_org" | "org_login_required" => not_done(now, LATER, trouble()),
        "internal_error" | "fatal_error" | "update_failed" => doubtful(method.effect(), now, trouble()),
        _ => CallError::Refused(Refusal {
            method: method.to_string(),
            code: code.to_owned(),
            needed: verdict.needed.owned(),
            provided: verdict.provided.owned(),
        }),
    })
}
