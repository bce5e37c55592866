// The page: asks twice a second what has changed, and draws it.

import { $, act, fill, make, person, view } from "/page/view.js";
import { drawHome, drawMessages, replyTo } from "/page/messages.js";
import { personItem } from "/page/people.js";
import "/page/composer.js";

const query = new URLSearchParams(location.search);
view.me = query.get("as") || "";
view.place = query.get("channel") || "";
let version = -1;
let clock = { at: 0, read: 0, speed: 1 };
/** The simulated time in Unix seconds. */
view.now = () => clock.at + ((performance.now() - clock.read) / 1000) * clock.speed;

/** How many of the bot's direct messages each person has seen here. */
const seen = {};

function goTo(id) {
  view.place = id;
  replyTo(null);
  showSide(false);
  if (id === "home") act({ do: "home", user: view.me });
  else view.refresh();
}

function sideItem(id, text, unread = 0) {
  const node = make("button", { type: "button", className: "goto", onclick: () => goTo(id) }, make("span", {}, text));
  node.setAttribute("aria-current", id === view.place);
  node.dataset.channel = id;
  if (unread) node.append(make("b", { className: "unread", ariaLabel: `${unread} new` }, String(unread)));
  return make("li", {}, node);
}

function drawSide(state, people, rooms) {
  fill($("channels"), rooms.map((it) =>
    sideItem(it.id, `${it.private ? "🔒" : "#"} ${it.name}${it.archived ? " (archived)" : ""}`)));
  if (view.place === "bot" || seen[view.me] === undefined) seen[view.me] = state.direct_messages;
  fill($("apps"), [sideItem("bot", `📟 ${state.app}`, state.direct_messages - seen[view.me]),
    sideItem("home", `🏠 ${state.app}'s home`)]);
  fill($("people"), people.map(personItem));
  $("online").textContent = `· ${people.filter((it) => it.active).length} active`;
}

let chosen = "";

/** Nothing is changed that need not be: somebody may be choosing. */
function drawWho(people) {
  const choices = people.filter((it) => !it.deleted && !it.is_bot);
  if ($("as-user").options.length !== choices.length) {
    $("as-user").replaceChildren(...choices.map((it) => make("option", { value: it.id }, `${it.real_name} (@${it.name})`)));
    chosen = "";
  }
  if (chosen !== view.me) $("as-user").value = chosen = view.me;
}

function draw() {
  const { state } = view;
  const people = state.people.filter((it) => it.id !== state.bot);
  if (!people.some((it) => it.id === view.me)) view.me = (people.find((it) => !it.deleted && !it.is_bot) || {}).id || "";
  $("team").textContent = state.team;
  drawWho(people);
  const rooms = state.channels.filter((it) => !it.im);
  drawSide(state, people, rooms);
  const room = rooms.find((it) => it.id === view.place);
  const home = view.place === "home";
  $("title").replaceChildren(room ? `# ${room.name}` : state.app,
    make("small", {}, room ? `${room.members} members` : home ? "home" : `direct messages of ${person(view.me)?.real_name}`));
  $("form").hidden = home;
  $("composer").placeholder = room ? `Message #${room.name}, or a /command` : `Message ${state.app}`;
  const hints = Object.entries(state.commands).map(([name, hint]) => make("option", { value: name + " " }, hint));
  if ($("commands").childElementCount !== hints.length) $("commands").replaceChildren(...hints);
  if (home) drawHome(state.home);
  else drawMessages(state.messages);
  drawPanel();
}

function drawPanel() {
  const { state } = view;
  $("panel").hidden = !state.side_panel;
  if (!state.side_panel || !state.channel) return;
  const url = new URL(state.side_panel);
  url.searchParams.set("channel", state.channel);
  if ($("frame").getAttribute("src") !== url.href) $("frame").setAttribute("src", url.href);
}

function tick() {
  const shown = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short",
    hour: "2-digit", minute: "2-digit", second: "2-digit" });
  $("clock").textContent = shown.format(new Date(view.now() * 1000)) + " UTC";
}

const GONE = "The simulation is gone.";
let busy = false;
let full = { key: "", at: -Infinity };
view.refresh = async () => {
  if (busy) return;
  busy = true;
  try {
    const asked = new URLSearchParams({ as: view.me, channel: view.place });
    const key = `${view.me} ${view.place}`;
    // Local times and windows move without any change, so look at everything now and then.
    if (full.key === key && performance.now() - full.at < 5000) asked.set("since", version);
    const body = await (await fetch("/sim/state?" + asked)).json();
    clock = { at: body.now, read: performance.now(), speed: body.speed ?? 1 };
    $("speeds").hidden = body.speed === null;
    for (const it of $("speeds").children) it.setAttribute("aria-pressed", Number(it.dataset.speed) === body.speed);
    if (body.state) {
      view.state = body.state;
      version = body.version;
      if (!view.place) view.place = (view.state.channels.find((it) => !it.im) || {}).id || "bot";
      draw();
      full = { key, at: performance.now() };
      if (key !== `${view.me} ${view.place}`) setTimeout(view.refresh);
    }
    if ($("error").textContent === GONE) $("error").hidden = true;
  } catch (error) {
    console.error(error);
    $("error").hidden = false;
    $("error").textContent = GONE;
  } finally {
    busy = false;
  }
};

/** On a narrow screen the side slides over the conversation. */
function showSide(open) {
  document.body.classList.toggle("side-open", open);
  $("menu").setAttribute("aria-expanded", String(open));
}

document.querySelector("main").addEventListener("click", () => showSide(false));
addEventListener("keydown", (event) => { if (event.key === "Escape") showSide(false); });
$("menu").onclick = () => showSide(!document.body.classList.contains("side-open"));
$("as-user").onchange = () => { view.me = chosen = $("as-user").value; view.refresh(); };
for (const it of $("speeds").children) it.onclick = () => act({ do: "speed", speed: Number(it.dataset.speed) });
setInterval(view.refresh, 500);
setInterval(tick, 250);
view.refresh();
