//! What kind of job a name is of, for whoever counts jobs: told by the name alone, from a closed list.

use super::JobKey;

impl JobKey {
    /// Every kind that there is, what wakes somebody first.
    pub const KINDS: [&'static str; 16] = [
        "page",
        "message",
        "hunt",
        "deadline",
        "ack",
        "wish",
        "read_back",
        "report_form",
        "follow_up",
        "answer",
        "nudge",
        "alert",
        "webhook",
        "home",
        "stand",
        "other",
    ];

    /// Its kind, one of [`Self::KINDS`].
    pub fn kind(&self) -> &'static str {
        let mut parts = self.as_str().split('/').skip(1);
        match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
            ("send", "page" | "managers" | "manager") => "page",
            ("send" | "update", _) => "message",
            ("hunt", _) => "hunt",
            ("deadline", _) => "deadline",
            ("consider-ack", _) => "ack",
            ("wish", _) => "wish",
            ("read-back", _) => "read_back",
            ("report-form", _) => "report_form",
            ("follow-up", _) => "follow_up",
            ("answer", _) => "answer",
            ("nudge" | "nudge-sweep", _) => "nudge",
            ("alert", _) => "alert",
            ("webhook", _) => "webhook",
            ("home", _) => "home",
            ("stand", _) => "stand",
            _ => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as [`JobKey::of`] makes them; that every job has a kind is in the suite of the stores.
    #[test]
    fn a_name_tells_the_kind() {
        for (name, kind) in [
            ("4aq5/hunt", "hunt"),
            ("4aq5/send/page/1", "page"),
            ("4aq5/send/managers/2", "page"),
            ("4aq5/send/manager/1/U1", "page"),
            ("4aq5/send/root", "message"),
            ("4aq5/update/page/1", "message"),
            ("4aq5/deadline/managers/1", "deadline"),
            ("4aq5/webhook/7/hunt", "webhook"),
            ("4aq5", "other"),
            ("4aq5/of a later version", "other"),
        ] {
            assert_eq!(JobKey::from(name.to_owned()).kind(), kind, "{name}");
            assert!(JobKey::KINDS.contains(&kind));
        }
    }
}
