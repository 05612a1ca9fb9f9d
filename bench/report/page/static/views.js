// One view at a time: the one that the address names, or in which what it names stands.

import { address, onAddress } from "./address.js";

export function showViews() {
  const views = [...document.querySelectorAll("section.view")];
  if (views.length > 1) onAddress(() => show(views));
}

function show(views) {
  const target = document.getElementById(address().place);
  const shown = views.find((view) => view.contains(target)) ?? views[0];
  const changed = shown.hidden;
  for (const view of views) view.hidden = view !== shown;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === `#${shown.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (target && target !== shown) {
    target.closest("details")?.setAttribute("open", "");
    target.scrollIntoView();
  } else if (changed) scrollTo(0, 0);
}
