// The triage desk by keyboard: j k move, x ticks, a accepts, h hands off, r resolves, d disputes, Enter opens, f filters; with
// rows ticked, a h r d do it to all of them. u, which takes back, is a button's own key. Forms open in a dialog; the desk alone
// is replaced by what the server answers, and whoever stands on a row stays on it.
(function () {
  "use strict";

  let place = -1;
  let kept = null;
  let lastDone = null;

  const desk = () => document.getElementById("desk");
  const rows = () => [...desk().querySelectorAll("tr[data-row]")];
  const bulk = () => desk().querySelector("#ticked:not(.is-idle)");

  function mark(row) {
    const all = rows();
    place = all.indexOf(row);
    all.forEach((one) => one.classList.toggle("current", one === row));
    remember(location.href, row.dataset.incident);
  }
  // Which row was stood on, by address, as long as the window is open.
  const stoodOn = (address) => { const { pathname, search } = new URL(address); return `desk ${pathname}${search}`; };
  const remember = (address, incident) => sessionStorage.setItem(stoodOn(address), incident);
  // The incidents of this page of the desk in their order, so that an incident's page can lead on to the next.
  function keepOrder() {
    const walk = { desk: desk().dataset.place, incidents: rows().map((row) => row.querySelector("[data-open]").getAttribute("href")) };
    sessionStorage.setItem("desk walk", JSON.stringify(walk));
  }
  function stand(at) {
    const all = rows();
    if (!all.length) { place = -1; return; }
    const row = all[Math.max(0, Math.min(at, all.length - 1))];
    mark(row);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", behavior: "instant" });
  }
  function inRow(selector) {
    const row = rows()[place];
    return row ? row.querySelector(selector) : null;
  }
  const act = (name) => () => {
    const together = bulk() && bulk().querySelector(`[data-bulk-act="${name}"]`);
    const button = together || inRow(`[data-act="${name}"]`) || (name === "accept" && inRow('[data-act="take-on"]'));
    if (button) button.click();
  };

  // Beyond the last row stands the first of the next page.
  function goDown() {
    const further = place >= 0 && place === rows().length - 1 && desk().querySelector('.pager a[rel="next"]');
    if (!further) return stand(place + 1);
    remember(further.href, "first");
    further.click();
  }

  // First all rows of the page, then what is listed beyond it.
  function tickMore() {
    const all = desk().querySelector("[data-tick-all]");
    const further = desk().querySelector("[data-tick-beyond]");
    if (all && rows().some((row) => !row.querySelector("[data-tick-row]:checked"))) {
      if (all.checked) all.checked = false;
      all.click();
    } else if (further) further.click();
  }

  const keys = {
    j: goDown,
    k: () => stand(place < 0 ? 0 : place - 1),
    x: () => { const box = inRow("[data-tick-row]"); if (box) box.click(); },
    X: tickMore,
    t: () => { const first = bulk() && bulk().querySelector("button"); if (first) first.focus(); },
    a: act("accept"), h: act("hand-off"), r: act("resolve"), d: act("dispute"),
    f: () => document.getElementById("desk-filter").focus(),
    Enter: () => { const link = inRow("[data-open]"); if (link) link.click(); },
  };
  function isBusy(target) {
    return document.querySelector("dialog[open], #desk details.drop[open]") || target.isContentEditable ||
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
  // A menu that opens has the cursor in it, for whoever opened it by its key.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches("#desk details.drop[open]")) return;
    const first = event.target.querySelector("a, input:not([type=hidden])");
    if (first) first.focus();
  }, true);
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-row]");
    if (row && rows().indexOf(row) !== place) mark(row);
  });

  // A form opens here instead of on a page of its own: for the row of its button, or for all that are ticked.
  function open(opener, dialog) {
    const row = opener.closest("tr");
    const form = dialog.querySelector("form");
    form.reset();
    form.action = opener.dataset.post;
    const count = desk().querySelector("[data-bulk-count]").textContent;
    form.dataset.title = row ? row.dataset.title : `${count} incident${count === "1" ? "" : "s"}`;
    form.querySelectorAll("input[name=incident]").forEach((one) => one.remove());
    if (!row) tickedIds().forEach((id) => hide(form, id));
    if (form.elements.cause) form.elements.cause.value = causeOf(row ? [row] : tickedRows());
    dialog.querySelector("[data-title-place]").textContent = form.dataset.title;
    dialog.showModal();
    const first = form.querySelector("select, textarea, input:not([type=hidden])");
    if (first) first.focus();
  }
  // The cause that the whys of all of them found is chosen already; where it is not the same, each keeps its own.
  function causeOf(found) {
    const causes = new Set(found.map((row) => row.dataset.cause || ""));
    return causes.size === 1 ? [...causes][0] : "";
  }
  function tickedRows() {
    const ids = tickedIds();
    const found = rows().filter((row) => ids.includes(row.dataset.incident));
    return found.length === ids.length ? found : [];
  }
  function tickedIds() {
    return [...new Set(new FormData(document.getElementById("ticked")).getAll("incident"))];
  }
  function hide(form, id) {
    const field = form.appendChild(document.createElement("input"));
    field.type = "hidden";
    field.name = "incident";
    field.value = id;
  }
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(`dialog-${opener.dataset.dialog}`);
    if (dialog) {
      event.preventDefault();
      open(opener, dialog);
    }
    const closer = event.target.closest("[data-closes]");
    if (closer) closer.closest("dialog").close();
  });
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (event.target.id === "deed" && button) {
      event.preventDefault();
      const values = button.name ? { [button.name]: button.value } : {};
      const to = { source: event.target, target: "#desk", swap: "outerHTML", values };
      return window.htmx.ajax("POST", button.formAction, to);
    }
    const form = event.target.closest("form[data-work]");
    if (!form) return;
    event.preventDefault();
    if ("sending" in form.dataset) return;
    form.dataset.sending = "";
    // The desk may have been narrowed since the page was made: back to what is seen now.
    form.elements.next.value = desk().dataset.place;
    window.htmx.ajax("POST", form.action, { source: form, target: "#desk", swap: "outerHTML" });
  });
  // Whatever came back, the form can be sent again; it stays open, with its words, until the desk has taken it.
  document.addEventListener("htmx:afterRequest", (event) => {
    delete event.detail.requestConfig.elt.dataset.sending;
  });

  // What others did is told on its row, which stays where it is until the person asks for the desk anew.
  function tell() {
    desk().querySelectorAll("#desk-live [data-changed]").forEach((news) => {
      const row = desk().querySelector(`tr[data-incident="${news.dataset.changed}"]`);
      if (!row || row.classList.contains("changed")) return;
      row.classList.add("changed");
      // In the place of the line that stood there: another one would push the rows below.
      const words = row.querySelector(".main .sub");
      words.classList.add("changed-words");
      words.textContent = news.dataset.words;
    });
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-refresh]")) return;
    window.htmx.ajax("GET", desk().dataset.place, { target: "#desk", swap: "outerHTML" });
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-untick]")) return;
    desk().querySelectorAll("input[data-tick-row], input[data-tick-all]").forEach((box) => { box.checked = false; });
    desk().querySelector("#ticked-beyond").remove();
    desk().dispatchEvent(new Event("change", { bubbles: true }));
    stand(Math.max(place, 0));
  });

  // Whoever unticks one row of all no longer means all of them.
  document.addEventListener("change", (event) => {
    const beyond = event.target.matches("[data-tick-row], [data-tick-all]") && !event.target.checked && desk().querySelector("[data-beyond]");
    if (beyond) beyond.remove();
  }, true);

  // Before the desk is replaced: what is ticked, and the rows below the one stood on, in their order.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!desk() || event.detail.target.id !== "desk" || !event.detail.shouldSwap) return;
    const source = event.detail.requestConfig.elt;
    const isDeed = event.detail.requestConfig.verb === "post";
    // What was done with the ticked rows is done; where the desk was only read anew they stay ticked.
    const isBulk = isDeed && (source.id === "ticked" || source.querySelector("input[name=incident]"));
    const isUndo = source.matches("form[data-undo]");
    // Whoever narrows the rows stands on none of them yet: the next key begins at the first.
    if (source.id === "desk-filter" && !document.activeElement.closest("tr[data-row]")) place = -1;
    const below = rowsFrom(place);
    if (source.matches("form[data-work]")) source.closest("dialog").close();
    kept = {
      ticked: isBulk ? [] : [...desk().querySelectorAll("input[data-tick-row]:checked")].map((box) => box.value),
      beyond: isBulk ? null : desk().querySelector("[data-beyond]"),
      // What was taken back is stood on again.
      below: isUndo && lastDone ? [lastDone, ...below] : below,
    };
    if (isDeed && !isUndo) lastDone = isBulk ? null : below[0] || null;
  });
  function rowsFrom(at) {
    const all = rows();
    return at < 0 ? [] : all.slice(at).concat(all.slice(0, at).reverse()).map((row) => row.dataset.incident);
  }
  // Then the same row, or if it has gone, the one that was below it.
  function standAgain() {
    const now = new Map(rows().map((row, index) => [row.dataset.incident, index]));
    kept.ticked.forEach((id) => {
      const box = now.has(id) && rows()[now.get(id)].querySelector("[data-tick-row]");
      if (box) box.checked = true;
    });
    const offer = kept.beyond && document.getElementById("ticked-beyond");
    if (offer) offer.replaceWith(kept.beyond);
    const next = kept.below.find((id) => now.has(id));
    if (next === undefined) return place >= 0 && stand(place);
    stand(now.get(next));
  }
  // Whoever comes back to the desk, or on to its next page, stands where they stood; what they or others did
  // meanwhile is read anew.
  window.addEventListener("pageshow", (event) => {
    keepOrder();
    const [visit] = performance.getEntriesByType("navigation");
    const isBack = event.persisted || visit.type === "back_forward";
    const incident = sessionStorage.getItem(stoodOn(location.href));
    const isFromElsewhere = document.referrer && new URL(document.referrer).pathname !== location.pathname;
    if (incident === "first") stand(0);
    else if (incident && (isBack || isFromElsewhere || visit.type === "reload")) {
      const at = rows().findIndex((row) => row.dataset.incident === incident);
      if (at >= 0) stand(at);
    }
    if (isBack) window.htmx.ajax("GET", desk().dataset.place, { target: "#desk", swap: "outerHTML" });
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (!desk()) return;
    if (event.target.id === "desk-live") return tell();
    if (event.target.id === "ticked-beyond") {
      desk().querySelectorAll("input[data-tick-row]").forEach((box) => { box.checked = true; });
      // The button that was pressed has gone; whoever stood on a row stays there.
      const untick = desk().querySelector("[data-untick]");
      if (untick && document.activeElement === document.body) untick.focus({ preventScroll: true });
      return desk().dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (event.target.id !== "desk") return;
    const typing = document.activeElement && document.activeElement.id === "desk-filter";
    if (kept && !typing) standAgain();
    kept = null;
    keepOrder();
    desk().dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
