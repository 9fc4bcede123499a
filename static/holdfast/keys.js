// Keys: `?` lists them, `/` searches; every link, button or field with data-key answers to its own. In a form Ctrl and
// Enter send it.
(function () {
  "use strict";

  const dialog = document.getElementById("keys");
  const search = document.getElementById("search-box");

  function isTyping(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";
  }

  function answering(key) {
    return [...document.querySelectorAll("[data-key]")].find(
      (element) => element.dataset.key === key && element.getClientRects().length > 0,
    );
  }

  function listKeys() {
    const list = dialog.querySelector(".keys-list");
    list.querySelectorAll("[data-listed]").forEach((row) => row.remove());
    const seen = new Set();
    document.querySelectorAll("[data-key], [data-key-listed]").forEach((element) => {
      const key = element.dataset.key || element.dataset.keyListed;
      if (seen.has(key)) return;
      seen.add(key);
      const row = document.createElement("div");
      row.dataset.listed = "";
      const term = row.appendChild(document.createElement("dt"));
      term.appendChild(document.createElement("kbd")).textContent = key;
      row.appendChild(document.createElement("dd")).textContent = element.dataset.keyWords || element.textContent.trim();
      list.appendChild(row);
    });
  }

  function showKeys() {
    if (!dialog || dialog.open) return;
    listKeys();
    dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && isTyping(event.target)) {
      // A browser would empty a search field, and the rows would stay as they were narrowed; a dialog it closes.
      if (event.target.type === "search") event.preventDefault();
      return event.target.blur();
    }
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); return showKeys(); }
    if (event.key === "/" && search) { event.preventDefault(); return search.focus(); }
    const element = answering(event.key);
    if (!element) return;
    event.preventDefault();
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName)) element.focus(); else element.click();
  });

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "Enter" || !isTyping(event.target)) return;
    const form = event.target.closest("form[method=post]");
    if (form) form.requestSubmit(form.querySelector("button:not([type=button])"));
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener && opener.dataset.opens === "keys") showKeys();
  });
})();
