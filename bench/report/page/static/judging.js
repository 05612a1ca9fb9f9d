// Judging: one document at a time, by keys. What is shown and how far it is, the server says; nothing is kept here.

import { announce, element } from "./elements.js";
import { onKeys } from "./explorer_keys.js";
import { marked, termsOf } from "./words.js";

const part = (name) => document.getElementById(`judging-${name}`);
let judgingState = null;
let isAsking = false;

// Asks the server; `content`: of a POST, none for a GET.
async function askServer(path, content) {
  if (isAsking) return; // a key meanwhile would be for a document that nobody has seen
  setAsking(true);
  try {
    const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) };
    const answer = await fetch(path, content === undefined ? {} : post);
    const reply = await answer.json();
    showProblem(reply.error ?? "");
    if (reply.state) showState(reply.state);
  } catch {
    showProblem("The server does not answer. Every grade that was counted is stored; start bench judge again to go on.");
  } finally {
    setAsking(false);
  }
}

function setAsking(is) {
  isAsking = is;
  document.getElementById("judging").setAttribute("aria-busy", is);
}

function showProblem(text) {
  part("error").textContent = text;
  part("error").hidden = !text;
}

function showState(given) {
  const isNext = judgingState?.shown?.number !== given.shown?.number;
  judgingState = given;
  const { shown, progress } = given;
  nameGrades(given.grades);
  part("left").textContent = progress.sentence;
  part("sentences").replaceChildren(...progress.verdict.map((line) => element("li", {}, line)));
  part("query").textContent = shown ? shown.query : "There is nothing left for you to judge.";
  showDocument();
  const opinions = shown?.opinions ?? [];
  part("opinions").hidden = !opinions.length;
  part("opinion-list").replaceChildren(...opinions.map((line) => element("li", {}, line)));
  part("verdict").hidden = !progress.verdict.length;
  for (const button of [...part("grades").children, part("skip")]) button.disabled = !shown;
  part("undo").disabled = !progress.own;
  if (isNext) {
    part("note").value = "";
    part("document").scrollTop = 0;
    announce(shown ? [shown.query, ...opinions, progress.sentence].join(". ") : "Nothing is left to judge.");
  }
}

function showDocument() {
  const { shown } = judgingState;
  if (!shown) return part("document").replaceChildren();
  const stems = new Map(Object.entries(shown.stems));
  const content = part("mark").checked ? marked(shown.document, termsOf(shown.query, stems), stems) : [shown.document];
  part("document").replaceChildren(...content);
}

function actOn(action, grade) {
  if (!judgingState?.shown || (action === "grade" && grade >= judgingState.grades.length)) return;
  askServer("act", { number: judgingState.shown.number, action, grade, note: part("note").value });
}

function toggleMark() {
  part("mark").checked = !part("mark").checked;
  showDocument();
}

// A button for each grade, and its key, once they are known.
function nameGrades(names) {
  if (part("grades").children.length) return;
  const buttons = names.map((name, grade) => {
    const button = element("button", { type: "button" }, element("kbd", {}, String(grade)), ` ${name}`);
    button.addEventListener("click", () => actOn("grade", grade));
    return button;
  });
  part("grades").replaceChildren(...buttons);
}

function startJudging() {
  part("skip").addEventListener("click", () => actOn("skip"));
  part("undo").addEventListener("click", () => askServer("undo", {}));
  part("mark").addEventListener("change", showDocument);
  part("note").addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.target.blur();
  });
  onKeys(() => true, {
    ...Object.fromEntries([...Array(10).keys()].map((grade) => [String(grade), () => actOn("grade", grade)])),
    s: () => actOn("skip"),
    u: () => askServer("undo", {}),
    m: toggleMark,
    n: () => part("note").focus(),
  });
  askServer("state");
}

if (document.getElementById("judging")) startJudging();
