// What bench/report/page/texts.py packs: documents, passages and queries of a set, asked for by their numbers, and which of
// them every retriever returned.

import { data } from "./data.js";

const textsBySlug = new Map();

export function textsOf(slug) {
  if (!textsBySlug.has(slug)) textsBySlug.set(slug, data(`texts-${slug}`).then((content) => new SetTexts(content)));
  return textsBySlug.get(slug);
}

// Where the rows of each of some things begin, and where the last ones end.
export function starts(counts) {
  const places = new Int32Array(counts.length + 1);
  counts.forEach((count, thing) => (places[thing + 1] = places[thing] + count));
  return places;
}

class SetTexts {
  constructor(content) {
    Object.assign(this, content);
    this.size = this.queries.id.length;
    this.number = new Map(this.queries.id.map((id, query) => [id, query]));
    this.firstPassages = starts(this.passages.counts);
    this.documentOf = new Int32Array(this.passages.text.length);
    this.passages.counts.forEach((_, document) => this.documentOf.fill(document, ...this.firstPassages.slice(document, document + 2)));
    this.starts = { candidates: starts(this.candidates.counts), relevant: starts(this.relevant.counts) };
    this.hitStarts = this.hits.map((hits) => starts(hits.counts));
  }

  // How the text of a document begins.
  head(document) {
    return this.passages.text[this.firstPassages[document]];
  }

  passage(number) {
    const document = this.documentOf[number];
    return { document, name: this.documents[document], text: this.passages.text[number] };
  }

  // The rows of one query among the candidates, of a retriever's hits, best first.
  hitRows(retriever, query) {
    const [start, end] = this.hitStarts[retriever].slice(query, query + 2);
    return this.hits[retriever].candidate.slice(start, end).map((candidate) => this.starts.candidates[query] + candidate);
  }

  // The documents of one query's hits by a retriever, best first.
  hitDocuments(retriever, query) {
    return this.hitRows(retriever, query).map((row) => this.documentOf[this.candidates.passage[row]]);
  }

  relevantDocuments(query) {
    const [start, end] = this.starts.relevant.slice(query, query + 2);
    return this.relevant.passage.slice(start, end).map((passage) => this.documentOf[passage]);
  }
}
