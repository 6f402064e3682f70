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

/** Where what happens without a new page is told to those who do not see it; screen readers want it there beforehand. */
const told = document.querySelector("[data-told]");

/** Copies a button's text; where the browser refuses that, the text is selected, to be copied by hand. */
async function copy(button) {
  button.dataset.label ??= button.textContent;
  let word = "Copied";
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const text = button.parentElement.querySelector("code");
    if (text) getSelection().selectAllChildren(text);
    word = "Selected";
  }
  button.textContent = word;
  told.textContent = word === "Copied" ? "Copied." : "It could not be copied. The text is selected.";
  clearTimeout(button.timer);
  button.timer = setTimeout(() => {
    button.textContent = button.dataset.label;
    told.textContent = "";
  }, 2000);
}

// A form that is under way is not sent twice by a double click.
document.addEventListener("submit", (event) => {
  const { dataset } = event.target;
  if (Date.now() - (dataset.sentAt ?? 0) < 1000) event.preventDefault();
  else dataset.sentAt = Date.now();
});

/** The box that ticks all of a table's boxes, which only this script can. */
for (const all of document.querySelectorAll("[data-tick-all]")) {
  const boxes = [...all.form.querySelectorAll("input[name=id]")];
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && !all.checked;
  };
  all.closest("label").hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  all.form.addEventListener("change", show);
  show();
}

/** A text without its accents and in small letters, as people look for it. */
const plain = (text) => text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase();

/** The field above a long list that shows only what is looked for, and what is ticked. */
for (const field of document.querySelectorAll("[data-find]")) {
  const choices = [...field.nextElementSibling.querySelectorAll("label")];
  const find = () => {
    const wanted = plain(field.value.trim());
    for (const choice of choices) {
      choice.hidden = !plain(choice.textContent).includes(wanted) && !choice.firstElementChild.checked;
    }
  };
  field.hidden = false;
  field.addEventListener("input", () => {
    find();
    told.textContent = `${choices.filter((choice) => !choice.hidden).length} of ${choices.length} are shown.`;
  });
  // It looks for something, and sends nothing.
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  find();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (button) copy(button);
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

// The buttons that copy: without this script they would do nothing.
for (const button of document.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
setInterval(refreshTimes, 30_000);
