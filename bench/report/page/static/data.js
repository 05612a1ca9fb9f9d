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

export function bytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64);
  const array = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) array[place] = text.charCodeAt(place);
  return array;
}
