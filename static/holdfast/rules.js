// The editor of a detection rule: completes the words of a condition, explains the one at the cursor, and shows only
// the fields that a choice needs. Without it everything is there, beside the field and open.
(function () {
  "use strict";

  const MOST = 12;

  function isWordPart(character) {
    return /[\w$]/.test(character);
  }

  function wordAt(area) {
    const end = area.selectionStart;
    let start = end;
    while (start > 0 && isWordPart(area.value[start - 1])) start -= 1;
    let after = end;
    while (after < area.value.length && isWordPart(area.value[after])) after += 1;
    return { start, end, typed: area.value.slice(start, end), whole: area.value.slice(start, after) };
  }

  function isInText(area) {
    return (area.value.slice(0, area.selectionStart).match(/"/g) || []).length % 2 === 1;
  }

  function completes(box) {
    const area = box.querySelector("textarea");
    const words = JSON.parse(document.getElementById(box.dataset.completes).textContent);
    const list = document.createElement("ul");
    list.className = "completions";
    list.id = `${area.id}_completions`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "What may stand here");
    list.hidden = true;
    const help = document.createElement("div");
    help.className = "word-help";
    help.setAttribute("aria-live", "polite");
    area.after(list);
    box.append(help);
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", list.id);
    let found = [];
    let at = 0;

    function close() {
      found = [];
      list.hidden = true;
      list.replaceChildren();
      area.removeAttribute("aria-activedescendant");
    }

    function mark(place) {
      at = (place + found.length) % found.length;
      [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
      list.children[at].scrollIntoView({ block: "nearest" });
      area.setAttribute("aria-activedescendant", list.children[at].id);
    }

    function option(word, index) {
      const item = document.createElement("li");
      item.id = `${list.id}_${index}`;
      item.setAttribute("role", "option");
      const name = document.createElement("code");
      name.textContent = word.word;
      const meaning = document.createElement("span");
      meaning.className = "quiet";
      meaning.textContent = ` ${word.what} · ${word.meaning}`;
      item.append(name, meaning);
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
      return item;
    }

    function open(everything) {
      const { typed } = wordAt(area);
      const lower = typed.toLowerCase();
      const fits = (word) => word.word.toLowerCase().startsWith(lower);
      const holds = (word) => lower.length > 1 && word.word.toLowerCase().includes(lower);
      found = [...words.filter(fits), ...words.filter((word) => !fits(word) && holds(word))].slice(0, everything ? words.length : MOST);
      if ((!typed && !everything) || isInText(area) || !found.length || (found.length === 1 && found[0].word === typed)) {
        close();
        return;
      }
      list.replaceChildren(...found.map(option));
      list.hidden = false;
      mark(0);
    }

    function take(place) {
      const { start, end } = wordAt(area);
      area.setRangeText(found[place].word, start, end, "end");
      close();
      explain();
      area.dispatchEvent(new Event("input", { bubbles: true }));
      close();
    }

    function explain() {
      const { whole } = wordAt(area);
      const word = words.find((one) => one.word === whole);
      help.textContent = word ? `${word.word}: ${word.what}. ${word.meaning}. Such as: ${word.example}` : "";
    }

    area.addEventListener("input", () => { open(false); explain(); });
    area.addEventListener("click", explain);
    area.addEventListener("keyup", (event) => { if (event.key.startsWith("Arrow") && list.hidden) explain(); });
    area.addEventListener("blur", close);
    area.addEventListener("keydown", (event) => {
      if (event.key === " " && event.ctrlKey) {
        event.preventDefault();
        open(true);
        return;
      }
      if (list.hidden) return;
      const deeds = {
        ArrowDown: () => mark(at + 1), ArrowUp: () => mark(at - 1),
        Enter: () => take(at), Tab: () => take(at), Escape: close,
      };
      const deed = deeds[event.key];
      if (!deed) return;
      event.preventDefault();
      event.stopPropagation();
      deed();
    });
  }

  function chooses(group) {
    const choice = group.querySelector("select");
    const parts = [...group.querySelectorAll("[data-for]")];
    const show = () => parts.forEach((part) => { part.hidden = part.dataset.for !== choice.value; });
    choice.addEventListener("change", show);
    show();
  }

  document.querySelectorAll("[data-completes]").forEach(completes);
  document.querySelectorAll("[data-chooses]").forEach(chooses);
})();
