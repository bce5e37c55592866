//! The Home tab: what is open, where the reader stands, their last turns, and what they can say of themselves; and the
//! dialog in which an incident is reported from there.

use jiff::{SignedDuration, Timestamp};
use pagerslack_core::ChannelId;
use serde_json::{Value, json};

use super::answer::{AnswerError, PositionAnswer, StatusAnswer, position, status, unanswered};
use super::moment::{at_time, when};
use super::{Mistake, Said, context, link, section, spoken};

/// The `action_id` of the choice until when somebody is away.
pub const AWAY_ACTION: &str = "pagerslack_home_away";
/// The `action_id` of the button "I'm back".
pub const BACK_ACTION: &str = "pagerslack_home_back";
/// The `action_id` of the button "I can take one now".
pub const VOLUNTEER_ACTION: &str = "pagerslack_home_volunteer";
/// The `action_id` of the button "Report an incident".
pub const REPORT_ACTION: &str = "pagerslack_home_report";
/// The `callback_id` of the dialog in which an incident is reported.
pub const REPORT_FORM: &str = "pagerslack_report";
/// The block of that dialog for the incident's address.
pub const URL_BLOCK: &str = "url";
/// The block for the channel.
pub const CHANNEL_BLOCK: &str = "channel";
/// The block for what is wrong.
pub const NOTE_BLOCK: &str = "note";

/// How many characters may be written of what is wrong: as many as the root message has room for.
const NOTE_LIMIT: usize = 600;

/// What a Home tab shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    /// When it is told.
    pub now: Timestamp,
    /// Where the reader stands in each of their rotations.
    pub position: PositionAnswer,
    /// What is open in them.
    pub status: StatusAnswer,
    /// Until when the reader is away by their own word, if that is still so.
    pub away_until: Option<Timestamp>,
    /// Whether the reader has said that they could take one, and has not had a turn since.
    pub has_volunteered: bool,
    /// Their last turns, the latest first.
    pub turns: Vec<Turn>,
    /// The slash command.
    pub command: String,
}

/// One time that somebody was asked, or took an incident unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When.
    pub at: Timestamp,
    /// Where.
    pub channel: ChannelId,
    /// The incident's address.
    pub url: String,
    /// What came of it.
    pub end: TurnEnd,
}

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    /// They are asked just now.
    Waiting,
    /// They answered so long after they were asked.
    Answered {
        /// How long.
        after: SignedDuration,
    },
    /// They took it without being asked.
    Unasked,
    /// They did not answer in time.
    TimedOut,
    /// They passed.
    Passed,
    /// Somebody else took it first, or nobody was needed any more.
    Over,
}

/// The whole tab.
pub fn home(home: &Home) -> Value {
    let mut blocks = vec![header("On call")];
    blocks.push(section(&word(home)));
    blocks.push(json!({ "type": "actions", "elements": buttons(home) }));
    blocks.push(away(home));
    blocks.push(json!({ "type": "divider" }));
    if home.position.rotations.is_empty() {
        extend(&mut blocks, position(&home.position));
        return json!({ "type": "home", "blocks": blocks });
    }
    blocks.push(header("Open incidents"));
    extend(&mut blocks, status(&home.status));
    blocks.push(header("Your place"));
    extend(&mut blocks, position(&home.position));
    blocks.push(header("Your last turns"));
    if home.turns.is_empty() {
        blocks.push(section("You have had no turn yet."));
    }
    let turns: Vec<String> = home.turns.iter().map(|turn| turn_line(turn, home.now)).collect();
    // A long address leaves no room for ten in one section.
    blocks.extend(turns.chunks(2).map(|lines| section(&lines.join("\n"))));
    blocks.push(context(&format!(
        "As of {}. Open this tab again for what has happened since; `{} help` in a channel says what else can be asked.",
        when(home.now, home.now),
        home.command
    )));
    json!({ "type": "home", "blocks": blocks })
}

/// What the reader has said of themselves.
fn word(home: &Home) -> String {
    match (home.away_until, home.has_volunteered) {
        (Some(until), _) => format!(
            ":palm_tree: You are away until {}: nobody asks you. You keep your place.",
            when(until, home.now)
        ),
        (None, true) => ":raised_hand: You said that you can take one: you are asked next, once.".to_owned(),
        (None, false) => {
            "Whoever is online and may be disturbed is asked, the least recently asked first.".to_owned()
        }
    }
}

fn buttons(home: &Home) -> Vec<Value> {
    let button = |action: &str, text: &str| {
        json!({
            "type": "button", "action_id": action, "text": { "type": "plain_text", "text": text }
        })
    };
    let mut report = button(REPORT_ACTION, "Report an incident");
    report["style"] = json!("primary");
    let mut elements = vec![report];
    if home.away_until.is_some() {
        elements.push(button(BACK_ACTION, "I'm back"));
    } else if !home.has_volunteered {
        elements.push(button(VOLUNTEER_ACTION, "I can take one now"));
    }
    elements
}

fn away(home: &Home) -> Value {
    let mut block = section("*I'm away until…*\nChoose a moment, and nobody asks you before it.");
    // Slack shows no placeholder in it: the moment that stands there is what is offered.
    let offered = home.away_until.unwrap_or(home.now + SignedDuration::from_hours(4)).as_second();
    block["accessory"] = json!({
        "type": "datetimepicker", "action_id": AWAY_ACTION, "initial_date_time": offered,
        "confirm": {
            "title": { "type": "plain_text", "text": "I'm away until…" },
            "text": { "type": "plain_text", "text": "Until the moment you have chosen nobody asks you, in any channel. \
                       You keep your place, and can come back sooner." },
            "confirm": { "type": "plain_text", "text": "I'm away until then" },
            "deny": { "type": "plain_text", "text": "Not now" }
        }
    });
    block
}

fn turn_line(turn: &Turn, now: Timestamp) -> String {
    let end = match turn.end {
        TurnEnd::Waiting => "you are being asked".to_owned(),
        TurnEnd::Answered { after } => format!("answered after {}", spoken(after)),
        TurnEnd::Unasked => "taken without being asked".to_owned(),
        TurnEnd::TimedOut => "no answer in time".to_owned(),
        TurnEnd::Passed => "passed".to_owned(),
        TurnEnd::Over => "over before an answer".to_owned(),
    };
    format!("• {} in <#{}>, {}: {end}", link(&turn.url), turn.channel, at_time(turn.at, now))
}

/// The dialog in which an incident is reported. `channel` is chosen to begin with.
pub fn report_form(channel: Option<&ChannelId>) -> Value {
    let plain = |text: &str| json!({ "type": "plain_text", "text": text });
    let mut conversation = json!({
        "type": "conversations_select", "action_id": CHANNEL_BLOCK, "response_url_enabled": true,
        "filter": { "include": ["public", "private"], "exclude_bot_users": true },
    });
    if let Some(channel) = channel {
        conversation["initial_conversation"] = json!(channel.as_str());
    }
    json!({
        "type": "modal",
        "callback_id": REPORT_FORM,
        "title": plain("Report an incident"),
        "submit": plain("Page somebody"),
        "close": plain("Not now"),
        "blocks": [
            {
                "type": "input", "block_id": URL_BLOCK, "label": plain("The incident's URL"),
                "element": { "type": "url_text_input", "action_id": URL_BLOCK, "focus_on_load": true },
            },
            {
                "type": "input", "block_id": CHANNEL_BLOCK, "label": plain("The channel whose engineers are asked"),
                "element": conversation,
            },
            {
                "type": "input", "block_id": NOTE_BLOCK, "label": plain("What is wrong"), "optional": true,
                "element": {
                    "type": "plain_text_input", "action_id": NOTE_BLOCK, "multiline": true,
                    "max_length": NOTE_LIMIT,
                },
            },
        ],
    })
}

/// The dialog after the report is on disk.
pub fn report_taken(said: &Said) -> Value {
    json!({
        "type": "modal",
        "title": { "type": "plain_text", "text": "Report an incident" },
        "close": { "type": "plain_text", "text": "Close" },
        "blocks": said.blocks,
    })
}

/// What is wrong with what was filled in.
pub fn fault(mistake: &Mistake) -> String {
    match mistake {
        Mistake::NoUrl | Mistake::NotHttp => "It must begin with https:// or http://.",
        Mistake::TooLong => "It is too long for a page; please use a shorter one.",
        _ => "Please choose a channel: its engineers are asked.",
    }
    .to_owned()
}

/// The report is not on disk, and nobody will be paged.
pub fn not_recorded() -> String {
    "I could not record this, and nobody is paged: please page by hand, or try again.".to_owned()
}

/// What is shown when nothing can be found out.
pub fn unavailable(error: AnswerError) -> Value {
    json!({ "type": "home", "blocks": unanswered(error).blocks })
}

fn header(text: &str) -> Value {
    json!({ "type": "header", "text": { "type": "plain_text", "text": text } })
}

fn extend(blocks: &mut Vec<Value>, said: Said) {
    if let Value::Array(more) = said.blocks {
        blocks.extend(more);
    }
}
