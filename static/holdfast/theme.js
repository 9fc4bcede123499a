// Runs before the first paint: tells the style sheet which of its two colour schemes the system asks for.
// The colours themselves follow `color-scheme` and need no script; only a few pictures in controls do.
(function () {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  root.classList.add("js");
  follow();
  dark.addEventListener("change", follow);
})();
