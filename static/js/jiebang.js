/* Small comforts over pages that work without them. Every behaviour hangs on a data attribute and on one delegated listener,
   so that fragments swapped in by htmx have it too. */
(() => {
  "use strict";
  const words = document.documentElement.lang.startsWith("en")
    ? { over: "closed", days: (d, h) => `${d} d ${h} h left`, hours: (h, m) => `${h} h ${m} min left`, minutes: (m, s) => `${m} min ${s} s left`,
        removed: (n) => `Item ${n} removed`, undo: "Undo", tooLong: (n) => `${n} too many`, short: (n) => `${n} more needed`, full: "No more items can be added" }
    : { over: "已截止", days: (d, h) => `还剩 ${d} 天 ${h} 小时`, hours: (h, m) => `还剩 ${h} 小时 ${m} 分`, minutes: (m, s) => `还剩 ${m} 分 ${s} 秒`,
        removed: (n) => `已删除第 ${n} 项`, undo: "撤销", tooLong: (n) => `超出 ${n} 字`, short: (n) => `还需 ${n} 字`, full: "已达到最多项数" };

  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  /* Repeated rows: indicators, milestones, budget lines. */
  function renumber(box) {
    all("[data-row]", box).forEach((row, position) => { row.querySelector("[data-row-number]").textContent = String(position + 1); });
  }
  function nextIndex(box) {
    const pattern = new RegExp(`^${box.dataset.rows.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}-(\\d+)-`);
    const used = all("[name]", box).map((input) => pattern.exec(input.name)).filter(Boolean).map((found) => Number(found[1]));
    return used.length ? Math.max(...used) + 1 : 0;
  }
  function addRow(box) {
    const most = Number(box.dataset.rowsMax || 0);
    if (most && all("[data-row]", box).length >= most) { say(words.full); return; }
    const index = nextIndex(box);
    const holder = document.createElement("template");
    holder.innerHTML = box.querySelector("[data-row-template]").innerHTML.replaceAll("__index__", String(index));
    const row = holder.content.querySelector("[data-row]");
    box.querySelector("[data-rows-body]").append(row);
    renumber(box);
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    touched(box);
  }
  function removeRow(box, row) {
    const number = all("[data-row]", box).indexOf(row) + 1;
    const bar = document.createElement("div");
    bar.className = "jb-row-removed";
    bar.setAttribute("role", "status");
    const undo = document.createElement("button");
    undo.type = "button";
    undo.className = "btn btn-ghost btn-sm";
    undo.textContent = words.undo;
    undo.addEventListener("click", () => { bar.replaceWith(row); renumber(box); row.querySelector("input, select, textarea")?.focus(); });
    bar.append(words.removed(number), undo);
    row.replaceWith(bar);
    undo.focus();
    renumber(box);
    touched(box);
  }

  /* A second look before something final. */
  function askInDialog(details) {
    const panel = details.querySelector("[data-confirm-panel]");
    const dialog = document.createElement("dialog");
    dialog.className = "jb-dialog";
    dialog.setAttribute("aria-label", panel.querySelector(".jb-confirm-title").textContent.trim());
    dialog.append(panel);
    document.body.append(dialog);
    const cancel = panel.querySelector("[data-confirm-cancel]");
    cancel.hidden = false;
    cancel.onclick = () => dialog.close();
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { details.append(panel); dialog.remove(); details.querySelector("summary").focus(); });
    dialog.showModal();
    (panel.querySelector("textarea, input:not([type=hidden]), select") || cancel).focus();
  }

  /* Unsaved changes. */
  const dirty = new Set();
  function touched(element) {
    const form = element.closest?.("form[data-unsaved]");
    if (form) dirty.add(form);
  }
  window.addEventListener("beforeunload", (event) => {
    if (Array.from(dirty).some((form) => form.isConnected)) event.preventDefault();
  });

  /* Counters. A line break counts as two characters, as it does on the server. */
  function count(area) {
    const box = document.querySelector(`[data-counter="${CSS.escape(area.id)}"]`);
    if (!box) return;
    box.dataset.limit ??= box.textContent.trim();
    const length = Array.from(area.value.trim().replace(/\r?\n/g, "\r\n")).length;
    const most = Number(area.dataset.counterMax);
    const least = Number(area.dataset.counterMin || 0);
    const note = length > most ? words.tooLong(length - most) : length && length < least ? words.short(least - length) : "";
    box.textContent = length ? `${length} / ${most}${note ? " · " + note : ""}` : box.dataset.limit;
    box.classList.toggle("is-over", length > most);
  }

  /* What remains until a deadline. */
  function tick() {
    all("[data-deadline]").forEach((box) => {
      const seconds = Math.floor((new Date(box.dataset.deadline) - Date.now()) / 1000);
      const holder = box.closest(".jb-deadline");
      let text = box.dataset.over || words.over;
      if (seconds > 86400) text = words.days(Math.floor(seconds / 86400), Math.floor((seconds % 86400) / 3600));
      else if (seconds > 3600) text = words.hours(Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60));
      else if (seconds > 0) text = words.minutes(Math.floor(seconds / 60), seconds % 60);
      if (box.textContent !== text) box.textContent = text;
      holder?.classList.toggle("is-over", seconds <= 0);
      holder?.classList.toggle("is-near", seconds > 0 && seconds < 259200);
    });
  }

  function showFiles(input) {
    const list = document.querySelector(`[data-file-names="${CSS.escape(input.id)}"]`);
    if (!list) return;
    list.replaceChildren(...Array.from(input.files).map((file) => {
      const item = document.createElement("li");
      item.textContent = `${file.name} · ${file.size < 1048576 ? Math.ceil(file.size / 1024) + " KB" : (file.size / 1048576).toFixed(1) + " MB"}`;
      return item;
    }));
  }

  function say(text) {
    let box = document.getElementById("jb-live");
    if (!box) {
      box = Object.assign(document.createElement("div"), { id: "jb-live", className: "visually-hidden" });
      box.setAttribute("role", "status");
      document.body.append(box);
    }
    box.textContent = text;
  }

  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.querySelector("[data-copy-text]");
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    say(button.dataset.copied);
    setTimeout(() => { label.textContent = before; }, 2000);
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const add = target.closest("[data-row-add]");
    if (add) { event.preventDefault(); addRow(add.closest("[data-rows]")); return; }
    const remove = target.closest("[data-row-remove]");
    if (remove) { event.preventDefault(); removeRow(remove.closest("[data-rows]"), remove.closest("[data-row]")); return; }
    const question = target.closest("[data-confirm] > summary");
    if (question && "HTMLDialogElement" in window) { event.preventDefault(); askInDialog(question.parentElement); return; }
    const button = target.closest("[data-copy]");
    if (button) { copy(button); return; }
    if (target.closest("[data-print]")) { window.print(); return; }
    all("details[data-menu][open]").forEach((menu) => { if (!menu.contains(target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    all("details[data-menu][open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });
  document.addEventListener("change", ({ target }) => {
    all("details[data-open-when]").forEach((part) => {
      const [name, value] = part.dataset.openWhen.split("=");
      if (target.name === name) part.open = target.value === value;
    });
  });
  document.addEventListener("input", (event) => {
    touched(event.target);
    if (event.target.matches("textarea[data-counter-max]")) count(event.target);
    if (event.target.matches("input[type=file][data-file]")) showFiles(event.target);
  });
  document.addEventListener("submit", (event) => { dirty.delete(event.target); });

  /* A strip of tabs that is wider than the phone shows the tab one is on. */
  function showCurrentTab(link) {
    const strip = link.closest("ul");
    const hidden = link.getBoundingClientRect().right - strip.getBoundingClientRect().right;
    if (hidden > 0) strip.scrollLeft += hidden + 24;
  }

  function prepare(root) {
    all(".jb-tabs [aria-current], .jb-nav [aria-current]", root).forEach(showCurrentTab);
    all("[data-copy], [data-print]", root).forEach((button) => { button.hidden = false; });
    all("textarea[data-counter-max]", root).forEach(count);
    root.querySelector("[data-error-summary]")?.focus();
    tick();
  }
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  prepare(document);
  setInterval(tick, 1000);
})();
