// Name, search, language and theme.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { searchBox } from "./search.js";
import { href, LANGUAGES, THEMES, variant } from "./state.js";

let written = "";

/** Write the header anew only when the language or theme changed, so that typing is not disturbed. */
export function header(box, state) {
  const key = `${state.lang} ${state.theme}`;
  if (written !== key) {
    box.replaceChildren(
      h("a", { class: "skip", href: "#main" }, t("skip")),
      h("a", { class: "name", href: href({}) }, "Stratagraph"),
      searchBox(),
      h("nav", { class: "choices", "aria-label": t("settings") }),
    );
    written = key;
  }
  box.querySelector(".name").setAttribute("href", href({}));
  box.querySelector(".choices").replaceChildren(
    choice("lang", LANGUAGES, state.lang, (lang) => ({ en: "English", "pt-BR": "Português" })[lang]),
    choice("theme", THEMES, state.theme, (theme) => t(`theme-${theme}`)),
  );
}

function choice(name, values, chosen, label) {
  return h("ul", { class: "choice", "aria-label": t(name) }, values.map((value) =>
    h("li", {}, h("a", {
      href: variant({ [name]: value }),
      "data-choice": value,
      lang: name === "lang" ? value : null,
      "aria-current": value === chosen ? "true" : null,
    }, label(value)))));
}
