// The triage desk by keyboard: j k move, x ticks, a accepts, h hands off, r resolves, Enter opens, f filters;
// u, which takes back, is a button's own key. Forms of a row open in a dialog; the desk alone is replaced by what the server answers.
(function () {
  "use strict";

  let place = -1;

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
      form.dataset.title = opener.closest("tr").dataset.title;
      dialog.querySelector("[data-title-place]").textContent = form.dataset.title;
      dialog.showModal();
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-work]");
    if (!form) return;
    event.preventDefault();
    form.closest("dialog").close();
    window.htmx.ajax("POST", form.action, { source: form, target: "#desk", swap: "outerHTML" });
  });

  // What others did is told on its row, which stays where it is until the person asks for the desk anew.
  function tell() {
    desk().querySelectorAll("#desk-live [data-changed]").forEach((news) => {
      const row = desk().querySelector(`tr[data-incident="${news.dataset.changed}"]`);
      if (!row || row.classList.contains("changed")) return;
      row.classList.add("changed");
      const words = row.querySelector(".main").appendChild(document.createElement("span"));
      words.className = "sub changed-words";
      words.textContent = news.dataset.words;
    });
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-refresh]")) return;
    window.htmx.ajax("GET", desk().dataset.place, { target: "#desk", swap: "outerHTML" });
  });

  // What was on the row below moves up to where the person stands.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!desk()) return;
    if (event.target.id === "desk-live") return tell();
    desk().dispatchEvent(new Event("change", { bubbles: true }));
    const typing = document.activeElement && document.activeElement.id === "desk-filter";
    if (place >= 0 && !typing) stand(place);
  });
})();
