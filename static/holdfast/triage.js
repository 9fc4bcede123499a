// The triage desk by keyboard: j k move, x ticks, a accepts, h hands off, r resolves, u opens again what was resolved
// last, Enter opens, f filters. Forms of a row open in a dialog; the desk alone is replaced by what the server answers.
(function () {
  "use strict";

  const UNDO_MS = 10000;
  let place = -1;
  let undo = null;

  const desk = () => document.getElementById("desk");
  const rows = () => [...desk().querySelectorAll("tr[data-row]")];

  function stand(at) {
    const all = rows();
    if (!all.length) return;
    place = Math.max(0, Math.min(at, all.length - 1));
    all.forEach((row, index) => row.classList.toggle("current", index === place));
    all[place].focus({ preventScroll: true });
    all[place].scrollIntoView({ block: "nearest" });
  }
  function inRow(selector) {
    const row = rows()[place];
    return row ? row.querySelector(selector) : null;
  }
  const act = (name) => () => { const button = inRow(`[data-act="${name}"]`); if (button) button.click(); };

  const keys = {
    j: () => stand(place + 1),
    k: () => stand(place < 0 ? 0 : place - 1),
    x: () => { const box = inRow("[data-tick-row]"); if (box) box.click(); },
    a: act("accept"), h: act("hand-off"), r: act("resolve"),
    u: () => { if (undo) openAgain(); },
    f: () => document.getElementById("desk-filter").focus(),
    Enter: () => { const link = inRow("[data-open]"); if (link) link.click(); },
  };
  function isBusy(target) {
    return document.querySelector("dialog[open]") || target.isContentEditable ||
      (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox");
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target)) return;
    if (event.key === "Enter" && !event.target.matches("tr[data-row]")) return;
    const deed = keys[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row && rows().indexOf(row) !== place) {
      place = rows().indexOf(row);
      rows().forEach((one) => one.classList.toggle("current", one === row));
    }
  });

  // A row's form opens here instead of on the incident's page.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(`dialog-${opener.dataset.dialog}`);
    if (dialog) {
      event.preventDefault();
      const form = dialog.querySelector("form");
      form.reset();
      form.action = opener.dataset.post;
      form.dataset.reopen = opener.dataset.reopen || "";
      form.dataset.title = opener.closest("tr").dataset.title;
      dialog.querySelector("[data-title-place]").textContent = form.dataset.title;
      dialog.showModal();
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
    if (event.target.closest("[data-undo] button")) openAgain();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-work]");
    if (!form) return;
    event.preventDefault();
    form.closest("dialog").close();
    const again = form.dataset.reopen ? { url: form.dataset.reopen, title: form.dataset.title } : null;
    window.htmx.ajax("POST", form.action, { source: form, target: "#desk", swap: "outerHTML" }).then(() => {
      if (again && desk().querySelector(".alert-success")) remember(again);
    });
  });

  function remember(again) {
    undo = again;
    showUndo();
    setTimeout(() => { if (undo === again) { undo = null; showUndo(); } }, UNDO_MS);
  }
  function showUndo() {
    const line = desk().querySelector("[data-undo]");
    if (!line) return;
    line.classList.toggle("is-idle", !undo);
    line.querySelector("[data-undo-title]").textContent = undo ? undo.title : "";
  }
  function openAgain() {
    const { url } = undo;
    undo = null;
    const next = document.querySelector("#ticked input[name=next], form[data-work] input[name=next]").value;
    window.htmx.ajax("POST", url, {
      source: desk(), target: "#desk", swap: "outerHTML",
      values: { words: "Resolved by mistake: opened again at once.", next },
    });
  }

  // What was on the row below moves up to where the person stands.
  document.addEventListener("htmx:afterSettle", () => {
    if (!desk()) return;
    desk().dispatchEvent(new Event("change", { bubbles: true }));
    showUndo();
    const typing = document.activeElement && document.activeElement.id === "desk-filter";
    if (place >= 0 && !typing) stand(place);
  });
})();
