// The search box: "/" focuses it, arrows walk the results, Enter opens the impact of one.

import { search } from "./api.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";
import { current, go, href } from "./state.js";

// Milliseconds without a key pressed, so that not every letter is a request.
const PAUSE = 120;

export function searchBox() {
  const list = h("ul", { id: "found", role: "listbox", "aria-label": t("results"), hidden: true });
  const input = h("input", {
    id: "search",
    type: "search",
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: t("search-hint"),
    "aria-label": t("search"),
    "aria-controls": "found",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
  });
  const box = h("search", { class: "search" }, input, h("kbd", { "aria-hidden": "true" }, "/"), list);
  let chosen = -1;
  let timer = 0;
  let turn = 0;

  function close() {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(at) {
    const options = [...list.querySelectorAll("[role=option]")];
    if (!options.length) return;
    chosen = (at + options.length) % options.length;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
    options[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[chosen].id);
  }

  function open(iri) {
    close();
    input.value = "";
    go(href({ asset: iri }));
  }

  async function ask() {
    const text = input.value.trim();
    // As in app.js: only the answer to the latest text counts.
    const mine = ++turn;
    if (!text) return close();
    let entries;
    try {
      const { results } = await search(text, current().lang);
      entries = results.map((result, at) => option(result, at, open));
      if (!entries.length) entries = [h("li", { class: "none" }, t("search-none", { text }))];
    } catch (problem) {
      entries = [h("li", { class: "none" }, problem.status ? problem.message : t("unreachable"))];
    }
    if (mine !== turn) return;
    chosen = -1;
    list.replaceChildren(...entries);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") mark(chosen + 1);
    else if (event.key === "ArrowUp") mark(chosen - 1);
    else if (event.key === "Enter") (list.querySelector("[aria-selected=true]") ?? list.querySelector("[role=option]"))?.click();
    else return;
    event.preventDefault();
  });
  box.addEventListener("focusout", (event) => {
    // Not where the focus moves within the box, to a result that is clicked.
    if (!box.contains(event.relatedTarget)) close();
  });
  return box;
}

function option(result, at, open) {
  return h("li", {
    id: `found-${at}`,
    role: "option",
    tabindex: "-1",
    "aria-selected": "false",
    "data-iri": result.iri,
    onclick: () => open(result.iri),
  }, h("span", { class: "tag" }, result.level === "transversal" ? t("transversal-short") : result.level),
  h("span", { class: "label" }, result.label), h("span", { class: "quiet" }, result.name));
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("search")?.focus();
});
