// What was just done can be taken back for ten seconds: the button counts down, and goes when they are over.
(function () {
  "use strict";

  const SECONDS = 10;

  function countDown(form) {
    const button = form.querySelector("button");
    const left = form.querySelector("[data-undo-left]");
    const end = Date.now() + SECONDS * 1000;
    form.dataset.counting = "";
    function tick() {
      if (!form.isConnected) return;
      const seconds = Math.ceil((end - Date.now()) / 1000);
      left.textContent = ` ${Math.max(seconds, 0)} s`;
      if (seconds > 0) return setTimeout(tick, 250);
      // Whoever stands on the button must not fall out of the page with it.
      if (document.activeElement === button) document.getElementById("content").focus({ preventScroll: true });
      form.remove();
    }
    tick();
  }
  function begin() {
    document.querySelectorAll("form[data-undo]:not([data-counting])").forEach(countDown);
  }
  document.addEventListener("htmx:afterSettle", begin);
  begin();
})();
