// What every part of the page shares: the state last seen, who looks at it, and how an element is made.

export const $ = (id) => document.getElementById(id);

/** `me` is the person at the screen, `place` a channel id, "bot" or "home". */
export const view = { state: null, me: "", place: "", refresh: async () => {} };

export const person = (id) => view.state.people.find((it) => it.id === id);
export const nameOf = (id) => (person(id) || {}).name || id;
/** The time zone of whoever looks. */
export const zone = () => (person(view.me) || {}).tz || "UTC";

/** Makes an element; text is always text, never HTML. */
export function make(tag, props = {}, ...inside) {
  const it = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in it && name !== "list") it[name] = value;
    else it.setAttribute(name, value);
  }
  it.append(...inside);
  return it;
}

/** Tells the simulation that somebody did something; says whether it could be done. */
export async function act(what) {
  const answer = await fetch("/sim/act", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(what),
  });
  const body = await answer.json().catch(() => ({ error: "The simulation does not answer." }));
  $("error").hidden = answer.ok;
  $("error").textContent = answer.ok ? "" : body.error;
  await view.refresh();
  return answer.ok;
}

/** Redraws a list, keeping the focus on what it was on. */
export function fill(list, nodes) {
  const held = list.contains(document.activeElement) ? document.activeElement : null;
  const again = held && finder(held);
  list.replaceChildren(...nodes);
  const found = again && again(list);
  if (found) found.focus();
}

/** Finds an element again, in a list drawn anew, by the data that names it. */
export function finder(element) {
  const mark = Object.entries(element.dataset).map(([name, value]) =>
    `[data-${name.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase())}="${CSS.escape(value)}"]`).join("");
  const message = element.closest("[data-ts]");
  return (list) => {
    if (!mark) return null;
    const within = message ? list.querySelector(`[data-ts="${message.dataset.ts}"]`) : list;
    return within && within.querySelector(mark);
  };
}
