// The panels beside the picture: ways to sew it, options, threads, findings, files.

import { ask, button, chips, field, guarded, h, number, select, slider, t } from "./parts.js";

export const STYLES = () => ({
  none: t("As the photo has it"), drawn: t("Drawn"), poster: t("Poster"), ink: t("Ink"), lined: t("Lined"), "recipe:illustration": t("Illustration"), "recipe:contour": t("Contours"),
  "recipe:night": t("By night"), "recipe:spotlight": t("One thing in colour"), illustration: t("Drawn by a network"),
  night: t("Night, by a network"),
});
const MATERIALS = () => ({ woven: t("Woven"), knit: t("Knit"), fleece: t("Fleece"), felt: t("Felt"), cap: t("Cap") });
const SEVERITY = () => ({ error: t("Problem"), warning: t("Look at this"), note: t("Note") });

export const minutes = (value) => value >= 60
  ? t("{hours} h {minutes} min", { hours: Math.floor(value / 60), minutes: Math.round(value % 60) }) : t("{minutes} min", { minutes: Math.max(1, Math.round(value)) });
export const size = ([width, height]) => `${number(width)} × ${number(height)} mm`;

const card = ({ picture, title, lines, on, action, badge }) => h("button.card", { type: "button", onclick: action, "aria-pressed": String(on) },
  h("span.picture", {}, picture), h("span.words", {}, h("strong", {}, title), ...lines.map((line) => h("span", {}, line))), badge ?? null);

/** Six ways to sew the photo. */
export function ways(page) {
  const { photo } = page, busy = photo.doing?.try;
  const cards = photo.ways.map((way) => card({
    picture: h("img", { src: `/api/photos/${photo.id}/pictures/${way.picture}?${photo.tried ?? 0}`, alt: "", loading: "eager" }),
    title: wayTitle(way.title),
    lines: [size(way.size_mm), t("{count} threads", { count: way.threads }), t("about {count} stitches", { count: number(way.stitches) })],
    on: page.isWay(way), action: () => page.chooseWay(way),
  }));
  const empty = busy ? Array.from({ length: 6 - cards.length }, () => h("div.card.ghost", { "aria-hidden": "true" })) : [];
  return h("div", {},
    h("p.lead", {}, t("Choose what you like best. Everything can be changed afterwards.")),
    h("div.cards", { "aria-busy": String(Boolean(busy)) }, ...cards, ...empty),
    busy ? null : h("div.row", {}, button(t("Try anew"), () => page.tryWays(), { class: "quiet" })));
}

export function wayTitle(title) {
  const found = /^(.*): (\d+)$/.exec(title);
  return found ? `${t(found[1])}: ${found[2]}` : t(title);
}

/** Size, look, style, threads, cloth. */
export function design(page) {
  const { values, lists } = page, set = (name) => (value) => page.set({ [name]: value });
  const machine = lists.machines.find((one) => one.name === values.machine);
  const hoops = machine ? machine.hoops : lists.hoops;
  const width = h("input", { type: "number", min: 5, max: 1500, step: 1, placeholder: t("as the hoop"), onchange: () =>
    page.set({ width_mm: width.value ? Number(width.value) : null, height_mm: null }) });
  width.value = values.width_mm ?? "";
  const auto = values.threads === "auto", count = Number.isInteger(values.threads) ? values.threads : lists.defaults.threads;
  const fabric = h("input", { type: "color", onchange: () => page.set({ fabric: fabric.value }) });
  fabric.value = values.fabric ?? "#f1ede4";
  const spools = h("textarea", { rows: 3, placeholder: "0020, 0015, 1154 …", onchange: () => page.set({ spool_list: spools.value.trim() || null }) });
  spools.value = values.spool_list ?? "";
  const makers = Map.groupBy ? Map.groupBy(lists.charts, (chart) => chart.maker) : new Map([["", lists.charts]]);
  const chart = h("select", { onchange: () => page.set({ chart: chart.value }) }, ...[...makers].map(([maker, charts]) =>
    h("optgroup", { label: maker || t("Charts") }, ...charts.map((one) => h("option", { value: one.name }, `${one.title} (${one.count})`)))));
  chart.value = values.chart ?? lists.defaults.chart;
  const painting = values.look === "painting", detail = values.max_regions ?? lists.defaults.max_regions;
  return h("div.form", {},
    h("section", { id: "part-size" }, h("h3", {}, t("Machine and size")),
      field(t("Machine"), select([["", t("Any machine")], ...lists.machines.map((one) => [one.name, one.title])], values.machine ?? "", (name) =>
        page.set({ machine: name || null, hoop: null }))),
      field(t("Hoop"), select([["", machine ? t("The one that fits") : t("100 × 100 mm, no hoop shown")], ...hoops.map(([name, w, hh]) => [name, `${name} (${number(w)} × ${number(hh)} mm)`])],
        values.hoop ?? "", (name) => page.set({ hoop: name || null }))),
      field(t("Width, mm"), width, t("Empty: as large as the hoop holds."))),
    h("section", {}, h("h3", {}, t("Look")),
      chips("look", t("How it is sewn"), [["areas", t("Flat areas")], ["painting", t("Painting")]], values.look ?? "areas", set("look")),
      painting ? null : chips("style", t("Style"), lists.styles.map((name) => [name, STYLES()[name] ?? name]), values.style ?? "none", set("style")),
      painting || !lists.looks.includes(values.style) ? null : slider(t("Strength of the style"), 0, 1, 0.1, values.strength ?? lists.defaults.strength, (v) => `${number(v * 100)} %`, set("strength")),
      painting || !lists.looks.includes(values.style) ? null : chips("contours", t("Contours"), [["", t("Those of the style")], ["none", t("None")], ["few", t("Few")], ["many", t("Many")]],
        values.contours ?? "", (value) => page.set({ contours: value || null })),
      painting ? slider(t("Calm"), 0, 4, 0.5, values.contrast ?? lists.defaults.contrast, (v) => number(v, 1), set("contrast"))
        : slider(t("Detail"), 60, 600, 20, detail, (v) => number(v), (v) => page.set({ max_regions: v, max_lines: Math.round(v * 60 / 260) })),
      slider(t("Eyes and mouths"), 1, 2.5, 0.1, values.feature_contrast ?? lists.defaults.feature_contrast, (v) => `${number(v, 1)}×`, set("feature_contrast"))),
    h("section", { id: "part-threads" }, h("h3", {}, t("Threads")),
      slider(t("Number of threads"), 2, 30, 1, count, (v) => number(v), set("threads")),
      h("label.check", {}, h("input", { type: "checkbox", checked: auto, onchange: (event) => page.set({ threads: event.target.checked ? "auto" : count }) }),
        h("span", {}, t("As few as do"))),
      h("div", { id: "part-chart" }, field(t("Chart"), chart)),
      h("details", { open: Boolean(values.spool_list) }, h("summary", {}, t("Only my own spools")),
        field(t("Their numbers"), spools, t("Numbers of the chart, with commas or one a line.")))),
    h("section", {}, h("h3", {}, t("Cloth")),
      chips("background", t("Background"), [["keep", t("Sew it")], ["remove", t("Leave it out")]], values.background ?? "keep", set("background")),
      h("label.check", {}, h("input", { type: "checkbox", checked: Boolean(values.fabric), onchange: (event) => page.set({ fabric: event.target.checked ? fabric.value : null }) }),
        h("span", {}, t("Leave out what has the colour of the cloth"))),
      field(t("Colour of the cloth"), fabric),
      field(t("Kind of cloth"), select(lists.materials.map((name) => [name, MATERIALS()[name] ?? name]), values.material ?? lists.defaults.material, set("material")))));
}

/** Threads in sewing order: change one, move one. */
export function threads(page) {
  const { version } = page;
  const used = version.blocks.map((index, place) => ({ index, place, thread: version.threads[index], stitches: version.stitches[place] }));
  const rows = used.map(({ index, place, thread, stitches }) => h("li", {},
    h("span.place", {}, String(place + 1)),
    button("", () => page.chooseThread(index), { class: "swatch", style: { background: thread.hex },
      "aria-label": t("Change {thread}", { thread: `${thread.code} ${thread.name}` }), title: t("Another thread") }),
    h("span.words", {}, h("strong", {}, `${thread.code} ${thread.name}`), h("span", {}, `${thread.brand} · ${t("{count} stitches", { count: number(stitches) })}`)),
    h("span.moves", {},
      button("↑", () => page.moveColor(place, place - 1), { disabled: place === 0 || !version.swaps[place - 1], "aria-label": t("Sew colour {number} earlier", { number: place + 1 }) }),
      button("↓", () => page.moveColor(place, place + 1), { disabled: place + 1 >= used.length || !version.swaps[place], "aria-label": t("Sew colour {number} later", { number: place + 1 }) }))));
  const out = h("output", {}, String(page.colors < 0 ? used.length : page.colors));
  const upTo = h("input", { type: "range", min: 1, max: used.length, oninput: () => {
    out.textContent = upTo.value;
    page.showColors(Number(upTo.value) >= used.length ? -1 : Number(upTo.value));
  } });
  upTo.value = page.colors < 0 ? used.length : page.colors;
  return h("div", {},
    h("p.lead", {}, t("In sewing order. Click a colour for another thread: nothing is planned anew.")),
    h("div.field.slide", {}, field(t("Show the first colours"), upTo), out),
    h("ol.threads", {}, ...rows),
    h("p.note", {}, t("A colour moves where nothing of it lies over or under its neighbour.")),
    version.chart?.title ? h("p.note", {}, t("{chart}: nearest threads are {difference} ΔE off on average.", {
      chart: version.chart.title, difference: number(version.difference ?? version.chart.delta_e ?? 0, 1) })) : null);
}

/** What was found, and what helps. */
export function findings(page) {
  const all = page.version.findings;
  if (!all.length) return h("p.lead.good", {}, t("Nothing to worry about was found."));
  const order = { error: 0, warning: 1, note: 2 };
  return h("ul.findings", {}, ...[...all].sort((a, b) => order[a.severity] - order[b.severity]).map((one) => h(`li.${one.severity}`, {},
    h("span.severity", {}, SEVERITY()[one.severity]), h("p", {}, one.message),
    h("div.row", {}, ...one.cures.map((cure) => button(t(cure.label), () => page.cure(cure))),
      one.at_mm ? button(t("Show it"), () => page.lookAt(one.at_mm), { class: "quiet" }) : null))));
}

/** Files to take along. */
export function files(page) {
  const { version, photo, lists, values } = page;
  const machine = lists.machines.find((one) => one.name === values.machine), own = machine?.formats ?? [];
  const formats = [...lists.formats].sort((a, b) => own.includes(b.name) - own.includes(a.name));
  const form = page.form && formats.some((one) => one.name === page.form) ? page.form : formats.find((one) => own.includes(one.name))?.name ?? "PES";
  const base = `/api/photos/${photo.id}/versions/${version.number}/files`, suffix = form.toLowerCase();
  const link = (kind, text, note, big) => h(big ? "a.button.main" : "a.file", { href: `${base}/${kind}?form=${kind === "svg" ? "svg" : suffix}`, download: true,
    onclick: guarded((event) => page.download(event)) }, h("strong", {}, text), note ? h("span", {}, note) : null);
  const svg = h("a.file", { href: `${base}/design?form=svg`, download: true, onclick: guarded((event) => page.download(event)) },
    h("strong", {}, "SVG"), h("span", {}, t("Objects for Inkscape")));
  return h("div", {},
    field(t("Format of the machine"), select(formats.map((one) => [one.name, `${one.name} · ${one.title}`]), form, (name) => { page.form = name; page.render(); })),
    link("design", t("Stitch file {name}", { name: `${photo.name}.${suffix}` }), "", true),
    h("div.files", {},
      link("all", t("Everything as a zip"), t("Stitches, sheets, pictures, player")),
      link("sheet-html", t("Work sheet"), t("For the machine, HTML")),
      page.lists.pdf ? link("sheet-pdf", t("Work sheet"), "PDF") : null,
      link("approval", t("Approval sheet"), t("For a customer, HTML")),
      link("preview", t("Picture of the stitches"), "PNG"),
      link("player", t("Player"), t("Plays the stitches, HTML")),
      svg,
      link("report", t("Report"), t("All numbers, JSON"))),
    h("p.note", {}, t("Checked by software, not yet sewn: sew a new design on a piece of the same cloth first.")));
}

/** The dialog that offers other threads for one. */
export async function threadDialog(page, index) {
  const dialog = document.getElementById("dialog"), { version, values, lists } = page, thread = version.threads[index];
  const chart = values.chart ?? lists.defaults.chart;
  let all = false;
  const list = h("ul.near");
  const fill = guarded(async () => {
    const found = await ask(`/api/near?color=${encodeURIComponent(thread.hex)}&chart=${all ? "" : encodeURIComponent(chart)}`);
    list.replaceChildren(...found.map((one) => h("li", {}, h("button", { type: "button", onclick: () => { dialog.close(); page.changeThread(index, one); } },
      h("span.swatch", { style: { background: one.hex } }), h("span.words", {}, h("strong", {}, `${one.code} ${one.name}`), h("span", {}, one.brand)),
      h("span.difference", {}, `ΔE ${number(one.difference, 1)}`)))));
    list.querySelector("button")?.focus();
  });
  const code = h("input", { type: "text", maxlength: 60, autocomplete: "off" });
  const own = h("form.row", { onsubmit: (event) => { event.preventDefault(); if (code.value.trim()) { dialog.close(); page.changeThread(index, { chart, code: code.value.trim() }); } } },
    field(t("Or by its number or name"), code), h("button", { type: "submit" }, t("Take it")));
  dialog.replaceChildren(h("div.dialoghead", {}, h("h2", { id: "dialog-title" }, t("Another thread for {thread}", { thread: `${thread.code} ${thread.name}` })),
    button("×", () => dialog.close(), { "aria-label": t("Close"), class: "close" })),
  chips("nearcharts", t("Nearest of"), [[false, t("this chart")], [true, t("all charts")]], all, (value) => { all = value; fill(); }), list, own);
  dialog.showModal();
  await fill();
}
