// What the address says of the explorer: plain texts by key, and what they mean on a set.

import { link } from "./address.js";

export const EXPLORER = "queries";
export const STATE_KEYS = [
  ...["set", "text", "field", "value", "a", "b", "measure", "found", "change", "least", "from", "to"],
  ...["nohit", "trap", "unanswered", "sort", "order", "first", "show", "query"],
];
const SHOWN_AT_ONCE = 4; // retrievers side by side, unless others are chosen

export function readState(values) {
  return Object.fromEntries(STATE_KEYS.map((key) => [key, values.get(key) ?? ""]));
}

export function linkTo(state, changes) {
  return link(EXPLORER, { ...state, ...changes });
}

// Numbers in place of labels; what the set does not have is as if it were not said.
export function meaning(set, state) {
  const a = placeOf(set.labels, state.a, set.pair[0] ?? 0);
  const second = set.pair[1] ?? Math.min(1, set.labels.length - 1);
  const b = placeOf(set.labels, state.b, second === a ? Math.max(0, set.labels.findIndex((_, one) => one !== a)) : second);
  const field = set.fields.find(({ name }) => name === state.field);
  const code = field ? field.values.indexOf(state.value) : -1;
  const measure = placeOf(set.measures, state.measure, set.main);
  return { a, b, measure, field, code, query: set.number.get(state.query), shown: shownRetrievers(set, state, a, b) };
}

function placeOf(names, name, otherwise) {
  const place = names.indexOf(name);
  return place < 0 ? otherwise : place;
}

function shownRetrievers(set, state, a, b) {
  const chosen = new Set(state.show.split("\n"));
  const shown = set.labels.map((_, number) => number).filter((number) => chosen.has(set.labels[number]));
  if (shown.length) return shown;
  const others = set.labels.map((_, number) => number).filter((number) => number !== a && number !== b);
  return [...new Set([a, b, ...others])].slice(0, SHOWN_AT_ONCE);
}
