//! How a server is set up: the choices, and the `redis.conf` that they make.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{KEEPER, Plain};
use crate::port::Port;

/// Everything about a [`Plain`] that can be chosen. Not all of it makes sense together; Redis has the last word.
#[derive(Default)]
pub struct Builder {
    pub(super) tls: bool,
    pub(super) sentinel: bool,
    pub(super) program: Option<PathBuf>,
    forgetful: bool,
    password: Option<String>,
    users: Vec<(String, String, String)>,
    settings: Vec<(String, String)>,
    /// Ports that the settings name: ours as long as the server's own.
    ports: Vec<Port>,
}

impl Builder {
    /// A password that everybody needs (`requirepass`).
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// A user with a password and rights, such as `~* &* +@all`; whoever names no user is let in no longer, unless there
    /// is a [`password`](Self::password). The first user is the one of [`Plain::url`].
    pub fn user(mut self, name: &str, password: &str, rights: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned(), rights.to_owned()));
        self
    }

    /// Any line of `redis.conf`: its first word, and the rest as it stands there.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// TLS on its port, and only TLS, with a certificate made for it: see [`Plain::authority`].
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Another program than `redis-server`, such as [`valkey`](crate::valkey) finds.
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// The program that another runs.
    pub(crate) fn same_program(mut self, other: Self) -> Self {
        self.program = other.program;
        self
    }

    /// Nothing on disk.
    pub fn without_persistence(mut self) -> Self {
        self.forgetful = true;
        self
    }

    /// A Sentinel instead of a server.
    pub(crate) fn sentinel(mut self) -> Self {
        self.sentinel = true;
        self
    }

    /// A setting whose value is a port, kept for as long as the server.
    pub(crate) fn port(self, name: &str, port: Port) -> Self {
        let mut this = self.setting(name, &port.number().to_string());
        this.ports.push(port);
        this
    }

    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// When it cannot be started: the tail of its log.
    pub async fn start(self) -> Result<Plain> {
        Plain::build(self).await
    }

    /// As whom its clients come.
    pub(super) fn credentials(&self) -> (Option<&str>, Option<&str>) {
        match (self.users.first(), &self.password) {
            (Some((name, password, _)), _) => (Some(name), Some(password)),
            (None, Some(password)) => (None, Some(password)),
            (None, None) => (None, None),
        }
    }

    /// Whether somebody without a password is kept out.
    pub(super) fn is_guarded(&self) -> bool {
        self.password.is_some() || !self.users.is_empty()
    }

    /// The text of its `redis.conf`.
    pub(super) fn configuration(&self, plain: &Plain) -> String {
        let path = |path: &Path| quoted(&path.display().to_string());
        let mut lines = vec![
            "bind 127.0.0.1".to_owned(),
            format!("unixsocket {}", path(&plain.socket())),
            format!("dir {}", path(plain.folder())),
            "logfile \"\"".to_owned(),
        ];
        match &plain.certificate {
            None => lines.push(format!("port {}", plain.port())),
            Some(certificate) => lines.extend([
                "port 0".to_owned(),
                format!("tls-port {}", plain.port()),
                format!("tls-ca-cert-file {}", path(&certificate.authority)),
                format!("tls-cert-file {}", path(&certificate.certificate)),
                format!("tls-key-file {}", path(&certificate.key)),
                "tls-auth-clients no".to_owned(),
            ]),
        }
        if !self.sentinel {
            lines.push("save \"\"".to_owned());
            lines.push(format!("appendonly {}", if self.forgetful { "no" } else { "yes" }));
            lines.push("appendfsync always".to_owned());
        }
        lines.extend(self.guards());
        lines.extend(self.settings.iter().map(|(name, value)| format!("{name} {value}")));
        lines.push(String::new());
        lines.join("\n")
    }

    fn guards(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.is_guarded() {
            lines.push(format!("user {KEEPER} on nopass ~* &* +@all"));
        }
        match &self.password {
            Some(password) => lines.push(format!("requirepass {}", quoted(password))),
            None if !self.users.is_empty() => lines.push("user default off".to_owned()),
            None => {}
        }
        for (name, password, rights) in &self.users {
            lines.push(format!("user {name} on {} {rights}", quoted(&format!(">{password}"))));
        }
        lines
    }
}

/// A word as `redis.conf` has it, whatever is in it.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
