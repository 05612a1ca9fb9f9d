// One query: what is known of it, why it is found or missed, and its hits side by side.

import { link } from "./address.js";
import { hasData } from "./data.js";
import { announce, element } from "./elements.js";
import { connectHits } from "./explorer_lines.js";
import { linkTo } from "./explorer_state.js";
import { decimal } from "./explorer_table.js";
import { counted, rankText, why } from "./explorer_why.js";
import { marked } from "./words.js";

// `onShow` is called with the labels of the retrievers that are chosen to stand side by side.
export function openedQuery(set, wanted, onShow) {
  const { query, shown } = wanted;
  const text = set.queries.text[query];
  const terms = set.termsOf(query);
  const columns = element("div", { className: "columns" }, shown.map((one) => hitColumn(set, one, query, terms)));
  connectHits(columns);
  return [
    element("h3", { tabIndex: -1, className: "text" }, text || set.queries.id[query]),
    queryFacts(set, query),
    element("h4", {}, "Why"),
    element("ul", { className: "why" }, shown.map((one) => reasonFor(set, one, query))),
    scrollable("What each measure gives", valueTable(set, shown, query)),
    scrollable("Ranks of the documents that count", rankTable(set, query, terms)),
    element("h4", {}, "Hits"),
    sideChooser(set, shown, onShow),
    element("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": "Hits side by side" }, columns),
  ];
}

// To other queries, to the map and away; of its neighbours one may be undefined.
export function queryBar(set, state, { query: opened, a }, { before, behind }) {
  const go = (query, title, keys) =>
    query === undefined
      ? null
      : element("a", { href: linkTo(state, { query: set.queries.id[query] }), className: keys, title: `Key ${keys}` }, title);
  const copy = element("button", { type: "button" }, "Copy the address");
  copy.addEventListener("click", () => copyAddress());
  const close = element("a", { href: linkTo(state, { query: "" }), className: "close", title: "Key Esc" }, "Close");
  return element("div", { className: "bar" }, go(before, "← Previous", "k"), go(behind, "Next →", "j"), linkToMap(set, opened, a), copy, close);
}

function linkToMap(set, query, retriever) {
  if (!hasData(`map-${set.slug}`)) return null;
  return element("a", { href: link("map", { set: set.slug, retriever: set.labels[retriever], query: set.queries.id[query] }) }, "On the map");
}

async function copyAddress() {
  try {
    await navigator.clipboard.writeText(location.href);
    announce("The address is copied.");
  } catch {
    prompt("The browser copies nothing from this page. The address:", location.href);
  }
}

function queryFacts(set, query) {
  const { id, overlap, unknown, answerable } = set.queries;
  const pairs = [["Id", id[query]], ...set.fieldsOf(query)];
  if (!answerable[query]) pairs.push(["Answer", "no document answers it; it counts in no mean"]);
  if (overlap && overlap[query] !== null) {
    pairs.push(["Overlap", `${Math.round(100 * overlap[query])}% of its words, by weight, stand in its best document`]);
  }
  if (unknown?.[query].length) pairs.push(["Words that no document has", unknown[query].join(", ")]);
  return element("dl", { className: "facts" }, pairs.map(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]).flat());
}

function reasonFor(set, retriever, query) {
  return element("li", {}, element("strong", {}, set.labels[retriever]), `: ${why(set, retriever, query)}`);
}

function scrollable(label, table) {
  return table && element("div", { className: "scroll", tabIndex: 0, role: "group", "aria-label": label }, table);
}

function smallTable(caption, titles, rows) {
  const head = titles.map((title, column) => element("th", { scope: "col", className: column ? "number" : "" }, title));
  const body = rows.map(([first, ...cells]) =>
    element("tr", {}, element("th", { scope: "row" }, first), cells.map((cell) => element("td", { className: "number" }, cell))),
  );
  return element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, head)), element("tbody", {}, body));
}

function valueTable(set, shown, query) {
  const rows = shown.map((one) => [set.labels[one], ...set.measures.map((_, measure) => decimal(set.value(one, measure, query)))]);
  return set.queries.answerable[query] ? smallTable("Values", ["Retriever", ...set.measures], rows) : null;
}

// Relevant documents first, then wrong ones that stand above every relevant one.
function rankTable(set, query, terms) {
  const rows = set.relevantOf(query).map((document) => [
    documentCell(document, `✓ relevant, grade ${document.grade}`, marked(document.text, terms, set.stems)),
    ...document.ranks.map((rank, retriever) => rankText(rank, set.retrievers[retriever].depth)),
  ]);
  for (const trap of set.trapsIn(query)) {
    const sign = trap.named ? "✗ named as wrong, above every relevant one" : "✗ judged not relevant, above every relevant one";
    rows.push([documentCell(trap, sign, []), ...trap.ranks.map((rank) => (rank ? rankText(rank) : "–"))]);
  }
  return rows.length ? smallTable("Ranks", ["Document", ...set.labels], rows) : null;
}

function documentCell(document, sign, text) {
  const about = element("span", { className: "grade" }, sign);
  return element("div", {}, element("code", {}, document.name), " ", about, element("span", { className: "passage" }, text));
}

function sideChooser(set, shown, onShow) {
  if (set.labels.length < 2) return null;
  const boxes = set.labels.map((label, number) => {
    const box = element("input", { type: "checkbox", checked: shown.includes(number), value: label });
    return element("label", { className: "check" }, box, label);
  });
  const group = element("fieldset", { className: "chooser" }, element("legend", {}, "Side by side"), boxes);
  group.addEventListener("change", () => onShow([...group.querySelectorAll(":checked")].map((box) => box.value)));
  return group;
}

function hitColumn(set, retriever, query, terms) {
  const hits = set.hitsOf(retriever, query);
  const list = element("ol", {}, hits.map((hit) => shownHit(set, hit, query, terms)));
  const label = set.labels[retriever];
  const none = hits.length ? null : element("p", { className: "note" }, "No hit.");
  return element("section", { "aria-label": `Hits of ${label}` }, element("h5", {}, label), list, none);
}

function shownHit(set, hit, query, terms) {
  const [sign, kind] = gradeSign(hit);
  const head = element(
    ...["div", { className: "head" }, element("span", { className: "rank" }, String(hit.rank))],
    element("button", { type: "button", className: "document", title: "The same document in every column" }, hit.name),
    element("span", { className: "score" }, hit.score),
  );
  const shares = hit.shared === null ? "" : ` · shares ${hit.shared} of ${counted(set.queries.terms[query], "term", "terms")}`;
  const about = element("p", { className: "about" }, element("span", { className: "grade" }, sign), shares);
  const text = element("p", { className: "passage" }, marked(hit.text, terms, set.stems));
  return element("li", { className: kind, "data-document": String(hit.document) }, head, about, text);
}

function gradeSign({ grade: given, named: wrong }) {
  if (given !== null && given > 0) return [`✓ relevant, grade ${given}`, "relevant"];
  if (wrong) return ["✗ named as wrong", "wrong"];
  return given === null ? ["? not judged", "unjudged"] : ["✗ judged not relevant", "wrong"];
}
