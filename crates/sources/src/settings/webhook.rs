//! `[[webhook]]`: who outside is told what happens in incidents.

use std::collections::BTreeMap;

use pagerslack_core::ChannelId;
use pagerslack_core::incident::PUBLIC_NAMES;

use super::HeartbeatUrl;
use super::table::Table;
use super::value;

/// The longest name.
const LONGEST: usize = 30;

/// How many there may be. Each may have a few requests under way, and pages need room beside them.
const MOST: usize = 8;

/// One address outside.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookKeys {
    /// By which it is known; its secret stands in `PAGERSLACK_WEBHOOK_` and the name.
    pub name: String,
    /// Where it is. It may hold a token, and is kept like a heartbeat's.
    pub url: HeartbeatUrl,
    /// Of which events it is told; of all, if it names none.
    pub events: Vec<&'static str>,
    /// Of which channels; of all, if it names none.
    pub channels: Vec<ChannelId>,
    /// Whether it is told what the reporter wrote.
    pub note: bool,
}

impl WebhookKeys {
    /// The variable in which its secret stands: `status-page` has `PAGERSLACK_WEBHOOK_STATUS_PAGE`.
    pub fn variable(&self) -> String {
        format!("PAGERSLACK_WEBHOOK_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

/// Reads every `[[webhook]]`.
pub(super) fn read(root: &Table<'_>) -> Vec<WebhookKeys> {
    let (mut found, mut lines) = (Vec::new(), BTreeMap::new());
    root.each("webhook", |table| {
        let (mut name, mut url, mut note) = (None, None, false);
        let (mut events, mut channels) = (Vec::new(), Vec::new());
        let name_line = table.take("name", &mut name, |it| value::of_webhook(it, LONGEST).map(Some));
        let url_line = table.take("url", &mut url, |it| value::heartbeat_url(it).map(Some));
        table
            .take_list("events", &mut events, |it| value::one_of(it, &PUBLIC_NAMES.map(|name| (name, name))));
        table.take_list("channels", &mut channels, value::channel);
        table.take("note", &mut note, value::flag);
        if table.is_there() && (name_line.is_none() || url_line.is_none()) {
            table.fault(
                table.line(),
                "a [[webhook]] needs its name and its url: name = \"…\", url = \"https://…\"",
            );
        }
        let (Some(name), Some(url)) = (name, url) else { return };
        if let Some(first) = lines.insert(name.clone(), table.line()) {
            table.fault(table.line(), format!("a [[webhook]] is called {name} on line {first} already"));
        }
        if found.len() == MOST {
            table.fault(table.line(), format!("there may be {MOST} of [[webhook]]"));
        }
        found.push(WebhookKeys { name, url, events, channels, note });
    });
    found
}

#[cfg(test)]
mod tests {
    use crate::settings::File;

    #[test]
    fn what_is_wrong_is_said_by_line() {
        let told = |text: &str| File::parse(text).unwrap_err().to_string();
        assert_eq!(
            told(
                "[[webhook]]\nname = \"Status Page\"\nurl = \"ftp://x/s3cret\"\nevents = [\"incident.pagd\"]\nchannels = [\"x\"]"
            ),
            "line 2: webhook.name must be a name of 1 to 30 small letters, digits and dashes, not \"Status Page\"\n\
             line 3: webhook.url must be an address that begins with https:// or http://\n\
             line 4: webhook.events: each must be \"incident.paged\", not \"incident.pagd\"\n\
             line 5: webhook.channels: each must be a channel's id such as \"C012AB3CD\" (at the end of the channel's details), not \"x\""
        );
        assert!(told("[[webhook]]\nname = \"a\"").contains("a [[webhook]] needs its name and its url"));
        let two = "[[webhook]]\nname = \"a\"\nurl = \"https://a.example\"\n".repeat(2);
        assert_eq!(told(&two), "line 4: a [[webhook]] is called a on line 1 already");
        let keys = &File::parse("[[webhook]]\nname = \"status-page\"\nurl = \"https://a.example\"")
            .unwrap()
            .webhooks[0];
        assert_eq!(keys.variable(), "PAGERSLACK_WEBHOOK_STATUS_PAGE");
    }
}
