//! The Web API: from an HTTP request to an answer.
//!
//! ```text
//! request ─► fault before? ─► arguments ─► token ─► rate limit ─► scope ─► method ─► fault after? ─► answer
//! ```

mod apps;
mod args;
mod chat;
mod conversations;
mod methods;
mod oauth;
mod openid;
mod people;
mod reactions;
mod views;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::args::Args;
pub(crate) use self::chat::LONGEST_TEXT;
pub use self::methods::COMMON_ERRORS;
use self::methods::{Auth, Spec};
pub use self::oauth::Consent;
pub(crate) use self::oauth::Granted;
pub use self::openid::SignInRequest;
use crate::faults::FaultKind;
use crate::model::{Call, Outcome};
use crate::world::World;

/// What becomes of a request.
#[derive(Debug)]
pub enum Answer {
    /// An HTTP response.
    Respond(Response<Bytes>),
    /// The connection stays open and nothing ever comes.
    Hang,
    /// The connection closes without an answer.
    Close,
}

impl Answer {
    /// The response, if there is one.
    #[must_use]
    pub fn response(self) -> Option<Response<Bytes>> {
        match self {
            Self::Respond(response) => Some(response),
            Self::Hang | Self::Close => None,
        }
    }
}

/// `ok: false`, with fields beside the error's name.
#[derive(Debug)]
pub(crate) struct Refusal {
    error: String,
    extra: Vec<(&'static str, Value)>,
    /// HTTP 429 with `Retry-After`.
    retry_after: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(error: &str) -> Self {
        Self { error: error.to_owned(), extra: Vec::new(), retry_after: None }
    }

    pub(crate) fn with(mut self, field: &'static str, value: Value) -> Self {
        self.extra.push((field, value));
        self
    }

    pub(crate) fn rate_limited(seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..Self::new("ratelimited") }
    }
}

impl From<&str> for Refusal {
    fn from(error: &str) -> Self {
        Self::new(error)
    }
}

/// The fields of a successful answer, without `ok`.
pub(crate) type Reply = Result<Value, Refusal>;

impl World {
    /// Serves everything under `/api/{method}` and `/response/{token}`.
    pub fn http(&mut self, now: Timestamp, request: Request<Bytes>) -> Answer {
        self.tick(now);
        let path = request.uri().path().to_owned();
        if let Some(token) = path.strip_prefix("/response/") {
            return self.serve_response_url(now, token, request.body());
        }
        let Some(method) = path.strip_prefix("/api/") else {
            return plain(StatusCode::NOT_FOUND, "not found");
        };
        let spec = methods::spec(method);
        let args = Args::read(&request, spec.is_some_and(|spec| spec.json));
        let logged = args.as_ref().map(Args::without_token).unwrap_or_default();
        let (answer, outcome) = self.serve(now, method, spec, args);
        self.calls.push(Call { at: now, method: method.to_owned(), args: logged, outcome });
        answer
    }

    fn serve(&mut self, now: Timestamp, method: &str, spec: Option<Spec>, args: Parsed) -> (Answer, Outcome) {
        let fault = self.faults.for_call(method);
        if let Some(harmed) = fault.as_ref().and_then(|fault| self.without_effect(now, method, fault)) {
            return harmed;
        }
        let reply = self.call(now, method, spec, args);
        fault.and_then(after_effect).unwrap_or_else(|| self.answer(spec, reply))
    }

    /// A fault that keeps the call from having an effect.
    fn without_effect(
        &mut self,
        now: Timestamp,
        method: &str,
        fault: &FaultKind,
    ) -> Option<(Answer, Outcome)> {
        Some(match fault {
            FaultKind::RateLimited { retry_after } => {
                self.limits.block(now, method, retry_after.unwrap_or(1));
                let (answer, outcome) =
                    self.answer(None, Err(Refusal::rate_limited(retry_after.unwrap_or(1))));
                let answer = if retry_after.is_some() { answer } else { without_retry_after(answer) };
                (answer, outcome)
            }
            FaultKind::Http404 => (plain(StatusCode::NOT_FOUND, "Not Found"), Outcome::Broken(404)),
            FaultKind::Http500 => broken(),
            FaultKind::Garbage => {
                (plain(StatusCode::OK, "<!DOCTYPE html><title>Slack</title>"), Outcome::Garbled)
            }
            FaultKind::Error(error) => self.answer(None, Err(Refusal::new(error))),
            FaultKind::HangBefore => (Answer::Hang, Outcome::Hung),
            FaultKind::CloseBefore => (Answer::Close, Outcome::Closed),
            _ => return None,
        })
    }

    fn call(&mut self, now: Timestamp, method: &str, spec: Option<Spec>, args: Parsed) -> Reply {
        let args = args?;
        let spec = spec.ok_or_else(|| Refusal::new("unknown_method").with("req_method", method.into()))?;
        self.check_token(now, spec, &args)?;
        self.limits.admit(now, method, spec.tier).map_err(Refusal::rate_limited)?;
        self.check_scope(spec)?;
        self.check_team(method, &args)?;
        methods::dispatch(self, now, method, &args)
    }

    fn check_token(&self, now: Timestamp, spec: Spec, args: &Args) -> Result<(), Refusal> {
        if spec.auth == Auth::Client {
            return Ok(());
        }
        let Some(token) = args.token() else {
            return Err("not_authed".into());
        };
        let bot = self.bot_token_works(now, token);
        let app = (token == self.app.app_token).then_some(if self.app.tokens_valid {
            Ok(())
        } else {
            Err("token_revoked")
        });
        let (expected, other) = if spec.auth == Auth::Bot { (bot, app) } else { (app, bot) };
        match (expected, other) {
            (Some(works), _) => works.map_err(Refusal::from),
            (None, Some(_)) => Err("not_allowed_token_type".into()),
            (None, None) => Err("invalid_auth".into()),
        }
    }

    /// Any one of the method's scopes opens the door; which of them a channel needs is checked there.
    fn check_scope(&self, spec: Spec) -> Result<(), Refusal> {
        let granted = spec.scopes.iter().any(|scope| self.app.scopes.contains(*scope));
        if spec.scopes.is_empty() || granted {
            Ok(())
        } else {
            Err(self.missing_scope(&spec.scopes.join(",")))
        }
    }

    pub(crate) fn missing_scope(&self, needed: &str) -> Refusal {
        Refusal::new("missing_scope").with("needed", needed.into()).with("provided", self.scopes().into())
    }

    fn scopes(&self) -> String {
        self.app.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    }

    fn answer(&self, spec: Option<Spec>, reply: Reply) -> (Answer, Outcome) {
        let mut response = Response::builder()
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header("x-oauth-scopes", self.scopes());
        if let Some(spec) = spec.filter(|spec| !spec.scopes.is_empty()) {
            response = response.header("x-accepted-oauth-scopes", spec.scopes.join(","));
        }
        let (body, outcome) = match reply {
            Ok(fields) => {
                let mut body = json!({"ok": true});
                merge(&mut body, fields);
                (body, Outcome::Answered)
            }
            Err(Refusal { error, extra, retry_after }) => {
                let mut body = json!({"ok": false, "error": error});
                for (field, value) in extra {
                    body[field] = value;
                }
                if let Some(seconds) = retry_after {
                    response =
                        response.status(StatusCode::TOO_MANY_REQUESTS).header(header::RETRY_AFTER, seconds);
                }
                (body, if retry_after.is_some() { Outcome::RateLimited } else { Outcome::Refused(error) })
            }
        };
        match response.body(Bytes::from(body.to_string())) {
            Ok(response) => (Answer::Respond(response), outcome),
            Err(_) => broken(),
        }
    }

    fn serve_response_url(&mut self, now: Timestamp, token: &str, body: &Bytes) -> Answer {
        const NAME: &str = "response_url";
        let logged = serde_json::from_slice::<BTreeMap<String, Value>>(body).unwrap_or_default();
        let fault = self.faults.for_call(NAME);
        let harmed = fault.as_ref().and_then(|fault| self.without_effect(now, NAME, fault));
        let (answer, outcome) = harmed.unwrap_or_else(|| {
            let (status, body) = self.respond(now, token, body);
            let outcome = match body["error"].as_str() {
                Some(error) => Outcome::Refused(error.to_owned()),
                None => Outcome::Answered,
            };
            fault.and_then(after_effect).unwrap_or_else(|| (json_answer(status, &body), outcome))
        });
        self.calls.push(Call { at: now, method: NAME.to_owned(), args: logged, outcome });
        answer
    }
}

/// Arguments, or why there are none.
type Parsed = Result<Args, Refusal>;

/// A fault that harms only the answer.
fn after_effect(fault: FaultKind) -> Option<(Answer, Outcome)> {
    Some(match fault {
        FaultKind::Http500AfterEffect => broken(),
        FaultKind::ErrorAfterEffect(error) => {
            let body = json!({"ok": false, "error": error});
            (json_answer(StatusCode::OK, &body), Outcome::Refused(error))
        }
        FaultKind::HangAfter => (Answer::Hang, Outcome::Hung),
        FaultKind::CloseAfter => (Answer::Close, Outcome::Closed),
        _ => return None,
    })
}

/// As proxies on the way answer, or Slack itself on its worst days.
fn without_retry_after(answer: Answer) -> Answer {
    match answer {
        Answer::Respond(mut response) => {
            response.headers_mut().remove(header::RETRY_AFTER);
            Answer::Respond(response)
        }
        other => other,
    }
}

fn broken() -> (Answer, Outcome) {
    (plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"), Outcome::Broken(500))
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    Answer::Respond(response)
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Answer::Respond(response)
}

fn merge(into: &mut Value, fields: Value) {
    if let (Value::Object(into), Value::Object(fields)) = (into, fields) {
        into.extend(fields);
    }
}
