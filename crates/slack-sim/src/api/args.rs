//! The arguments of a Web API call, from query, form or JSON.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Refusal;

/// Arguments by name; those of forms are strings.
#[derive(Debug)]
pub(crate) struct Args {
    token: Option<String>,
    values: Map<String, Value>,
}

impl Args {
    /// Reads a request. JSON bodies are for methods that declare them; others see no arguments, as on Slack.
    pub(crate) fn read(request: &Request<Bytes>, takes_json: bool) -> Result<Self, Refusal> {
        let mut values = pairs(request.uri().query().unwrap_or_default().as_bytes());
        let content_type = text_header(request, header::CONTENT_TYPE);
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let mut token = None;
        match kind {
            _ if request.body().is_empty() => {}
            "application/json" => {
                let Ok(Value::Object(body)) = serde_json::from_slice(request.body()) else {
                    return Err("invalid_json".into());
                };
                if takes_json {
                    // The token of a JSON call goes into the header only.
                    values.extend(body.into_iter().filter(|(name, _)| name != "token"));
                }
            }
            "application/x-www-form-urlencoded" => values.extend(pairs(request.body())),
            "" => return Err("missing_post_type".into()),
            _ => return Err("invalid_post_type".into()),
        }
        if let Some(bearer) = text_header(request, header::AUTHORIZATION).strip_prefix("Bearer ") {
            token = Some(bearer.to_owned());
        }
        if let Some(Value::String(argument)) = values.remove("token") {
            token.get_or_insert(argument);
        }
        values.retain(|_, value| !value.is_null());
        Ok(Self { token, values })
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) fn without_token(&self) -> BTreeMap<String, Value> {
        let secret =
            |name: &str| matches!(name, "client_secret" | "code" | "code_verifier" | "refresh_token");
        let shown = self.values.iter().filter(|(name, _)| !secret(name));
        shown.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// An argument as text, `""` when absent.
    pub(crate) fn text(&self, name: &str) -> String {
        match self.values.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    /// An argument as text, when present and not empty.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.text(name).as_str(), "true" | "1")
    }

    /// A page size: the default when absent, `None` when it is not a number between 1 and `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Option<usize> {
        match self.some("limit") {
            None => Some(default),
            Some(text) => text.parse().ok().filter(|limit| (1..=most).contains(limit)),
        }
    }

    /// A list separated by commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name);
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// An argument that is JSON itself, or JSON within a string.
    pub(crate) fn json(&self, name: &str) -> Option<Result<Value, ()>> {
        match self.values.get(name)? {
            Value::String(text) => Some(serde_json::from_str(text).map_err(|_| ())),
            value => Some(Ok(value.clone())),
        }
    }
}

fn pairs(encoded: &[u8]) -> Map<String, Value> {
    form_urlencoded::parse(encoded)
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect()
}

fn text_header(request: &Request<Bytes>, name: header::HeaderName) -> &str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
