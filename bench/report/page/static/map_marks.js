// The marks of a map: a colour and a shape for each group, so that neither speaks alone. They are stamped pixel by pixel:
// 100,000 of them are drawn anew in every frame.

const MARK_COLOURS = {
  light: ["#0067a8", "#c24a00", "#007f5c", "#b0508c", "#8f6a00", "#2b8ec9", "#6b4fa0", "#7a2e2e"],
  dark: ["#58b6f0", "#ff9357", "#3fcf9f", "#eaa3cd", "#f0c24a", "#a8dcff", "#bfa2ec", "#f09a9a"],
};
const FAINT_COLOUR = { light: "#8a929b", dark: "#737c87" };
const INK_COLOUR = { light: "#1b1f24", dark: "#e7eaee" };

// Whether a point of the square from -1 to 1 is within a shape.
const MARK_SHAPES = [
  (x, y) => x * x + y * y <= 1, // circle
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.85, // square
  (x, y) => y <= 0.8 && y >= -1 + 1.9 * Math.abs(x), // triangle
  (x, y) => Math.abs(x) + Math.abs(y) <= 1.1, // diamond
  (x, y) => Math.min(Math.abs(x), Math.abs(y)) <= 0.35, // plus
  (x, y) => Math.abs(Math.abs(x) - Math.abs(y)) <= 0.45, // cross
  (x, y) => y >= -0.8 && y <= 1 - 1.9 * Math.abs(x), // triangle on its point
  (x, y) => Math.abs(y) <= 0.4, // bar
];

export function isDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches;
}

// The mark of a group: `code` its number, null for what has no group. `hollow`: of a query.
export function markOf(code, radius, hollow) {
  const scheme = isDark() ? "dark" : "light";
  const plain = hollow ? INK_COLOUR[scheme] : FAINT_COLOUR[scheme];
  const colour = code === null ? plain : MARK_COLOURS[scheme][code % MARK_COLOURS[scheme].length];
  const shape = MARK_SHAPES[(code ?? (hollow ? 3 : 0)) % MARK_SHAPES.length];
  return { colour, pixel: packedColour(colour), cells: cellsOf(shape, radius, hollow), radius };
}

// The cells of a grid that a shape covers, as pairs of x and y; of a hollow one its edge alone.
function cellsOf(shape, radius, hollow) {
  const covers = (x, y) => shape(x / radius, y / radius);
  const reach = Math.ceil(radius);
  const cells = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      if (!covers(x, y)) continue;
      const within = covers(x - 1.5, y) && covers(x + 1.5, y) && covers(x, y - 1.5) && covers(x, y + 1.5);
      if (!hollow || !within) cells.push(x, y);
    }
  }
  return cells.length ? cells : [0, 0];
}

// A colour as a canvas keeps it, on machines that put the last byte first, as all browsers' do.
function packedColour(hex) {
  const value = parseInt(hex.slice(1), 16);
  return (0xff000000 | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

// Stamp points from `first` to `last` on an image. `codes`: of each point the place of its mark in `marks`; a mark that is
// null is not drawn. `camera`: scale and middle, as of Camera.
export function stampMarks(image, points, first, last, codes, marks, camera) {
  const { width, height } = image;
  const pixels = new Uint32Array(image.data.buffer);
  const offsets = marks.map((mark) => mark && offsetsOf(mark.cells, width));
  const edge = Math.max(...marks.map((mark) => (mark ? Math.ceil(mark.radius) : 0)));
  const { scale } = camera;
  const left = width / 2 - camera.x * scale;
  const top = height / 2 + camera.y * scale;
  for (let point = first; point < last; point++) {
    const code = codes[point - first];
    const mark = marks[code];
    if (!mark) continue;
    const x = (left + points.x[point] * scale) | 0;
    const y = (top - points.y[point] * scale) | 0;
    if (x < edge || y < edge || x >= width - edge || y >= height - edge) continue;
    const place = y * width + x;
    const cells = offsets[code];
    for (let cell = 0; cell < cells.length; cell++) pixels[place + cells[cell]] = mark.pixel;
  }
}

function offsetsOf(cells, width) {
  const offsets = new Int32Array(cells.length / 2);
  for (let cell = 0; cell < offsets.length; cell++) offsets[cell] = cells[2 * cell + 1] * width + cells[2 * cell];
  return offsets;
}

// The mark alone, for a legend.
export function markSample(mark) {
  const reach = Math.ceil(mark.radius) + 1;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * reach + 1;
  canvas.className = "mark";
  canvas.setAttribute("aria-hidden", "true");
  const context = canvas.getContext("2d");
  context.fillStyle = mark.colour;
  for (let cell = 0; cell < mark.cells.length; cell += 2) {
    context.fillRect(mark.cells[cell] + reach, mark.cells[cell + 1] + reach, 1, 1);
  }
  return canvas;
}
