"use strict";

const $ = (id) => document.getElementById(id);
const EMOJI = {
  eyes: "👀", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", wave: "👋", thumbsup: "👍", "+1": "👍",
  rotating_light: "🚨", warning: "⚠️", palm_tree: "🌴", pager: "📟", hourglass: "⌛", tada: "🎉", zzz: "💤",
  raised_hands: "🙌", pray: "🙏", bell: "🔔", no_bell: "🔕", fire: "🔥", phone: "☎️", link: "🔗",
  hourglass_flowing_sand: "⏳", arrow_right: "➡️", bust_in_silhouette: "👤", busts_in_silhouette: "👥", clock1: "🕐",
  sos: "🆘", ok_hand: "👌", muscle: "💪", calendar: "📅", spiral_calendar_pad: "🗓️", bar_chart: "📊", robot_face: "🤖",
  information_source: "ℹ️", large_green_circle: "🟢", red_circle: "🔴", house: "🏠", tea: "🍵", sparkles: "✨",
  face_with_thermometer: "🤒", airplane: "✈️", no_entry: "⛔", no_entry_sign: "🚫", question: "❓", exclamation: "❗",
  mega: "📣", speech_balloon: "💬", leftwards_arrow_with_hook: "↩️", repeat: "🔁", stopwatch: "⏱️", sunrise: "🌅",
};
const FACES = ["#7c3085", "#1264a3", "#0b7a55", "#9a4a06", "#b3134b", "#45566b", "#5a4fcf", "#2a6b2f"];

const query = new URLSearchParams(location.search);
let me = query.get("as") || "";
let place = query.get("channel") || "";
let version = -1;
let state = null;
let now = { at: 0, read: 0, speed: 1 };
let thread = null;

/** Makes an element; text is always text, never HTML. */
function make(tag, props = {}, ...inside) {
  const it = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in it && name !== "list") it[name] = value;
    else it.setAttribute(name, value);
  }
  it.append(...inside);
  return it;
}

async function act(what) {
  const answer = await fetch("/sim/act", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(what),
  });
  const body = await answer.json().catch(() => ({ error: "The simulation does not answer." }));
  $("error").hidden = answer.ok;
  $("error").textContent = answer.ok ? "" : body.error;
  await refresh();
  return answer.ok;
}

const person = (id) => state.people.find((it) => it.id === id);
const nameOf = (id) => (person(id) || {}).name || id;
const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const emojis = (text) => text.replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] || all);

/** Slack's mrkdwn as nodes: lines that begin with `>` are quotations, the others run on. */
function rich(text) {
  const out = document.createDocumentFragment();
  let quoted = null;
  let run = [];
  const flush = () => {
    if (run.length) out.append(quoted ? make("blockquote", {}, inline(run.join("\n"))) : inline(run.join("\n")));
    run = [];
  };
  for (const line of text.split("\n")) {
    if (line.startsWith(">") !== quoted) flush();
    quoted = line.startsWith(">");
    run.push(quoted ? line.slice(1) : line);
  }
  flush();
  return out;
}

function inline(text) {
  const out = document.createDocumentFragment();
  for (const piece of text.split(/(<[^>]*>)/)) {
    if (/^<.*>$/s.test(piece)) out.append(tag(piece.slice(1, -1)));
    else styled(piece, out);
  }
  return out;
}

function styled(text, out) {
  const marks = /(`[^`\n]+`|(?<![\p{L}\p{N}])\*[^*\n]+\*(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])_[^_\n]+_(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])~[^~\n]+~(?![\p{L}\p{N}]))/u;
  for (const piece of text.split(marks)) {
    const kind = { "`": "code", "*": "b", _: "i", "~": "s" }[piece[0]];
    if (kind && piece.length > 2 && piece.at(-1) === piece[0]) {
      out.append(make(kind, {}, emojis(unescape(piece.slice(1, -1)))));
    } else out.append(emojis(unescape(piece)));
  }
}

function tag(inner) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? null : unescape(inner.slice(bar + 1));
  const mention = (text, mine) => make("span", { className: mine ? "mention me" : "mention" }, text);
  if (target[0] === "@") return mention("@" + nameOf(target.slice(1)), target.slice(1) === me);
  if (target[0] === "#") {
    const channel = state.channels.find((it) => it.id === target.slice(1));
    return mention("#" + (channel ? channel.name : label || target.slice(1)), false);
  }
  if (target.startsWith("!subteam^")) {
    const group = state.groups.find((it) => it.id === target.slice(9));
    return mention(group ? "@" + group.handle : label || "@group", false);
  }
  if (target.startsWith("!date^")) return date(target.split("^"), label);
  if (target[0] === "!") return mention(label || "@" + target.slice(1), true);
  const address = unescape(target);
  if (!/^(https?|mailto):/.test(address)) return document.createTextNode(`<${unescape(inner)}>`);
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label || address);
}

/** In the time zone of whoever looks, as Slack does. */
function date([, unix, format], fallback) {
  const at = new Date(Number(unix) * 1000);
  const zone = (person(me) || {}).tz || "UTC";
  const show = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(at);
  const day = () => show({ day: "numeric", month: "short", year: "numeric" });
  const words = {
    date: () => show({ day: "numeric", month: "long", year: "numeric" }), date_num: () => show({ dateStyle: "short" }),
    date_short: day, date_long: () => show({ dateStyle: "full" }), date_pretty: day, date_short_pretty: day,
    date_long_pretty: () => show({ dateStyle: "full" }), time: () => show({ timeStyle: "short" }),
    time_secs: () => show({ timeStyle: "medium" }), ago: day,
  };
  const text = (format || "").replace(/\{(\w+)\}/g, (all, word) => (words[word] ? words[word]() : all));
  return make("time", { dateTime: at.toISOString(), title: zone }, text || fallback || "");
}

function textObject(it) {
  return it.type === "mrkdwn" ? rich(it.text) : document.createTextNode(emojis(it.text));
}

function button(message, it) {
  const node = make("button", { type: "button", className: it.style || "" }, emojis(it.text.text));
  node.dataset.actionId = it.action_id;
  node.onclick = () => {
    if (message.home) act({ do: "click_home", user: me, action_id: it.action_id });
    else act({ do: "click", user: me, channel: state.channel, ts: message.ts, action_id: it.action_id });
    if (it.url) window.open(it.url, "_blank", "noopener");
  };
  return node;
}

function block(message, it) {
  const out = make("div", { className: "block" });
  if (it.type === "divider") return make("hr");
  if (it.type === "header") out.append(make("div", { className: "text" }, make("b", {}, emojis(it.text.text))));
  if (it.type === "section") {
    if (it.text) out.append(make("div", { className: "text" }, textObject(it.text)));
    for (const field of it.fields || []) out.append(make("div", { className: "text" }, textObject(field)));
    if (it.accessory && it.accessory.type === "button") {
      out.append(make("div", { className: "actions" }, button(message, it.accessory)));
    }
  }
  if (it.type === "context") {
    const line = make("div", { className: "text context" });
    for (const element of it.elements) if (element.text) line.append(textObject(element), " ");
    out.append(line);
  }
  if (it.type === "actions") {
    const row = make("div", { className: "actions" });
    for (const element of it.elements) if (element.type === "button") row.append(button(message, element));
    out.append(row);
  }
  return out;
}

function reactions(message) {
  const row = make("div", { className: "reactions" });
  const react = (name) => () => act({ do: "react", user: me, channel: state.channel, ts: message.ts, name });
  for (const it of message.reactions || []) {
    const mine = it.users.includes(me);
    const who = it.users.map(nameOf).join(", ");
    const node = make("button", { type: "button", title: `${who} reacted with :${it.name}:`, onclick: react(it.name) },
      `${EMOJI[it.name] || `:${it.name}:`} ${it.users.length}`);
    node.setAttribute("aria-pressed", mine);
    node.setAttribute("aria-label", `${it.name}, by ${who}`);
    node.dataset.react = it.name;
    row.append(node);
  }
  const name = nameOf(me);
  if (!(message.reactions || []).some((it) => it.name === "eyes")) {
    const add = make("button", { type: "button", className: "add", onclick: react("eyes") }, "👀 react");
    add.setAttribute("aria-label", `React with eyes as ${name}`);
    add.dataset.react = "eyes";
    row.append(add);
  }
  const reply = make("button", { type: "button", className: "add" }, "Reply");
  reply.onclick = () => { thread = message.thread_ts || message.ts; $("replying").hidden = false; $("composer").focus(); };
  row.append(reply);
  return row;
}

function messageNode(message) {
  const bot = message.bot_id || message.user === state.bot;
  const author = message.from_slack ? "Slack" : bot ? state.app : (person(message.user) || {}).real_name || message.user;
  const node = make("li", { className: "message" });
  node.dataset.ts = message.ts;
  if (message.thread_ts && message.thread_ts !== message.ts) node.classList.add("reply");
  if (message.ephemeral) node.classList.add("private");
  const seed = [...author].reduce((sum, letter) => sum + letter.codePointAt(0), 0);
  const face = make("div", { className: "face" }, message.from_slack ? "ℹ️" : bot ? "📟" : author.slice(0, 1));
  face.style.background = FACES[seed % FACES.length];
  face.setAttribute("aria-hidden", "true");
  const at = new Date(parseFloat(message.ts) * 1000);
  const zone = (person(me) || {}).tz || "UTC";
  const head = make("div", { className: "head" }, make("b", {}, author));
  if (bot && !message.from_slack) head.append(make("span", { className: "app" }, "APP"));
  head.append(make("time", { dateTime: at.toISOString(), title: at.toISOString() },
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "short" }).format(at)));
  if (message.edited) head.append(make("span", { className: "note" }, " (edited)"));
  if (message.ephemeral) head.append(make("span", { className: "note" }, " · Only visible to you"));
  const body = make("div", { className: "body" }, head);
  const blocks = message.blocks || [];
  if (!blocks.length) body.append(make("div", { className: "text" }, rich(message.text)));
  for (const it of blocks) body.append(block(message, it));
  if (!message.ephemeral) body.append(reactions(message));
  node.append(face, body);
  return node;
}

/** Roots by time, replies right below them. */
function inThreads(messages) {
  const roots = messages.filter((it) => !it.thread_ts || it.thread_ts === it.ts);
  const known = new Set(roots.map((it) => it.ts));
  const below = (ts) => messages.filter((it) => it.thread_ts === ts && it.ts !== ts);
  const orphans = messages.filter((it) => it.thread_ts && it.thread_ts !== it.ts && !known.has(it.thread_ts));
  return roots.flatMap((it) => [it, ...below(it.ts)]).concat(orphans);
}

function goTo(id) {
  place = id;
  thread = null;
  $("replying").hidden = true;
  if (id === "home") act({ do: "home", user: me });
  else refresh();
}

function sideItem(id, text, current) {
  const node = make("button", { type: "button", className: "goto", onclick: () => goTo(id) }, text);
  node.setAttribute("aria-current", current);
  node.dataset.channel = id;
  return make("li", {}, node);
}

function personItem(it) {
  const title = `${it.real_name}${it.title ? ", " + it.title : ""}, ${it.tz || "no time zone"}`;
  const line = make("span", { className: it.deleted ? "person off" : "person", title });
  const kind = it.guest ? " (guest)" : it.is_bot ? " (bot)" : "";
  line.append(make("b", {}, `${it.name}${kind} ${emojis(it.emoji)}`), make("small", {}, it.deleted ? "gone" : it.local));
  const dot = make("button", { type: "button", className: "dot", onclick: () => act({ do: "presence", user: it.id }) });
  dot.setAttribute("aria-pressed", it.active);
  dot.setAttribute("aria-label", `${it.name} is ${it.active ? "active" : "away"}`);
  dot.dataset.presence = it.id;
  const moon = make("button", { type: "button", className: "moon", onclick: () => act({ do: "dnd", user: it.id }) }, "🌙");
  moon.setAttribute("aria-pressed", it.dnd);
  moon.setAttribute("aria-label", `Do not disturb for ${it.name}: ${it.dnd ? "on" : "off"}`);
  moon.title = it.dnd ? "Do not disturb is on" : "Do not disturb for two hours";
  moon.dataset.dnd = it.id;
  return make("li", {}, dot, line, moon);
}

/** Redraws a list, keeping the focus on what it was on. */
function fill(list, nodes) {
  const held = list.contains(document.activeElement) ? document.activeElement : null;
  const mark = held && Object.entries(held.dataset).map(([name, value]) =>
    `[data-${name.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase())}="${CSS.escape(value)}"]`).join("");
  const inside = held && held.closest("[data-ts]");
  list.replaceChildren(...nodes);
  if (!mark) return;
  const place = inside ? list.querySelector(`[data-ts="${inside.dataset.ts}"]`) : list;
  const again = place && place.querySelector(mark);
  if (again) again.focus();
}

function draw() {
  const people = state.people.filter((it) => it.id !== state.bot);
  if (!people.some((it) => it.id === me)) me = (people.find((it) => !it.deleted && !it.is_bot) || {}).id || "";
  $("team").textContent = state.team;
  const choices = people.filter((it) => !it.deleted && !it.is_bot);
  if ($("as-user").options.length !== choices.length) {
    $("as-user").replaceChildren(...choices.map((it) => make("option", { value: it.id }, `${it.real_name} (@${it.name})`)));
  }
  $("as-user").value = me;
  const rooms = state.channels.filter((it) => !it.im);
  fill($("channels"), rooms.map((it) => sideItem(it.id, `${it.private ? "🔒" : "#"} ${it.name}${it.archived ? " (archived)" : ""}`, it.id === place)));
  fill($("apps"), [sideItem("bot", `📟 ${state.app}`, place === "bot"), sideItem("home", `🏠 ${state.app}'s home`, place === "home")]);
  fill($("people"), people.map(personItem));
  $("online").textContent = `· ${people.filter((it) => it.active).length} active`;
  const room = rooms.find((it) => it.id === place);
  $("title").replaceChildren(room ? `# ${room.name}` : state.app,
    make("small", {}, room ? `${room.members} members` : place === "home" ? "home" : "direct messages"));
  $("form").hidden = place === "home";
  $("composer").placeholder = room ? `Message #${room.name}, or a /command` : `Message ${state.app}`;
  const hints = Object.entries(state.commands).map(([name, hint]) => make("option", { value: name + " " }, hint));
  if ($("commands").childElementCount !== hints.length) $("commands").replaceChildren(...hints);
  if (place === "home") drawHome(state.home);
  else drawMessages(state.messages || []);
  drawPanel();
}

function drawMessages(messages) {
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const text = JSON.stringify([messages, me, state.channel, state.people.map((it) => it.name)]);
  if (text === list.drawn) return;
  list.drawn = text;
  const nodes = inThreads(messages).map(messageNode);
  fill(list, nodes.length ? nodes : [make("li", { className: "empty" }, "Nothing here yet. Say something below.")]);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function drawHome(view) {
  const text = JSON.stringify([view, me]);
  if (text === $("messages").drawn) return;
  $("messages").drawn = text;
  const blocks = view ? view.blocks.map((it) => block({ home: true }, it)) : ["The app has not published a home tab."];
  fill($("messages"), [make("li", { className: "message" }, make("div", { className: "body" }, ...blocks))]);
}

function drawPanel() {
  $("panel").hidden = !state.side_panel;
  if (!state.side_panel || !state.channel) return;
  const url = new URL(state.side_panel);
  url.searchParams.set("channel", state.channel);
  if ($("frame").getAttribute("src") !== url.href) $("frame").setAttribute("src", url.href);
}

function tick() {
  const seconds = now.at + ((performance.now() - now.read) / 1000) * now.speed;
  const at = new Date(seconds * 1000);
  const shown = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short",
    hour: "2-digit", minute: "2-digit", second: "2-digit" });
  $("clock").textContent = shown.format(at) + " UTC";
}

let busy = false;
async function refresh() {
  if (busy) return;
  busy = true;
  try {
    const asked = new URLSearchParams({ as: me, channel: place });
    const key = `${me} ${place}`;
    // Local times and windows move without any change, so look at everything now and then.
    const stale = !refresh.full || performance.now() - refresh.full > 5000;
    if (refresh.key === key && !stale) asked.set("since", version);
    const body = await (await fetch("/sim/state?" + asked)).json();
    now = { at: body.now, read: performance.now(), speed: body.speed ?? 1 };
    $("speeds").hidden = body.speed === null;
    for (const it of $("speeds").children) it.setAttribute("aria-pressed", Number(it.dataset.speed) === body.speed);
    if (body.state) {
      state = body.state;
      version = body.version;
      const before = `${me} ${place}`;
      if (!place) place = (state.channels.find((it) => !it.im) || {}).id || "bot";
      draw();
      refresh.key = key;
      refresh.full = performance.now();
      if (before !== `${me} ${place}`) setTimeout(refresh);
    }
    if ($("error").textContent === "The simulation is gone.") $("error").hidden = true;
  } catch {
    $("error").hidden = false;
    $("error").textContent = "The simulation is gone.";
  } finally {
    busy = false;
  }
}

$("as-user").onchange = () => { me = $("as-user").value; refresh(); };
$("no-reply").onclick = () => { thread = null; $("replying").hidden = true; };
$("form").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("composer").value.trim();
  if (!text) return;
  const done = await act({ do: "say", user: me, channel: place, text, thread_ts: thread });
  if (done) {
    $("composer").value = "";
    thread = null;
    $("replying").hidden = true;
  }
};
for (const it of $("speeds").children) it.onclick = () => act({ do: "speed", speed: Number(it.dataset.speed) });
setInterval(refresh, 500);
setInterval(tick, 250);
refresh();
