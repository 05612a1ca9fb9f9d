// The state of the page stands in the address, behind #: `place?key=value&…`, so that a link opens the same again.
// The place is the id of a view, or of anything in one.

export function address() {
  const [place, query = ""] = location.hash.slice(1).split("?", 2);
  return { place: decoded(place), values: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % is no code of a character
  }
}

// What a link to a place holds. A key without a value is left out.
export function link(place, values) {
  const kept = Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = new URLSearchParams(kept).toString();
  return `#${encodeURIComponent(place)}${query ? `?${query}` : ""}`;
}

// `step`: does the browser's back button come back to what was shown before?
export function go(place, values, step = true) {
  const hash = link(place, values);
  if (hash === location.hash) return;
  if (step) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
  window.dispatchEvent(new Event("addresschange"));
}

// Calls `listener` now and whenever the address changes, by whomever.
export function onAddress(listener) {
  for (const event of ["addresschange", "hashchange", "popstate"]) window.addEventListener(event, listener);
  listener();
}
