// Keys of the explorer, which leave typing in fields alone.

const FIELDS = "input:not([type=checkbox]), select, textarea, [contenteditable]";

// `active`: is the explorer shown? `actions`: by key.
export function onKeys(active, actions) {
  document.addEventListener("keydown", (event) => {
    if (!active() || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.matches?.(FIELDS);
    if (typing && event.key === "Escape") event.target.blur();
    if (typing || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
