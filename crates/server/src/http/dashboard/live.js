// Keeps a page up to date while somebody reads it: times in the reader's own zone, a countdown, and whatever has
// changed. Everything is there without it.
"use strict";
(() => {
  const main = document.getElementById("content");
  const link = document.getElementById("link");

  // By how much the bot's clock is ahead of this one.
  let ahead = 0;
  const tellTime = (now) => {
    if (now) ahead = Number(now) - Date.now();
  };

  const form = {
    time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    day: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    exact: {
      day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    },
  };
  const localise = (root) => {
    for (const time of root.querySelectorAll("time[data-moment]")) {
      const at = new Date(time.dateTime);
      time.title = time.textContent;
      time.textContent = new Intl.DateTimeFormat("en-GB", form[time.dataset.moment]).format(at);
    }
  };

  // The same words as the page's own: at most two units.
  const spoken = (seconds) => {
    const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const first = units.findIndex(([size]) => seconds >= size);
    const said = units.slice(first, first + 2).map(([size, name], index, shown) => {
      const count = Math.floor(index ? (seconds % shown[index - 1][0]) / size : seconds / size);
      return index && !count ? "" : `${count} ${name}`;
    });
    return said.join(" ").trim();
  };
  const count = () => {
    for (const left of document.querySelectorAll("[data-until]")) {
      const seconds = Math.floor(Number(left.dataset.until) - (Date.now() + ahead) / 1000);
      const said = seconds > 0 ? `${spoken(seconds)} left` : "time is up";
      if (left.textContent !== said) left.textContent = said;
    }
  };

  // What the server last gave for each part, before times were put into this zone.
  const given = new Map();
  const parts = (root) => root.querySelectorAll("[data-live][id]");
  const take = (part) => {
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    const folded = new Map([...part.querySelectorAll("details")].map((it, index) => [index, it.open]));
    return () => {
      const now = [...part.querySelectorAll("details")];
      if (now.length >= folded.size) folded.forEach((open, index) => { now[index].open = open; });
      if (held) {
        const same = (it) => it.tagName === held.tagName && it.textContent === held.textContent;
        [...part.querySelectorAll("a, button, summary")].find(same)?.focus({ preventScroll: true });
      }
    };
  };

  let busy = false;
  let again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" });
      // Signed out, or gone: the page itself says so.
      if (answer.type === "opaqueredirect" || answer.status === 404) { location.reload(); return; }
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        tellTime(fresh.getElementById("content")?.dataset.now);
        for (const part of parts(fresh)) {
          const shown = document.getElementById(part.id);
          if (!shown || given.get(part.id) === part.innerHTML) continue;
          given.set(part.id, part.innerHTML);
          const put = take(shown);
          shown.innerHTML = part.innerHTML;
          localise(shown);
          put();
        }
        document.title = fresh.title;
        count();
      }
    } catch { /* The bot is restarting; the next look will tell. */ } finally {
      busy = false;
      if (again) { again = false; setTimeout(refresh, 250); }
    }
  };

  const say = (state) => {
    if (!link) return;
    link.hidden = false;
    link.dataset.state = state;
    link.textContent = state === "live" ? "Live" : "Reconnecting";
  };
  let wait = 0;
  const listen = () => {
    const source = new EventSource("/live");
    source.addEventListener("hello", () => {
      say("live");
      // Something may have happened while nobody listened.
      if (wait) refresh();
      wait = 0;
    });
    source.addEventListener("change", refresh);
    source.addEventListener("error", () => {
      say("away");
      source.close();
      wait = Math.min(30000, Math.max(1000, wait * 2));
      setTimeout(listen, wait * (0.5 + Math.random()));
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  };

  for (const part of parts(document)) given.set(part.id, part.innerHTML);
  tellTime(main.dataset.now);
  localise(document);
  if (main.dataset.now) {
    count();
    setInterval(count, 1000);
    setInterval(() => { if (!document.hidden) refresh(); }, 30000);
    listen();
  }
})();
