// Pointer and keyboard on the map: which point is meant, and where it moves.

import { announce } from "./elements.js";
import { moveByHand } from "./map_camera.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `remember` is called with what the address is to say.
export function moveMap(drawing, remember) {
  const { canvas, camera, state } = drawing;
  const choose = (point) => state.set.isQuery(point) && remember({ query: state.set.id(point) });
  const placeOf = (event) => [event.offsetX * devicePixelRatio, event.offsetY * devicePixelRatio];
  const focus = (point) => {
    if (point === state.focus) return;
    state.focus = point;
    drawing.draw();
  };
  moveByHand(canvas, camera, placeOf, (place) => choose(nearestTo(drawing, place)));
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons && drawing.marks) focus(nearestTo(drawing, placeOf(event)));
  });
  canvas.addEventListener("pointerleave", () => focus(-1));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow && event.shiftKey) step(drawing, arrow);
    else if (arrow) camera.move(-60 * arrow[0] * devicePixelRatio, -60 * arrow[1] * devicePixelRatio);
    else if (event.key === "+" || event.key === "=") camera.zoom(1.5);
    else if (event.key === "-") camera.zoom(1 / 1.5);
    else if (event.key === "0") camera.fit();
    else if (event.key === "Enter" && state.focus >= 0) choose(state.focus);
    else if (event.key === "Escape") remember({ query: "" });
    else return;
    event.preventDefault();
  });
}

// The visible point for which `cost` of its distance in x and y is least, -1 where none is below `most`.
function cheapest(drawing, [x, y], most, cost) {
  const { camera, state } = drawing;
  const { points, set } = state;
  const [mapX, mapY] = camera.toMap(x, y);
  let best = -1;
  for (let point = 0; point < set.size; point++) {
    const spent = cost((points.x[point] - mapX) * camera.scale, (mapY - points.y[point]) * camera.scale, point);
    if (spent <= most && drawing.isShown(point)) [best, most] = [point, spent];
  }
  return best;
}

function nearestTo(drawing, place) {
  return cheapest(drawing, place, (12 * devicePixelRatio) ** 2, (dx, dy) => dx * dx + dy * dy);
}

// The focus goes to the next point in a direction, or first to the one nearest to the middle.
function step(drawing, direction) {
  const { canvas, camera, state } = drawing;
  const from = state.focus;
  const middle = [canvas.width / 2, canvas.height / 2];
  const next = cheapest(drawing, from < 0 ? middle : drawing.at(from), Infinity, (dx, dy, point) => {
    if (from < 0) return dx * dx + dy * dy;
    const along = dx * direction[0] + dy * direction[1];
    const aside = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
    return point === from || along <= 0 || aside > along ? Infinity : along * along + 4 * aside * aside;
  });
  if (next < 0 || next === from) return announce("No point there.");
  state.focus = next;
  const [x, y] = drawing.at(next);
  if (x < 0 || y < 0 || x > canvas.width || y > canvas.height) camera.move(middle[0] - x, middle[1] - y);
  announce(state.described(next));
  drawing.draw();
}
