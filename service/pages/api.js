// Questions to the service. A refusal is an error whose message is the problem's detail.

import { authorization } from "./signin.js";

export class Problem extends Error {
  constructor(status, detail, data) {
    super(detail);
    this.status = status;
    this.data = data;
  }
}

async function get(path, parameters, headers = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, value);
  }
  const answer = await fetch(`${path}?${query}`, { headers: { Accept: "application/json", ...headers, ...authorization() } });
  if (answer.ok) return answer.json();
  // What a proxy answers is no JSON.
  const data = await answer.json().catch(() => ({}));
  throw new Problem(answer.status, data.detail ?? `${answer.status} ${answer.statusText}`, data);
}

export const levels = (lang) => get("/api/levels", { lang });
export const assets = (level, after, lang) => get("/api/assets", { level, after, lang });
export const asset = (iri, lang) => get(`/api/assets/${encodeURIComponent(iri)}`, { lang });
export const metrics = (iri, lang) => get("/api/metrics", { asset: iri, lang });
export const verdicts = (about, lang) => get("/api/compliance/verdicts", { ...about, lang });
export const sources = (lang) => get("/api/sources", {}, { "Accept-Language": lang });
export const search = (q, lang) => get("/api/search", { q, limit: 12, lang });
export const impact = (state) => get("/api/impact", question(state));

/** The page of the ontology about a term of its own. */
export const term = (name) => `/ontology/pages/${document.documentElement.lang.toLowerCase()}/term/${encodeURIComponent(name)}`;

/** The address of the audit as a report. */
export const report = (lang) => `/api/compliance/audit?${new URLSearchParams({ format: "html", lang })}`;

/** The parameters of an impact question. */
export function question({ asset: iri, direction, depth, aspect, change, asOf, lang }) {
  return { asset: iri, direction, depth, aspect, change, asOf, lang };
}

/** The address of the impact answer in another format. */
export function impactFile(state, format) {
  const given = Object.entries({ ...question(state), format }).filter(([, value]) => value);
  return `/api/impact?${new URLSearchParams(given)}`;
}
