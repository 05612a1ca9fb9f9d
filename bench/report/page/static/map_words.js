// What is said below the map: how it was made, its groups, and what a chosen query finds.

import { link } from "./address.js";
import { hasData } from "./data.js";
import { element } from "./elements.js";
import { EXPLORER } from "./explorer_state.js";
import { markOf, markSample } from "./map_marks.js";
import { MAP_HITS } from "./map_set.js";
import { colourOf } from "./map_state.js";

const METHOD_NAMES = { pca: "principal components", tsne: "t-SNE", umap: "UMAP" };
const KEYS =
  " Drag, or arrows, to move; wheel, + and − to come nearer; 0 for all; Shift and arrows from point to point; Enter chooses a query.";

export function mapTitle({ set, points }) {
  const { label, method, variance, neighbours, sampled } = points;
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  const shares = [];
  if (typeof variance === "number") shares.push(`the two dimensions hold ${percent(variance)} of the variance`);
  if (typeof neighbours === "number") shares.push(`of a text's 10 nearest texts ${percent(neighbours)} are nearest here too`);
  const counted = `${set.documents.toLocaleString("en")} documents (filled) and ${set.queries.length.toLocaleString("en")} queries (hollow)`;
  const what = `${set.name} to ${label}, by ${METHOD_NAMES[method] ?? method}: ${counted}${sampled ? ", a sample" : ""}`;
  return `${what}${shares.length ? `; ${shares.join("; ")}` : ""}.`;
}

export function mapCaption(state) {
  const { without } = state.set;
  const missing = without.length
    ? ` No map of ${without.join(", ")}: to it a text is not one vector, or its vectors could not be had (see the warnings).`
    : "";
  return mapTitle(state) + missing + KEYS;
}

// Buttons that hide a group; `changed` is called when one is pressed.
export function legendEntries({ colours, hidden }, changed) {
  return (colours?.groups ?? []).map((name, code) => {
    const count = colours.counts[code];
    if (!count) return "";
    const sample = markSample(markOf(colourOf(colours, code), 5, colours.of === "queries"));
    const pressed = () => String(!hidden.has(code));
    const entry = element("button", { type: "button", "aria-pressed": pressed() }, sample, ` ${name} (${count.toLocaleString("en")})`);
    entry.addEventListener("click", () => {
      if (!hidden.delete(code)) hidden.add(code);
      entry.setAttribute("aria-pressed", pressed());
      changed();
    });
    return entry;
  });
}

// The chosen query's hits, and relevant documents that are none.
export function hitsBelow({ set, points, queryPoint, hits, relevant }) {
  const title = `“${set.text(queryPoint)}”: first hits of ${points.label}, and documents judged relevant`;
  const rows = hits.map(({ point, rank }) => [point, String(rank)]);
  for (const point of relevant) if (!hits.some((hit) => hit.point === point)) rows.push([point, `below ${MAP_HITS}`]);
  const cells = ([point, rank]) => {
    const distance = points.step * Math.hypot(points.x[point] - points.x[queryPoint], points.y[point] - points.y[queryPoint]);
    return element(
      ...["tr", {}, element("td", { className: "number" }, rank), element("th", { scope: "row" }, set.id(point))],
      element("td", {}, relevant.has(point) ? "relevant" : ""),
      element("td", { className: "number" }, distance.toFixed(3)),
      element("td", {}, set.text(point)),
    );
  };
  const heads = ["rank", "document", "judged", "distance on the map", "text"];
  const head = element("tr", {}, heads.map((text) => element("th", { scope: "col" }, text)));
  const table = [element("caption", {}, title), element("thead", {}, head), element("tbody", {}, rows.map(cells))];
  return [element("table", {}, ...table), hasData(`explorer-${set.slug}`) ? linkToExplorer(set, queryPoint) : ""];
}

function linkToExplorer(set, point) {
  const href = link(EXPLORER, { set: set.slug, query: set.id(point) });
  return element("p", {}, element("a", { href }, "Its hits side by side"));
}
