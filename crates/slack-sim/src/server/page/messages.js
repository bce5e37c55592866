// The conversation: messages with their threads, reactions, and what only one person sees.

import { $, act, fill, make, nameOf, person, view, zone } from "/page/view.js";
import { EMOJI, emojis, rich } from "/page/text.js";
import { block } from "/page/blocks.js";

const FACES = ["#7c3085", "#1264a3", "#0b7a55", "#9a4a06", "#b3134b", "#45566b", "#5a4fcf", "#2a6b2f"];

let thread = null;
/** The root to which the next message belongs, or null. */
export const replyingTo = () => thread;
export function replyTo(ts) {
  thread = ts;
  $("replying").hidden = !ts;
}

function reactions(message) {
  const { me, state } = view;
  const row = make("div", { className: "reactions" });
  const react = (name) => () => act({ do: "react", user: me, channel: state.channel, ts: message.ts, name });
  for (const it of message.reactions || []) {
    const who = it.users.map(nameOf).join(", ");
    const node = make("button", { type: "button", title: `${who} reacted with :${it.name}:`, onclick: react(it.name) },
      `${EMOJI[it.name] || `:${it.name}:`} ${it.users.length}`);
    node.setAttribute("aria-pressed", it.users.includes(me));
    node.setAttribute("aria-label", `${it.name}, by ${who}`);
    node.dataset.react = it.name;
    row.append(node);
  }
  if (!(message.reactions || []).some((it) => it.name === "eyes")) {
    const add = make("button", { type: "button", className: "add", onclick: react("eyes") }, "👀 react");
    add.setAttribute("aria-label", `React with eyes as ${nameOf(me)}`);
    add.dataset.react = "eyes";
    row.append(add);
  }
  const reply = make("button", { type: "button", className: "add" }, "Reply");
  reply.dataset.reply = message.ts;
  reply.onclick = () => { replyTo(message.thread_ts || message.ts); $("composer").focus(); };
  row.append(reply);
  return row;
}

function head(message, author, bot) {
  const at = new Date(parseFloat(message.ts) * 1000);
  const out = make("div", { className: "head" }, make("b", {}, author));
  const { emoji, status } = person(message.user) || {};
  if (emoji && !bot) out.append(make("span", { className: "status", title: status, role: "img", ariaLabel: status }, emojis(emoji)), " ");
  if (bot && !message.from_slack) out.append(make("span", { className: "app" }, "APP"));
  out.append(make("time", { dateTime: at.toISOString(), title: at.toISOString() },
    new Intl.DateTimeFormat("en-GB", { timeZone: zone(), timeStyle: "short" }).format(at)));
  if (message.edited) out.append(make("span", { className: "note" }, " (edited)"));
  if (message.ephemeral) out.append(make("span", { className: "note" }, " · Only visible to you"));
  return out;
}

function messageNode(message) {
  const bot = Boolean(message.bot_id) || message.user === view.state.bot;
  const author = message.from_slack ? "Slack" : bot ? view.state.app : (person(message.user) || {}).real_name || message.user;
  const node = make("li", { className: "message" });
  node.dataset.ts = message.ts;
  if (message.thread_ts && message.thread_ts !== message.ts) node.classList.add("reply");
  if (message.ephemeral) node.classList.add("private");
  const seed = [...author].reduce((sum, letter) => sum + letter.codePointAt(0), 0);
  const face = make("div", { className: "face" }, message.from_slack ? "ℹ️" : bot ? "📟" : author.slice(0, 1));
  face.style.background = FACES[seed % FACES.length];
  face.setAttribute("aria-hidden", "true");
  const body = make("div", { className: "body" }, head(message, author, bot));
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

/** Slack stores no ephemeral message: what was said before the page was opened is gone. */
let opened = null;

/** Whoever reads the end goes on reading the end, whatever comes, and however late a font makes a line higher. */
let stuck = true;
function stick() {
  const list = $("messages");
  if (!stuck) return;
  list.scrollTop = list.scrollHeight;
  requestAnimationFrame(() => { list.scrollTop = list.scrollHeight; });
}
$("messages").addEventListener("scroll", ({ target }) => {
  stuck = target.scrollHeight - target.scrollTop - target.clientHeight < 80;
});
new ResizeObserver(stick).observe($("messages"));

export function drawMessages(all) {
  opened ??= view.state.last_ephemeral;
  const messages = (all || []).filter((it) => !it.ephemeral || it.number > opened);
  const list = $("messages");
  const here = `${view.me} ${view.place}`;
  if (list.here !== here) stuck = true;
  const people = view.state.people.map((it) => [it.name, it.emoji, it.status]);
  const text = JSON.stringify([messages, here, view.state.channel, people]);
  if (text === list.drawn) return;
  list.drawn = text;
  list.here = here;
  const nodes = inThreads(messages).map(messageNode);
  fill(list, nodes.length ? nodes : [make("li", { className: "empty" }, "Nothing here yet. Say something below.")]);
  stick();
}

export function drawHome(home) {
  const list = $("messages");
  const text = JSON.stringify([home, view.me]);
  if (text === list.drawn) return;
  list.drawn = text;
  const blocks = home ? home.blocks.map((it) => block({ home: true }, it)) : ["The app has not published a home tab."];
  fill(list, [make("li", { className: "message home" }, make("div", { className: "body" }, ...blocks))]);
}
