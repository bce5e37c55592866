// Block Kit: sections, headers, context, dividers and buttons, with the dialog that asks before a click counts.

import { $, act, finder, make, view } from "/page/view.js";
import { emojis, rich } from "/page/text.js";

function textObject(it) {
  return it.type === "mrkdwn" ? rich(it.text) : document.createTextNode(emojis(it.text));
}

/** Asks as the button wishes; says whether the answer was yes. Escape and "deny" are no. */
function confirmed(asked, asker) {
  const dialog = $("confirm");
  dialog.querySelector("h2").textContent = emojis(asked.title.text);
  dialog.querySelector("p").textContent = emojis(asked.text.text);
  const [deny, confirm] = dialog.querySelectorAll("button");
  deny.textContent = emojis(asked.deny.text);
  confirm.textContent = emojis(asked.confirm.text);
  confirm.className = asked.style || "primary";
  const again = finder(asker);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.onclose = () => {
      done(dialog.returnValue === "yes");
      // The messages may have been drawn anew behind the dialog.
      if (!asker.isConnected) (again($("messages")) || $("messages")).focus();
    };
  });
}

function button(message, it) {
  const node = make("button", { type: "button", className: it.style || "" }, emojis(it.text.text));
  node.dataset.actionId = it.action_id;
  if (it.confirm) node.setAttribute("aria-haspopup", "dialog");
  node.onclick = async () => {
    const { me, state } = view;
    if (it.confirm && !(await confirmed(it.confirm, node))) return;
    if (it.url) window.open(it.url, "_blank", "noopener");
    if (message.home) act({ do: "click_home", user: me, action_id: it.action_id });
    else act({ do: "click", user: me, channel: state.channel, ts: message.ts, action_id: it.action_id });
  };
  return node;
}

function buttons(message, elements) {
  return elements.filter((it) => it.type === "button").map((it) => button(message, it));
}

function section(message, it) {
  const words = make("div", { className: "grow" });
  if (it.text) words.append(make("div", { className: "text" }, textObject(it.text)));
  if (it.fields) {
    words.append(make("div", { className: "fields" },
      ...it.fields.map((field) => make("div", { className: "text" }, textObject(field)))));
  }
  return make("div", { className: "section" }, words, ...buttons(message, it.accessory ? [it.accessory] : []).map((node) =>
    make("div", { className: "actions" }, node)));
}

export function block(message, it) {
  switch (it.type) {
    case "divider":
      return make("hr");
    case "header":
      return make("h3", {}, emojis(it.text.text));
    case "section":
      return section(message, it);
    case "context":
      return make("div", { className: "text context" }, ...it.elements.map((element) =>
        make("span", {}, element.text ? textObject(element) : element.alt_text || "")));
    case "actions":
      return make("div", { className: "actions" }, ...buttons(message, it.elements));
    default:
      return make("div", { className: "text context" }, `[${it.type}]`);
  }
}
