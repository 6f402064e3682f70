// What makes the dashboard livelier; every page works without it.
"use strict";

// Times are shown in this browser's zone from the next page on.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `entrypass-zone=${encodeURIComponent(zone)}; Path=/admin; Max-Age=31536000; SameSite=Lax${secure}`;
}

const units = [["minute", 60], ["hour", 3600], ["day", 86400]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });

/** Relative times grow old on a page that stays open; dates do not. */
function refreshTimes() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
    const away = Math.abs(seconds);
    if (away < 60 || away >= 30 * 86400) continue;
    const [unit, size] = units.findLast(([, size]) => away >= size);
    time.textContent = words.format(Math.trunc(seconds / size), unit);
  }
}

/** Shows the buttons that copy: without this script they would do nothing. */
function showCopyButtons(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.textContent;
    button.textContent = "Copied";
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.textContent = label; }, 2000);
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("htmx:load", (event) => showCopyButtons(event.target));
showCopyButtons(document);
setInterval(refreshTimes, 30_000);
