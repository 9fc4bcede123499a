// Writing a note, @ offers the people who see the incident: arrow keys choose, Enter or Tab takes, Esc closes.
(function () {
  "use strict";

  const TYPED = /(?:^|[\s(])@([^@\n]{0,40})$/;
  let field = null;
  let list = null;
  let chosen = 0;
  let asked = 0;

  function typed() {
    const found = TYPED.exec(field.value.slice(0, field.selectionStart));
    return found ? found[1] : null;
  }
  function close() {
    if (list) list.remove();
    list = null;
    if (!field) return;
    field.removeAttribute("aria-controls");
    field.removeAttribute("aria-activedescendant");
  }
  function choose(at) {
    const options = [...list.children];
    chosen = (at + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
    field.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  }
  function take(name) {
    const end = field.selectionStart;
    const start = end - typed().length;
    field.setRangeText(`${name} `, start, end, "end");
    close();
    field.focus();
  }
  function show(people) {
    close();
    if (!people.length) return;
    list = document.createElement("ul");
    list.id = "mention-list";
    list.className = "mention-list";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "People who see this");
    people.forEach((person, index) => {
      const option = list.appendChild(document.createElement("li"));
      option.id = `mention-${index}`;
      option.setAttribute("role", "option");
      option.dataset.name = person.name;
      option.appendChild(document.createElement("b")).textContent = person.name;
      option.append(` ${person.words}`);
    });
    field.after(list);
    field.setAttribute("aria-controls", list.id);
    choose(0);
  }
  async function offer() {
    const words = typed();
    if (words === null) return close();
    const turn = ++asked;
    const answer = await fetch(`${field.dataset.mentions}?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } });
    // Only what was typed last counts, and only while it is still being typed.
    if (turn !== asked || !answer.ok || document.activeElement !== field) return;
    show((await answer.json()).people);
  }

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-mentions]")) return;
    field = event.target;
    offer();
  });
  document.addEventListener("keydown", (event) => {
    if (!list || event.target !== field) return;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) choose(chosen + move);
    else if (event.key === "Enter" || event.key === "Tab") take(list.children[chosen].dataset.name);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("#mention-list li");
    if (!option) return;
    event.preventDefault();
    take(option.dataset.name);
  });
  document.addEventListener("focusout", (event) => { if (event.target === field) close(); });
})();
