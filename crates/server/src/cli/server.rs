//! A running server, spoken to by whoever has its admin token.
//!
//! Invariant (P8): the token goes over HTTPS or to this machine, follows no redirect, and stands on no command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Args;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, redirect};
use url::Url;

use crate::config::{AdminToken, Environment, server_address};

/// How long the server may take to begin its answer, and then for each piece of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server, and by what right.
#[derive(Args)]
pub(super) struct Server {
    /// The server's address, such as https://pager.example.com (http:// only on this machine)
    #[arg(long, value_name = "ADDRESS", value_parser = server_address)]
    server: Url,
    /// The file that holds the admin token [default: PAGERSLACK_ADMIN_TOKEN, PAGERSLACK_ADMIN_TOKEN_FILE]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// The same, where the command can do without a server.
#[derive(Args)]
pub(super) struct MaybeServer {
    /// At a running server instead of the store here: its address, such as https://pager.example.com
    #[arg(long, value_name = "ADDRESS", value_parser = server_address)]
    server: Option<Url>,
    /// The file that holds the admin token [default: PAGERSLACK_ADMIN_TOKEN, PAGERSLACK_ADMIN_TOKEN_FILE]
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
}

impl MaybeServer {
    /// The server, if one is named.
    pub(super) fn named(self) -> Option<Server> {
        let token_file = self.token_file;
        self.server.map(|server| Server { server, token_file })
    }
}

impl Server {
    /// A server at an address, for a command that can do without one.
    pub(super) fn at(server: Url, token_file: Option<PathBuf>) -> Self {
        Self { server, token_file }
    }

    /// Asks for something; any answer but success is an error that says what the server said.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
        environment: &Environment,
    ) -> Result<Response> {
        let request = self.request(Method::GET, path, environment)?.query(query);
        self.send(request).await
    }

    /// Gives the server a file, or takes it back, and gives what it says to that.
    pub(super) async fn change(
        &self,
        path: &str,
        content: Option<Bytes>,
        environment: &Environment,
    ) -> Result<String> {
        let method = if content.is_some() { Method::PUT } else { Method::DELETE };
        self.order(method, path, content, environment).await
    }

    /// Asks for anything, and gives what the server says.
    pub(super) async fn order(
        &self,
        method: Method,
        path: &str,
        content: Option<Bytes>,
        environment: &Environment,
    ) -> Result<String> {
        let request = self.request(method, path, environment)?;
        let request = content.into_iter().fold(request, RequestBuilder::body);
        let answer = self.send(request).await?;
        answer.text().await.map_err(reqwest::Error::without_url).context("the server's answer broke off")
    }

    fn request(&self, method: Method, path: &str, environment: &Environment) -> Result<RequestBuilder> {
        let token = AdminToken::read(self.token_file.as_deref(), environment)?.context(
            "the admin token is missing: set PAGERSLACK_ADMIN_TOKEN, or name the file that holds it with --token-file",
        )?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .context("the admin token holds characters that no header may hold")?;
        bearer.set_sensitive(true);
        let client = reqwest::Client::builder()
            .user_agent(concat!("PagerSlack/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .build()
            .context("no TLS")?;
        let url = self.server.join(&format!("api/v1/{path}")).context("the address of the server")?;
        Ok(client.request(method, url).header(AUTHORIZATION, bearer))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let server = &self.server;
        let answer = request
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .with_context(|| format!("{server} cannot be reached"))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let said = answer.text().await.unwrap_or_default();
        match said.trim() {
            "" if status.as_u16() == 401 => bail!("{server} does not accept the admin token"),
            "" => bail!("{server} answers {status}"),
            said => bail!("{said}"),
        }
    }
}
