// Tables of figures: sorted by a click on a heading, and saved as CSV.

import { announce, element } from "./elements.js";

const FEWEST = 3; // rows worth sorting

export function enhanceTables() {
  for (const table of document.querySelectorAll("table.figures")) {
    if (table.tBodies[0].rows.length >= FEWEST) makeSortable(table);
    const save = element("button", { type: "button", className: "save", textContent: "CSV" });
    save.setAttribute("aria-label", `Save as CSV: ${table.caption.textContent}`);
    save.addEventListener("click", () => saveTable(table));
    table.caption.append(save);
  }
}

function makeSortable(table) {
  const original = [...table.tBodies[0].rows];
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = element("button", { type: "button", className: "sort" }, ...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const before = heading.getAttribute("aria-sort");
      const first = heading.classList.contains("number") ? "descending" : "ascending";
      const second = first === "descending" ? "ascending" : "descending";
      const order = before === null ? first : before === first ? second : null; // the third click: as it was
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      if (order) heading.setAttribute("aria-sort", order);
      table.tBodies[0].append(...(order ? sorted(original, column, order) : original));
      announce(order ? `Sorted by ${heading.textContent}, ${order}.` : "In the first order again.");
    });
  });
}

function sorted(rows, column, order) {
  const sign = order === "ascending" ? 1 : -1;
  const keyed = rows.map((row) => ({ row, text: row.cells[column].textContent.trim() }));
  for (const entry of keyed) entry.number = figure(entry.text);
  const numbers = keyed.some((entry) => !Number.isNaN(entry.number));
  keyed.sort((a, b) => {
    if (!numbers) return sign * a.text.localeCompare(b.text);
    if (Number.isNaN(a.number) || Number.isNaN(b.number)) return Number.isNaN(a.number) - Number.isNaN(b.number); // n/a last
    return sign * (a.number - b.number);
  });
  return keyed.map((entry) => entry.row);
}

// The number that a cell begins with, behind marks of noise; NaN for words.
function figure(text) {
  const match = /^[~<§◆\s]*([-+]?[\d,]*\.?\d+)/.exec(text);
  return match ? Number(match[1].replaceAll(",", "")) : NaN;
}

function saveTable(table) {
  const rows = [...table.rows].map((row) => [...row.cells].map((cell) => quoted(cell.textContent.trim())).join(","));
  const link = element("a", { download: `${table.caption.firstChild.textContent.trim().replace(/[^\w-]+/g, "-")}.csv` });
  link.href = URL.createObjectURL(new Blob([`${rows.join("\r\n")}\r\n`], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// A cell that a spreadsheet would take for a formula gets a mark before it, as a stranger may have written it.
function quoted(text) {
  const plain = /^[=@]|^[-+](?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
