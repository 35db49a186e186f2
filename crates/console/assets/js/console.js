// What a page can't do by itself: dialogs, copying, short cuts. Without it
// every page and form still works.
(() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);

  // A secret that was neither copied nor saved yet.
  const unsaved = () => find("[data-unsaved]");
  const question = "What is shown here will not be shown again, and you haven't copied it. Leave anyway?";
  const saved = () => each("[data-unsaved]", (panel) => panel.removeAttribute("data-unsaved"));

  const dress = () => {
    document.body.classList.remove("no-script");
    each("[data-copy], [data-close], [data-menu], [data-all]", (button) => { button.hidden = false; });
    each("time[datetime]", (time) => {
      if (time.title.includes("·")) return;
      const local = new Date(time.dateTime);
      if (!Number.isNaN(local.getTime())) time.title += " · " + local.toLocaleString() + " here";
    });
    each("select[data-shows], input[data-shows]:checked", shows);
    bulk();
  };

  const bulk = () => each("form[data-bulk]", (form) => {
    const boxes = [...form.querySelectorAll("tbody input[type=checkbox]")];
    const chosen = boxes.filter((box) => box.checked).length;
    each("[data-chosen]", (text) => { text.textContent = chosen === 1 ? "1 selected" : chosen + " selected"; }, form);
    each("[data-needs-choice]", (button) => { button.disabled = chosen === 0; }, form);
    const all = find("[data-all]", form);
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
  });

  const copy = async (button) => {
    const label = find("span", button);
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      label.textContent = "Copied";
      if (button.closest("[data-unsaved]")) saved();
    } catch {
      label.textContent = "Select and copy it by hand";
    }
    tell(label.textContent === "Copied" ? button.dataset.what + " copied" : "");
    setTimeout(() => { label.textContent = "Copy"; }, 2500);
  };

  const tell = (text) => {
    let live = find("#live");
    if (!live) {
      live = document.createElement("div");
      live.id = "live";
      live.setAttribute("role", "status");
      live.className = "skip";
      document.body.append(live);
    }
    live.textContent = text;
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, a, summary, [data-download]");
    if (!target) return;
    if (target.matches("[data-copy]")) copy(target);
    if (target.matches("[data-download]")) saved();
    if (target.matches("[data-menu]")) {
      const isOpen = find(".side").classList.toggle("menu-open");
      target.setAttribute("aria-expanded", String(isOpen));
    }
    if (target.matches("[data-close]")) {
      const dialog = target.closest("dialog");
      const toast = target.closest("[data-toast]");
      if (dialog) { event.preventDefault(); event.stopPropagation(); dialog.close(); }
      if (toast) toast.remove();
    }
  }, true);

  document.addEventListener("click", (event) => {
    each("details.menu[open]", (menu) => { if (!menu.contains(event.target) || event.target.closest(".menu-items")) menu.open = false; });
    if (event.target.matches("dialog")) event.target.close();
  });

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.matches("[data-send]")) input.form.requestSubmit();
    if (input.matches("[data-all]")) each("tbody input[type=checkbox]", (box) => { box.checked = input.checked; }, input.form);
    if (input.matches("[data-shows]")) shows(input);
    bulk();
  });

  // A choice that shows what belongs to it.
  const shows = (input) => each(`[data-for="${input.name}"]`, (part) => {
    part.hidden = !part.dataset.values.split(" ").includes(input.value);
  });

  // Short cuts, unless somebody types.
  let before = "";
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape") each("details.menu[open]", (menu) => { menu.open = false; find("summary", menu).focus(); });
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
    const keys = before + event.key;
    before = event.key === "g" ? "g" : "";
    if (event.key === "/" && find("[data-search]")) { event.preventDefault(); find("[data-search]").focus(); }
    else if (keys === "gp") location.assign("/projects");
    else if (event.key === "n" && find("[data-main]")) { event.preventDefault(); find("[data-main]").click(); }
    else if (event.key === "?" && find("#help")) find("#help").showModal();
  });

  window.addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!unsaved()) return;
    if (window.confirm(question)) saved();
    else event.preventDefault();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = find("#dialog");
    if (event.detail.target === dialog) {
      if (find("#dialog-title", dialog)) dialog.setAttribute("aria-labelledby", "dialog-title");
      if (!dialog.open) dialog.showModal();
      const first = find("[aria-invalid=true]", dialog) || find("[autofocus]", dialog);
      if (first) first.focus();
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    dress();
    if (event.detail.target !== document.body) return;
    // As after a load: whoever listens to the page begins at its content.
    const first = find("[aria-invalid=true]") || find("[autofocus]") || find("main");
    if (first) first.focus({ preventScroll: true });
  });
  document.addEventListener("close", (event) => { if (event.target.id === "dialog") event.target.replaceChildren(); }, true);

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", dress);
  else dress();
})();
