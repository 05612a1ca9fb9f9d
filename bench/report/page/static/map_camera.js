// What part of a map is seen, and the hands that move it: wheel, drag, pinch.

const CLOSEST = 400; // times the first view

export class Camera {
  // `size`: width and height of the canvas, in its pixels. `changed`: is called when another part is seen.
  constructor(size, changed) {
    this.size = size;
    this.changed = changed;
    this.extent = { x: 1, y: 1 };
    this.fit();
  }

  // See all of points that reach to `extent`.
  fit(extent = this.extent) {
    this.extent = extent;
    const { width, height } = this.size();
    this.least = 0.92 * Math.min(width / Math.max(extent.x, 1), height / Math.max(extent.y, 1));
    this.scale = this.least;
    this.x = extent.x / 2;
    this.y = extent.y / 2;
    this.changed();
  }

  // A place of the map in pixels, and back.
  toScreen(x, y) {
    const { width, height } = this.size();
    return [width / 2 + (x - this.x) * this.scale, height / 2 - (y - this.y) * this.scale];
  }

  toMap(x, y) {
    const { width, height } = this.size();
    return [this.x + (x - width / 2) / this.scale, this.y - (y - height / 2) / this.scale];
  }

  move(x, y) {
    this.x = clamped(this.x - x / this.scale, 0, this.extent.x);
    this.y = clamped(this.y + y / this.scale, 0, this.extent.y);
    this.changed();
  }

  // Come `times` as near; what lies at a place of the screen stays there.
  zoom(times, x = this.size().width / 2, y = this.size().height / 2) {
    const [mapX, mapY] = this.toMap(x, y);
    this.scale = clamped(this.scale * times, this.least, CLOSEST * this.least);
    const [movedX, movedY] = this.toScreen(mapX, mapY);
    this.move(x - movedX, y - movedY);
  }

  // Come so near that these places, [x, y], fill the view.
  show(places) {
    const { width, height } = this.size();
    const xs = places.map(([x]) => x);
    const ys = places.map(([, y]) => y);
    const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const fitting = 0.75 * Math.min(width / Math.max(right - left, 1), height / Math.max(top - bottom, 1));
    this.scale = clamped(fitting, this.least, 40 * this.least);
    this.x = (left + right) / 2;
    this.y = (bottom + top) / 2;
    this.changed();
  }
}

function clamped(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

// `place`: of an event, in the canvas's pixels. `tapped`: is given a place that was pressed and not dragged.
export function moveByHand(canvas, camera, place, tapped) {
  const held = new Map();
  let dragged = 0;
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 20 : 1;
      camera.zoom(Math.exp(-clamped(event.deltaY * lines, -200, 200) / 300), ...place(event));
    },
    { passive: false },
  );
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    if (!held.size) dragged = 0;
    held.set(event.pointerId, place(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, there]) => there);
    held.set(event.pointerId, now);
    dragged += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (other) {
      const apart = (one) => Math.max(Math.hypot(one[0] - other[0], one[1] - other[1]), 1);
      camera.zoom(apart(now) / apart(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      camera.move((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    } else camera.move(now[0] - before[0], now[1] - before[1]);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      const was = held.get(event.pointerId);
      held.delete(event.pointerId);
      if (name === "pointerup" && was && !held.size && dragged < 6) tapped(was);
    });
  }
}
