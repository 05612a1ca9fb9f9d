// What bench/report/page/explorer_data.py packs: the queries of a set, asked for by their numbers.

import { column, data } from "./data.js";
import { textsOf } from "./texts.js";
import { termsOf } from "./words.js";

const sets = new Map();

export function exploredSet(slug) {
  if (!sets.has(slug)) sets.set(slug, madeExploredSet(slug));
  return sets.get(slug);
}

async function madeExploredSet(slug) {
  const [texts, content] = await Promise.all([textsOf(slug), data(`explorer-${slug}`)]);
  return new ExploredSet(slug, texts, content);
}

class ExploredSet {
  constructor(slug, texts, content) {
    Object.assign(this, content, { slug, texts });
    this.queries = { ...texts.queries, ...content.queries };
    this.size = texts.size;
    this.number = texts.number;
    this.labels = texts.labels;
    this.scores = content.scores.map(({ decimals, drops }) => ({ decimals, drops: column(drops) }));
    this.stems = new Map(Object.entries(this.stems));
    this.ranksOfFirst = new Map();
    this.trapsOf = new Map();
    this.traps.query.forEach((query, trap) => this.trapsOf.set(query, [...(this.trapsOf.get(query) ?? []), trap]));
  }

  value(retriever, measure, query) {
    return this.values[retriever][measure][query];
  }

  // Of one query, best first. `grade` and `shared` (terms) may be null.
  hitsOf(retriever, query) {
    const { drops, decimals } = this.scores[retriever];
    const first = this.texts.hitStarts[retriever][query];
    const named = new Set(this.trapsIn(query).filter((trap) => trap.named).map((trap) => trap.document));
    let score = 0;
    return this.texts.hitRows(retriever, query).map((row, place) => {
      score = place ? score - drops[first + place] : drops[first];
      const [grade, shared] = [this.candidates.grade[row], this.candidates.shared[row]];
      const passage = this.texts.passage(this.texts.candidates[row]);
      const shown = decimals > 0 ? (score / 10 ** decimals).toFixed(decimals) : String(score * 10 ** -decimals);
      return { ...passage, rank: place + 1, grade, shared, score: shown, named: named.has(passage.document) };
    });
  }

  // Of one query. `ranks`: by retriever; 0: not among its hits, -1: not known. `shared`: words, null if not known.
  relevantOf(query) {
    const rows = [];
    const { relevant } = this.texts.starts;
    for (let row = relevant[query]; row < relevant[query + 1]; row++) {
      const ranks = this.relevant.ranks.map((column) => column[row]);
      const shared = this.relevant.shared?.[row] ?? null;
      rows.push({ ...this.texts.passage(this.texts.relevant[row]), grade: this.relevant.grade[row], ranks, shared });
    }
    return rows;
  }

  // Wrong documents of one query that stand above every relevant one; `ranks` by retriever, 0 where they do not.
  trapsIn(query) {
    return (this.trapsOf.get(query) ?? []).map((trap) => ({
      document: this.traps.document[trap],
      name: this.texts.documents[this.traps.document[trap]],
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
      const stored = ranks.slice(...this.texts.starts.relevant.slice(query, query + 2)).filter((rank) => rank > 0);
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
    const [row] = this.texts.hitRows(retriever, query);
    if (row === undefined) return false;
    const grade = this.candidates.grade[row];
    const { document } = this.texts.passage(this.texts.candidates[row]);
    return (grade !== null && grade <= 0) || this.trapsIn(query).some((trap) => trap.named && trap.document === document);
  }

  hasNoHit(retriever, query) {
    return !this.texts.hitRows(retriever, query).length;
  }

  termsOf(query) {
    return termsOf(this.queries.text[query], this.stems);
  }

  // [name, value] of each field that the query has.
  fieldsOf(query) {
    return this.fields.filter(({ codes }) => codes[query] >= 0).map(({ name, values, codes }) => [name, values[codes[query]]]);
  }
}
