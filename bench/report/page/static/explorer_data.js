// What bench/report/page/explorer_data.py packs: the queries of a set, asked for by their numbers.

import { data } from "./data.js";
import { termsOf } from "./words.js";

const sets = new Map();

export function exploredSet(slug) {
  if (!sets.has(slug)) sets.set(slug, data(`explorer-${slug}`).then((content) => new ExploredSet(content)));
  return sets.get(slug);
}

// Where the rows of each query begin, and where the last ones end.
function starts(counts) {
  const places = new Int32Array(counts.length + 1);
  counts.forEach((count, query) => (places[query + 1] = places[query] + count));
  return places;
}

class ExploredSet {
  constructor(content) {
    Object.assign(this, content);
    this.size = this.queries.id.length;
    this.number = new Map(this.queries.id.map((id, query) => [id, query]));
    this.labels = this.retrievers.map((retriever) => retriever.label);
    this.stems = new Map(Object.entries(this.stems));
    this.starts = { candidates: starts(this.candidates.counts), relevant: starts(this.relevant.counts) };
    this.hitStarts = this.hits.map((hits) => starts(hits.counts));
    this.ranksOfFirst = new Map();
    this.trapsOf = new Map();
    this.traps.query.forEach((query, trap) => this.trapsOf.set(query, [...(this.trapsOf.get(query) ?? []), trap]));
  }

  value(retriever, measure, query) {
    return this.values[retriever][measure][query];
  }

  passage(number) {
    const document = this.passages.document[number];
    return { document, name: this.documents[document], text: this.passages.text[number] };
  }

  // Of one query, best first. `grade` and `shared` (terms) may be null.
  hitsOf(retriever, query) {
    const { candidate, drops, decimals } = this.hits[retriever];
    const named = new Set(this.trapsIn(query).filter((trap) => trap.named).map((trap) => trap.document));
    const hits = [];
    let score = 0;
    for (let place = this.hitStarts[retriever][query]; place < this.hitStarts[retriever][query + 1]; place++) {
      const row = this.starts.candidates[query] + candidate[place];
      score = hits.length ? score - drops[place] : drops[place];
      const [grade, shared] = [this.candidates.grade[row], this.candidates.shared[row]];
      const passage = this.passage(this.candidates.passage[row]);
      const shown = decimals > 0 ? (score / 10 ** decimals).toFixed(decimals) : String(score * 10 ** -decimals);
      hits.push({ ...passage, rank: hits.length + 1, grade, shared, score: shown, named: named.has(passage.document) });
    }
    return hits;
  }

  // Of one query. `ranks`: by retriever; 0: not among its hits, -1: not known. `shared`: words, null if not known.
  relevantOf(query) {
    const rows = [];
    for (let row = this.starts.relevant[query]; row < this.starts.relevant[query + 1]; row++) {
      const ranks = this.relevant.ranks.map((column) => column[row]);
      const shared = this.relevant.shared?.[row] ?? null;
      rows.push({ ...this.passage(this.relevant.passage[row]), grade: this.relevant.grade[row], ranks, shared });
    }
    return rows;
  }

  // Wrong documents of one query that stand above every relevant one; `ranks` by retriever, 0 where they do not.
  trapsIn(query) {
    return (this.trapsOf.get(query) ?? []).map((trap) => ({
      document: this.traps.document[trap],
      name: this.documents[this.traps.document[trap]],
      named: Boolean(this.traps.named[trap]),
      ranks: this.traps.ranks.map((column) => column[trap]),
    }));
  }

  // The rank of a query's first relevant document, 0 where none is known.
  firstRank(retriever, query) {
    if (!this.ranksOfFirst.has(retriever)) this.ranksOfFirst.set(retriever, this.firstRanks(retriever));
    return this.ranksOfFirst.get(retriever)[query];
  }

  firstRanks(retriever) {
    const ranks = this.relevant.ranks[retriever];
    return Int32Array.from({ length: this.size }, (_, query) => {
      const stored = ranks.slice(this.starts.relevant[query], this.starts.relevant[query + 1]).filter((rank) => rank > 0);
      return stored.length ? Math.min(...stored) : 0;
    });
  }

  // Is a relevant document among the first hits?
  finds(retriever, query) {
    const rank = this.firstRank(retriever, query);
    return rank > 0 && rank <= this.solvedAt;
  }

  // Is the first hit judged not relevant, or named wrong?
  hasTrapOnTop(retriever, query) {
    const [place, end] = this.hitStarts[retriever].slice(query, query + 2);
    if (place === end) return false;
    const row = this.starts.candidates[query] + this.hits[retriever].candidate[place];
    const grade = this.candidates.grade[row];
    const { document } = this.passage(this.candidates.passage[row]);
    return (grade !== null && grade <= 0) || this.trapsIn(query).some((trap) => trap.named && trap.document === document);
  }

  hasNoHit(retriever, query) {
    return this.hits[retriever].counts[query] === 0;
  }

  termsOf(query) {
    return termsOf(this.queries.text[query], this.stems);
  }

  // [name, value] of each field that the query has.
  fieldsOf(query) {
    return this.fields.filter(({ codes }) => codes[query] >= 0).map(({ name, values, codes }) => [name, values[codes[query]]]);
  }
}
