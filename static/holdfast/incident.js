// An incident's page as a stop on the way down the desk: back to where one stood there, on to the next and the one before,
// in the desk's order. Keys that lead to a form on this page put the cursor into it.
(function () {
  "use strict";

  const back = document.querySelector("a[data-to-desk]");
  const walk = JSON.parse(sessionStorage.getItem("desk walk") || "null");
  const here = walk ? walk.incidents.indexOf(location.pathname) : -1;

  if (back && walk && new URL(walk.desk, location.href).pathname === back.pathname) {
    back.href = walk.desk;
    // Back on the desk one stands on the row of the incident seen last.
    if (here >= 0) sessionStorage.setItem(`desk ${walk.desk}`, location.pathname.split("/").pop());
    offer("[data-next]", walk.incidents[here + 1]);
    offer("[data-before]", walk.incidents[here - 1]);
  }
  function offer(selector, address) {
    const link = document.querySelector(`a${selector}`);
    if (!link || here < 0 || !address) return;
    link.href = address;
    link.hidden = false;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest('.page-actions a[href^="#"]');
    const target = link && document.getElementById(link.hash.slice(1));
    const field = target && target.querySelector("select, textarea, input:not([type=hidden])");
    if (!field) return;
    event.preventDefault();
    target.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
})();
