// Words as the lexical retrievers see them (retrievers/words.py), to mark what a text shares with a query.

import { element } from "./elements.js";

const WORD = "[\\p{L}\\p{N}_][\\p{L}\\p{N}\\p{Mn}\\p{Mc}_\\u00ad\\u200c\\u200d\\u2060]*";
const TOKEN = new RegExp(`${WORD}(?:[-./:@&+]${WORD})*(?:\\+\\+|#)?`, "gu");

// `stems`: Map from a token in small letters to its terms, of those whose terms are not the letters themselves.
function tokenTerms(token, stems) {
  const small = token.toLowerCase();
  return stems.get(small) ?? [small];
}

export function termsOf(text, stems) {
  return new Set([...text.matchAll(TOKEN)].flatMap((match) => tokenTerms(match[0], stems)));
}

// Where the words of a text begin and end that have one of these terms.
export function matchingSpans(text, terms, stems) {
  return [...text.matchAll(TOKEN)]
    .filter((match) => tokenTerms(match[0], stems).some((term) => terms.has(term)))
    .map((match) => [match.index, match.index + match[0].length]);
}

// The text as nodes, those words marked.
export function marked(text, terms, stems) {
  const nodes = [];
  let shown = 0;
  for (const [start, end] of matchingSpans(text, terms, stems)) {
    nodes.push(text.slice(shown, start), element("mark", {}, text.slice(start, end)));
    shown = end;
  }
  return [...nodes, text.slice(shown)];
}
