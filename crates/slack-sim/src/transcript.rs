//! A channel as a person reads it, in plain text, for snapshots.

use crate::blocks;
use crate::model::{Message, Reaction};
use crate::mrkdwn;
use crate::world::World;

impl World {
    /// Roots in order, replies indented below them, with buttons and reactions; times left out.
    ///
    /// ```text
    /// ana: the site is down
    ///     bot: @ben, please look  [Take it] [Pass]
    ///         :eyes: @ben
    /// ```
    #[must_use]
    pub fn transcript(&self, channel: &str) -> String {
        let mut out = String::new();
        for root in self.messages(channel).into_iter().filter(|it| it.thread_ts.is_none()) {
            self.write_message(&mut out, root, 0);
            let thread = self.thread(channel, &root.ts);
            thread.into_iter().skip(1).for_each(|reply| self.write_message(&mut out, reply, 1));
        }
        out
    }

    /// What only this person saw, each with its channel.
    #[must_use]
    pub fn ephemeral_transcript(&self, user: &str) -> String {
        let mut out = String::new();
        for ephemeral in self.ephemerals(user) {
            let from = if ephemeral.from_slack { "Slack" } else { &self.app.name };
            let channel = self.channels.get(&ephemeral.channel).map_or("", |it| &it.name);
            let hidden = if ephemeral.shown { "" } else { " (not shown: nobody has answered in the thread)" };
            let text = mrkdwn::plain(self, &ephemeral.text).replace('\n', "\n    ");
            out.push_str(&format!("#{channel} {from}: {text}{hidden}{}\n", buttons(&ephemeral.blocks)));
        }
        out
    }

    fn write_message(&self, out: &mut String, message: &Message, depth: usize) {
        let indent = "    ".repeat(depth);
        let author = match &message.author.user {
            Some(id) => self.users.get(id).map_or(id.as_str(), |user| &user.name),
            None => &self.app.name,
        };
        let text = if message.text.is_empty() { text_of_blocks(message) } else { message.text.clone() };
        let text = mrkdwn::plain(self, &text).replace('\n', &format!("\n{indent}    "));
        let edited = match (message.edited.is_some(), message.broadcast) {
            (false, false) => "",
            (true, false) => " (edited)",
            (false, true) => " (also in the channel)",
            (true, true) => " (edited, also in the channel)",
        };
        out.push_str(&format!("{indent}{author}: {text}{edited}{}\n", buttons(&message.blocks)));
        if !message.reactions.is_empty() {
            let all: Vec<String> = message.reactions.iter().map(|it| self.reaction_line(it)).collect();
            out.push_str(&format!("{indent}    {}\n", all.join("  ")));
        }
    }

    fn reaction_line(&self, reaction: &Reaction) -> String {
        let name = |id: &String| format!(" @{}", self.users.get(id).map_or(id, |user| &user.name));
        format!(":{}:{}", reaction.name, reaction.users.iter().map(name).collect::<String>())
    }
}

fn buttons(parts: &[serde_json::Value]) -> String {
    let label =
        |button: &serde_json::Value| format!(" [{}]", button["text"]["text"].as_str().unwrap_or_default());
    let all: String = blocks::buttons(parts).map(|(_, button)| label(button)).collect();
    if all.is_empty() { all } else { format!(" {all}") }
}

fn text_of_blocks(message: &Message) -> String {
    let texts = message.blocks.iter().filter_map(|block| block["text"]["text"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}
