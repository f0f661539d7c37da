// What is shown is what the URL says: reading it, writing it, and links within the page.

export const LANGUAGES = ["en", "pt-BR"];
export const DIRECTIONS = ["down", "up", "both"];
export const THEMES = ["auto", "light", "dark"];
export const DEPTH = { least: 1, usual: 8, most: 32 };

const KEPT = ["lang", "theme"];
const NAMES = ["level", "after", "asset", "direction", "depth", "aspect", "mode", "change", "asOf", ...KEPT];

function oneOf(values, value, otherwise) {
  return values.includes(value) ? value : otherwise;
}

/** The state of a query string; what is missing or out of range takes its usual value. */
export function read(query) {
  const given = new URLSearchParams(query);
  const depth = Number.parseInt(given.get("depth") ?? "", 10);
  const wished = navigator.language.toLowerCase().startsWith("pt") ? "pt-BR" : "en";
  return {
    level: given.get("level"),
    after: given.get("after"),
    asset: given.get("asset"),
    direction: oneOf(DIRECTIONS, given.get("direction"), "down"),
    depth: depth >= DEPTH.least && depth <= DEPTH.most ? depth : DEPTH.usual,
    aspect: given.get("aspect"),
    mode: given.get("mode"),
    change: given.get("change"),
    // The command line and documents write as-of.
    asOf: given.get("asOf") ?? given.get("as-of"),
    lang: oneOf(LANGUAGES, given.get("lang"), wished),
    theme: oneOf(THEMES, given.get("theme"), "auto"),
  };
}

export function current() {
  return read(location.search);
}

/** The link to another state: language and theme stay, everything else only where given. */
export function href(change) {
  const query = new URLSearchParams(location.search);
  const kept = Object.fromEntries(KEPT.map((name) => [name, query.get(name)]));
  return address({ ...kept, ...change });
}

/** The link to the present state with some of it changed. */
export function variant(change) {
  return address({ ...Object.fromEntries(new URLSearchParams(location.search)), ...change });
}

function address(values) {
  const query = new URLSearchParams();
  for (const name of NAMES) if (values[name]) query.set(name, values[name]);
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

/** Go to a link of this page without loading it anew. */
export function go(link) {
  history.pushState(null, "", link);
  dispatchEvent(new Event("navigate"));
}

/** Let plain clicks on the page's own links change the state instead of loading the page. */
export function interceptLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a");
    const target = link?.getAttribute("href");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!plain || !target || !(target === "/" || target.startsWith("/?"))) return;
    event.preventDefault();
    go(target);
  });
}
