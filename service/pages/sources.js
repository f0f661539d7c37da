// The sources that are read by themselves: how each is doing, and which of them wait for a person.

import * as api from "./api.js";
import { h, row, table } from "./dom.js";
import { duration, t, time } from "./i18n.js";

/** As which verdict a state is coloured. */
const COLOURS = { committed: "pass", unchanged: "pass", failed: "fail", waiting: "unknown", interrupted: "unknown" };
const SIGNS = { committed: "✓", unchanged: "✓", running: "…", failed: "✕", waiting: "!", interrupted: "?", paused: "‖" };

/** The section of sources, filled when the service has answered: the map does not wait for it. */
export function sources(lang) {
  const section = h("section", { id: "sources" });
  api.sources(lang).then((answer) => fill(section, answer), (problem) => {
    section.replaceChildren(h("p", { class: "note" }, `${t("sources-failed")}: ${problem.message}`));
  });
  return section;
}

function fill(section, answer) {
  const living = answer.sources.filter((one) => one.living);
  if (!living.length) return;
  const waiting = living.filter((one) => one.living.status === "waiting").length;
  const columns = ["source-name", "kind", "state", "last-success", "lag", "duration", "next-run", "opened", "closed"];
  section.replaceChildren(
    h("h2", {}, t("sources-title")),
    ...(waiting ? [h("p", { class: "note", id: "waiting" }, t("sources-waiting", { count: waiting }))] : []),
    table(t("sources-caption"), columns.map((column) => t(`column-${column}`)), living.map(line)));
}

function line({ source, living }) {
  const name = [source, h("div", { class: "quiet" }, living.place)];
  return row([
    name,
    living.kind,
    condition(living),
    living.lastSuccess ? time(living.lastSuccess) : "–",
    living.lagSeconds === null ? "–" : duration(living.lagSeconds),
    living.seconds === null ? "–" : duration(living.seconds),
    living.schedule ? (living.nextRun ? time(living.nextRun) : "–") : t("by-hand"),
    String(living.opened),
    String(living.closed),
  ], { "data-source": source });
}

function condition({ status, paused, closing, reason }) {
  const told = [h("span", { class: `status ${COLOURS[status] ?? "none"}` }, `${SIGNS[status] ?? "·"} ${t(`source-${status}`)}`)];
  if (paused) told.push(h("div", { class: "status none" }, `${SIGNS.paused} ${t("source-paused")}`));
  // What a person has to do stands above the table.
  if (closing !== null) told.push(h("div", {}, t("would-close", { count: closing })));
  else if (reason) told.push(h("div", { class: "quiet" }, reason));
  return h("div", {}, told);
}
