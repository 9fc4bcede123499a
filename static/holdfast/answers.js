// Where a part of a page was asked for and something else came: a refusal, the sign-in page, nothing at all. The page
// stays as it is, with what was typed; a sentence says what happened.
(function () {
  "use strict";

  const PAGE = /^\s*<!doctype html/i;

  function say(sentence, link) {
    document.querySelectorAll("[data-answer]").forEach((one) => one.remove());
    const alert = document.createElement("div");
    alert.className = "alert alert-danger d-flex flex-wrap gap-2 align-items-center";
    alert.dataset.answer = "";
    alert.setAttribute("role", "alert");
    alert.append(sentence, link || "");
    // A dialog lies above the page: what is said beneath it would not be seen.
    const place = document.querySelector("dialog[open] .card-body") || document.getElementById("content");
    place.prepend(alert);
    if (!place.closest("dialog")) alert.scrollIntoView({ block: "nearest" });
  }
  function signInAgain() {
    const link = document.createElement("a");
    link.href = `/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = "Sign in again";
    return link;
  }
  function isAskedByItself(element) {
    return /every|load/.test(element.getAttribute("hx-trigger") || "");
  }
  function heading(text) {
    const title = new DOMParser().parseFromString(text, "text/html").querySelector("h1");
    return title ? `${title.textContent.trim()}.` : "This could not be done.";
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (!PAGE.test(xhr.responseText)) return;
    event.detail.shouldSwap = false;
    if (new URL(xhr.responseURL || location.href, location.href).pathname.startsWith("/login")) {
      return say("You are no longer signed in, and nothing was changed. What stands here is kept while this page stays open.", signInAgain());
    }
    if (!isAskedByItself(requestConfig.elt)) say(`${heading(xhr.responseText)} Nothing was changed.`);
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (isAskedByItself(event.detail.requestConfig.elt)) return;
    say("No answer came. Look whether it was done before you try again; what you wrote is kept here.");
  });
  // Once something went through again, what was said before is over.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!isAskedByItself(event.detail.requestConfig.elt)) document.querySelectorAll("[data-answer]").forEach((one) => one.remove());
  });
})();
