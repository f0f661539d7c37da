// Today's verdicts on an asset or a level: which rule, on what, why, and what to do.

import { verdicts } from "./api.js";
import { h, row, table } from "./dom.js";
import { day, t } from "./i18n.js";
import { href } from "./state.js";
import { badge } from "./status.js";

const MOST = 200;

export async function verdictList(about, lang) {
  const answer = await verdicts({ ...about, limit: MOST }, lang);
  if (!answer.total) return [h("p", { class: "empty" }, t("verdicts-none"))];
  const shown = answer.verdicts.length;
  const cut = shown < answer.total ? h("p", { class: "note" }, t("verdicts-cut", { shown, total: answer.total })) : null;
  const columns = ["column-worst-one", ...(about.asset ? [] : ["column-asset"]), "column-rule", "column-because"];
  return [
    h("h2", {}, t("verdicts")),
    cut,
    table(t("verdicts-caption", { day: day(answer.on) }), columns.map((key) => t(key)), answer.verdicts.map((one) => line(one, about)), { class: "stacked" }),
  ].filter(Boolean);
}

function line(one, about) {
  const target = about.asset ? [] : [h("a", { href: href({ asset: one.target }) }, one.label)];
  const rule = [one.title, h("div", { class: "quiet" }, `${one.rule} · ${one.severityLabel}`)];
  const why = [
    h("ul", { class: "reasons" }, one.reasons.map((reason) => h("li", {}, reason))),
    one.remediation ? h("p", { class: "quiet" }, `${t("remediation")}: ${one.remediation}`) : null,
  ];
  return row([badge(one.outcome), ...target, rule, why]);
}
