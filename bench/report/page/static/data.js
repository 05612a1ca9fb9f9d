// What the page carries as compressed JSON: unpacked when it is first asked for.

const unpacked = new Map();

export function data(name) {
  if (!unpacked.has(name)) unpacked.set(name, unpack(document.getElementById(`data-${name}`).textContent));
  return unpacked.get(name);
}

export function hasData(name) {
  return Boolean(document.getElementById(`data-${name}`));
}

async function unpack(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%,()*+-;.=>?@^_/{|}~"; // of base 85
const digitOf = new Uint8Array(128);
for (let digit = 0; digit < DIGITS.length; digit++) digitOf[DIGITS.charCodeAt(digit)] = digit;

// What `as_text` of bench/report/page/data_block.py writes: five characters for four bytes, n + 1 for the last n.
export function bytes(text) {
  const array = new Uint8Array(Math.floor((4 * text.length) / 5));
  for (let place = 0, start = 0; start < text.length; start += 5) {
    let value = 0;
    for (let at = start; at < start + 5; at++) value = 85 * value + (at < text.length ? digitOf[text.charCodeAt(at)] : 84);
    for (let shift = 24; shift >= 0 && place < array.length; shift -= 8) array[place++] = value >>> shift;
  }
  return array;
}

// What bench/report/page/columns.py writes.
export function column({ least, digits }) {
  const numbers = new Int32Array(digits[0].length);
  for (const text of digits) for (let row = 0; row < text.length; row++) numbers[row] = 85 * numbers[row] + digitOf[text.charCodeAt(row)];
  return least ? numbers.map((number) => number + least) : numbers;
}
