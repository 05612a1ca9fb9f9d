// The map of a set: documents and queries where they lie to a retriever, and what a chosen query finds.

import { address, go, onAddress } from "./address.js";
import { bytes, data } from "./data.js";
import { announce, element } from "./elements.js";
import { Camera, moveByHand } from "./map_camera.js";
import { markOf, markSample, stampMarks } from "./map_marks.js";

const MAP_HITS = 10; // of a query, as they are stored
const MOST_OFFERED = 50; // queries in the list below the field
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const METHOD_NAMES = { pca: "principal components", tsne: "t-SNE", umap: "UMAP" };

const mapRoot = document.getElementById("map-root");
if (mapRoot) {
  let view = null;
  onAddress(async () => {
    if (mapRoot.closest("section.view").hidden) return;
    view ??= new MapView(mapRoot, (await data("map")).sets);
    await view.open(address().values);
  });
}

function MapView(root, sets) {
  const state = { set: 0, retriever: 0, grouping: -1, query: -1, hidden: new Set(), focus: -1 };
  const loaded = new Map();
  let set = null;
  let frame = 0;
  let image = null;
  let marks = null;

  // --- what is on the page ---

  const choice = (label, changed) => {
    const select = element("select");
    select.addEventListener("change", () => changed(select.selectedIndex));
    return { select, label: element("label", {}, `${label} `, select) };
  };
  const setChoice = choice("Set", (place) => remember({ set: sets[place], retriever: "", colours: "", query: "" }));
  const retrieverChoice = choice("Retriever", (place) => remember({ retriever: set.retrievers[place].label }));
  const groupingChoice = choice("Colours", (place) => remember({ colours: groupingName(place - 1) || "none" }));
  const offered = element("datalist", { id: "map-queries" });
  const field = element("input", { type: "search", autocomplete: "off" });
  field.setAttribute("list", offered.id);
  const button = (text, label, clicked) => {
    const made = element("button", { type: "button", "aria-label": label, title: label }, text);
    made.addEventListener("click", clicked);
    return made;
  };
  const canvas = element("canvas", { tabIndex: 0, role: "application", "aria-roledescription": "map" });
  const above = element("canvas", { className: "above", "aria-hidden": "true" });
  const tip = element("div", { className: "tip", hidden: true });
  const caption = element("p", { className: "note" });
  const legend = element("div", { className: "legend", role: "group" });
  const hitTable = element("div", {
    className: "scroll",
    tabIndex: 0,
    role: "region",
    "aria-label": "Hits of the chosen query",
    hidden: true,
  });
  const size = () => canvas;
  const camera = new Camera(size, () => draw());
  const controls = [
    sets.length > 1 ? setChoice.label : null,
    retrieverChoice.label,
    groupingChoice.label,
    element("label", {}, "Query ", field),
    button("‹", "Query before", () => chooseQuery(state.query - 1)),
    button("›", "Next query", () => chooseQuery(state.query + 1)),
    button("No query", "Choose no query", () => remember({ query: "" })),
    button("+", "Nearer", () => camera.zoom(1.5)),
    button("−", "Farther", () => camera.zoom(1 / 1.5)),
    button("All", "See all of the map", () => camera.fit()),
  ];
  root.append(
    element("div", { className: "controls" }, ...controls, offered),
    element("div", { className: "stage" }, canvas, above, tip),
    caption,
    legend,
    hitTable,
  );
  for (const [place, name] of sets.entries()) setChoice.select.append(new Option(name, place));

  // --- what is shown ---

  this.open = async (values) => {
    const wanted = Math.max(sets.indexOf(values.get("set")), 0);
    if (!loaded.has(wanted)) loaded.set(wanted, unpackedSet(await data(`map-${wanted}`)));
    const before = { set, retriever: state.retriever, query: state.query, grouping: state.grouping };
    set = loaded.get(wanted);
    state.set = setChoice.select.selectedIndex = wanted;
    const labels = set.retrievers.map((retriever) => retriever.label);
    state.retriever = Math.max(labels.indexOf(values.get("retriever")), 0);
    const names = set.groupings.map((_, place) => groupingName(place));
    const asked = values.get("colours");
    state.grouping = asked === null ? Math.min(0, names.length - 1) : names.indexOf(asked);
    const query = values.get("query");
    state.query = query === null ? -1 : set.ids.indexOf(query, set.documents) - set.documents;
    if (state.query < 0) state.query = -1;
    if (before.set !== set) fill();
    if (before.set !== set || before.grouping !== state.grouping) {
      state.hidden.clear();
      showLegend();
    }
    retrieverChoice.select.selectedIndex = state.retriever;
    groupingChoice.select.selectedIndex = state.grouping + 1;
    describe();
    showHits();
    if (before.set !== set || before.retriever !== state.retriever) {
      state.focus = -1;
      resize();
      camera.fit(points().extent);
    }
    if (state.query >= 0 && (before.query !== state.query || before.set !== set)) camera.show(placesOfQuery());
    else draw();
  };

  // The address says what is shown; a new one is shown by `open`.
  function remember(changes) {
    const kept = Object.fromEntries(address().values);
    go(root.closest("section.view").id, { ...kept, ...changes });
  }

  function points() {
    return set.retrievers[state.retriever];
  }

  function groupingName(place) {
    const grouping = set.groupings[place];
    return grouping ? `${grouping.of}: ${grouping.name}` : "";
  }

  function fill() {
    retrieverChoice.select.replaceChildren(...set.retrievers.map(({ label }) => new Option(label)));
    groupingChoice.select.replaceChildren(new Option("none"), ...set.groupings.map((_, at) => new Option(groupingName(at))));
    offer();
  }

  function describe() {
    const { label, method, variance, neighbours, sampled } = points();
    const percent = (share) => `${(100 * share).toFixed(1)}%`;
    const shares = [];
    if (typeof variance === "number") shares.push(`the two dimensions hold ${percent(variance)} of the variance`);
    if (typeof neighbours === "number") shares.push(`of a text's 10 nearest texts ${percent(neighbours)} are nearest here too`);
    const counted = `${set.documents.toLocaleString("en")} documents (filled) and ${set.queries.toLocaleString("en")} queries (hollow)`;
    const what = `${sets[state.set]} to ${label}, by ${METHOD_NAMES[method] ?? method}: ${counted}${sampled ? ", a sample" : ""}`;
    const text = `${what}${shares.length ? `; ${shares.join("; ")}` : ""}.`;
    canvas.setAttribute("aria-label", `Map of ${text}`);
    const without = set.without.length
      ? ` No map of ${set.without.join(", ")}: to it a text is not one vector, or its vectors could not be had (see the warnings).`
      : "";
    const keys =
      " Drag, or arrows, to move; wheel, + and − to come nearer; 0 for all; Shift and arrows from point to point; Enter chooses a query.";
    caption.textContent = text + without + keys;
  }

  function showLegend() {
    marks = null;
    const grouping = set.groupings[state.grouping];
    legend.setAttribute("aria-label", grouping ? `Groups by ${groupingName(state.grouping)}` : "Groups");
    legend.replaceChildren(
      ...(grouping?.groups ?? []).map((name, code) => {
        const count = grouping.counts[code];
        if (!count) return "";
        const mark = markOf(code === grouping.groups.length - 1 ? null : code, 5, grouping.of === "queries");
        const entry = element("button", { type: "button", "aria-pressed": String(!state.hidden.has(code)) }, markSample(mark), ` ${name} (${count.toLocaleString("en")})`);
        entry.addEventListener("click", () => {
          if (!state.hidden.delete(code)) state.hidden.add(code);
          entry.setAttribute("aria-pressed", String(!state.hidden.has(code)));
          marks = null;
          draw();
        });
        return entry;
      }),
    );
  }

  // --- the chosen query ---

  function hitsOf(query) {
    const start = query * MAP_HITS;
    return [...set.hits[state.retriever].subarray(start, start + MAP_HITS)].map((place) => place - 1); // 0: none
  }

  function placesOfQuery() {
    const own = set.documents + state.query;
    const shown = [own, ...hitsOf(state.query).filter((hit) => hit >= 0), ...set.relevant[state.query]];
    return shown.map((point) => [points().x[point], points().y[point]]);
  }

  function chooseQuery(query) {
    if (set.queries) remember({ query: set.ids[set.documents + ((query + set.queries) % set.queries)] });
  }

  function showHits() {
    const query = state.query;
    field.value = query < 0 ? "" : set.ids[set.documents + query];
    hitTable.replaceChildren();
    hitTable.hidden = query < 0;
    if (query < 0) return;
    const own = set.documents + query;
    const relevant = new Set(set.relevant[query]);
    const hits = hitsOf(query);
    const rows = hits.map((point, place) => [point, String(place + 1)]).filter(([point]) => point >= 0);
    for (const point of relevant) if (!hits.includes(point)) rows.push([point, `below ${MAP_HITS}`]);
    const { x, y, step } = points();
    const cells = ([point, rank]) => {
      const distance = step * Math.hypot(x[point] - x[own], y[point] - y[own]);
      const is = relevant.has(point) ? "relevant" : "";
      return element(
        "tr",
        {},
        element("td", { className: "number" }, rank),
        element("th", { scope: "row" }, set.ids[point]),
        element("td", {}, is),
        element("td", { className: "number" }, distance.toFixed(3)),
        element("td", {}, set.texts[point]),
      );
    };
    const heads = ["rank", "document", "judged", "distance on the map", "text"];
    const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
    const title = `“${set.texts[own]}”: first hits of ${points().label}, and documents judged relevant`;
    hitTable.append(
      element("table", {}, element("caption", {}, title), element("thead", {}, head), element("tbody", {}, ...rows.map(cells))),
    );
  }

  function offer() {
    const words = field.value.trim().toLowerCase();
    const options = [];
    for (let point = set.documents; point < set.ids.length && options.length < MOST_OFFERED; point++) {
      const text = set.texts[point];
      if (`${set.ids[point]} ${text}`.toLowerCase().includes(words)) {
        options.push(element("option", { value: set.ids[point], label: text }));
      }
    }
    offered.replaceChildren(...options);
  }

  field.addEventListener("input", offer);
  field.addEventListener("change", () => {
    const exact = set.ids.indexOf(field.value, set.documents);
    const id = exact >= 0 ? field.value : offered.options[0]?.value;
    if (field.value.trim() && !id) announce("No query has these words.");
    else remember({ query: field.value.trim() ? id : "" });
  });

  // --- drawing ---

  function resize() {
    const ratio = devicePixelRatio;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width === width && canvas.height === height) return;
    for (const one of [canvas, above]) [one.width, one.height] = [width, height];
    image = null;
    marks = null;
  }

  function draw() {
    if (!frame && set) frame = requestAnimationFrame(drawNow);
  }

  function drawNow() {
    frame = 0;
    const context = canvas.getContext("2d");
    image ??= context.createImageData(canvas.width, canvas.height);
    image.data.fill(0);
    marks ??= marksNow();
    stampMarks(image, points(), 0, set.documents, marks.documentCodes, marks.documents, camera);
    stampMarks(image, points(), set.documents, set.ids.length, marks.queryCodes, marks.queries, camera);
    context.putImageData(image, 0, 0);
    drawAbove();
  }

  function marksNow() {
    const radius = devicePixelRatio * (set.documents > 20000 ? 1.5 : set.documents > 2000 ? 2.5 : 3.5);
    const grouping = set.groupings[state.grouping];
    const of = (kind, hollow) =>
      grouping?.of === kind
        ? grouping.groups.map((_, code) =>
            state.hidden.has(code) ? null : markOf(code === grouping.groups.length - 1 ? null : code, radius + 1.5 * hollow, hollow),
          )
        : [markOf(null, radius + 1.5 * hollow, hollow)];
    const codes = (kind, length) => (grouping?.of === kind ? grouping.codes : new Uint8Array(length));
    return {
      documents: of("documents", false),
      queries: of("queries", true),
      documentCodes: codes("documents", set.documents),
      queryCodes: codes("queries", set.queries),
    };
  }

  // Lines to hits, rings around relevant documents, and the point in focus.
  function drawAbove() {
    const context = above.getContext("2d");
    const ratio = devicePixelRatio;
    const style = getComputedStyle(root);
    const ink = style.getPropertyValue("--ink");
    context.clearRect(0, 0, above.width, above.height);
    const at = (point) => camera.toScreen(points().x[point], points().y[point]);
    const ring = (point, radius, width) => {
      context.beginPath();
      context.arc(...at(point), radius * ratio, 0, 2 * Math.PI);
      context.lineWidth = width * ratio;
      context.stroke();
    };
    context.strokeStyle = context.fillStyle = ink;
    canvas.classList.toggle("faded", state.query >= 0);
    if (state.query >= 0) {
      const own = set.documents + state.query;
      const relevant = new Set(set.relevant[state.query]);
      for (const point of relevant) ring(point, 9, 2.5);
      context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
      for (const [place, point] of hitsOf(state.query).entries()) {
        if (point < 0) continue;
        context.beginPath();
        context.moveTo(...at(own));
        context.lineTo(...at(point));
        context.lineWidth = (relevant.has(point) ? 2 : 1) * ratio;
        context.setLineDash(relevant.has(point) ? [] : [5 * ratio, 4 * ratio]);
        context.stroke();
        context.setLineDash([]);
        context.beginPath();
        context.arc(...at(point), 3.5 * ratio, 0, 2 * Math.PI);
        context.fill();
        label(context, String(place + 1), at(point), ratio, style.getPropertyValue("--paper"));
      }
      ring(own, 6, 3);
    }
    if (state.focus >= 0) ring(state.focus, 7, 1.5);
    showTip(at);
  }

  function label(context, text, [x, y], ratio, paper) {
    context.lineWidth = 4 * ratio;
    context.save();
    context.strokeStyle = paper;
    context.strokeText(text, x + 6 * ratio, y - 6 * ratio);
    context.restore();
    context.fillText(text, x + 6 * ratio, y - 6 * ratio);
  }

  // --- the point under the pointer, or in the keyboard's focus ---

  function showTip(at) {
    tip.hidden = state.focus < 0;
    if (tip.hidden) return;
    tip.textContent = described(state.focus);
    const ratio = devicePixelRatio;
    const [x, y] = at(state.focus).map((value) => value / ratio);
    const right = x > canvas.clientWidth / 2;
    tip.style.left = right ? "" : `${x + 14}px`;
    tip.style.right = right ? `${canvas.clientWidth - x + 14}px` : "";
    tip.style.top = `${Math.min(Math.max(y - 10, 0), canvas.clientHeight - 60)}px`;
  }

  function described(point) {
    const kind = point < set.documents ? "Document" : "Query";
    const grouping = set.groupings[state.grouping];
    const place = kind === "Document" ? point : point - set.documents;
    const group = grouping && (grouping.of === "documents") === (kind === "Document") ? ` [${grouping.groups[grouping.codes[place]]}]` : "";
    return `${kind} ${set.ids[point]}${group}: ${set.texts[point]}`;
  }

  function isShown(point) {
    const query = point >= set.documents;
    return query ? marks.queries[marks.queryCodes[point - set.documents]] : marks.documents[marks.documentCodes[point]];
  }

  // The visible point for which `cost` of its distance in x and y is least, -1 where none is below `most`.
  function cheapest(x, y, most, cost) {
    const [mapX, mapY] = camera.toMap(x, y);
    const its = points();
    let best = -1;
    for (let point = 0; point < set.ids.length; point++) {
      const spent = cost((its.x[point] - mapX) * camera.scale, (mapY - its.y[point]) * camera.scale, point);
      if (spent <= most && isShown(point)) [best, most] = [point, spent];
    }
    return best;
  }

  function nearestTo([x, y]) {
    return cheapest(x, y, (12 * devicePixelRatio) ** 2, (dx, dy) => dx * dx + dy * dy);
  }

  function step(direction) {
    const from = state.focus;
    const [x, y] = from < 0 ? [canvas.width / 2, canvas.height / 2] : camera.toScreen(points().x[from], points().y[from]);
    const next = cheapest(x, y, Infinity, (dx, dy, point) => {
      if (from < 0) return dx * dx + dy * dy;
      const along = dx * direction[0] + dy * direction[1];
      const aside = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
      return point === from || along <= 0 || aside > along ? Infinity : along * along + 4 * aside * aside;
    });
    if (next < 0 || next === from) return announce("No point there.");
    state.focus = next;
    const [newX, newY] = camera.toScreen(points().x[next], points().y[next]);
    if (newX < 0 || newY < 0 || newX > canvas.width || newY > canvas.height) {
      camera.move(canvas.width / 2 - newX, canvas.height / 2 - newY);
    }
    announce(described(next));
    draw();
  }

  function choose(point) {
    if (point >= set.documents) remember({ query: set.ids[point] });
  }

  const placeOf = (event) => [event.offsetX * devicePixelRatio, event.offsetY * devicePixelRatio];
  moveByHand(canvas, camera, placeOf, (place) => choose(nearestTo(place)));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons || !set || !marks) return;
    const point = nearestTo(placeOf(event));
    if (point === state.focus) return;
    state.focus = point;
    draw();
  });
  canvas.addEventListener("pointerleave", () => {
    state.focus = -1;
    draw();
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow && event.shiftKey) step(arrow);
    else if (arrow) camera.move(-60 * arrow[0] * devicePixelRatio, -60 * arrow[1] * devicePixelRatio);
    else if (event.key === "+" || event.key === "=") camera.zoom(1.5);
    else if (event.key === "-") camera.zoom(1 / 1.5);
    else if (event.key === "0") camera.fit();
    else if (event.key === "Enter" && state.focus >= 0) choose(state.focus);
    else if (event.key === "Escape") remember({ query: "" });
    else return;
    event.preventDefault();
  });
  new ResizeObserver(() => {
    const middle = [camera.x, camera.y, camera.scale / camera.least];
    resize();
    camera.fit();
    camera.scale *= middle[2];
    [camera.x, camera.y] = middle;
    draw();
  }).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", () => {
      if (!set) return;
      showLegend();
      draw();
    });
  }
}

function unpackedSet(packed) {
  const decoded = (Kind, text) => {
    const raw = bytes(text);
    return new Kind(raw.buffer, raw.byteOffset, raw.byteLength / Kind.BYTES_PER_ELEMENT);
  };
  const largest = (values) => values.reduce((most, value) => (value > most ? value : most), 0);
  return {
    ...packed,
    retrievers: packed.retrievers.map((one) => {
      const [x, y] = [decoded(Uint16Array, one.x), decoded(Uint16Array, one.y)];
      return { ...one, x, y, extent: { x: largest(x), y: largest(y) } };
    }),
    groupings: packed.groupings.map((one) => {
      const codes = decoded(Uint8Array, one.codes);
      const counts = one.groups.map(() => 0);
      for (const code of codes) counts[code]++;
      return { ...one, codes, counts };
    }),
    hits: packed.hits.map((text) => decoded(packed.documents < 65535 ? Uint16Array : Uint32Array, text)),
  };
}
