// Keeps a page's sessions up to date as results arrive; without it they are as of when the page was opened.
"use strict";

const root = document.querySelector("[data-live]");
const news = document.querySelector("[data-live-new]");
const kinds = ["session.started", "session.updated", "session.finished"];
const begun = new Set();
const under_way = new Map();
let source;
/** Up to where was heard, once anything was; before, the page's own place counts. */
let last = "";

/** All that shows a session: rows, and on its own page the whole story. */
const shown = (id) => document.querySelectorAll(`[data-session="${CSS.escape(id)}"]`);

/** Fetches what shows a session anew; a change meanwhile has it fetched once more. */
async function refresh(element) {
  const address = element.dataset.fragment;
  if (under_way.has(address)) {
    under_way.set(address, true);
    return;
  }
  under_way.set(address, false);
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, redirect: "error" });
    if (answer.ok) swap(element, await answer.text());
  } catch {
    // The connection is lost, or nobody is signed in any more: the page stays as it is.
  }
  const again = under_way.get(address);
  under_way.delete(address);
  if (again) document.querySelectorAll(`[data-fragment="${CSS.escape(address)}"]`).forEach(refresh);
}

/** Puts what was fetched in the place of an element; the keyboard's place stays. */
function swap(element, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.firstElementChild;
  if (!fresh || !element.isConnected || fresh.outerHTML === element.outerHTML) return;
  const links = (of) => [...of.querySelectorAll("a, button, summary")];
  const focused = links(element).indexOf(document.activeElement);
  element.replaceWith(fresh);
  fresh.classList.add("changed");
  htmx?.process(fresh);
  if (focused >= 0) links(fresh)[focused]?.focus();
}

function announce(id) {
  if (!news || begun.has(id)) return;
  begun.add(id);
  const n = begun.size;
  const link = document.createElement("a");
  link.href = news.dataset.liveNew;
  link.textContent = "show";
  news.replaceChildren(`${n} new ${n === 1 ? "session" : "sessions"} – `, link);
}

function heard(event) {
  last = event.lastEventId || last;
  const id = JSON.parse(event.data).data.session?.id;
  if (!id) return;
  const elements = shown(id);
  elements.forEach(refresh);
  if (event.type === "session.started" && elements.length === 0) announce(id);
}

function listen() {
  const address = new URL(root.dataset.live, location.href);
  if (last) address.searchParams.set("last_event_id", last);
  source = new EventSource(address);
  for (const kind of kinds) source.addEventListener(kind, heard);
}

// Browsers open few connections to a host: a page that nobody sees does not hold one. What it missed comes first later.
if (root) {
  listen();
  document.addEventListener("visibilitychange", () => {
    source.close();
    if (!document.hidden) listen();
  });
}
