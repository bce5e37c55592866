// Slack's mrkdwn as nodes: mentions, links, dates, emoji, lists, quotations and code.

import { make, nameOf, view, zone } from "/page/view.js";

export const EMOJI = {
  eyes: "👀", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", wave: "👋", thumbsup: "👍", "+1": "👍",
  relieved: "😌", rotating_light: "🚨", warning: "⚠️", palm_tree: "🌴", pager: "📟", hourglass: "⌛", tada: "🎉", zzz: "💤",
  raised_hands: "🙌", pray: "🙏", bell: "🔔", no_bell: "🔕", fire: "🔥", phone: "☎️", link: "🔗",
  hourglass_flowing_sand: "⏳", arrow_right: "➡️", bust_in_silhouette: "👤", busts_in_silhouette: "👥", clock1: "🕐",
  sos: "🆘", ok_hand: "👌", muscle: "💪", calendar: "📅", spiral_calendar_pad: "🗓️", bar_chart: "📊", robot_face: "🤖",
  information_source: "ℹ️", large_green_circle: "🟢", red_circle: "🔴", house: "🏠", tea: "🍵", sparkles: "✨",
  face_with_thermometer: "🤒", airplane: "✈️", no_entry: "⛔", no_entry_sign: "🚫", question: "❓", exclamation: "❗",
  mega: "📣", speech_balloon: "💬", leftwards_arrow_with_hook: "↩️", repeat: "🔁", stopwatch: "⏱️", sunrise: "🌅",
  ambulance: "🚑", fire_engine: "🚒", face_with_head_bandage: "🤕", sneezing_face: "🤧", mask: "😷", pill: "💊",
  desert_island: "🏝️", beach_with_umbrella: "🏖️", house_with_garden: "🏡", bus: "🚌", date: "📆", baby: "👶",
  baby_bottle: "🍼", school: "🏫", clapper: "🎬", crescent_moon: "🌙", sleeping: "😴", coffee: "☕", pizza: "🍕",
  hospital: "🏥", syringe: "💉", crutch: "🩼", christmas_tree: "🎄", confetti_ball: "🎊", thinking_face: "🤔",
  wrench: "🔧", hammer_and_wrench: "🛠️", mag: "🔍", memo: "📝", pushpin: "📌", lock: "🔒", key: "🔑",
  large_yellow_circle: "🟡", large_orange_circle: "🟠", large_blue_circle: "🔵", white_circle: "⚪",
  black_circle: "⚫", arrow_up: "⬆️", arrow_down: "⬇️", arrows_counterclockwise: "🔄", point_right: "👉",
  one: "1️⃣", two: "2️⃣", three: "3️⃣", first_place_medal: "🥇", second_place_medal: "🥈", third_place_medal: "🥉",
  checkered_flag: "🏁", handshake: "🤝", slightly_smiling_face: "🙂", smile: "😄", heart: "❤️", clap: "👏",
  speaking_head_in_silhouette: "🗣️", telephone_receiver: "📞", inbox_tray: "📥", outbox_tray: "📤", hand: "✋",
  raised_hand: "✋", octagonal_sign: "🛑", alarm_clock: "⏰", globe_with_meridians: "🌐", ghost: "👻",
};

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
export const emojis = (text) => text.replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] || all);

/** A text: lines, quotations, code, and what begins like an item of a list, which wraps below its own first word. */
export function rich(text) {
  const out = document.createDocumentFragment();
  text.split(/```\n?([\s\S]*?)\n?```\n?/).forEach((piece, at) => {
    if (at % 2) out.append(make("pre", {}, unescape(piece)));
    else if (piece) lines(piece.replace(/\n$/, ""), out);
  });
  return out;
}

function lines(text, out) {
  const all = text.split("\n");
  const plain = (line) => !line.startsWith("&gt;") && !line.startsWith(">");
  if (all.length === 1 && plain(text)) {
    out.append(inline(text));
    return;
  }
  let quote = null;
  for (const line of all) {
    if (plain(line)) {
      quote = null;
      out.append(lineNode(line));
    } else {
      if (!quote) out.append((quote = make("blockquote")));
      quote.append(lineNode(line.replace(/^(&gt;|>) ?/, "")));
    }
  }
}

function lineNode(line) {
  const node = make("div", {}, line ? inline(line) : make("br"));
  const marker = /^(\s*(?:[•◦▪-]|\d{1,3}[.)])\s+)\S/.exec(line);
  if (marker) {
    node.className = "item";
    node.style.setProperty("--hang", `${[...marker[1]].length}ch`);
  }
  return node;
}

/** One line: tags are set aside as single characters, so that `*` and `_` reach around them. */
function inline(text) {
  const tags = [];
  const marked = text.replace(/<([^<>]*)>/g, (_, inner) => String.fromCharCode(0xe000 + tags.push(inner) - 1));
  const out = document.createDocumentFragment();
  styled(marked, tags, out);
  return out;
}

const WORD = "[\\p{L}\\p{N}]";
const around = (mark) => `(?<!${WORD})${mark}(?=\\S)[^${mark}\\n]*?[^\\s${mark}]${mark}(?!${WORD})`;
const MARKS = new RegExp(`(\`[^\`\\n]+\`|${around("\\*")}|${around("_")}|${around("~")})`, "u");

function styled(text, tags, out) {
  for (const piece of text.split(MARKS)) {
    const kind = { "`": "code", "*": "b", _: "i", "~": "s" }[piece[0]];
    if (kind && piece.length > 2 && piece.at(-1) === piece[0]) {
      const node = make(kind);
      if (kind === "code") bare(piece.slice(1, -1), tags, node);
      else styled(piece.slice(1, -1), tags, node);
      out.append(node);
    } else bare(piece, tags, out);
  }
}

function bare(text, tags, out) {
  for (const piece of text.split(/([\ue000-\uf8ff])/)) {
    const inner = /^[\ue000-\uf8ff]$/.test(piece) && tags[piece.charCodeAt(0) - 0xe000];
    if (inner !== undefined && inner !== false) out.append(tag(inner));
    else if (piece) out.append(emojis(unescape(piece)));
  }
}

function tag(inner) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? null : unescape(inner.slice(bar + 1));
  const mention = (text, mine) => make("span", { className: mine ? "mention me" : "mention" }, text);
  if (target[0] === "@") return mention("@" + nameOf(target.slice(1)), target.slice(1) === view.me);
  if (target[0] === "#") {
    const channel = view.state.channels.find((it) => it.id === target.slice(1));
    return mention("#" + (channel ? channel.name : label || target.slice(1)), false);
  }
  if (target.startsWith("!subteam^")) {
    const group = view.state.groups.find((it) => it.id === target.slice(9));
    return mention(group ? "@" + group.handle : label || "@group", (group || { users: [] }).users.includes(view.me));
  }
  if (target.startsWith("!date^")) return date(target.split("^"), label);
  if (target[0] === "!") return mention(label || "@" + target.slice(1), true);
  return link(unescape(target), label) || document.createTextNode(`<${unescape(inner)}>`);
}

function link(address, label) {
  if (!/^(https?|mailto):/.test(address)) return null;
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, emojis(label || address));
}

/** In the time zone of whoever looks, as Slack does; a fourth part is an address to link to. */
function date([, unix, format, address], fallback) {
  const at = new Date(Number(unix) * 1000);
  if (Number.isNaN(at.getTime())) return document.createTextNode(fallback || "");
  const timeZone = zone();
  const show = (options) => new Intl.DateTimeFormat("en-GB", { timeZone, ...options }).format(at);
  const short = () => show({ day: "numeric", month: "short", year: "numeric" });
  const middle = () => show({ day: "numeric", month: "long", year: "numeric" });
  const long = () => show({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const pretty = (otherwise) => () => near(at, timeZone) || otherwise();
  const words = {
    date: middle, date_long: long, date_short: short, date_long_full: middle, date_slash: () => show({ dateStyle: "short" }),
    date_num: () => new Intl.DateTimeFormat("en-CA", { timeZone }).format(at),
    date_pretty: pretty(middle), date_short_pretty: pretty(short), date_long_pretty: pretty(long),
    day_divider_pretty: pretty(long), time: () => show({ timeStyle: "short" }),
    time_secs: () => show({ timeStyle: "medium" }), ago: () => ago(at),
  };
  const shown = (format || "").replace(/\{(\w+)\}/g, (all, word) => (words[word] ? words[word]() : all));
  const text = shown || fallback || "";
  const inside = (address && link(unescape(address), text)) || text;
  return make("time", { dateTime: at.toISOString(), title: `${long()}, ${show({ timeStyle: "short" })} ${timeZone}` }, inside);
}

/** "today", "yesterday" or "tomorrow", by the simulated clock. */
function near(at, timeZone) {
  const day = (time) => Math.round(Date.parse(new Intl.DateTimeFormat("en-CA", { timeZone }).format(time)) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[day(at) - day(new Date(view.now() * 1000))];
}

function ago(at) {
  const seconds = at.getTime() / 1000 - view.now();
  const [unit, length] = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]]
    .find(([, length]) => Math.abs(seconds) >= length) || ["second", 1];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / length), unit);
}
