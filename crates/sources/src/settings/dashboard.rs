//! `[dashboard]`: whether there is one, where it is reached, and who gets in.

use pagerslack_core::UserGroupId;
use url::{Host, Url};

use super::table::Table;
use super::value;

/// What the file says of the web dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct DashboardKeys {
    /// Whether there is one.
    pub enabled: bool,
    /// Where browsers reach it.
    pub url: Option<Url>,
    /// Who gets in, by id and perhaps with the workspace before it; everybody of the workspace where nobody is named.
    pub allow: Vec<String>,
    /// A user group whose members get in.
    pub allow_group: Option<UserGroupId>,
}

impl Default for DashboardKeys {
    fn default() -> Self {
        Self { enabled: true, url: None, allow: Vec::new(), allow_group: None }
    }
}

impl DashboardKeys {
    pub(super) fn read(&mut self, table: &Table<'_>) {
        table.take("enabled", &mut self.enabled, value::flag);
        table.take("url", &mut self.url, value::optional(value::base_url));
        table.take_list("allow", &mut self.allow, value::person);
        table.take("allow_group", &mut self.allow_group, value::optional(value::group));
    }
}

/// Whether an address is of the machine itself.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
