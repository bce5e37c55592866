//! What Slack makes of a message, seen with other eyes than [`pagerslack_slack::text`]'s: every `<…>` in it.

use serde_json::Value;

/// What stands in angle brackets within a text, as Slack cuts it.
pub(crate) fn brackets(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).map(|after| after.split('>').next().unwrap_or(after))
}

/// Every text of a message: the one that is spoken, and those of the blocks that Slack reads as markup.
pub(crate) fn texts(text: &str, blocks: &Value) -> Vec<String> {
    let mut found = vec![text.to_owned()];
    collect(blocks, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            if fields.get("type").is_some_and(|kind| kind == "mrkdwn")
                && let Some(Value::String(text)) = fields.get("text")
            {
                found.push(text.clone());
            }
            fields.values().for_each(|field| collect(field, found));
        }
        _ => {}
    }
}
