// The page: header once, then one view per state of the URL.

import { h } from "./dom.js";
import { speak, t } from "./i18n.js";
import { header } from "./header.js";
import { home } from "./home.js";
import { impactView } from "./impact.js";
import { signIn } from "./signin.js";
import { current, interceptLinks } from "./state.js";

const main = document.getElementById("main");
const status = document.getElementById("status");
let turn = 0;

async function show({ focus = true } = {}) {
  const state = current();
  // A slow answer to an earlier question must not take the place of a later one.
  const mine = ++turn;
  main.setAttribute("aria-busy", "true");
  try {
    await speak(state.lang);
    document.documentElement.dataset.theme = state.theme;
    header(document.getElementById("top"), state);
    status.textContent = t("loading");
    const view = state.asset ? await impactView(state) : await home(state);
    if (mine !== turn) return;
    document.title = view.title ? `${view.title} · Stratagraph` : "Stratagraph";
    main.replaceChildren(...view.parts);
    status.textContent = "";
    if (view.again) showAgain(mine, view.again);
  } catch (problem) {
    if (mine !== turn) return;
    main.replaceChildren(problem.status === 401 ? signIn(problem) : failure(problem));
    status.textContent = "";
  }
  main.removeAttribute("aria-busy");
  main.dataset.shown = location.search;
  // Whoever can't see that the page changed is taken to what is new.
  if (focus) main.focus({ preventScroll: false });
}

/** Show the same view once more, unless somebody has gone elsewhere, or is using what is there. */
function showAgain(mine, later) {
  setTimeout(() => {
    if (mine !== turn) return;
    if (main.contains(document.activeElement) && document.activeElement !== main) showAgain(mine, later);
    else show({ focus: false });
  }, later);
}

function failure(problem) {
  return h("section", { class: "failure", role: "alert" },
    h("h1", {}, t("failed")),
    h("p", {}, problem.status ? problem.message : t("unreachable")),
    h("p", {}, h("a", { href: "/" }, t("back"))));
}

addEventListener("navigate", () => show());
addEventListener("popstate", () => show());
interceptLinks();
show({ focus: false });
