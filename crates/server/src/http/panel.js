// Brings the panel up to date, and keeps open what the reader has opened.
const content = document.getElementById("content");
const address = "/panel/content" + location.search;
async function refresh() {
  try {
    const answer = await fetch(address);
    if (answer.ok) {
      const text = await answer.text();
      if (text !== refresh.last) {
        const touched = [...content.querySelectorAll("details")].map((details) => details.open);
        const before = content.querySelectorAll("section.incident").length;
        content.innerHTML = text;
        const now = [...content.querySelectorAll("details")];
        if (content.querySelectorAll("section.incident").length === before && now.length === touched.length) {
          now.forEach((details, index) => { details.open = touched[index]; });
        }
        refresh.last = text;
      }
    }
  } catch { /* The bot is restarting; the next round will tell. */ }
}
setInterval(refresh, 1000);
