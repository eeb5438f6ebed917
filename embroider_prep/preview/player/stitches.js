// Stitches as data, and as pixels: threads are drawn straight into an array of pixels, which is some ten times faster
// than strokes of a canvas. Lengths are machine units (0.1 mm), y down, as in the data.

export const STITCH = 0, JUMP = 1, TRIM = 2, COLOR = 3, START = 4;

const WAYS = 32; // directions that are told apart in the light, over 180 degrees
const ACROSS = 16; // places across a thread
const ENDS = 4; // how dark a stitch is towards its ends, where it goes into the cloth
const END_UNITS = 3.5;
const CHECK_EVERY = 256; // stitches between two looks at the clock

function bytesOf(base64) {
  const text = atob(base64), out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

function rgbOf(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const pack = (red, green, blue) => (255 << 24 | blue << 16 | green << 8 | red) >>> 0;

/** A design from the data that `player_data` of the package makes. */
export class Design {
  constructor(data) {
    if (data.version !== 1) throw new Error(`player data of version ${data.version}; 1 is read here`);
    const bytes = bytesOf(data.xy), view = new DataView(bytes.buffer), count = data.count;
    this.count = count;
    this.x = new Int32Array(count);
    this.y = new Int32Array(count);
    for (let i = 0, x = 0, y = 0; i < count; i++) {
      x += view.getInt16(4 * i, true);
      y += view.getInt16(4 * i + 2, true);
      this.x[i] = x;
      this.y[i] = y;
    }
    this.came = new Uint8Array(count);
    for (let i = 0; i < data.breaks.length; i += 2) this.came[data.breaks[i]] = data.breaks[i + 1];
    this.threads = data.threads;
    this.blocks = data.blocks.map((block, number) => ({
      ...block, number, end: number + 1 < data.blocks.length ? data.blocks[number + 1].first : count,
    }));
    this.blockOf = new Uint16Array(count);
    this.blocks.forEach((block) => this.blockOf.fill(block.number, block.first, block.end));
    this.kinds = data.kinds;
    this.bounds = data.bounds;
    this.fabric = data.fabric;
    this.threadUnits = data.thread_units;
    this.title = data.title;
    this.shown = new Uint8Array(this.blocks.length).fill(1);
  }

  /** Length in mm of the way to a needle point. */
  length(index) {
    if (index <= 0 || index >= this.count) return 0;
    return Math.hypot(this.x[index] - this.x[index - 1], this.y[index] - this.y[index - 1]) / 10;
  }

  /** What a stitch is for ("fill", "underlay", ...), or "" where the file does not say. */
  kind(index) {
    let low = 0, high = this.kinds.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.kinds[middle][0] <= index) low = middle; else high = middle - 1;
    }
    return this.kinds.length && this.kinds[low][0] <= index ? this.kinds[low][1] : "";
  }
}

/** Draws a design, stitch after stitch, into an array of pixels. */
export class Painter {
  constructor(design, memoryBytes = 64e6) {
    this.design = design;
    this.memoryBytes = memoryBytes;
    this.tables = design.threads.map(() => null);
    this.resize(1, 1);
  }

  resize(width, height) {
    this.width = Math.max(1, width | 0);
    this.height = Math.max(1, height | 0);
    this.pixels = new Uint32Array(this.width * this.height);
    this.image = new ImageData(new Uint8ClampedArray(this.pixels.buffer), this.width, this.height);
    const room = Math.max(2, Math.min(32, Math.floor(this.memoryBytes / (4 * this.pixels.length))));
    this.every = Math.max(2000, Math.ceil(this.design.count / room));
    this.scale = this.left = this.top = 0;
    this.forget();
  }

  /** What was drawn is no longer so: another view, or other colours shown. */
  forget() {
    this.kept = [];
    this.restart();
  }

  restart() {
    this.pixels.fill(pack(...rgbOf(this.design.fabric)));
    this.drawn = 0;
    this.touch(0, 0, this.width, this.height);
  }

  /** `scale` pixels per unit; `left`, `top`: the units in the upper left corner. */
  look(scale, left, top) {
    this.scale = scale;
    this.left = left;
    this.top = top;
    this.forget();
  }

  touch(left, top, right, bottom) {
    const dirty = this.dirty;
    this.dirty = dirty
      ? [Math.min(dirty[0], left), Math.min(dirty[1], top), Math.max(dirty[2], right), Math.max(dirty[3], bottom)]
      : [left, top, right, bottom];
  }

  /** Bring the pixels to `target` needle points within `budget` ms; say whether that was done. */
  advance(target, budget) {
    if (target < this.drawn) {
      const number = Math.min(Math.floor(target / this.every), this.kept.length - 1);
      if (number > 0 && this.kept[number]) {
        this.pixels.set(this.kept[number]);
        this.drawn = number * this.every;
        this.touch(0, 0, this.width, this.height);
      } else this.restart();
    }
    const until = performance.now() + budget;
    while (this.drawn < target) {
      const stop = Math.min(target, this.drawn + CHECK_EVERY, (Math.floor(this.drawn / this.every) + 1) * this.every);
      for (let i = this.drawn; i < stop; i++) this.stitch(i);
      this.drawn = stop;
      const number = stop / this.every;
      if (stop % this.every === 0 && !this.kept[number]) this.kept[number] = this.pixels.slice();
      if (performance.now() > until) break;
    }
    return this.drawn === target;
  }

  /** Put what has changed onto a canvas of the same size. */
  present(context) {
    if (!this.dirty) return;
    const left = Math.max(0, Math.floor(this.dirty[0])), top = Math.max(0, Math.floor(this.dirty[1]));
    const right = Math.min(this.width, Math.ceil(this.dirty[2])), bottom = Math.min(this.height, Math.ceil(this.dirty[3]));
    if (right > left && bottom > top) context.putImageData(this.image, 0, 0, left, top, right - left, bottom - top);
    this.dirty = null;
  }

  /** The colours of a thread by direction, place near an end and place across: lit from the upper left. */
  table(thread) {
    if (this.tables[thread]) return this.tables[thread];
    const out = new Uint32Array(WAYS * ENDS * ACROSS), rgb = rgbOf(this.design.threads[thread].color);
    const light = [-0.45, -0.6, 0.66];
    for (let way = 0; way < WAYS; way++) {
      const angle = (way + 0.5) / WAYS * Math.PI, nx = -Math.sin(angle), ny = Math.cos(angle);
      const along = Math.cos(angle) * light[0] + Math.sin(angle) * light[1];
      const sheen = Math.pow(Math.max(0, 1 - along * along), 6) * 0.3;
      for (let place = 0; place < ACROSS; place++) {
        const d = (place + 0.5) / ACROSS * 2 - 1, up = Math.sqrt(1 - d * d * 0.96);
        const lit = Math.max(0, nx * d * light[0] + ny * d * light[1] + up * light[2]);
        for (let end = 0; end < ENDS; end++) {
          const depth = 0.78 + 0.22 * (end + 0.5) / ENDS;
          const strength = (0.62 + 0.5 * lit) * depth, gloss = 255 * sheen * Math.pow(lit, 4) * depth;
          const [red, green, blue] = rgb.map((value) => Math.min(255, Math.round(value * strength + gloss)));
          out[(way * ENDS + end) * ACROSS + place] = pack(red, green, blue);
        }
      }
    }
    return (this.tables[thread] = out);
  }

  stitch(i) {
    const design = this.design, block = design.blockOf[i];
    if (!design.shown[block]) return;
    const { pixels, width, height, scale } = this;
    const came = design.came[i];
    const alone = came >= TRIM && (i + 1 >= design.count || design.came[i + 1] >= TRIM);
    if (came >= TRIM && !alone) return;
    const before = alone ? i : i - 1;
    const ax = (design.x[before] - this.left) * scale, ay = (design.y[before] - this.top) * scale;
    const bx = (design.x[i] - this.left) * scale, by = (design.y[i] - this.top) * scale;
    const half = Math.max(0.5, design.threadUnits * scale / 2), reach = half + 1;
    const low = Math.max(0, Math.floor(Math.min(ay, by) - reach)), high = Math.min(height - 1, Math.ceil(Math.max(ay, by) + reach));
    const most = Math.max(ax, bx) + reach, least = Math.min(ax, bx) - reach;
    if (low > high || most < 0 || least >= width) return;
    const dx = bx - ax, dy = by - ay, long = Math.hypot(dx, dy);
    const ux = long > 0 ? dx / long : 1, uy = long > 0 ? dy / long : 0;
    // Seen from above a stitch has no beginning: directions are brought to 0..180 degrees.
    let angle = Math.atan2(uy, ux), flip = 1;
    if (angle < 0) { angle += Math.PI; flip = -1; }
    const way = Math.min(WAYS - 1, Math.floor(angle / Math.PI * WAYS));
    const table = this.table(design.blocks[block].thread), base = way * ENDS * ACROSS;
    const nx = -uy * flip, ny = ux * flip;
    const cap = half * 0.5, endPx = END_UNITS * scale, toPlace = ACROSS / 2 / half;
    const edge = half + 0.5;
    this.touch(least, low, most + 1, high + 1);
    for (let y = low; y <= high; y++) {
      // The row's part within the thread, from two strips: across and along.
      let from = Math.max(0, least), to = Math.min(width - 1, most);
      const ry = y + 0.5 - ay, d0 = ny * ry, u0 = uy * ry;
      if (Math.abs(nx) > 1e-6) {
        const p = (-edge - d0) / nx + ax, q = (edge - d0) / nx + ax;
        from = Math.max(from, Math.min(p, q) - 0.5);
        to = Math.min(to, Math.max(p, q) - 0.5);
      } else if (Math.abs(d0) > edge) continue;
      if (Math.abs(ux) > 1e-6) {
        const p = (-cap - u0) / ux + ax, q = (long + cap - u0) / ux + ax;
        from = Math.max(from, Math.min(p, q) - 0.5);
        to = Math.min(to, Math.max(p, q) - 0.5);
      } else if (u0 < -cap || u0 > long + cap) continue;
      const first = Math.ceil(from), last = Math.floor(to);
      let d = d0 + nx * (first + 0.5 - ax), u = u0 + ux * (first + 0.5 - ax), at = y * width + first;
      for (let x = first; x <= last; x++, at++, d += nx, u += ux) {
        const off = d < 0 ? -d : d;
        let place = ((d + half) * toPlace) | 0;
        place = place < 0 ? 0 : place >= ACROSS ? ACROSS - 1 : place;
        const near = u < long - u ? u : long - u;
        let end = near >= endPx ? ENDS - 1 : ((near + cap) / (endPx + cap) * ENDS) | 0;
        if (end < 0) end = 0;
        const color = table[base + end * ACROSS + place];
        const cover = edge - off;
        if (cover >= 1) pixels[at] = color;
        else if (cover > 0) {
          const old = pixels[at], share = (cover * 256) | 0, rest = 256 - share;
          pixels[at] = (0xff000000
            | ((((color & 0xff00ff) * share + (old & 0xff00ff) * rest) >>> 8) & 0xff00ff)
            | ((((color & 0xff00) * share + (old & 0xff00) * rest) >>> 8) & 0xff00)) >>> 0;
        }
      }
    }
  }
}
