// Lines between the same document in neighbouring columns, and one document brought out in all of them.

const SVG = "http://www.w3.org/2000/svg";

// `columns`: the element in which the lists of hits stand side by side. The lines follow its size.
export function connectHits(columns) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "lines");
  picture.setAttribute("aria-hidden", "true");
  columns.append(picture);
  new ResizeObserver(() => drawLines(columns, picture)).observe(columns);
  for (const event of ["pointerover", "focusin"]) columns.addEventListener(event, (it) => bringOut(columns, it.target));
  for (const event of ["pointerleave", "focusout"]) columns.addEventListener(event, () => bringOut(columns, null));
}

function drawLines(columns, picture) {
  picture.replaceChildren();
  picture.setAttribute("width", 0); // else it would hold the columns as wide as they were
  picture.setAttribute("height", 0);
  const lists = [...columns.querySelectorAll("ol")];
  const around = columns.getBoundingClientRect();
  picture.setAttribute("width", columns.scrollWidth);
  picture.setAttribute("height", columns.scrollHeight);
  for (let place = 1; place < lists.length; place++) {
    const before = new Map([...lists[place - 1].children].map((hit) => [hit.dataset.document, hit]));
    for (const hit of lists[place].children) {
      const other = before.get(hit.dataset.document);
      if (other) picture.append(...lineBetween(other, hit, around, columns.scrollLeft));
    }
  }
}

// From the head of one hit to that of the other; none where one column stands below the other.
function lineBetween(left, right, around, scrolled) {
  const [from, to] = [left.getBoundingClientRect(), right.getBoundingClientRect()];
  if (to.left <= from.right) return [];
  const [x1, x2] = [from.right - around.left + scrolled, to.left - around.left + scrolled];
  const [y1, y2] = [from, to].map((box) => box.top - around.top + 14);
  const path = document.createElementNS(SVG, "path");
  const middle = (x1 + x2) / 2;
  path.setAttribute("d", `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`);
  path.setAttribute("class", right.classList.contains("relevant") ? "relevant" : "");
  path.dataset.document = right.dataset.document;
  return [path];
}

function bringOut(columns, target) {
  const document = target?.closest("[data-document]")?.dataset.document;
  for (const one of columns.querySelectorAll("[data-document]")) {
    one.classList.toggle("same", document !== undefined && one.dataset.document === document);
  }
}
