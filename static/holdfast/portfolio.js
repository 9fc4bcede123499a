// The portfolio by keyboard: j k move, x ticks, Enter opens; z ticks the row one stands on where none is ticked yet.
(function () {
  "use strict";

  let place = -1;
  const rows = () => [...document.querySelectorAll("tr[data-row]")];

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
  function tick() {
    const box = inRow("[data-tick-row]");
    if (box) box.click();
  }
  const deeds = {
    j: () => stand(place + 1),
    k: () => stand(place < 0 ? 0 : place - 1),
    x: tick,
    Enter: () => { const link = inRow("[data-open]"); if (link) link.click(); },
  };

  // Before the keys of the page: what z answers to shows only once a row is ticked.
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping || document.querySelector("dialog[open]")) return;
    if (event.key === "z" && !document.querySelector("[data-tick-row]:checked")) return tick();
    if (event.key === "Enter" && !event.target.matches("tr[data-row]")) return;
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  }, true);
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row && rows().indexOf(row) !== place) {
      place = rows().indexOf(row);
      rows().forEach((one) => one.classList.toggle("current", one === row));
    }
  });
})();
