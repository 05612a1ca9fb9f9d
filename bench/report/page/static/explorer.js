// The view of all queries of a set: filters above, the table, and the query that is opened. Its state is the address.

import { address, go, onAddress } from "./address.js";
import { announce, element } from "./elements.js";
import { exploredSet } from "./explorer_data.js";
import { means, selectedQueries } from "./explorer_filter.js";
import { onKeys } from "./explorer_keys.js";
import { openedQuery, queryBar } from "./explorer_query.js";
import { STATE_KEYS, EXPLORER, meaning, readState } from "./explorer_state.js";
import { decimal, firstRow, queryTable, ROWS, signed } from "./explorer_table.js";

const explorerView = document.getElementById("explorer");
const filterForm = explorerView.querySelector("form");
const explorerParts = Object.fromEntries([...explorerView.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
let current = { set: null, state: null, wanted: null, queries: [] };

onAddress(renderExplorer);
filterForm.addEventListener("submit", (event) => event.preventDefault());
filterForm.addEventListener("input", () => changeState(formState()));
filterForm.querySelector(".clear").addEventListener("click", () => go(EXPLORER, { set: current.state.set, query: current.state.query }));
explorerParts.keys.querySelector("button").addEventListener("click", () => explorerParts.keys.close());
explorerView.querySelector(".keys").addEventListener("click", () => explorerParts.keys.showModal());
onKeys(() => isExplorerShown(), {
  j: () => openNeighbour(1),
  k: () => openNeighbour(-1),
  "/": () => filterForm.elements.text.focus(),
  "?": () => explorerParts.keys.showModal(),
  Escape: () => current.state?.query && go(EXPLORER, { ...current.state, query: "" }),
});

function isExplorerShown() {
  return address().place === EXPLORER;
}

// A filter begins with the first row again.
function changeState(changes, step = false) {
  go(EXPLORER, { ...current.state, first: "", ...changes }, step);
}

async function renderExplorer() {
  if (!isExplorerShown()) return;
  const state = readState(address().values);
  const slug = [...filterForm.elements.set.options].some(({ value }) => value === state.set) ? state.set : filterForm.elements.set.options[0].value;
  const set = await exploredSet(slug);
  if (location.hash && !isExplorerShown()) return; // left while the data were unpacked
  const wanted = meaning(set, state);
  const before = current;
  current = { set, slug, state, wanted, queries: selectedQueries(set, state, wanted) };
  if (before.set !== set) fillForm(set, slug);
  showForm(set, state, wanted);
  showList();
  if (before.set !== set || before.wanted.query !== wanted.query || before.wanted.shown.join() !== wanted.shown.join()) {
    showQuery(before.set === set ? before.wanted.query : null);
  } else if (wanted.query !== undefined) explorerParts.query.firstChild.replaceWith(barOfQuery());
}

// --- the form ---

function fillSelect(select, pairs) {
  select.replaceChildren(...pairs.map(([value, text]) => element("option", { value }, text)));
}

function fillForm(set, slug) {
  filterForm.elements.set.value = slug;
  for (const name of ["a", "b"]) fillSelect(filterForm.elements[name], set.labels.map((label) => [label, label]));
  fillSelect(filterForm.elements.measure, set.measures.map((measure) => [measure, measure]));
  const groups = set.fields.map(({ name, values }, field) =>
    element("optgroup", { label: name }, values.map((value, code) => element("option", { value: `${field} ${code}` }, `${name} = ${value}`))),
  );
  filterForm.elements.slice.replaceChildren(element("option", { value: "" }, "all"), ...groups);
  filterForm.elements.slice.closest("label").hidden = !set.fields.length;
  for (const name of ["from", "to"]) filterForm.elements[name].closest("label").hidden = !set.queries.overlap;
  explorerParts.onePassage.hidden = !set.onePassage;
  for (const text of explorerView.querySelectorAll(".solved")) text.textContent = set.solvedAt;
}

function formState() {
  const { elements } = filterForm;
  const named = STATE_KEYS.filter((key) => key in elements);
  const values = named.map((key) => [key, elements[key].type === "checkbox" ? (elements[key].checked ? "1" : "") : elements[key].value]);
  const [field, code] = elements.slice.value.split(" ").map(Number);
  const state = Object.fromEntries(values);
  const chosen = elements.slice.value ? current.set.fields[field] : null;
  const other = state.set !== current.slug;
  const slice = { field: chosen?.name ?? "", value: chosen?.values[code] ?? "" };
  return other ? { ...Object.fromEntries(STATE_KEYS.map((key) => [key, ""])), set: state.set } : { ...state, ...slice };
}

function showForm(set, state, { a, b, measure, field, code }) {
  const values = { ...state, set: current.slug, a: set.labels[a], b: set.labels[b], measure: set.measures[measure] };
  for (const key of STATE_KEYS) {
    const control = filterForm.elements[key];
    if (!control) continue;
    if (control.type === "checkbox") control.checked = values[key] === "1";
    else if (control !== document.activeElement && control.value !== values[key]) control.value = values[key];
  }
  filterForm.elements.slice.value = field && code >= 0 ? `${set.fields.indexOf(field)} ${code}` : "";
}

// --- the list ---

function showList() {
  const { set, state, wanted, queries } = current;
  const focused = document.activeElement?.closest?.("th[data-key]")?.dataset.key;
  explorerParts.table.replaceChildren(queryTable(set, state, wanted, queries, sortBy));
  if (focused) explorerParts.table.querySelector(`th[data-key="${CSS.escape(focused)}"] button`)?.focus();
  const strange = state.query && wanted.query === undefined ? [` There is no query ${state.query} here.`] : [];
  explorerParts.remain.replaceChildren(...remaining(set, wanted, queries), ...strange);
  const first = firstRow(state, queries, wanted.query);
  const last = Math.min(first + ROWS, queries.length);
  explorerParts.range.textContent = queries.length ? `${first + 1} to ${last} of ${queries.length.toLocaleString("en")}` : "No query remains.";
  explorerParts.previous.disabled = first === 0;
  explorerParts.next.disabled = last >= queries.length;
  explorerParts.previous.onclick = () => changeState({ first: String(first + 1 - ROWS) });
  explorerParts.next.onclick = () => changeState({ first: String(first + 1 + ROWS) });
}

function remaining(set, wanted, queries) {
  const { count, means: all } = means(set, wanted.measure, queries);
  const remain = `${queries.length.toLocaleString("en")} of ${set.size.toLocaleString("en")} queries.`;
  announce(remain);
  if (!count) return [element("strong", {}, remain)];
  const two = wanted.a === wanted.b ? [wanted.a] : [wanted.a, wanted.b];
  const listed = two.map((one) => `${set.labels[one]} ${decimal(all[one])}`).join(", ");
  const gain = two.length > 1 ? `, difference ${signed(all[wanted.a] - all[wanted.b])}` : "";
  const over = count === queries.length ? "them" : `the ${count.toLocaleString("en")} with an answer`;
  return [element("strong", {}, remain), ` Plain means of ${set.measures[wanted.measure]} over ${over}: ${listed}${gain}.`];
}

function sortBy(key) {
  const { state } = current;
  const start = key === "query" ? "ascending" : "descending";
  const other = start === "descending" ? "ascending" : "descending";
  const order = state.sort !== key ? start : (state.order || "descending") === start ? other : "";
  changeState({ sort: order && key, order });
}

// --- the opened query ---

// `before`: the query that was open, undefined where none was; null where the view is new.
function showQuery(before) {
  const { set, wanted } = current;
  const opened = wanted.query !== undefined;
  explorerView.classList.toggle("open", opened);
  explorerParts.query.hidden = !opened;
  if (!opened) {
    explorerParts.query.replaceChildren();
    explorerParts.table.querySelector(`a[data-query="${before}"]`)?.focus();
    return;
  }
  const onShow = (labels) => go(EXPLORER, { ...current.state, show: labels.join("\n") }, false);
  explorerParts.query.replaceChildren(barOfQuery(), ...openedQuery(set, wanted, onShow).filter(Boolean));
  explorerParts.query.scrollTop = 0;
  if (before !== null && before !== wanted.query) explorerParts.query.querySelector("h3").focus({ preventScroll: true });
  if (explorerParts.query.getBoundingClientRect().top < 0 || !explorerParts.list.offsetParent) explorerParts.query.scrollIntoView();
  explorerParts.table.querySelector("tr.opened")?.scrollIntoView({ block: "nearest" });
}

function barOfQuery() {
  const { set, state, wanted, queries } = current;
  return queryBar(set, state, wanted, neighbours(queries, wanted.query));
}

function neighbours(queries, query) {
  const place = queries.indexOf(query);
  return place < 0 ? { behind: queries[0] } : { before: queries[place - 1], behind: queries[place + 1] };
}

function openNeighbour(step) {
  const { set, wanted, queries } = current;
  const { before, behind } = neighbours(queries, wanted.query);
  const query = step > 0 ? behind : before;
  if (query === undefined) return;
  go(EXPLORER, { ...current.state, query: set.queries.id[query], first: "" });
}
