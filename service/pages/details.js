// The asset itself: what was observed, what it says of itself, what it is joined to, and who says so.

import { h, row, table } from "./dom.js";
import { number, t, time } from "./i18n.js";
import { href } from "./state.js";

export function details(asset) {
  return h("section", { id: "details", "aria-labelledby": "details-title" },
    h("h2", { id: "details-title" }, t("details")),
    h("p", { class: "quiet iri" }, asset.iri),
    observations(asset.observations),
    attributes(asset.attributes),
    relations(t("relations-out"), asset.relations.out),
    relations(t("relations-in"), asset.relations.in));
}

function observations(all) {
  if (!all.length) return h("p", { class: "empty" }, t("observations-none"));
  const columns = ["column-metric", "column-figures", "column-unit", "column-window", "column-basis"].map((key) => t(key));
  return table(t("observations"), columns, all.map((seen) => row([
    seen.label,
    figures(seen),
    seen.unit,
    [time(seen.windowStart), " – ", time(seen.windowEnd)],
    [t(seen.measured ? "measured" : "estimated"), seen.sources.length ? `, ${seen.sources.join(", ")}` : ""],
  ])), { id: "observations" });
}

function figures(seen) {
  return ["sum", "count", "mean", "p50", "p95", "max"].filter((name) => seen[name] !== null).map((name) =>
    h("span", { class: "figure" }, h("span", { class: "quiet" }, `${t(`figure-${name}`)} `), number(seen[name])));
}

function attributes(all) {
  if (!all.length) return null;
  return table(t("attributes"), [t("column-attribute"), t("column-value"), t("column-source")], all.map((one) =>
    row([one.label, one.language ? h("span", { lang: one.language }, one.value) : one.value, said(one.claims)])));
}

function relations(caption, all) {
  if (!all.length) return null;
  return table(caption, [t("column-relation"), t("column-asset"), t("column-source")], all.map((one) =>
    row([one.label, h("a", { href: href({ asset: one.asset.iri }) }, one.asset.label), one.inferred ? t("inferred") : said(one.claims)])));
}

function said(claims) {
  if (!claims || !claims.sources.length) return "–";
  const seen = claims.lastSeen ? `, ${time(claims.lastSeen)}` : "";
  return `${claims.sources.join(", ")} (${claims.methods.map((method) => t(method)).join(", ")}${seen})`;
}
