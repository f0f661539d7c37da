// Verdicts as a sign and a word, never as a colour alone.

import { h, s } from "./dom.js";
import { t } from "./i18n.js";

const SIGNS = { fail: "✕", unknown: "?", waived: "◐", pass: "✓", not_applicable: "–" };

export function word(status) {
  return `${SIGNS[status] ?? "·"} ${t(`status-${status ?? "none"}`)}`;
}

export function badge(status) {
  return h("span", { class: `status ${status ?? "none"}` }, word(status));
}

export function svgBadge(status, x, y) {
  return s("text", { class: `status ${status ?? "none"}`, x, y, "text-anchor": "end" }, word(status));
}

/** The counts behind a worst verdict: "2 fail, 3 unknown". */
export function counts(verdicts) {
  return Object.entries(verdicts).map(([status, n]) => `${n} ${t(`status-${status}`)}`).join(", ");
}
