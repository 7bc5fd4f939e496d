// What pages need besides htmx. Everything works on attributes that templates/web/macros.html writes; no inline code, no eval.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Toasts: from the server's HX-Trigger, or from scripts by dispatching "toast" with {text, kind}.
const SHOWN_FOR = 6000;
const leaving = (toast) => setTimeout(() => toast.remove(), SHOWN_FOR);
function showToast({ text, kind = "info" }) {
  const pattern = find("#toast-pattern").content;
  const toast = (find(`.toast.${CSS.escape(kind)}`, pattern) ?? find(".toast", pattern)).cloneNode(true);
  find("span", toast).textContent = text;
  find("#toasts").append(toast);
  if (kind !== "error") leaving(toast);
}
addEventListener("toast", (event) => showToast(event.detail ?? {}));
all("#toasts .toast:not(.error)").forEach(leaving);

// Theme: the cookie is what the server renders next time, so no page flashes.
function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  find("meta[name=color-scheme]").content = root.dataset.theme;
  const secure = location.protocol === "https:";
  document.cookie = `${secure ? "__Host-" : ""}theme=${root.dataset.theme};path=/;max-age=31536000;samesite=lax${secure ? ";secure" : ""}`;
}

// The side menu on small screens.
function openMenu(id, open) {
  const menu = document.getElementById(id);
  menu.toggleAttribute("data-opened", open);
  all(`[data-menu="${id}"]`).forEach((button) => button.setAttribute("aria-expanded", String(open)));
  find(open ? "a, button" : "#nothing", menu)?.focus();
}

async function copy(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.toggleAttribute("data-copied", true);
  showToast({ text: button.dataset.done, kind: "success" });
  setTimeout(() => button.removeAttribute("data-copied"), 2000);
}

function reveal(button) {
  const field = document.getElementById(button.dataset.reveal);
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
}

const ACTIONS = [
  ["[data-open]", (button) => document.getElementById(button.dataset.open).showModal()],
  ["[data-close]", (button) => button.closest("dialog").close()],
  ["[data-dismiss]", (button) => button.closest(".toast").remove()],
  ["[data-copy]", copy],
  ["[data-reveal]", reveal],
  ["[data-theme-toggle]", (link, event) => { event.preventDefault(); switchTheme(); }],
  ["[data-menu]", (button) => openMenu(button.dataset.menu, button.getAttribute("aria-expanded") !== "true")],
  ["[data-menu-close]", (button) => openMenu(button.dataset.menuClose, false)],
  ["[data-confirmed]", (button) => confirmed(button)],
  ["[data-print]", () => print()],
];
document.addEventListener("click", (event) => {
  if (event.target instanceof HTMLDialogElement && event.target.open) return event.target.close();
  for (const [selector, act] of ACTIONS) {
    const found = event.target.closest(selector);
    if (found) return act(found, event);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && find("#side[data-opened]")) openMenu("side", false);
  if (event.key === "/" && !event.target.closest("input, textarea, select, dialog")) {
    const search = find("main input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

// A form with data-confirm asks first; every form is sent once.
const sending = new WeakSet();
let submitted = false;
function confirmed(button) {
  const dialog = button.closest("dialog");
  const form = find(`form[data-confirm="${dialog.id}"]`);
  dialog.close();
  form.dataset.sure = "";
  form.requestSubmit();
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !("sure" in form.dataset)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    document.getElementById(form.dataset.confirm).showModal();
    return;
  }
  if (form.method === "get" || form.method === "dialog") return;
  if (sending.has(form)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  sending.add(form);
  submitted = true;
  // After this event, so that the pressed button is still part of what is sent.
  setTimeout(() => busy(form, true));
}, true);
function busy(form, on) {
  all("button:not([type=button])", form).forEach((button) => { button.disabled = on; on ? button.setAttribute("aria-busy", "true") : button.removeAttribute("aria-busy"); });
  if (!on) { sending.delete(form); delete form.dataset.sure; }
}
const release = () => all("form").filter((form) => sending.has(form)).forEach((form) => busy(form, false));
document.addEventListener("htmx:finally:request", release);
addEventListener("pageshow", (event) => event.persisted && release());
document.addEventListener("htmx:error", (event) => {
  if (event.detail?.error instanceof TypeError) showToast({ text: find("#toasts").dataset.lost, kind: "error" });
});

// Popovers open next to the button that opens them.
document.addEventListener("toggle", (event) => {
  const panel = event.target;
  if (event.newState !== "open" || !panel.matches?.(".menu-panel")) return;
  const button = find(`[popovertarget="${panel.id}"]`).getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = button.bottom + 6 + height < innerHeight;
  panel.style.top = `${Math.max(8, below ? button.bottom + 6 : button.top - height - 6)}px`;
  panel.style.left = `${Math.max(8, Math.min(panel.matches(".account-panel") ? button.left : button.right - width, innerWidth - width - 8))}px`;
}, true);

// Charts: a tip under the pointer or the focus, arrow keys from point to point.
let tip;
function showTip(datum) {
  tip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip", role: "presentation" }));
  tip.hidden = false;
  tip.textContent = datum.dataset.tip;
  const box = (find(".pointer line", datum) ?? datum).getBoundingClientRect();
  const right = box.right + 12 + tip.offsetWidth > innerWidth;
  tip.style.left = `${Math.max(8, right ? box.left - tip.offsetWidth - 12 : box.right + 12)}px`;
  tip.style.top = `${Math.max(8, box.top + 8)}px`;
}
const hideTip = () => { if (tip) tip.hidden = true; };
for (const name of ["pointerover", "focusin"]) document.addEventListener(name, (event) => {
  const datum = event.target.closest?.(".datum");
  datum ? showTip(datum) : hideTip();
});
document.addEventListener("focusout", hideTip);
document.addEventListener("scroll", hideTip, true);
const NEIGHBOURS = {
  ArrowRight: (data, at) => data[at + 1], ArrowLeft: (data, at) => data[at - 1], Home: (data) => data[0], End: (data) => data.at(-1),
};
document.addEventListener("keydown", (event) => {
  const datum = event.target.closest?.(".datum");
  if (datum && event.key === "Escape") hideTip();
  if (!datum || !NEIGHBOURS[event.key]) return;
  event.preventDefault();
  const data = all(".datum", datum.closest("svg"));
  const next = NEIGHBOURS[event.key](data, data.indexOf(datum));
  if (!next) return;
  datum.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});

// After errors the first wrong field has the focus; dialogs that carry errors stand open.
function settle(root = document) {
  all("dialog[data-open-now]", root).forEach((dialog) => { dialog.removeAttribute("data-open-now"); if (!dialog.open) dialog.showModal(); });
}
const focusFault = () => find("[aria-invalid=true]")?.focus();
document.addEventListener("htmx:after:settle", () => { settle(); if (submitted) focusFault(); submitted = false; });
settle();
focusFault();
document.documentElement.dataset.ready = "";
