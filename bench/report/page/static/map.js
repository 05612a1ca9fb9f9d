// The map of a set: documents and queries where they lie to a retriever, and what a chosen query finds. Its state is the
// address.

import { address, go, onAddress } from "./address.js";
import { data } from "./data.js";
import { element } from "./elements.js";
import { MapControls } from "./map_controls.js";
import { MapDrawing } from "./map_drawing.js";
import { moveMap } from "./map_hands.js";
import { mappedSet } from "./map_set.js";
import { groupingName, MapState } from "./map_state.js";
import { hitsBelow, legendEntries, mapCaption, mapTitle } from "./map_words.js";

const mapRoot = document.getElementById("map-root");
if (mapRoot) {
  let view = null;
  onAddress(async () => {
    if (mapRoot.closest("section.view").hidden) return;
    view ??= data("map").then(({ sets }) => new MapView(mapRoot, sets));
    await (await view).open(address().values);
  });
}

class MapView {
  constructor(root, sets) {
    const remember = (changes) => go(root.closest("section.view").id, { ...Object.fromEntries(address().values), ...changes });
    this.sets = sets;
    this.state = new MapState();
    this.drawing = new MapDrawing(this.state);
    this.controls = new MapControls(sets, this.state, this.drawing.camera, remember);
    this.caption = element("p", { className: "note" });
    this.legend = element("div", { className: "legend", role: "group" });
    this.hits = element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Hits of the chosen query", hidden: true });
    root.append(this.controls.element, this.drawing.element, this.caption, this.legend, this.hits);
    moveMap(this.drawing, remember);
    for (const query of ["(prefers-color-scheme: dark)", "print"]) {
      matchMedia(query).addEventListener("change", () => this.state.set && this.showLegend());
    }
  }

  // Show what the address says.
  async open(values) {
    const { state, drawing } = this;
    const about = this.sets.find(({ slug }) => slug === values.get("set")) ?? this.sets[0];
    const changed = state.read(await mappedSet(about), values);
    this.controls.show(changed);
    if (changed.grouping) {
      state.hidden.clear();
      this.showLegend();
    }
    drawing.canvas.setAttribute("aria-label", `Map of ${mapTitle(state)}`);
    this.caption.textContent = mapCaption(state);
    this.hits.hidden = state.query < 0;
    this.hits.replaceChildren(...(state.query < 0 ? [] : hitsBelow(state)));
    if (changed.retriever) {
      state.focus = -1;
      drawing.resize();
      drawing.camera.fit(state.points.extent);
    }
    if (state.query >= 0 && changed.query) drawing.camera.show(state.placesOfQuery);
    else drawing.draw();
  }

  showLegend() {
    const { colours } = this.state;
    this.legend.setAttribute("aria-label", colours ? `Groups by ${groupingName(colours)}` : "Groups");
    this.legend.replaceChildren(...legendEntries(this.state, () => this.drawing.drawAnew()));
    this.drawing.drawAnew();
  }
}
