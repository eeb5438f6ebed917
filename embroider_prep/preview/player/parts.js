// What the player is made of: icons, elements, and what fingers, mouse and keys mean.

export const SPEEDS = [3, 6, 12, 25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600];

const ICONS = {
  play: "M7 4.5v15l13-7.5z", pause: "M6 4.5h4v15H6zM14 4.5h4v15h-4z",
  back: "M16 5 8 12l8 7z", forward: "M8 5l8 7-8 7z",
  colorBack: "M5 5h3v14H5zM19 5 9 12l10 7z", colorForward: "M16 5h3v14h-3zM5 5l10 7-10 7z",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5", closer: "M12 5v14M5 12h14", away: "M5 12h14",
};

/** An element with properties or attributes, and children; text goes in as text. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function icon(name, outlined = false) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg"), path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  if (outlined) svg.setAttribute("class", "ep-outlined");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Drag moves the view, two fingers or the wheel zoom, a double click shows all. */
export function listenToPointers(player) {
  const at = (event) => {
    const box = player.stage.getBoundingClientRect();
    return [(event.clientX - box.left) * player.ratio, (event.clientY - box.top) * player.ratio];
  };
  player.stage.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    player.stage.setPointerCapture(event.pointerId);
    player.pointers.set(event.pointerId, at(event));
  });
  player.stage.addEventListener("pointermove", (event) => {
    const before = player.pointers.get(event.pointerId);
    if (!before) return;
    const now = at(event), other = [...player.pointers].find(([id]) => id !== event.pointerId)?.[1];
    player.pointers.set(event.pointerId, now);
    const { scale, left, top } = player.view;
    if (other) {
      const [was, is] = [before, now].map(([x, y]) => Math.max(1, Math.hypot(x - other[0], y - other[1])));
      player.zoom(is / was, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    } else player.look(scale, left - (now[0] - before[0]) / scale, top - (now[1] - before[1]) / scale);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    player.stage.addEventListener(name, (event) => player.pointers.delete(event.pointerId));
  }
  player.stage.addEventListener("wheel", (event) => {
    // Inside a longer page the wheel goes on moving the page.
    if (!player.options.wheel && !event.ctrlKey) return;
    event.preventDefault();
    player.zoom(Math.exp(-Math.max(-100, Math.min(100, event.deltaY)) / 300), ...at(event));
  }, { passive: false });
  player.stage.addEventListener("dblclick", () => player.fit());
}

/** What a pressed key means; sliders keep their own keys, buttons keep the space bar. */
export function pressKey(player, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const range = event.target.type === "range", pressed = event.target.closest("button, summary, input");
  const far = event.shiftKey ? 10 : 1, at = SPEEDS.indexOf(player.speed);
  const own = {
    ArrowRight: () => player.step(far), ArrowLeft: () => player.step(-far), Home: () => player.step(-Infinity), End: () => player.step(Infinity),
    PageDown: () => player.stepColor(1), PageUp: () => player.stepColor(-1),
    ArrowUp: () => player.stepColor(-1), ArrowDown: () => player.stepColor(1),
  };
  const anywhere = {
    "+": () => player.zoom(1.25), "=": () => player.zoom(1.25), "-": () => player.zoom(0.8), 0: () => player.fit(),
    "[": () => player.setSpeed(SPEEDS[Math.max(0, at - 1)]), "]": () => player.setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, at + 1)]),
    j: () => { player.jumpBox.checked = !player.jumpBox.checked; player.showMarks(); },
  };
  let action = anywhere[event.key];
  if (!action && !(range && event.target !== player.scrub)) action = own[event.key];
  if (!action && event.key === " " && (!pressed || range)) action = () => player.toggle();
  if (!action) return;
  event.preventDefault();
  action();
}
