// Which queries of a set remain, in which order, and what they have in the mean. No element of the page is touched.

// `wanted`: the state of the address, and `meaning` of it.
export function selectedQueries(set, state, wanted) {
  const tests = [
    ...[textTest(set, state), sliceTest(wanted), foundTest(set, state, wanted), changeTest(set, state, wanted)],
    ...[overlapTest(set, state), state.nohit && ((query) => set.hasNoHit(wanted.a, query))],
    state.trap && ((query) => set.hasTrapOnTop(wanted.a, query)),
    state.unanswered && ((query) => !set.queries.answerable[query]),
  ].filter(Boolean);
  const queries = [];
  for (let query = 0; query < set.size; query++) if (tests.every((test) => test(query))) queries.push(query);
  return orderedQueries(set, state, wanted, queries);
}

// All words of the text stand in the query or its id, in small or capital letters.
function textTest(set, state) {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return null;
  return (query) => {
    const text = `${set.queries.text[query]} ${set.queries.id[query]}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function sliceTest({ field, code }) {
  return field && code >= 0 ? (query) => field.codes[query] === code : null;
}

function foundTest(set, state, { a, b }) {
  const wanted = { a: [true, false], b: [false, true], both: [true, true], neither: [false, false] };
  if (!Object.hasOwn(wanted, state.found)) return null;
  const [byA, byB] = wanted[state.found];
  return (query) => set.queries.answerable[query] && set.finds(a, query) === byA && set.finds(b, query) === byB;
}

// Ahead or behind by at least so much; by anything where no number stands.
function changeTest(set, state, wanted) {
  const least = Number(state.least) || 0;
  const enough = (gain) => gain > 0 && gain >= least - 1e-9;
  const tests = { won: enough, lost: (gain) => enough(-gain), either: (gain) => enough(Math.abs(gain)) };
  if (!Object.hasOwn(tests, state.change)) return null;
  return (query) => tests[state.change](difference(set, wanted, query));
}

function overlapTest(set, state) {
  const shares = set.queries.overlap;
  if (!shares || (state.from === "" && state.to === "")) return null;
  const low = Number(state.from) || 0;
  const high = state.to === "" ? 1 : Number(state.to);
  return (query) => shares[query] !== null && shares[query] >= low && shares[query] <= high;
}

export function difference(set, { a, b, measure }, query) {
  return set.value(a, measure, query) - set.value(b, measure, query);
}

// `sort`: "query", "overlap", "difference", or a label behind "by ". Without it the set's own order.
export function orderedQueries(set, state, wanted, queries) {
  const key = sortKey(set, state.sort, wanted);
  if (!key) return queries;
  const sign = state.order === "ascending" ? 1 : -1;
  const keys = new Map(queries.map((query) => [query, key(query)]));
  const missing = (value) => value === null || Number.isNaN(value);
  return queries.sort((one, other) => {
    const [x, y] = [keys.get(one), keys.get(other)];
    if (missing(x) || missing(y)) return missing(x) - missing(y); // last in either order
    return sign * (typeof x === "string" ? x.localeCompare(y) : x - y) || one - other;
  });
}

function sortKey(set, sort, wanted) {
  if (sort === "query") return (query) => set.queries.text[query] || set.queries.id[query];
  if (sort === "overlap") return set.queries.overlap && ((query) => set.queries.overlap[query]);
  if (sort === "difference") return (query) => difference(set, wanted, query);
  const retriever = set.labels.findIndex((label) => sort === `by ${label}`);
  return retriever < 0 ? null : (query) => set.value(retriever, wanted.measure, query);
}

// By retriever, over the queries that have an answer; and how many these are.
export function means(set, measure, queries) {
  const asked = queries.filter((query) => set.queries.answerable[query]);
  const mean = (retriever) => asked.reduce((sum, query) => sum + set.value(retriever, measure, query), 0) / asked.length;
  return { count: asked.length, means: set.labels.map((_, retriever) => mean(retriever)) };
}
