// The controls above the map: set, retriever, colours, the query, and how near one is.

import { announce, element } from "./elements.js";
import { groupingName } from "./map_state.js";

const MOST_OFFERED = 50; // queries in the list below the field

export class MapControls {
  // `remember` is called with what the address is to say.
  constructor(sets, state, camera, remember) {
    Object.assign(this, { sets, state, remember });
    this.set = choice("Set", (place) => remember({ set: sets[place].slug, retriever: "", colours: "", query: "" }));
    this.retriever = choice("Retriever", (place) => remember({ retriever: state.set.retrievers[place].label }));
    this.colours = choice("Colours", (place) => remember({ colours: groupingName(state.set.groupings[place - 1]) || "none" }));
    this.set.select.append(...sets.map(({ name }) => new Option(name)));
    this.offered = element("datalist", { id: "map-queries" });
    this.field = element("input", { type: "search", autocomplete: "off" });
    this.field.setAttribute("list", this.offered.id);
    this.field.addEventListener("input", () => this.offer());
    this.field.addEventListener("change", () => this.choose());
    const controls = [
      sets.length > 1 ? this.set.label : null,
      this.retriever.label,
      this.colours.label,
      element("label", {}, "Query ", this.field),
      button("‹", "Query before", () => this.step(-1)),
      button("›", "Next query", () => this.step(1)),
      button("No query", "Choose no query", () => remember({ query: "" })),
      button("+", "Nearer", () => camera.zoom(1.5)),
      button("−", "Farther", () => camera.zoom(1 / 1.5)),
      button("All", "See all of the map", () => camera.fit()),
    ];
    this.element = element("div", { className: "controls" }, ...controls, this.offered);
  }

  // `changed`: of MapState.read.
  show(changed) {
    const { set, retriever, grouping, query, queryPoint } = this.state;
    if (changed.set) {
      this.retriever.select.replaceChildren(...set.retrievers.map(({ label }) => new Option(label)));
      this.colours.select.replaceChildren(new Option("none"), ...set.groupings.map((one) => new Option(groupingName(one))));
    }
    this.set.select.selectedIndex = this.sets.findIndex(({ slug }) => slug === set.slug);
    this.retriever.select.selectedIndex = retriever;
    this.colours.select.selectedIndex = grouping + 1;
    this.field.value = query < 0 ? "" : set.id(queryPoint);
    if (changed.set) this.offer();
  }

  offer() {
    const { set } = this.state;
    const words = this.field.value.trim().toLowerCase();
    const options = [];
    for (let point = set.documents; point < set.size && options.length < MOST_OFFERED; point++) {
      if (`${set.id(point)} ${set.queryText(point)}`.toLowerCase().includes(words)) {
        options.push(element("option", { value: set.id(point), label: set.text(point) }));
      }
    }
    this.offered.replaceChildren(...options);
  }

  choose() {
    const { value } = this.field;
    const id = this.state.set.queryOf(value) >= 0 ? value : this.offered.options[0]?.value;
    if (value.trim() && !id) announce("No query has these words.");
    else this.remember({ query: value.trim() ? id : "" });
  }

  step(direction) {
    const { set, query } = this.state;
    const count = set.queries.length;
    if (count) this.remember({ query: set.id(set.documents + ((query + direction + count) % count)) });
  }
}

function choice(name, changed) {
  const select = element("select");
  select.addEventListener("change", () => changed(select.selectedIndex));
  return { select, label: element("label", {}, `${name} `, select) };
}

function button(text, label, clicked) {
  const made = element("button", { type: "button", "aria-label": label, title: label }, text);
  made.addEventListener("click", clicked);
  return made;
}
