// The table of the queries that remain, a hundred at a time.

import { element } from "./elements.js";
import { difference } from "./explorer_filter.js";
import { linkTo } from "./explorer_state.js";

export const ROWS = 100;

export function decimal(value, digits = 3) {
  return value === null || Number.isNaN(value) ? "n/a" : value.toFixed(digits);
}

export function signed(value) {
  if (Number.isNaN(value)) return "n/a";
  const text = decimal(value);
  return Number(text) > 0 ? `+${text}` : text.replace(/^-(0\.0+)$/, "$1");
}

// `onSort` is called with the key of a column.
export function queryTable(set, state, wanted, queries, onSort) {
  const first = firstRow(state, queries, wanted.query);
  const columns = columnsOf(set, state, wanted);
  const head = element("tr", {}, columns.map((column) => queryHeading(column, state, onSort)));
  const rows = queries.slice(first, first + ROWS).map((query) => queryRow(set, state, wanted, columns, query));
  const caption = element("caption", {}, `Queries by ${set.measures[wanted.measure]}`);
  return element("table", { className: "queries" }, caption, element("thead", {}, head), element("tbody", {}, rows));
}

// Where none is asked for, the row of the opened query is among those shown.
export function firstRow(state, queries, opened) {
  const place = state.first ? Number(state.first) - 1 : queries.indexOf(opened);
  const first = Math.max(0, Math.floor(place / ROWS) * ROWS);
  return first < queries.length ? first : 0;
}

// Each: key of its sort, title, its cell's text, and whether it is left out beside an opened query.
function columnsOf(set, state, wanted) {
  const columns = [{ key: "query", title: "Query" }];
  if (set.queries.overlap) {
    columns.push({ key: "overlap", title: "Overlap", text: (query) => decimal(set.queries.overlap[query], 2) });
  }
  set.labels.forEach((label, retriever) => {
    const text = (query) => decimal(set.value(retriever, wanted.measure, query));
    columns.push({ key: `by ${label}`, title: label, text });
  });
  if (wanted.a !== wanted.b) {
    const title = `${set.labels[wanted.a]} − ${set.labels[wanted.b]}`;
    columns.push({ key: "difference", title, text: (query) => signed(difference(set, wanted, query)) });
  }
  for (const column of columns) column.extra = !["query", "difference", state.sort].includes(column.key);
  return columns;
}

function cellClass(column) {
  return [column.key !== "query" && "number", column.extra && "extra"].filter(Boolean).join(" ");
}

function queryHeading(column, state, onSort) {
  const button = element("button", { type: "button", className: "sort" }, column.title);
  button.addEventListener("click", () => onSort(column.key));
  const order = state.sort === column.key ? state.order || "descending" : null;
  return element("th", { scope: "col", className: cellClass(column), "aria-sort": order, "data-key": column.key }, button);
}

function queryRow(set, state, wanted, columns, query) {
  const id = set.queries.id[query];
  const opened = query === wanted.query;
  const link = element("a", { href: linkTo(state, { query: id }), "data-query": query, "aria-current": opened ? "true" : null });
  link.append(set.queries.text[query] || id);
  const note = set.queries.answerable[query] ? id : `${id}, no document answers it`;
  const name = element("th", { scope: "row" }, link, element("span", { className: "id" }, note));
  const cells = columns.slice(1).map((column) => element("td", { className: cellClass(column) }, column.text(query)));
  return element("tr", { className: opened ? "opened" : "" }, name, cells);
}
