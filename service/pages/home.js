// The map: twelve bands and the transversal strip; beside it the assets of the chosen band.

import * as api from "./api.js";
import { arrows, h, row, s, table } from "./dom.js";
import { t, time } from "./i18n.js";
import { save } from "./signin.js";
import { sources } from "./sources.js";
import { href, variant } from "./state.js";
import { badge, counts, svgBadge } from "./status.js";
import { verdictList } from "./verdicts.js";

/** Where things stand in a band: on a narrow screen closer together, so that the letters stay as large as elsewhere. */
const WIDE = { width: 760, bar: 330, longest: 190 };
// No room for bars: the numbers alone stand there.
const NARROW = { width: 400, bar: 222, longest: 0 };
const HEIGHT = 40;
const GAP = 4;

/** How long the first view waits for the first audit of a service, which takes seconds: in milliseconds. */
const LONGEST = 15000;
/** When a view that could not wait any longer looks again. */
const LATER = 3000;
const STEP = 250;

/** The levels; where nothing was ever judged and is being judged now, with the verdicts, if they come soon. */
async function judgedLevels(lang) {
  const until = Date.now() + LONGEST;
  for (;;) {
    const levels = await api.levels(lang);
    if (levels[0].audit || !levels[0].auditComing || Date.now() > until) return levels;
    await new Promise((resolve) => setTimeout(resolve, STEP));
  }
}

export async function home(state) {
  const [levels, listed, judged] = await Promise.all([
    judgedLevels(state.lang),
    state.level ? api.assets(state.level, state.after, state.lang) : null,
    state.level ? verdictList({ level: state.level }, state.lang) : null,
  ]);
  const chosen = levels.find((level) => level.level === state.level);
  const total = levels.reduce((sum, level) => sum + level.count, 0);
  const map = h("section", { class: "map", "aria-labelledby": "map-title" },
    h("h1", { id: "map-title" }, t("map-title")),
    h("p", { class: "quiet" }, total ? t("map-lead", { count: total }) : t("map-empty")),
    bands(levels, state.level),
    audited(levels[0], total),
    twin(levels),
    h("p", {}, h("a", { id: "report", href: api.report(state.lang), download: "audit.html", onclick: save }, t("report"))));
  const parts = [map];
  if (state.asOf) parts.unshift(h("p", { class: "note" }, t("as-of-map"), " ", h("a", { href: variant({ asOf: "" }) }, t("as-of-now"))));
  if (chosen) parts.push(list(chosen, listed, state));
  return { title: chosen ? `${chosen.level} ${chosen.label}` : "", parts: [h("div", { class: chosen ? "columns" : "single" }, parts), chosen ? h("section", { id: "verdicts" }, judged) : sources(state.lang)], again: levels[0].audit || !levels[0].auditComing ? 0 : LATER };
}

/** Which audit the verdicts are of: evaluating takes a while, so the last one is shown. */
function audited({ audit, auditComing }, total) {
  if (!total) return null;
  if (!audit) return h("p", { class: "quiet", id: "audited" }, t(auditComing ? "audit-coming" : "audit-none"));
  const told = t(audit.current ? "audit-current" : "audit-older", { sequence: audit.sequence, time: time(audit.time) });
  return h("p", { class: "quiet", id: "audited" }, told);
}

function name(level) {
  return level.number ? `${level.level} ${level.label}` : level.label;
}

function bands(levels, chosen) {
  // At least one, because it is divided by.
  const most = Math.max(1, ...levels.map((level) => level.count));
  const groups = [...new Set(levels.map((level) => level.group))];
  const height = levels.length * (HEIGHT + GAP) + 8;
  const layout = matchMedia("(max-width: 600px)").matches ? NARROW : WIDE;
  const drawing = s("svg", { class: "bands", viewBox: `0 0 ${layout.width} ${height}`, role: "group", "aria-label": t("map-title") },
    levels.map((level, at) => band(level, at, { layout, most, group: groups.indexOf(level.group), chosen: level.level === chosen })));
  arrows(drawing, "a");
  return drawing;
}

function band(level, at, { layout, most, group, chosen }) {
  const top = at * (HEIGHT + GAP) + (level.number ? 0 : 8);
  const middle = top + HEIGHT / 2 + 5;
  // A single asset is to be seen beside thousands.
  const bar = level.count ? Math.max(3, (level.count / most) * layout.longest) : 0;
  const told = `${name(level)}: ${t("assets-count", { count: level.count })}, ${t(`status-${level.worst ?? "none"}`)}`;
  return s("a", { href: href({ level: level.level }), class: `band group-${group}${chosen ? " chosen" : ""}`, "data-level": level.level, "aria-label": told, "aria-current": chosen ? "true" : null },
    s("title", {}, level.definition ? `${told}. ${level.definition}` : told),
    s("rect", { class: "ground", x: 1, y: top + 1, width: layout.width - 2, height: HEIGHT - 2, rx: 6 }),
    s("rect", { class: "stripe", x: 1, y: top + 1, width: 6, height: HEIGHT - 2, rx: 3 }),
    s("text", { class: "notation", x: 22, y: middle }, level.number ? level.level : "◇"),
    s("text", { class: "label", x: 66, y: middle }, level.label),
    s("rect", { class: "bar", x: layout.bar, y: top + HEIGHT / 2 - 5, width: bar, height: 10, rx: 3 }),
    s("text", { class: "count", x: layout.bar + 8 + bar, y: middle }, String(level.count)),
    svgBadge(level.worst, layout.width - 18, middle));
}

function twin(levels) {
  const columns = [t("column-level"), t("column-assets"), t("column-worst"), t("column-verdicts")];
  const rows = levels.map((level) => row([
    h("a", { href: href({ level: level.level }) }, name(level)),
    String(level.count),
    badge(level.worst),
    counts(level.counts) || "–",
  ]));
  return h("details", { class: "twin" }, h("summary", {}, t("as-table")), table(t("map-title"), columns, rows));
}

function list(level, listed, state) {
  const rows = listed.assets.map((asset) => row([
    h("a", { href: href({ asset: asset.iri }), "data-iri": asset.iri }, asset.label),
    asset.name,
    asset.classLabel ?? "–",
  ]));
  return h("section", { class: "list", "aria-labelledby": "list-title" },
    h("h2", { id: "list-title" }, name(level)),
    level.definition ? h("p", { class: "quiet" }, level.definition) : null,
    rows.length
      ? table(t("list-caption"), [t("column-asset"), t("column-name"), t("column-class")], rows, { id: "assets" })
      : h("p", { class: "empty" }, t("list-empty")),
    state.after ? h("a", { class: "page", href: href({ level: level.level }) }, t("first-page")) : null,
    listed.next ? h("a", { class: "page", href: href({ level: level.level, after: listed.next }) }, t("next-page")) : null);
}
