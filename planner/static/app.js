"use strict";
// Keys, the choice of the language, and what was told. Everything else is HTML and htmx.
document.documentElement.classList.add("has-script");
const rows = () => Array.from(document.querySelectorAll("table.products tbody tr"));

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  next.querySelector("a.product").focus();
  next.scrollIntoView({ block: "nearest" });
}

// The button of the row that has the focus, or of the first one; on a product's page, of the product.
function press(key) {
  const at = rows().find((row) => row.contains(document.activeElement)) || rows()[0] || document;
  at.querySelector(`[data-key="${key}"]`)?.click();
}

const keys = {
  a: () => press("a"),
  u: () => (document.querySelector("[data-undo]") || (document.activeElement.closest("tr") || document.querySelector("article.product"))?.querySelector("[data-key=u]"))?.click(),
  e: () => press("e"),
  j: () => move(1),
  k: () => move(-1),
  "/": () => document.getElementById("search")?.focus(),
  "?": () => document.getElementById("keys").showModal(),
  n: () => document.querySelector("a[rel=next]")?.click(),
  p: () => document.querySelector("a[rel=prev]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
  const action = keys[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (event.target.id === "language" || form?.matches("[data-submit-on-change]")) form.requestSubmit();
});

const dialog = document.getElementById("dialog");
document.addEventListener("click", (event) => {
  if (event.target.matches("dialog") || event.target.closest("[data-close]")) event.target.closest("dialog").close();
  if (event.target.closest("[data-keys]")) keys["?"]();
});
document.body.addEventListener("decided", () => dialog.close());

document.body.addEventListener("htmx:afterSwap", (event) => {
  document.getElementById("no-answer").hidden = true;
  if (event.detail.target === dialog && !dialog.open) dialog.showModal();
});
// What is swapped takes the focus with it: a row that was decided upon gets it back.
document.body.addEventListener("htmx:oobAfterSwap", (event) => {
  const swapped = document.getElementById(event.detail.target.id);
  if (!swapped) return;
  htmx.process(swapped); // at once: htmx does it when the swap has settled, and a key may be quicker
  if (swapped.matches("tr")) swapped.querySelector("a.product").focus();
});
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.body.addEventListener(failure, () => {
    document.getElementById("no-answer").hidden = false;
    dialog.close();
  });
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
