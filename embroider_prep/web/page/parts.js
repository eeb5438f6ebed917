// What all parts of the page use: elements, texts in the reader's language, questions to the server.

let texts = {};
export let language = "en";

/** A text in the reader's language; {names} are filled in. English is the text itself. */
export function t(text, values = {}) {
  return (texts[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

export async function loadTexts() {
  const found = await ask("/api/texts");
  texts = found.texts;
  language = found.language;
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** An element; attributes that begin with "on" are listeners, text goes in as text. */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") Object.assign(node.style, value);
    else if (key === "value" || key === "checked" || key === "disabled") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const button = (text, action, attributes = {}) => h("button", { type: "button", onclick: action, ...attributes }, text);

export class Refused extends Error {
  constructor(problem, status) {
    super(problem.message);
    this.hint = problem.hint;
    this.status = status;
  }
}

/** Ask the server; an answer that says no is raised with its words. */
export async function ask(path, { method = "GET", body, raw = false, signal } = {}) {
  const given = { method, signal, headers: {} };
  if (body instanceof Blob || body instanceof Uint8Array) given.body = body;
  else if (body !== undefined) {
    given.body = JSON.stringify(body);
    given.headers["content-type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, given);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ message: t("The program does not answer. Is it still running?"), hint: "" }, 0);
  }
  if (answer.status === 204) return null;
  const isJson = (answer.headers.get("content-type") ?? "").startsWith("application/json");
  if (!answer.ok) {
    const found = isJson ? (await answer.json()).error : null;
    throw new Refused(found ?? { message: await answer.text(), hint: "" }, answer.status);
  }
  return raw ? answer : isJson ? answer.json() : answer.text();
}

/** Show what went wrong until somebody closes it. */
export function complain(message, hint = "") {
  const place = document.getElementById("messages");
  for (const old of [...place.children].slice(0, -2)) old.remove();
  if ([...place.children].some((one) => one.dataset.text === message)) return;
  const box = h("div.message", { "data-text": message },
    h("div", {}, h("strong", {}, message), hint ? h("p", {}, hint) : null),
    button("×", () => box.remove(), { "aria-label": t("Close"), class: "close" }));
  place.append(box);
}

export const guarded = (action) => async (...values) => {
  try {
    return await action(...values);
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (!(error instanceof Refused)) throw error;
    complain(error.message, error.hint);
    return undefined;
  }
};

/** Say something to who cannot see it. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** Buttons of which one is pressed, with the keys that a list of tabs has. */
export function tabs(place, entries, chosen, choose) {
  place.replaceChildren(...entries.map(([name, text, badge]) => {
    const on = name === chosen;
    return h("button", {
      type: "button", role: "tab", id: `${place.id}-${name}`, "aria-selected": String(on), tabindex: on ? 0 : -1,
      onclick: () => choose(name),
    }, text, badge ? h("span.badge", {}, String(badge)) : null);
  }));
  place.onkeydown = (event) => {
    const at = [...place.children].indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (to === undefined) return;
    if (at < 0) return;
    event.preventDefault();
    const name = entries[(to + entries.length) % entries.length][0];
    choose(name);
    document.getElementById(`${place.id}-${name}`)?.focus();
  };
}

/** One of several, as radio buttons that look like buttons. */
export function chips(name, label, entries, chosen, choose) {
  return h("fieldset.chips", {}, h("legend", {}, label), h("div", {}, ...entries.map(([value, text]) => h("label", {},
    h("input", { type: "radio", name, checked: value === chosen, onchange: () => choose(value) }), h("span", {}, text)))));
}

let fields = 0;
/** A labelled field. */
export function field(label, input, note) {
  input.id ||= `field${++fields}`;
  return h("div.field", {}, h("label", { for: input.id }, label), input, note ? h("small", {}, note) : null);
}

export function select(entries, chosen, choose) {
  const node = h("select", { onchange: () => choose(node.value) }, ...entries.map(([value, text]) => h("option", { value }, text)));
  node.value = chosen ?? "";
  return node;
}

export function slider(label, low, high, step, value, show, choose) {
  const out = h("output", {}, show(value));
  const input = h("input", {
    type: "range", min: low, max: high, step, oninput: () => { out.textContent = show(Number(input.value)); },
    onchange: () => choose(Number(input.value)),
  });
  input.value = value;
  return h("div.field.slide", {}, field(label, input), out);
}
