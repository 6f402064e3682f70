// Keeps a page's sessions up to date as results arrive; without it they are as of when the page was opened.
"use strict";

const root = document.querySelector("[data-live]");
const news = document.querySelector("[data-live-new]");
const kinds = ["session.started", "session.updated", "session.finished"];
const begun = new Set();
const under_way = new Map();
const first_pause = 2000;
const longest_pause = 120_000;
let source;
let pause = first_pause;
let timer;
let unheard;
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
    const answer = await fetch(address, { headers: { "X-Fragment": "true" }, redirect: "error" });
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
  const state = fresh.querySelector(".badge")?.textContent;
  const before = element.querySelector(".badge")?.textContent;
  if (state && state !== before) tell(`A session changed: ${state}.`);
  if (focused >= 0) links(fresh)[focused]?.focus();
}

/** Tells those who do not see it; in a place that was on the page before. */
function tell(text) {
  document.querySelector("[data-told]").textContent = text;
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

/** Says quietly whether the page hears of news. */
function show(is_live) {
  if (is_live !== (note.textContent === "")) note.textContent = is_live ? "" : "Not live at the moment: what is new comes later, or when you load the page again.";
}

function listen() {
  clearTimeout(timer);
  const address = new URL(root.dataset.live, location.href);
  if (last) address.searchParams.set("last_event_id", last);
  source = new EventSource(address);
  for (const kind of kinds) source.addEventListener(kind, heard);
  source.addEventListener("open", () => {
    pause = first_pause;
    clearTimeout(unheard);
    unheard = undefined;
    show(true);
  });
  // While it is CONNECTING the browser tries again by itself; once CLOSED, as after an answer that is none, it does not.
  source.addEventListener("error", () => {
    unheard ??= setTimeout(() => show(false), 5000);
    if (source.readyState !== EventSource.CLOSED || document.hidden) return;
    timer = setTimeout(listen, pause);
    pause = Math.min(2 * pause, longest_pause);
  });
}

// Browsers open few connections to a host: a page that nobody sees does not hold one. What it missed comes first later.
const note = document.createElement("p");
if (root) {
  note.className = "news";
  note.setAttribute("role", "status");
  root.prepend(note);
  listen();
  document.addEventListener("visibilitychange", () => {
    source.close();
    clearTimeout(timer);
    if (!document.hidden) listen();
  });
}
