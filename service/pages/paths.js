// The affected assets in bands by level, joined by the hops of their best paths.

import { arrows, s } from "./dom.js";
import { t } from "./i18n.js";
import { href } from "./state.js";

const WIDTH = 1120;
const SIDE = 104;
const CHIP = { width: 158, height: 30, gap: 11 };
const LINE = 62;
const PAD = 16;
const PER_LINE = Math.floor((WIDTH - SIDE - 8) / (CHIP.width + CHIP.gap));
// Assets that are drawn, the nearest ones; the table has all.
const MOST = 60;
// Characters that fit on a chip.
const FITS = 22;

/** Draw the answer; returns the picture, how many assets it leaves to the table, and a way to light one path. */
export function draw(answer) {
  const all = answer.levels.flatMap((level) => level.assets);
  const shown = nearest(all);
  const nodes = new Map([[answer.asset.iri, { ...answer.asset, start: true, hops: 0, path: [] }]]);
  for (const asset of shown) nodes.set(asset.iri, asset);
  for (const asset of shown) asset.path.forEach((hop, at) => passed(nodes, hop, at));
  const hops = edges(shown);
  const { places, bands, height } = place(nodes, hops, answer);
  const lines = [...hops.values()].map((hop) => edge(hop, places));
  const chips = [...nodes.values()].map((node) => chip(node, places.get(node.iri)));
  const picture = s("svg", { class: "paths", viewBox: `0 0 ${WIDTH} ${height}`, role: "group", "aria-label": t("paths-title", { label: answer.asset.label }) },
    s("defs", {}, marker("arrow", ""), marker("arrow-lit", "lit")),
    bands, s("g", { class: "edges" }, lines), s("g", { class: "nodes" }, chips));
  const light = lighter(picture, nodes);
  arrows(picture, ".nodes a");
  return { picture, left: all.length - shown.length, light };
}

/** The nearest assets, together with every asset that their paths pass through. */
function nearest(all) {
  // By IRI among equals, so that one answer always makes one picture.
  const ordered = [...all].sort((a, b) => a.hops - b.hops || b.strength - a.strength || (a.iri < b.iri ? -1 : 1));
  const kept = new Set(ordered.slice(0, MOST).flatMap((asset) => [asset.iri, ...asset.path.flatMap((hop) => [hop.from.iri, hop.to.iri])]));
  return ordered.filter((asset) => kept.has(asset.iri));
}

/** What a path passes through without being in the answer, as with an obligation that is about other levels. */
function passed(nodes, hop, at) {
  for (const [end, hops] of [[hop.from, at], [hop.to, at + 1]]) {
    if (!nodes.has(end.iri)) nodes.set(end.iri, { ...end, hops, path: [] });
  }
}

function edges(assets) {
  const hops = new Map();
  for (const asset of assets) for (const hop of asset.path) hops.set(key(hop), hop);
  return hops;
}

function key(hop) {
  return `${hop.from.iri} ${hop.to.iri}`;
}

function order(level) {
  return level.startsWith("L") ? -Number(level.slice(1)) : 1;
}

function place(nodes, hops, answer) {
  const labels = new Map([[answer.asset.level, answer.asset.levelLabel], ...answer.levels.map((level) => [level.level, level.label])]);
  const levels = [...new Set([...nodes.values()].map((node) => node.level))].sort((a, b) => order(a) - order(b));
  const places = new Map();
  const bands = [];
  let top = 0;
  for (const level of levels) {
    const members = arrange([...nodes.values()].filter((node) => node.level === level), hops, places);
    const lines = Math.ceil(members.length / PER_LINE);
    members.forEach((node, at) => places.set(node.iri, spot(at, members.length, top)));
    const height = lines * LINE + PAD;
    bands.push(bandOf(level, labels.get(level), top, height));
    top += height + 6;
  }
  return { places, bands: s("g", { class: "levels" }, bands), height: top };
}

/** Put each asset near those above it that it is joined to. */
function arrange(members, hops, places) {
  const wish = new Map(members.map((node) => {
    const joined = [...hops.values()].flatMap((hop) =>
      hop.to.iri === node.iri ? [places.get(hop.from.iri)] : hop.from.iri === node.iri ? [places.get(hop.to.iri)] : []);
    const xs = joined.filter(Boolean).map((spotted) => spotted.x);
    return [node.iri, xs.length ? xs.reduce((a, b) => a + b) / xs.length : WIDTH / 2];
  }));
  return members.sort((a, b) => wish.get(a.iri) - wish.get(b.iri) || a.hops - b.hops || (a.iri < b.iri ? -1 : 1));
}

function spot(at, count, top) {
  const line = Math.floor(at / PER_LINE);
  const inLine = Math.min(PER_LINE, count - line * PER_LINE);
  const column = at - line * PER_LINE;
  const step = (WIDTH - SIDE - 8) / inLine;
  return { x: SIDE + step * (column + 0.5), y: top + PAD / 2 + LINE / 2 + line * LINE };
}

function bandOf(level, label, top, height) {
  const words = level === "transversal" ? t("transversal") : label ?? "";
  return s("g", {},
    s("rect", { class: "level-ground", x: 0, y: top, width: WIDTH, height, rx: 6 }),
    s("text", { class: "notation", x: 12, y: top + 24 }, level === "transversal" ? "◇" : level),
    s("text", { class: "level-label", x: 12, y: top + 42 }, shorten(words, 14)));
}

function chip(node, { x, y }) {
  const told = node.start ? `${node.label}: ${t("start")}` : `${node.label}: ${t("hops", { count: node.hops })}`;
  return s("a", { href: href({ asset: node.iri }), class: `node${node.start ? " start" : ""}`, "data-iri": node.iri, "aria-label": told },
    s("title", {}, told),
    s("rect", { x: x - CHIP.width / 2, y: y - CHIP.height / 2, width: CHIP.width, height: CHIP.height, rx: 7 }),
    s("text", { x, y: y + 4.5, "text-anchor": "middle" }, shorten(node.label, node.start ? FITS - 3 : FITS)));
}

function edge(hop, places) {
  const from = places.get(hop.from.iri);
  const to = places.get(hop.to.iri);
  return s("path", { class: `edge${hop.measured ? " measured" : ""}`, d: curve(from, to), "data-edge": key(hop), "stroke-width": 0.8 + 1.8 * hop.strength },
    s("title", {}, hop.reason));
}

function curve(from, to) {
  const half = CHIP.height / 2 + 2;
  // Side by side: over the chips, not through those in between.
  if (from.y === to.y) {
    const lift = from.y - half - 14;
    return `M${from.x} ${from.y - half} C${from.x} ${lift} ${to.x} ${lift} ${to.x} ${to.y - half - 4}`;
  }
  const way = to.y > from.y ? 1 : -1;
  const start = from.y + way * half;
  const end = to.y - way * (half + 4);
  const bend = Math.max(18, Math.abs(end - start) * 0.4) * way;
  return `M${from.x} ${start} C${from.x} ${start + bend} ${to.x} ${end - bend} ${to.x} ${end}`;
}

function marker(id, extra) {
  return s("marker", { id, viewBox: "0 0 8 8", refX: 5, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" },
    s("path", { class: `head ${extra}`, d: "M0 0 8 4 0 8z" }));
}

function shorten(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Pointing at an asset, or focusing it, lights its path and dims the rest. */
function lighter(picture, nodes) {
  function light(iri) {
    const node = nodes.get(iri);
    const hops = new Set((node?.path ?? []).map(key));
    const along = new Set([iri, ...(node?.path ?? []).flatMap((hop) => [hop.from.iri, hop.to.iri])]);
    picture.classList.toggle("lighting", Boolean(node) && hops.size > 0);
    for (const line of picture.querySelectorAll("[data-edge]")) line.classList.toggle("lit", hops.has(line.dataset.edge));
    for (const chipped of picture.querySelectorAll(".node")) chipped.classList.toggle("lit", along.has(chipped.dataset.iri));
  }
  for (const kind of ["pointerover", "focusin"]) {
    picture.addEventListener(kind, (event) => light(event.target.closest?.(".node")?.dataset.iri));
  }
  for (const kind of ["pointerleave", "focusout"]) picture.addEventListener(kind, () => light(null));
  return light;
}
