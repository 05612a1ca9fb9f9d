// What bench/report/page/map_data.py packs: the points of a set's maps. A point is a number: documents first, then queries.

import { column, data } from "./data.js";
import { textsOf } from "./texts.js";

export const MAP_HITS = 10; // of a query
const SHOWN_CHARACTERS = 90; // of a text

const mappedSets = new Map();

// `about`: slug and name, as the block `map` lists them.
export function mappedSet(about) {
  if (!mappedSets.has(about.slug)) mappedSets.set(about.slug, madeMappedSet(about));
  return mappedSets.get(about.slug);
}

async function madeMappedSet({ slug, name }) {
  const [texts, packed] = await Promise.all([textsOf(slug), data(`map-${slug}`)]);
  return new MappedSet(slug, name, texts, packed);
}

class MappedSet {
  // `queries`: the numbers among the texts of those that are drawn. A query below is its place among these.
  constructor(slug, name, texts, packed) {
    Object.assign(this, { slug, name, texts, documents: packed.documents, without: packed.without });
    this.queries = packed.queries ?? texts.queries.id.map((_, number) => number);
    this.size = this.documents + this.queries.length;
    this.retrievers = packed.retrievers.map((one) => ({ ...one, label: texts.labels[one.number], ...coordinates(one) }));
    this.groupings = packed.groupings.map((one) => ({ ...one, ...groupMembers(one) }));
  }

  isQuery(point) {
    return point >= this.documents;
  }

  id(point) {
    return this.isQuery(point) ? this.texts.queries.id[this.numberOf(point)] : this.texts.documents[point];
  }

  text(point) {
    const text = this.isQuery(point) ? this.queryText(point) : this.texts.head(point);
    return [...text.slice(0, 2 * SHOWN_CHARACTERS)].slice(0, SHOWN_CHARACTERS).join(""); // a character may be two units
  }

  queryText(point) {
    return this.texts.queries.text[this.numberOf(point)];
  }

  numberOf(point) {
    return this.queries[point - this.documents];
  }

  // -1 of an id that no query here has.
  queryOf(id) {
    return this.queries.indexOf(this.texts.number.get(id));
  }

  // Of a query by a retriever of the map: points and ranks of its first hits that are on it.
  hits(retriever, query) {
    const documents = this.texts.hitDocuments(this.retrievers[retriever].number, this.queries[query]);
    const ranked = documents.slice(0, MAP_HITS).map((point, place) => ({ point, rank: place + 1 }));
    return ranked.filter(({ point }) => !this.isQuery(point));
  }

  relevant(query) {
    return new Set(this.texts.relevantDocuments(this.queries[query]).filter((point) => !this.isQuery(point)));
  }
}

function coordinates(packed) {
  const [x, y] = [column(packed.x), column(packed.y)];
  const largest = (values) => values.reduce((most, value) => (value > most ? value : most), 0);
  return { x, y, extent: { x: largest(x), y: largest(y) } };
}

function groupMembers(packed) {
  const codes = column(packed.codes);
  const counts = packed.groups.map(() => 0);
  for (const code of codes) counts[code]++;
  return { codes, counts };
}
