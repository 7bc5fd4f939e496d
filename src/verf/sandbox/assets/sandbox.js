// The list of mails stays fresh, the sections of a mail become tabs, the clock moves at a click. All work without it.
const fresh = document.querySelector("[data-refresh]");
if (fresh) {
  setInterval(async () => {
    if (document.hidden || fresh.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const news = page.getElementById(fresh.id);
      if (news && news.innerHTML !== fresh.innerHTML) fresh.replaceChildren(...news.childNodes);
    } catch {
      // The house is restarting; the next look will tell.
    }
  }, 2000);
}

for (const box of document.querySelectorAll("[data-tabs]")) {
  const panels = [...box.querySelectorAll("[data-tab]")];
  const list = document.createElement("div");
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Views of the mail");
  const tabs = panels.map((panel) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${panel.id}`;
    tab.textContent = panel.dataset.tab;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    tab.addEventListener("click", () => show(panel.id));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = panels[(panels.indexOf(panel) + step + panels.length) % panels.length];
      show(next.id);
      document.getElementById(`tab-${next.id}`).focus();
    });
    return tab;
  });
  const show = (id) => {
    panels.forEach((panel, index) => {
      panel.hidden = panel.id !== id;
      tabs[index].setAttribute("aria-selected", String(panel.id === id));
      tabs[index].tabIndex = panel.id === id ? 0 : -1;
    });
  };
  list.append(...tabs);
  box.prepend(list);
  show(panels[0].id);
}

for (const form of document.querySelectorAll("[data-clock]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const status = form.querySelector("[role=status]");
    status.textContent = "Moving the clock…";
    const answer = await fetch(form.dataset.clock, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ advance_seconds: Number(event.submitter.value) }),
    });
    if (answer.ok) location.reload();
    else status.textContent = (await answer.json()).detail;
  });
}
