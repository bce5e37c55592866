// The line in which people write, and the list from which they pick a name after `@`.

import { $, act, make, view } from "/page/view.js";
import { replyTo, replyingTo } from "/page/messages.js";

const MOST = 6;
const line = $("composer");
const list = $("picks");
let choices = [];
let active = 0;

/** The `@…` being typed just before the caret: where it begins, and its letters. */
function typed() {
  const before = line.value.slice(0, line.selectionStart);
  const found = /(?:^|\s)@([\p{L}\p{N}._-]*)$/u.exec(before);
  return found && { from: before.length - found[1].length - 1, name: found[1].toLowerCase() };
}

function candidates(name) {
  const people = view.state.people.filter((it) => !it.deleted && it.id !== view.me);
  const all = [
    ...people.map((it) => ({ name: it.name, about: it.real_name })),
    ...view.state.groups.map((it) => ({ name: it.handle, about: "User group" })),
  ];
  // Written out in full, there is nothing left to pick.
  if (all.some((it) => it.name.toLowerCase() === name)) return [];
  const begins = (text) => text.toLowerCase().split(/\s+/).some((word) => word.startsWith(name));
  return all.filter((it) => begins(it.name) || begins(it.about)).slice(0, MOST);
}

function draw() {
  const at = view.state && typed();
  choices = at ? candidates(at.name) : [];
  active = Math.min(active, Math.max(choices.length - 1, 0));
  list.hidden = !choices.length;
  line.setAttribute("aria-expanded", String(choices.length > 0));
  list.replaceChildren(...choices.map((it, nth) => {
    const node = make("li", { id: `pick-${nth}`, role: "option" }, make("b", {}, "@" + it.name), " " + it.about);
    node.setAttribute("aria-selected", nth === active);
    node.onpointerdown = (event) => { event.preventDefault(); pick(nth); };
    return node;
  }));
  if (choices.length) line.setAttribute("aria-activedescendant", `pick-${active}`);
  else line.removeAttribute("aria-activedescendant");
}

function close() {
  choices = [];
  active = 0;
  list.hidden = true;
  line.setAttribute("aria-expanded", "false");
  line.removeAttribute("aria-activedescendant");
}

function pick(nth) {
  const { from } = typed();
  line.setRangeText(`@${choices[nth].name} `, from, line.selectionStart, "end");
  close();
}

line.oninput = () => { active = 0; draw(); };
line.onblur = close;
line.onkeydown = (event) => {
  if (!choices.length) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    active = (active + (event.key === "ArrowDown" ? 1 : choices.length - 1)) % choices.length;
    draw();
  } else if (event.key === "Enter" || event.key === "Tab") pick(active);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
};

$("no-reply").onclick = () => replyTo(null);
$("form").onsubmit = async (event) => {
  event.preventDefault();
  const text = line.value.trim();
  if (!text) return;
  const done = await act({ do: "say", user: view.me, channel: view.place, text, thread_ts: replyingTo() });
  if (!done) return;
  line.value = "";
  replyTo(null);
};
