// Charts that stand compressed in the page, put in their places.

import { data } from "./data.js";

export async function showDrawings() {
  const places = document.querySelectorAll("[data-drawing]");
  if (!places.length) return;
  const drawings = await data("drawings");
  for (const place of places) {
    const drawing = new DOMParser().parseFromString(drawings[place.dataset.drawing], "image/svg+xml").documentElement;
    place.replaceWith(document.adoptNode(drawing));
  }
}
