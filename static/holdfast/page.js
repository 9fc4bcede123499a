// What every page does with a script, and does without one too, only less quickly.
(function () {
  "use strict";

  // htmx sends no form field, so the token that guards every post travels as a header.
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (token) event.detail.headers["X-CSRFToken"] = token.value;
  });

  // A choice in a filter takes effect at once; without a script there is a button.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submits-on-change]");
    if (form) form.requestSubmit();
  });

  // Ticking the box in a table's head ticks all of its rows; what acts on rows shows once one is ticked.
  function ticked(table) {
    const beyond = table.querySelector("[data-beyond]");
    return beyond ? Number(beyond.dataset.beyond) : table.querySelectorAll("input[data-tick-row]:checked").length;
  }
  function showBulk(scope) {
    const count = ticked(scope);
    scope.querySelectorAll("[data-bulk]").forEach((bar) => bar.classList.toggle("is-idle", count === 0));
    scope.querySelectorAll("[data-bulk-count]").forEach((place) => { place.textContent = String(count); });
  }
  document.addEventListener("change", (event) => {
    const scope = event.target.closest("[data-ticks]");
    if (!scope) return;
    if (event.target.matches("[data-tick-all]")) {
      scope.querySelectorAll("input[data-tick-row]").forEach((box) => { box.checked = event.target.checked; });
    }
    showBulk(scope);
  });
  document.querySelectorAll("[data-ticks]").forEach(showBulk);

  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-dismisses]");
    if (closer) closer.closest(".alert").remove();
  });

  // Menus made of <details> close on a click elsewhere and on Escape; search results too.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.person-menu[open], details.drop[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    const results = document.getElementById("search-results");
    if (results && !event.target.closest(".top-search")) results.replaceChildren();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.person-menu[open], details.drop[open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    const results = document.getElementById("search-results");
    if (results) results.replaceChildren();
  });
  // On a phone the long parts of a page begin folded; whatever somebody is led to stands open.
  const parts = document.querySelectorAll("details[data-folds]");
  function unfold(hash) {
    const target = hash.length > 1 && document.getElementById(hash.slice(1));
    const part = target && target.closest("details[data-folds]");
    if (!part || part.open) return;
    part.open = true;
    target.scrollIntoView();
  }
  if (parts.length) {
    if (window.matchMedia("(max-width: 720px)").matches) parts.forEach((part) => { part.open = false; });
    unfold(location.hash);
    document.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#"]');
      if (link) unfold(link.hash);
    });
  }
  // A page that comes back since something is wrong begins there, also for whoever only has keys or hears it read.
  // Once it has loaded: an address that names a place in the page would take the focus away again.
  const wrong = document.querySelector("main [aria-invalid=true], main .alert-danger[role=alert]");
  function standAtWhatIsWrong() {
    const part = wrong.closest("details");
    if (part) part.open = true;
    if (!wrong.matches("[aria-invalid]")) wrong.tabIndex = -1;
    wrong.focus();
  }
  if (wrong) window.addEventListener("load", () => setTimeout(standAtWhatIsWrong));
  // The arrow keys walk from the search box through what it found.
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest(".top-search");
    if (!box || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const stops = [box.querySelector("input"), ...box.querySelectorAll("a")];
    const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) { event.preventDefault(); next.focus(); }
  });
})();
