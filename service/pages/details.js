// The asset itself: what was observed in the last day, what it says of itself, what it is joined to, and who says so.

import * as api from "./api.js";
import { h, row, table } from "./dom.js";
import { number, t, time } from "./i18n.js";
import { href } from "./state.js";
import { verdictList } from "./verdicts.js";

export function details(asset) {
  return h("section", { id: "details", "aria-labelledby": "details-title" },
    h("h2", { id: "details-title" }, t("details")),
    h("p", { class: "quiet iri" }, asset.iri),
    asset.types.length ? [verdictsOf(asset.iri), health(asset.health), figures(asset)] : null,
    classes(asset.types),
    attributes(asset.attributes),
    relations(t("relations-out"), asset.relations.out),
    relations(t("relations-in"), asset.relations.in));
}

/** Today's verdicts; they come after the page, for the first audit of a sequence takes its time. */
function verdictsOf(iri) {
  const box = h("div", { id: "verdicts", "aria-busy": "true" }, h("p", { class: "quiet" }, t("loading")));
  verdictList({ asset: iri }, document.documentElement.lang)
    .then((parts) => box.replaceChildren(...parts))
    .catch((problem) => box.replaceChildren(h("p", { class: "note" }, problem.message)))
    .finally(() => box.removeAttribute("aria-busy"));
  return box;
}

/** The last day's figures; they come after the page, so that an asset without any is not kept waiting. */
function figures(asset) {
  const box = h("div", { id: "figures", "aria-busy": "true" }, h("p", { class: "quiet" }, t("loading")));
  api.metrics(asset.iri, document.documentElement.lang)
    .then((answer) => box.replaceChildren(...measured(answer, asset)))
    .catch((problem) => box.replaceChildren(h("p", { class: "note" }, problem.message)))
    .finally(() => box.removeAttribute("aria-busy"));
  return box;
}

function measured(answer, asset) {
  if (!answer.figures.length) return [h("p", { class: "empty" }, nothing(asset.observations))];
  const columns = ["column-metric", "column-figures", "column-unit", "column-window", "column-basis"].map((key) => t(key));
  const parts = [table(t("observations"), columns, answer.figures.map((seen) => line(seen, values(seen))), { id: "observations" })];
  if (answer.derived.length) {
    parts.push(table(t("derived"), columns, answer.derived.map((one) => line(one, [number(one.value), known(one)])), { id: "derived" }));
  }
  return parts;
}

function nothing(before) {
  if (!before.length) return t("observations-none");
  return t("observed-before", { time: time(latest(before.map((seen) => seen.windowEnd))) });
}

// As texts, 12:00:00.5Z would come before 12:00:00Z.
function latest(times) {
  return times.reduce((one, other) => (Date.parse(other) > Date.parse(one) ? other : one));
}

function line(one, shown) {
  const window = [time(one.window.start), " – ", time(one.window.end)];
  return row([one.label, shown, one.unitLabel, window, [t(`basis-${one.basis}`), ...one.sources].join(", ")]);
}

function values(seen) {
  return ["total", "count", "mean", "p50", "p95", "max"].filter((name) => seen[name] !== undefined).map((name) =>
    h("span", { class: "figure" }, h("span", { class: "quiet" }, `${t(`figure-${name}`)} `), number(seen[name])));
}

function known(one) {
  if (one.knownCalls === undefined || one.knownCalls >= one.calls) return null;
  return h("span", { class: "quiet" }, " ", t("figure-known", { known: number(one.knownCalls), calls: number(one.calls) }));
}

/** How the asset is beside its own past, metric by metric. */
function health(known) {
  if (!known) return null;
  const told = known.state ? t("health-is", { state: known.stateLabel }) : t("health-unknown");
  const parts = [h("p", { class: "health", "data-state": known.state ?? "" }, told)];
  if (known.metrics.length) {
    const columns = ["column-state", "column-metric", "column-value", "column-expected", "column-unit", "column-since", "column-compared", "column-source"];
    parts.push(table(t("health"), columns.map((key) => t(key)), known.metrics.map(compared), { id: "health-metrics" }));
  }
  return h("div", { id: "health" }, ...parts);
}

function compared(one) {
  const basis = one.basis ? t(`compared-${one.basis}`, { windows: number(one.windows) }) : "–";
  return row([one.stateLabel ?? one.reasonLabel, one.label, one.value === null ? "–" : number(one.value), usual(one.expected),
    one.unitLabel, one.since ? time(one.since) : "–", basis, one.sources.join(", ")]);
}

function usual(expected) {
  if (!expected) return "–";
  if (expected.low === null) return `≤ ${number(expected.high)}`;
  return expected.high === null ? `≥ ${number(expected.low)}` : `${number(expected.low)} – ${number(expected.high)}`;
}

function attributes(all) {
  if (!all.length) return null;
  return table(t("attributes"), [t("column-attribute"), t("column-value"), t("column-source")], all.map((one) =>
    row([one.label, one.language ? h("span", { lang: one.language }, one.value) : value(one), told(one)])));
}

function value(one) {
  if (one.valueLabel) return one.valueLabel;
  const kind = one.datatype.split("#").at(-1);
  if (kind === "boolean") return t(["true", "1"].includes(one.value) ? "yes" : "no");
  if (kind === "dateTime") return time(one.value);
  return kind === "decimal" && Number.isFinite(Number(one.value)) ? number(Number(one.value), 15) : one.value;
}

function relations(caption, all) {
  if (!all.length) return null;
  return table(caption, [t("column-relation"), t("column-asset"), t("column-source")], all.map((one) =>
    row([one.label, h("a", { href: one.term ? api.term(one.term) : href({ asset: one.asset.iri }) }, one.asset.label), told(one)])));
}

function classes(all) {
  const shown = all.filter((one) => one.byDefinition);
  if (!shown.length) return null;
  return table(t("classes"), [t("column-class"), t("column-source")], shown.map((one) => row([one.label, told(one)])));
}

function told(one) {
  if (!one.inferred) return said(one.claims);
  return one.because ? t("inferred-because", { because: one.because.text }) : t("inferred");
}

function said(claims) {
  if (!claims || !claims.sources.length) return "–";
  const seen = claims.lastSeen ? `, ${time(claims.lastSeen)}` : "";
  return `${claims.sources.join(", ")} (${claims.methods.map((method) => t(method)).join(", ")}${seen})`;
}
