// The drawing: points on one canvas, what belongs to the chosen query and the point in focus on one above it.

import { element } from "./elements.js";
import { Camera } from "./map_camera.js";
import { markOf, stampMarks } from "./map_marks.js";
import { colourOf } from "./map_state.js";

export class MapDrawing {
  constructor(state) {
    this.state = state;
    this.canvas = element("canvas", { tabIndex: 0, role: "application", "aria-roledescription": "map" });
    this.above = element("canvas", { className: "above", "aria-hidden": "true" });
    this.tip = element("div", { className: "tip", hidden: true });
    this.element = element("div", { className: "stage" }, this.canvas, this.above, this.tip);
    this.camera = new Camera(() => this.canvas, () => this.draw());
    new ResizeObserver(() => this.keepView()).observe(this.canvas);
  }

  resize() {
    const { canvas, above } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.max(1, Math.round(size * devicePixelRatio)));
    if (canvas.width === width && canvas.height === height) return;
    for (const one of [canvas, above]) [one.width, one.height] = [width, height];
    this.image = null;
    this.marks = null;
  }

  // After another size the same part is seen, as near as before.
  keepView() {
    const { camera } = this;
    const [x, y, times] = [camera.x, camera.y, camera.scale / camera.least];
    this.resize();
    camera.fit();
    camera.scale *= times;
    [camera.x, camera.y] = [x, y];
    this.draw();
  }

  draw() {
    if (!this.frame && this.state.set) this.frame = requestAnimationFrame(() => this.drawNow());
  }

  // Colours, or which groups are hidden, are others.
  drawAnew() {
    this.marks = null;
    this.draw();
  }

  drawNow() {
    this.frame = 0;
    const { set, points } = this.state;
    const context = this.canvas.getContext("2d");
    this.image ??= context.createImageData(this.canvas.width, this.canvas.height);
    this.image.data.fill(0);
    this.marks ??= { documents: this.marksOf("documents", false), queries: this.marksOf("queries", true) };
    const { documents, queries } = this.marks;
    stampMarks(this.image, points, 0, set.documents, documents.codes, documents.marks, this.camera);
    stampMarks(this.image, points, set.documents, set.size, queries.codes, queries.marks, this.camera);
    context.putImageData(this.image, 0, 0);
    this.drawAbove();
  }

  // `marks`: by code; `codes`: of each point.
  marksOf(kind, hollow) {
    const { set, colours, hidden } = this.state;
    const radius = devicePixelRatio * (set.documents > 20000 ? 1.5 : set.documents > 2000 ? 2.5 : 3.5) + 1.5 * hollow;
    if (colours?.of !== kind) return { marks: [markOf(null, radius, hollow)], codes: new Uint8Array(set.size) };
    const marks = colours.groups.map((_, code) => (hidden.has(code) ? null : markOf(colourOf(colours, code), radius, hollow)));
    return { marks, codes: colours.codes };
  }

  isShown(point) {
    const { set } = this.state;
    const { marks, codes } = set.isQuery(point) ? this.marks.queries : this.marks.documents;
    return marks[codes[set.isQuery(point) ? point - set.documents : point]];
  }

  at(point) {
    const { x, y } = this.state.points;
    return this.camera.toScreen(x[point], y[point]);
  }

  drawAbove() {
    const { state, above } = this;
    const context = above.getContext("2d");
    context.clearRect(0, 0, above.width, above.height);
    context.strokeStyle = context.fillStyle = getComputedStyle(this.element).getPropertyValue("--ink");
    this.canvas.classList.toggle("faded", state.query >= 0);
    if (state.query >= 0) this.drawQuery(context);
    if (state.focus >= 0) this.ring(context, state.focus, 7, 1.5);
    this.showTip();
  }

  // Lines to hits, broken to those that are not relevant, and rings around relevant documents.
  drawQuery(context) {
    const ratio = devicePixelRatio;
    const { queryPoint, hits, relevant } = this.state;
    for (const point of relevant) this.ring(context, point, 9, 2.5);
    context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    for (const { point, rank } of hits) {
      context.beginPath();
      context.moveTo(...this.at(queryPoint));
      context.lineTo(...this.at(point));
      context.lineWidth = (relevant.has(point) ? 2 : 1) * ratio;
      context.setLineDash(relevant.has(point) ? [] : [5 * ratio, 4 * ratio]);
      context.stroke();
      context.setLineDash([]);
      context.beginPath();
      context.arc(...this.at(point), 3.5 * ratio, 0, 2 * Math.PI);
      context.fill();
      this.write(context, String(rank), this.at(point));
    }
    this.ring(context, queryPoint, 6, 3);
  }

  ring(context, point, radius, width) {
    context.beginPath();
    context.arc(...this.at(point), radius * devicePixelRatio, 0, 2 * Math.PI);
    context.lineWidth = width * devicePixelRatio;
    context.stroke();
  }

  write(context, text, [x, y]) {
    const ratio = devicePixelRatio;
    context.lineWidth = 4 * ratio;
    context.save();
    context.strokeStyle = getComputedStyle(this.element).getPropertyValue("--paper");
    context.strokeText(text, x + 6 * ratio, y - 6 * ratio);
    context.restore();
    context.fillText(text, x + 6 * ratio, y - 6 * ratio);
  }

  showTip() {
    const { tip, canvas, state } = this;
    tip.hidden = state.focus < 0;
    if (tip.hidden) return;
    tip.textContent = state.described(state.focus);
    const [x, y] = this.at(state.focus).map((value) => value / devicePixelRatio);
    const right = x > canvas.clientWidth / 2;
    tip.style.left = right ? "" : `${x + 14}px`;
    tip.style.right = right ? `${canvas.clientWidth - x + 14}px` : "";
    tip.style.top = `${Math.min(Math.max(y - 10, 0), canvas.clientHeight - 60)}px`;
  }
}
