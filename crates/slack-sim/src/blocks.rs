//! The limits of Block Kit that Slack refuses a message for, and the buttons in a message.

use serde_json::Value;

/// Slack's documented limits, docs.slack.dev/reference/block-kit.
const MESSAGE_BLOCKS: usize = 50;
/// A home tab or a modal.
const VIEW_BLOCKS: usize = 100;
const SECTION_TEXT: usize = 3000;
const SECTION_FIELDS: usize = 10;
const FIELD_TEXT: usize = 2000;
const BUTTON_TEXT: usize = 75;
const BUTTON_VALUE: usize = 2000;
const URL: usize = 3000;
/// A confirmation dialog, all of it required and plain.
const CONFIRM: [(&str, usize); 4] = [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)];
const ID: usize = 255;

/// Why these blocks of a message would be refused.
pub(crate) fn check_message(blocks: &[Value]) -> Result<(), String> {
    check(blocks, MESSAGE_BLOCKS)
}

/// Why these blocks of a view would be refused.
pub(crate) fn check_view(blocks: &[Value]) -> Result<(), String> {
    check(blocks, VIEW_BLOCKS)
}

fn check(blocks: &[Value], most: usize) -> Result<(), String> {
    if blocks.len() > most {
        return Err(format!("no more than {most} items allowed [json-pointer:/blocks]"));
    }
    let mut ids = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        check_block(block).map_err(|reason| format!("{reason} [json-pointer:/blocks/{at}]"))?;
        if let Some(id) = block.get("block_id").and_then(Value::as_str) {
            if ids.contains(&id) {
                return Err(format!("block_id `{id}` is already in use [json-pointer:/blocks/{at}]"));
            }
            ids.push(id);
        }
    }
    Ok(())
}

fn check_block(block: &Value) -> Result<(), String> {
    let Some(kind) = block.get("type").and_then(Value::as_str) else {
        return Err("missing required field: type".into());
    };
    at_most(block, "block_id", ID)?;
    match kind {
        "section" => check_section(block),
        "header" => check_text(block.get("text"), 150, &["plain_text"]),
        "context" => check_context(block),
        "actions" => check_actions(block),
        "divider" | "image" | "input" | "rich_text" | "file" | "video" | "markdown" | "table" | "alert" => {
            Ok(())
        }
        other => Err(format!("unsupported type: {other}")),
    }
}

fn check_section(block: &Value) -> Result<(), String> {
    let fields = block.get("fields").and_then(Value::as_array);
    if block.get("text").is_none() && fields.is_none() {
        return Err("missing required field: text".into());
    }
    if let Some(text) = block.get("text") {
        check_text(Some(text), SECTION_TEXT, &["plain_text", "mrkdwn"])?;
    }
    let fields = fields.map_or(&[][..], Vec::as_slice);
    if fields.len() > SECTION_FIELDS {
        return Err(format!("no more than {SECTION_FIELDS} items allowed: fields"));
    }
    for field in fields {
        check_text(Some(field), FIELD_TEXT, &["plain_text", "mrkdwn"])?;
    }
    block.get("accessory").map_or(Ok(()), check_element)
}

fn check_context(block: &Value) -> Result<(), String> {
    let elements =
        block.get("elements").and_then(Value::as_array).ok_or("missing required field: elements")?;
    if elements.is_empty() || elements.len() > 10 {
        return Err("elements must have 1 to 10 items".into());
    }
    for element in elements.iter().filter(|element| element["type"] != "image") {
        check_text(Some(element), SECTION_TEXT, &["plain_text", "mrkdwn"])?;
    }
    Ok(())
}

fn check_actions(block: &Value) -> Result<(), String> {
    let elements =
        block.get("elements").and_then(Value::as_array).ok_or("missing required field: elements")?;
    if elements.is_empty() || elements.len() > 25 {
        return Err("elements must have 1 to 25 items".into());
    }
    let mut ids = Vec::new();
    for element in elements {
        check_element(element)?;
        if let Some(id) = element.get("action_id").and_then(Value::as_str) {
            if ids.contains(&id) {
                return Err(format!("`action_id` {id} already exists"));
            }
            ids.push(id);
        }
    }
    Ok(())
}

fn check_element(element: &Value) -> Result<(), String> {
    let kind = element.get("type").and_then(Value::as_str).ok_or("missing required field: type")?;
    at_most(element, "action_id", ID)?;
    if kind == "button" {
        check_text(element.get("text"), BUTTON_TEXT, &["plain_text"])?;
        at_most(element, "value", BUTTON_VALUE)?;
        at_most(element, "url", URL)?;
        check_style(element)?;
    }
    element.get("confirm").map_or(Ok(()), check_confirm)
}

/// docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object
fn check_confirm(confirm: &Value) -> Result<(), String> {
    if !confirm.is_object() {
        return Err("must be an object: confirm".into());
    }
    for (field, most) in CONFIRM {
        check_text(confirm.get(field), most, &["plain_text"])
            .map_err(|reason| format!("{reason}: confirm/{field}"))?;
    }
    check_style(confirm)
}

fn check_style(of: &Value) -> Result<(), String> {
    match of.get("style").map(|style| style.as_str().unwrap_or_default()) {
        None | Some("primary" | "danger") => Ok(()),
        Some(_) => Err("must provide one of: primary, danger".into()),
    }
}

fn check_text(text: Option<&Value>, most: usize, kinds: &[&str]) -> Result<(), String> {
    let text = text.ok_or("missing required field: text")?;
    let kind = text.get("type").and_then(Value::as_str).unwrap_or_default();
    if !kinds.contains(&kind) {
        return Err(format!("unsupported type of text: {kind}"));
    }
    let length = text.get("text").and_then(Value::as_str).map_or(0, |text| text.chars().count());
    if length == 0 {
        return Err("must be more than 0 characters".into());
    }
    if length > most {
        return Err(format!("must be less than {} characters", most + 1));
    }
    Ok(())
}

fn at_most(of: &Value, field: &str, most: usize) -> Result<(), String> {
    match of.get(field) {
        None => Ok(()),
        Some(Value::String(text)) if text.chars().count() <= most => Ok(()),
        Some(Value::String(_)) => Err(format!("must be less than {} characters: {field}", most + 1)),
        Some(_) => Err(format!("must be a string: {field}")),
    }
}

/// Gives every block and interactive element an id, as Slack does before it stores them.
pub(crate) fn complete(blocks: &mut [Value], seed: &str) {
    for (at, block) in blocks.iter_mut().enumerate() {
        name_missing(block, "block_id", &format!("b{seed}-{at}"));
        if let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut) {
            for (nth, element) in elements.iter_mut().enumerate().filter(|(_, it)| it["type"] == "button") {
                name_missing(element, "action_id", &format!("a{at}-{nth}"));
            }
        }
    }
}

fn name_missing(of: &mut Value, field: &str, name: &str) {
    if let Some(fields) = of.as_object_mut() {
        fields.entry(field).or_insert_with(|| name.into());
    }
}

/// A button and the block it stands in.
pub(crate) fn find_button<'a>(blocks: &'a [Value], action_id: &str) -> Option<(&'a str, &'a Value)> {
    buttons(blocks).find(|(_, button)| button["action_id"] == action_id)
}

/// A date and time picker and the block it stands in.
pub(crate) fn find_picker<'a>(blocks: &'a [Value], action_id: &str) -> Option<(&'a str, &'a Value)> {
    elements(blocks).find(|(_, it)| it["type"] == "datetimepicker" && it["action_id"] == action_id)
}

/// All buttons with the ids of their blocks, in reading order.
pub(crate) fn buttons(blocks: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    elements(blocks).filter(|(_, it)| it["type"] == "button")
}

fn elements(blocks: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    blocks.iter().flat_map(|block| {
        let id = block["block_id"].as_str().unwrap_or_default();
        let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
        let accessory = block.get("accessory");
        elements.iter().chain(accessory).map(move |it| (id, it))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn button(text: &str) -> Value {
        json!({"type":"actions","elements":[{"type":"button","action_id":"go",
            "text":{"type":"plain_text","text":text}}]})
    }

    #[test]
    fn limits_are_those_documented() {
        let section = |n: usize| json!({"type":"section","text":{"type":"mrkdwn","text":"x".repeat(n)}});
        assert!(check_message(&[section(3000), button(&"x".repeat(75))]).is_ok());
        assert!(check_message(&[section(3001)]).is_err());
        assert!(check_message(&[section(0)]).is_err());
        assert!(check_message(&[button(&"x".repeat(76))]).is_err());
        assert!(check_message(&vec![json!({"type":"divider"}); 50]).is_ok());
        assert!(check_message(&vec![json!({"type":"divider"}); 51]).is_err());
        assert!(check_message(&[json!({"text":"no type"})]).is_err());
    }

    #[test]
    fn a_confirmation_has_four_short_texts() {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut block = button("Cancel");
            let text = |text: &str| json!({"type":"plain_text","text":text});
            let mut confirm = json!({"title": text("Cancel it?"), "text": text("x".repeat(300).as_str()),
                "confirm": text("x".repeat(30).as_str()), "deny": text("No"), "style": "danger"});
            change(&mut confirm);
            block["elements"][0]["confirm"] = confirm;
            check_message(&[block])
        };
        assert_eq!(with(&|_| {}), Ok(()));
        for field in ["title", "text", "confirm", "deny"] {
            let gone = with(&|confirm| {
                confirm.as_object_mut().unwrap().remove(field);
            });
            assert!(gone.unwrap_err().contains(field), "{field} is required");
            assert!(with(&|confirm| confirm[field]["text"] = "x".repeat(301).into()).is_err());
            assert!(with(&|confirm| confirm[field]["type"] = "mrkdwn".into()).is_err());
        }
        assert!(with(&|confirm| confirm["deny"]["text"] = "x".repeat(31).into()).is_err());
        assert!(with(&|confirm| confirm["style"] = "blue".into()).is_err());
        assert!(with(&|confirm| *confirm = "sure?".into()).is_err());
    }

    #[test]
    fn a_button_is_found_by_its_action() {
        let mut blocks = vec![button("Go")];
        complete(&mut blocks, "1");
        let (block_id, found) = find_button(&blocks, "go").unwrap();
        assert_eq!((block_id, found["text"]["text"].as_str()), ("b1-0", Some("Go")));
    }
}
