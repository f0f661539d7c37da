// The access token: asked for when the service wants one, kept for this tab alone, sent with every question.

import { h } from "./dom.js";
import { t } from "./i18n.js";

const KEY = "stratagraph-token";

export function authorization() {
  const token = sessionStorage.getItem(KEY);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** The form that takes a token and goes on where it was asked for; the problem says why it is asked for. */
export function signIn(problem) {
  const given = sessionStorage.getItem(KEY) !== null;
  // A header takes no other characters.
  const input = h("input", { id: "token", type: "password", required: true, autocomplete: "off", spellcheck: "false", pattern: "[!-~]+" });
  const form = h("form", { id: "sign-in" },
    h("h1", {}, t("sign-in")),
    given ? h("p", { class: "note", role: "alert" }, problem.message) : null,
    h("p", {}, t("sign-in-lead")),
    h("p", {}, h("label", { for: "token" }, t("token"), " ", input), " ", h("button", {}, t("sign-in"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, input.value);
    dispatchEvent(new Event("navigate"));
  });
  return form;
}

/** A click on a file's link: a link can't carry the token, so the file is fetched with it and then saved. */
export async function save(event) {
  if (!authorization().Authorization) return;
  event.preventDefault();
  const link = event.currentTarget;
  const answer = await fetch(link.href, { headers: authorization() });
  if (!answer.ok) {
    dispatchEvent(new Event("navigate"));
    return;
  }
  const address = URL.createObjectURL(await answer.blob());
  h("a", { href: address, download: link.download }).click();
  URL.revokeObjectURL(address);
}
