// The people at the side, and the sheet on which one of them is made active, quiet, away or sick.

import { $, act, make, person } from "/page/view.js";
import { emojis } from "/page/text.js";

export function personItem(it) {
  const kind = it.guest ? " (guest)" : it.is_bot ? " (bot)" : "";
  const title = `${it.real_name}${it.title ? ", " + it.title : ""}, ${it.tz || "no time zone"}`;
  const line = make("button", { type: "button", className: it.deleted ? "person off" : "person", title });
  line.append(make("b", {}, `${it.name}${kind}`));
  if (it.emoji) line.append(make("span", { title: it.status }, emojis(it.emoji)));
  line.append(make("small", {}, it.deleted ? "gone" : it.local));
  line.dataset.person = it.id;
  line.onclick = () => openSheet(it.id);
  if (it.is_bot || it.deleted) {
    line.disabled = true;
    return make("li", {}, make("span", { className: "dot none" }), line);
  }
  const dot = make("button", { type: "button", className: "dot", onclick: () => act({ do: "presence", user: it.id }) });
  dot.setAttribute("aria-pressed", it.active);
  dot.setAttribute("aria-label", `${it.name} is ${it.active ? "active" : "away"}`);
  dot.dataset.presence = it.id;
  const moon = make("button", { type: "button", className: "moon", onclick: () => act({ do: "dnd", user: it.id }) }, "🌙");
  moon.setAttribute("aria-pressed", it.dnd);
  moon.setAttribute("aria-label", `Do not disturb for ${it.name}: ${it.dnd ? "on" : "off"}`);
  moon.title = it.dnd ? "Do not disturb is on: resume" : "Do not disturb for two hours";
  moon.dataset.dnd = it.id;
  return make("li", {}, dot, line, moon);
}

/** The statuses that can be chosen; the first is none. */
const STATUSES = [["", ""], [":palm_tree:", "Vacationing"], [":face_with_thermometer:", "Out sick"],
  [":house_with_garden:", "Working remotely"], [":ambulance:", "On another incident"]];

function openSheet(id) {
  const it = person(id);
  const sheet = $("sheet");
  const form = sheet.querySelector("form");
  sheet.querySelector("h2").textContent = it.real_name;
  sheet.querySelector("p").textContent =
    `@${it.name}${it.title ? ", " + it.title : ""} · ${it.local}, ${it.tz || "no time zone"}`;
  form.elements.presence.value = it.active ? "active" : "away";
  form.elements.nightly.checked = it.nightly;
  form.elements.pause.options[0].textContent = it.dnd ? `Paused until ${it.dnd_until}` : "Not paused";
  form.elements.pause.options[1].hidden = !it.dnd;
  form.elements.pause.value = "";
  const other = !STATUSES.some(([emoji, text]) => emoji === it.emoji && text === it.status);
  const choices = other ? [...STATUSES, [it.emoji, it.status]] : STATUSES;
  form.elements.status.replaceChildren(...choices.map(([emoji, text], at) =>
    make("option", { value: at }, emoji || text ? `${emojis(emoji)} ${text}` : "No status")));
  form.elements.status.value = choices.findIndex(([emoji, text]) => emoji === it.emoji && text === it.status);
  form.elements.minutes.options[0].textContent = it.status_until ? `Until ${it.status_until}` : "Until it is removed";
  form.elements.minutes.value = "";
  sheet.returnValue = "";
  sheet.onclose = () => {
    if (sheet.returnValue === "save") save(it, choices, form.elements);
    document.querySelector(`[data-person="${id}"]`)?.focus();
  };
  sheet.showModal();
}

/** Only what was changed is set: a status set again would count its hours anew. */
function save(it, choices, { presence, pause, nightly, status, minutes }) {
  const what = { do: "person", user: it.id };
  const active = presence.value === "active";
  if (active !== it.active) what.active = active;
  if (pause.value !== "") what.pause = Number(pause.value);
  if (nightly.checked !== it.nightly) what.nightly = nightly.checked;
  const [emoji, text] = choices[status.value];
  if (emoji !== it.emoji || text !== it.status || minutes.value !== "") {
    what.status = { emoji, text, minutes: Number(minutes.value) };
  }
  act(what);
}
