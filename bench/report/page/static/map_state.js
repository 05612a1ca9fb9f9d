// What the map shows, as the address says it: numbers in place of names; what a set does not have is as if not said.

export class MapState {
  constructor() {
    this.set = null;
    this.retriever = 0;
    this.grouping = -1;
    this.query = -1; // none
    this.hidden = new Set(); // codes of groups
    this.focus = -1; // the point under the pointer, or in the keyboard's focus
  }

  // Returns which of set, retriever, grouping and query are others than before.
  read(set, values) {
    const before = { ...this };
    this.set = set;
    this.retriever = Math.max(set.retrievers.findIndex(({ label }) => label === values.get("retriever")), 0);
    const names = set.groupings.map(groupingName);
    const asked = values.get("colours");
    this.grouping = asked === null ? Math.min(0, names.length - 1) : names.indexOf(asked);
    this.query = values.has("query") ? set.queryOf(values.get("query")) : -1;
    const other = (key) => before.set !== set || before[key] !== this[key];
    return { set: other("set"), retriever: other("retriever"), grouping: other("grouping"), query: other("query") };
  }

  get points() {
    return this.set.retrievers[this.retriever];
  }

  get colours() {
    return this.set.groupings[this.grouping];
  }

  get queryPoint() {
    return this.set.documents + this.query;
  }

  get hits() {
    return this.set.hits(this.retriever, this.query);
  }

  get relevant() {
    return this.set.relevant(this.query);
  }

  // The chosen query and what belongs to it, as places of the map.
  get placesOfQuery() {
    const points = [this.queryPoint, ...this.hits.map(({ point }) => point), ...this.relevant];
    return points.map((point) => [this.points.x[point], this.points.y[point]]);
  }

  described(point) {
    const { set, colours } = this;
    const kind = set.isQuery(point) ? "Query" : "Document";
    const place = set.isQuery(point) ? point - set.documents : point;
    const grouped = colours && (colours.of === "queries") === set.isQuery(point);
    const group = grouped ? ` [${colours.groups[colours.codes[place]]}]` : "";
    return `${kind} ${set.id(point)}${group}: ${set.text(point)}`;
  }
}

// As the address has it.
export function groupingName(grouping) {
  return grouping ? `${grouping.of}: ${grouping.name}` : "";
}

// Those beyond the last colour, and those that are in none, are in a set's last group.
export function colourOf(grouping, code) {
  return code === grouping.groups.length - 1 ? null : code;
}
