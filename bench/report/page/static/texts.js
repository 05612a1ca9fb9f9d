// What bench/report/page/texts.py packs: documents, passages and queries of a set, asked for by their numbers, and which of
// them every retriever returned.

import { column, data } from "./data.js";

const textsBySlug = new Map();

export function textsOf(slug) {
  if (!textsBySlug.has(slug)) textsBySlug.set(slug, data(`texts-${slug}`).then((content) => new SetTexts(content)));
  return textsBySlug.get(slug);
}

// Where the rows of each of some things begin, and where the last ones end.
function starts(counts) {
  const places = new Int32Array(counts.length + 1);
  counts.forEach((count, thing) => (places[thing + 1] = places[thing] + count));
  return places;
}

class SetTexts {
  constructor(content) {
    const { queries, passages, candidates, relevant, hits } = content;
    Object.assign(this, { queries, documents: content.documents, labels: content.retrievers, passageTexts: passages.text });
    this.size = queries.id.length;
    this.number = new Map(queries.id.map((id, query) => [id, query]));
    this.firstPassages = starts(column(passages.counts));
    this.documentOf = new Int32Array(passages.text.length);
    this.documents.forEach((_, document) => this.documentOf.fill(document, ...this.firstPassages.slice(document, document + 2)));
    this.candidates = column(candidates.passage);
    this.relevant = column(relevant.passage);
    this.hits = hits.map(({ candidate }) => column(candidate));
    this.starts = { candidates: starts(column(candidates.counts)), relevant: starts(column(relevant.counts)) };
    this.hitStarts = hits.map(({ counts }) => starts(column(counts)));
  }

  // How the text of a document begins.
  head(document) {
    return this.passageTexts[this.firstPassages[document]];
  }

  passage(number) {
    const document = this.documentOf[number];
    return { document, name: this.documents[document], text: this.passageTexts[number] };
  }

  // The rows among the candidates of a retriever's hits for one query, best first.
  hitRows(retriever, query) {
    const candidates = this.hits[retriever].slice(...this.hitStarts[retriever].slice(query, query + 2));
    return [...candidates].map((candidate) => this.starts.candidates[query] + candidate);
  }

  // Their documents.
  hitDocuments(retriever, query) {
    return this.hitRows(retriever, query).map((row) => this.documentOf[this.candidates[row]]);
  }

  relevantDocuments(query) {
    const passages = this.relevant.slice(...this.starts.relevant.slice(query, query + 2));
    return [...passages].map((passage) => this.documentOf[passage]);
  }
}
