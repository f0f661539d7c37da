// One asset: what a change to it touches, as a picture, as a table, as flows and as a checklist; then the asset itself.

import * as api from "./api.js";
import { details } from "./details.js";
import { h, row, table } from "./dom.js";
import { number, t } from "./i18n.js";
import { draw } from "./paths.js";
import { save } from "./signin.js";
import { DEPTH, DIRECTIONS, go, href, variant } from "./state.js";

export async function impactView(state) {
  const answer = await api.impact(state);
  const about = await api.asset(answer.asset.iri, state.lang);
  return { title: answer.asset.label, parts: [heading(answer, state), controls(state, answer), ...result(answer, state), details(about)] };
}

function heading({ asset, changeLabel, aspectLabel, modeLabel }, state) {
  const level = asset.level === "transversal" ? t("transversal") : asset.level;
  const narrowed = [changeLabel, aspectLabel, modeLabel].filter(Boolean).join(", ");
  return h("div", { class: "heading" },
    h("p", { class: "crumbs" }, h("a", { href: href({}) }, t("map-title")), " / ", h("a", { href: href({ level: asset.level }) }, level)),
    h("h1", {}, asset.label),
    h("p", { class: "quiet" }, [asset.name, asset.classLabel, level].filter(Boolean).join(" · ")),
    narrowed ? h("p", {}, t("narrowed", { narrowed }), " ", h("a", { href: variant({ change: "", aspect: "", mode: "" }) }, t("widen"))) : null,
    state.asOf ? h("p", { class: "note", id: "as-of" }, t("as-of", { moment: state.asOf }), " ", h("a", { href: variant({ asOf: "" }) }, t("as-of-now"))) : null);
}

/** A choice of one; the first leaves it open. */
function chooser(id, open, groups, chosen, change) {
  const option = (one) => h("option", { value: one.value, selected: one.value === chosen ? "" : null }, one.label);
  const box = h("select", { id }, h("option", { value: "" }, open),
    groups.map(({ label, options }) => label ? h("optgroup", { label }, options.map(option)) : options.map(option)));
  box.addEventListener("change", () => go(variant(change(box.value))));
  return h("label", { for: id }, t(id), " ", box);
}

/** What the question may be narrowed to: a kind of change, an aspect that it acts on, and the mode in which that runs. */
function narrowing(state, answer) {
  const kinds = answer.changes.map((kind) => ({ ...kind, value: kind.change }));
  const acting = kinds.find((kind) => kind.change === answer.change)?.aspects;
  const aspects = Object.entries(answer.aspectLabels).filter(([aspect]) => !acting || acting.includes(aspect))
    .map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label, state.lang));
  const kept = (change) => {
    const possible = kinds.find((kind) => kind.change === change)?.aspects;
    return !possible || possible.includes(answer.aspect) ? answer.aspect : "";
  };
  const [usual, others] = [true, false].map((wanted) => kinds.filter((kind) => kind.usual === wanted));
  return [
    chooser("change", t("change-any"), [{ options: usual }, { label: t("change-others"), options: others }], answer.change, (change) => ({ change, aspect: kept(change), mode: "" })),
    chooser("aspect", t("aspect-any"), [{ options: aspects }], answer.aspect, (aspect) => ({ aspect, mode: "" })),
    chooser("mode", t("mode-any"), [{ options: Object.entries(answer.modeLabels).map(([value, label]) => ({ value, label })) }], answer.mode, (mode) => ({ mode })),
  ];
}

function controls(state, answer) {
  const depth = h("input", { id: "depth", type: "number", min: DEPTH.least, max: DEPTH.most, value: state.depth });
  depth.addEventListener("change", () => go(variant({ depth: depth.value })));
  return h("div", { class: "controls" },
    h("ul", { class: "choice", "aria-label": t("direction") }, DIRECTIONS.map((direction) =>
      h("li", {}, h("a", { href: variant({ direction }), "data-choice": direction, "aria-current": direction === state.direction ? "true" : null }, t(`direction-${direction}`))))),
    ...narrowing(state, answer),
    h("label", { for: "depth" }, t("depth"), " ", depth),
    h("span", { class: "files" }, t("download"), ["csv", "json", "mermaid"].map((format) =>
      [" ", h("a", { href: api.impactFile({ ...state, asset: answer.asset.iri }, format), download: `impact.${format === "mermaid" ? "mmd" : format}`, onclick: save }, format)])));
}

function result(answer, state) {
  const remarks = [answer.changeNote, answer.fallbackNote, answer.partial && t("partial", { reason: answer.partialReason })].filter(Boolean);
  const note = remarks.map((remark) => h("p", { class: "note" }, "⚠ ", remark));
  const sides = [flows(answer.flows), checklist(answer.checklist)].filter(Boolean);
  const beside = sides.length ? h("div", { class: "columns even" }, sides) : null;
  if (!answer.count) {
    return [h("section", { class: "empty" }, h("p", {}, t("impact-none")), h("p", {}, t(`impact-none-${state.direction}`))), ...note, beside].filter(Boolean);
  }
  const { picture, left, light } = draw(answer);
  return [
    h("section", { "aria-labelledby": "paths-title" },
      h("h2", { id: "paths-title" }, t("affected", { count: answer.count })),
      note,
      h("p", { class: "quiet legend" }, t("legend"), left ? ` ${t("left-to-table", { drawn: answer.count - left, total: answer.count })}` : ""),
      inView(h("div", { class: "scroll" }, picture))),
    beside ?? "",
    h("section", { "aria-labelledby": "table-title" }, h("h2", { id: "table-title" }, t("why")), affected(answer, light)),
  ];
}

/** Bring the asset asked about into view where the picture is wider than the screen. */
function inView(box) {
  requestAnimationFrame(() => {
    const start = box.querySelector(".node.start")?.getBoundingClientRect();
    // Only sideways: the page itself stays where the reader is.
    if (start) box.scrollLeft += start.left + start.width / 2 - box.getBoundingClientRect().left - box.clientWidth / 2;
  });
  return box;
}

function affected(answer, light) {
  const columns = ["column-asset", "column-class", "column-hops", "column-strength", "column-because"].map((key) => t(key));
  const rows = answer.levels.flatMap((level) => [
    h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: columns.length }, level.level === "transversal" ? level.label : `${level.level} ${level.label}`, h("span", { class: "quiet" }, ` ${level.assets.length}`))),
    ...level.assets.map((asset) => affectedRow(asset, light, answer.aspectLabels)),
  ]);
  return table(t("table-caption", { label: answer.asset.label }), columns, rows, { id: "affected" });
}

function affectedRow(asset, light, labels) {
  const strengths = Object.entries(asset.aspects).map(([aspect, strength]) => h("span", { class: "strength" }, `${labels[aspect].toLowerCase()} ${number(strength, 3)}${course(asset, aspect)}`));
  const way = asset.direction === "up" ? t("way-up") : t("way-down");
  return row([
    [h("a", { href: href({ asset: asset.iri }), "data-iri": asset.iri }, asset.label), h("div", { class: "quiet" }, asset.name)],
    asset.classLabel ?? "–",
    h("span", { title: way }, `${asset.hops} ${asset.direction === "up" ? "↑" : "↓"}`, h("span", { class: "hidden" }, ` ${way}`)),
    strengths,
    reasons(asset.path),
  ], { onpointerenter: () => light(asset.iri), onpointerleave: () => light(null) });
}

/** Which way an aspect goes in an asset, where the kind of change tells. */
function course(asset, aspect) {
  const told = asset.manners.filter((one) => one.aspect === aspect && one.course && one.course !== "unknown");
  const courses = [...new Set(told.map((one) => one.course))];
  return courses.length ? ` (${courses.map((one) => t(`course-${one}`)).join(", ")})` : "";
}

function reasons(path) {
  return h("ol", { class: "because" }, path.map((hop) =>
    h("li", {}, hop.reason, " ", h("span", { class: "quiet" }, `(${basis(hop)})`))));
}

function basis(hop) {
  return `${hop.aspectLabel.toLowerCase()} ${number(hop.strength, 3)}, ${hop.modeLabel.toLowerCase()}, ${t(hop.measured ? "measured" : "declared")}`;
}

function flows(all) {
  if (!all.length) return null;
  return h("section", { id: "flows", "aria-labelledby": "flows-title" },
    h("h2", { id: "flows-title" }, t("flows")),
    all.map((flow) => h("article", { class: "flow" },
      h("h3", {}, h("span", { class: `status ${flow.shown ? "pass" : "none"}` }, flow.shown ? "✓ " : "✕ "), flow.label),
      h("p", { class: "steps" }, flow.steps.map((step) => step.join(" + ")).join(" → ")),
      h("p", { class: "quiet" }, flow.shown ? t("flow-shown", { aspects: flow.aspectLabels.join(", ").toLowerCase() }) : `${t("flow-missing")} ${flow.brokenAt.text}`),
      flow.shown ? reasons(flow.hops) : null)));
}

function checklist(items) {
  if (!items.length) return null;
  return h("section", { id: "checklist", "aria-labelledby": "checklist-title" },
    h("h2", { id: "checklist-title" }, t("checklist")),
    table(t("checklist-caption"), [t("column-step"), t("column-level"), t("column-reached")],
      items.map((item) => row([item.text, item.level, item.reached ? `✓ ${t("reached")}` : `– ${t("unreached")}`]))));
}
