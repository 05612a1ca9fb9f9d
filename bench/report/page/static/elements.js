// Elements made without markup: what a text holds stays text.

// `properties`: of the element; those with a hyphen, and `role`, are attributes. `children`: elements and texts.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Says to who hears the page what has changed on it.
export function announce(text) {
  document.getElementById("status").textContent = text;
}
