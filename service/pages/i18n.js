// The page's own texts, one JSON file per language; labels of the domain come from the service.

const loaded = new Map();
let texts = {};
let language = "en";

export async function speak(lang) {
  if (!loaded.has(lang)) {
    const answer = await fetch(`/pages/texts/${lang}.json`);
    loaded.set(lang, await answer.json());
  }
  texts = loaded.get(lang);
  language = lang;
  document.documentElement.lang = lang;
}

/** The text of a key, its {places} filled; of one thing, where there is a text about one. */
export function t(key, values = {}) {
  const one = values.count === 1 ? texts[`${key}-one`] : null;
  return (one ?? texts[key] ?? key).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

export function number(value, digits = 4) {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: digits }).format(value);
}

export function day(text) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${text}T00:00:00Z`));
}

export function time(text) {
  const when = new Date(text);
  // What is no time is shown as it came.
  if (Number.isNaN(when.getTime())) return text;
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }).format(when) + " UTC";
}

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 0]];

/** A length of time in its largest unit. */
export function duration(seconds) {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least);
  const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 2 });
  return format.format(seconds / (size || 1));
}
