// Sentences on why a retriever finds or misses: only what the stored ranks and shared terms say.

const MOST_WORDS = 8;

export function counted(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

export function rankText(rank, depth) {
  if (rank > 0) return rank.toLocaleString("en");
  return rank < 0 ? "not among the shown" : `not in its ${depth.toLocaleString("en")}`;
}

// One sentence or two for a retriever on a query.
export function why(set, retriever, query) {
  const hits = set.hitsOf(retriever, query);
  if (!hits.length) return "no hit at all.";
  const relevant = set.relevantOf(query);
  if (!relevant.length) return "no document answers this query, so every hit is wrong.";
  const ranked = relevant.filter(({ ranks }) => ranks[retriever] > 0);
  if (!ranked.length) return whyMissed(set, retriever, query, relevant, hits);
  const first = ranked.reduce((one, other) => (other.ranks[retriever] < one.ranks[retriever] ? other : one));
  const rank = first.ranks[retriever];
  const where = relevant.length === 1 ? "the relevant document" : "the first relevant document";
  const own = first.shared ? `; it ${sharedWords(set, query, first.shared)}` : "";
  if (rank === 1) return `${where} is on top${own}.`;
  return `${where} stands at ${rank.toLocaleString("en")}${own}. ${standsAbove(hits.slice(0, rank - 1), aboveWhich(hits.length, rank - 1))}`;
}

function whyMissed(set, retriever, query, relevant, hits) {
  const { depth } = set.retrievers[retriever];
  const known = relevant[0].ranks[retriever] === 0;
  const among = known ? `its ${counted(depth, "hit", "hits")}` : "its shown hits";
  const which = relevant.length === 1 ? "the relevant document is not" : `none of the ${relevant.length} relevant documents is`;
  const best = relevant.reduce((one, other) => ((other.shared?.length ?? 0) > (one.shared?.length ?? 0) ? other : one));
  const subject = relevant.length === 1 ? "It" : `The nearest in words, ${best.name},`;
  const own = best.shared ? ` ${subject} ${sharedWords(set, query, best.shared)}.` : "";
  return `${which} among ${among}.${own} ${standsAbove(hits, hits.length === 1 ? "Its only hit" : `Its first ${hits.length}`)}`;
}

function sharedWords(set, query, words) {
  const terms = set.queries.terms[query];
  if (!words.length) return `shares none of the ${counted(terms, "term", "terms")} of the query`;
  const listed = words.slice(0, MOST_WORDS).join(", ") + (words.length > MOST_WORDS ? ", …" : "");
  return `shares ${words.length} of the ${counted(terms, "term", "terms")} (${listed})`;
}

function aboveWhich(shown, all) {
  return shown < all ? `Of the ${all.toLocaleString("en")} above it the first ${shown}` : "Above it";
}

// What stands above: how it is judged, and how many terms it shares. `which`: what these hits are called.
function standsAbove(hits, which) {
  const wrong = hits.filter((hit) => hit.named || (hit.grade !== null && hit.grade <= 0)).length;
  const unjudged = hits.filter((hit) => hit.grade === null && !hit.named).length;
  const judged = [wrong && `${wrong} judged not relevant`, unjudged && `${unjudged} not judged`].filter(Boolean).join(", ");
  const shares = hits.map(({ shared }) => shared).filter((shared) => shared !== null);
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  const range = low === high ? String(low) : `${low} to ${high}`;
  const terms = shares.length ? `; shared: ${range} ${range === "1" ? "term" : "terms"}` : "";
  return `${which}: ${judged}${terms}.`;
}
