// The map of a head on a canvas: zoom, pan, hover, and squares at the resolution that is looked at.
const LARGEST = 38;  // pixels of a position
const READABLE = 11;  // pixels from which on every position has its word
const PERCENT = 10000;  // steps of a weight of 1; step 0 is no weight at all, so that others are one more
const SETTLED = 120;  // milliseconds without a move until what is missing is asked for
const PATIENCE = 8000;  // milliseconds after which a question counts as lost
const TILES_HELD = 160;
const MOST_ASKED = 12;
const NUDGE = 0.15;  // of the plot, for an arrow key
const BEYOND = 32;  // pixels that leaning words reach beyond the last column
const NAMED = 20;  // pixels that the names of stretches take
const MINI = 96;  // pixels of the small map
const HINT = 'Hover over the map for a weight. Click it, then scroll to zoom; drag to move.';
const CUTTING = 'Click a cell to cut its link, or drag over several. Again to restore it.';
const KEYS_CUT = 'Arrow keys move, Enter cuts or restores a link, plus and minus zoom.';
const KEYS = 'Arrow keys move, plus and minus zoom, 0 shows the whole text.';
const LOWEST = 240, AROUND = 130;  // pixels of a side in a low window, and what stands over and under it there

const utf8 = new TextDecoder();
const between = (value, low, high) => Math.max(low, Math.min(high, value));
const numbered = (k) => (k + 1).toLocaleString('en');
const finer = (step) => {
  if (step < 2) return step ? 'under 0.01\u00a0%' : '0\u00a0%';
  const share = (step - 1) / PERCENT;
  return share < 0.095 ? `${(100 * share).toFixed(2)}\u00a0%` : `${(100 * share).toFixed(1)}\u00a0%`;
};

// A message: the length of its head, its head as JSON, and the values of its tiles, deflated: the low bytes of a tile,
// then the high ones.
const opened = async (bytes) => {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(utf8.decode(bytes.subarray(4, 4 + size)));
  const stream = new Blob([bytes.subarray(4 + size)]).stream().pipeThrough(new DecompressionStream('deflate'));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  let start = 0;
  const tiles = head.tiles.map(([level, row, column, height, width]) => {
    const count = height * width, values = new Uint16Array(count);
    for (let k = 0; k < count; k += 1) values[k] = planes[start + k] | planes[start + count + k] << 8;
    start += 2 * count;
    return { level, row, column, height, width, values, canvas: null };
  });
  return { ...head, tiles };
};

function build(root) {
  const stage = make('div', { className: 'stage' });
  const canvas = make('canvas', { tabIndex: 0 });
  canvas.setAttribute('role', 'application');
  const line = make('p', { className: 'line' });
  line.setAttribute('role', 'status');
  const button = (text, label, press) => {
    const one = make('button', { type: 'button', textContent: text, title: label, onclick: press });
    one.setAttribute('aria-label', label);
    return one;
  };
  const search = make('input', { type: 'search', placeholder: 'Jump to a word', autocomplete: 'off', spellcheck: false });
  search.setAttribute('aria-label', 'Jump to a word: Enter goes on to its next place');
  const middle = () => [left + across / 2, top + down / 2];
  const bar = make('i', {}), least = make('span', {}), most = make('span', {});
  const tools = make('div', { className: 'tools' },
    button('−', 'Zoom out', () => zoom(0.5, ...middle())),
    button('+', 'Zoom in', () => zoom(2, ...middle())),
    button('Whole', 'Show the whole text', () => whole()), search,
    make('span', { className: 'legend' }, least, bar, most));
  const tip = make('div', { className: 'tip', hidden: true });
  tip.ariaHidden = 'true';  // the line says the same
  stage.append(canvas, tip);
  root.replaceChildren(tools, stage, line);

  const pen = canvas.getContext('2d', { alpha: false });
  // Cells along the two sides and the longer one, and the pixels of the columns, of the rows and of the longer side
  let data = null, rows = 1, columns = 1, m = 1, left = 0, top = 0, across = 0, down = 0, side = 0, below = 8, dots = 1;
  let at = { x: 0, y: 0, step: 1 };  // the position in the plot's corner, and the pixels of a position
  let over = null, cursor = null, dirty = false, settling = 0, asked = 0, told = '', found = -1, palette = null;
  let cuts = new Set(), box = null;  // "row column" of links that are cut; the cells that a hand drags over
  const tiles = new Map();  // "level row column" → { level, row, column, width, height, values, canvas }
  const pointers = new Map();
  let grip = null, note = '';

  // What Python gave

  // One message after the other; until a head's values are there, the one before stays.
  let last = Promise.resolve();
  const take = (bytes) => { last = last.then(() => opened(bytes)).then(show).catch(console.error); };

  const show = (given) => {
    const another = !data || given.text !== data.text;
    if (given.id !== data?.id) { tiles.clear(); asked = 0; told = ''; }
    data = { ...given, sides: given.sides ? given.sides.map((one) => ({ ...one, faded: new Set(one.special) })) : data?.sides ?? [] };
    data.sides[1] ??= data.sides[0];
    [rows, columns] = given.shape;
    m = Math.max(rows, columns);
    const shades = PALETTES[given.theme];
    palette = shades.bytes ??= Uint8ClampedArray.from(atob(shades.ink), (one) => one.charCodeAt(0));
    [least.textContent, most.textContent] = given.legend;
    const shade = (k) => `rgb(${palette.slice(3 * k, 3 * k + 3).join(' ')})`;
    bar.style.background = `linear-gradient(to right, ${[0, 64, 128, 192, 255].map(shade).join(', ')})`;
    search.placeholder = `Jump to a ${given.unit}`;
    search.hidden = data.sides[0] !== data.sides[1];  // a word stands on one side alone
    if (another) { over = cursor = null; at.step = 0; note = ''; }
    cuts = new Set((given.cuts ?? []).map(([row, column]) => `${row} ${column}`));
    for (const tile of given.tiles) {
      const key = `${tile.level} ${tile.row} ${tile.column}`;
      tiles.delete(key);
      tiles.set(key, tile);
    }
    for (const [old, one] of tiles) {
      if (tiles.size <= TILES_HELD) break;
      if (one.level < data.level) tiles.delete(old);  // the whole map at its coarsest always stays
    }
    if (given.answers) asked = 0;
    fit();
    changed();
  };

  const painted = (tile) => {
    if (tile.canvas && tile.top === data.top && tile.ink === data.theme) return tile.canvas;
    const picture = new ImageData(tile.width, tile.height), full = PERCENT * data.top;
    for (let k = 0; k < tile.values.length; k += 1) {
      const colour = 3 * Math.min(255, Math.round(255 * Math.max(0, tile.values[k] - 1) / full));
      picture.data[4 * k] = palette[colour];
      picture.data[4 * k + 1] = palette[colour + 1];
      picture.data[4 * k + 2] = palette[colour + 2];
      picture.data[4 * k + 3] = 255;
    }
    tile.canvas ??= make('canvas', { width: tile.width, height: tile.height });
    tile.canvas.getContext('2d').putImageData(picture, 0, 0);
    tile.top = data.top;
    tile.ink = data.theme;
    return tile.canvas;
  };

  // Where one looks

  const fit = () => {
    const width = root.clientWidth;
    if (!width || !data) return;
    const was = side;
    left = beside(width < 480 ? 64 : 104);
    top = width < 480 ? 56 : 72;
    const high = Math.max(LOWEST, window.innerHeight - top - AROUND);
    side = Math.max(120, Math.min(width - left - BEYOND, data.most, high));
    dots = window.devicePixelRatio || 1;
    [across, down] = [side * columns / m, side * rows / m];
    below = data.sides[1].stretches.length ? 8 + NAMED : 8;
    Object.assign(canvas.style, { width: `${left + across + BEYOND}px`, height: `${top + down + below}px` });
    const sizes = [Math.round((left + across + BEYOND) * dots), Math.round((top + down + below) * dots)];
    if (canvas.width !== sizes[0] || canvas.height !== sizes[1]) [canvas.width, canvas.height] = sizes;
    if (!at.step || at.step * m <= side + 1 || (was && at.step * m <= was + 1)) at = { x: 0, y: 0, step: side / m };
    clamp();
    changed();
  };

  // Pixels for the words of the rows, at most so many.
  const beside = (most) => {
    if (data.asks) return most;
    pen.font = `400 13px ${data.mono || getComputedStyle(root).fontFamily}`;
    return between(Math.ceil(Math.max(...data.sides[0].labels.map((label) => pen.measureText(label).width))) + 12, 30, most);
  };

  const clamp = () => {
    at.step = between(at.step, side / m, Math.max(side / m, LARGEST));
    at.x = between(at.x, 0, Math.max(0, columns - across / at.step));
    at.y = between(at.y, 0, Math.max(0, rows - down / at.step));
    canvas.style.touchAction = zoomed() ? 'none' : 'pan-y';
  };

  const zoomed = () => at.step > 1.01 * side / m;

  const zoom = (times, px, py) => {
    const x = at.x + (px - left) / at.step, y = at.y + (py - top) / at.step;
    at.step = between(at.step * times, side / m, Math.max(side / m, LARGEST));
    at.x = x - (px - left) / at.step;
    at.y = y - (py - top) / at.step;
    moved();
  };

  const whole = () => { at = { x: 0, y: 0, step: side / m }; moved(); };

  const centre = (row, column, step = at.step) => {
    at.step = between(step, side / m, Math.max(side / m, LARGEST));
    at.x = column + 0.5 - across / at.step / 2;
    at.y = row + 0.5 - down / at.step / 2;
    moved();
  };

  const moved = () => { clamp(); changed(); };

  const changed = () => {
    if (!dirty) { dirty = true; requestAnimationFrame(draw); }
    clearTimeout(settling);
    settling = setTimeout(ask, SETTLED);
  };

  const level = () => between(Math.floor(Math.log2(1 / at.step) + 0.01), 0, data.level);

  const shown = () => {
    const last = Math.min(rows, Math.ceil(at.y + down / at.step)), to = Math.min(columns, Math.ceil(at.x + across / at.step));
    return [Math.floor(at.y), last, Math.floor(at.x), to];
  };

  const ask = () => {
    if (!data?.asks || !side) return;
    if (asked && performance.now() - asked < PATIENCE) { settling = setTimeout(ask, SETTLED); return; }
    const [first, last, from, to] = shown(), fine = level(), reach = data.tile * 2 ** fine, missing = [];
    for (let row = Math.floor(first / reach); row * reach < last; row += 1) {
      for (let column = Math.floor(from / reach); column * reach < to; column += 1) {
        const nothing = data.causal && column * reach >= (row + 1) * reach;
        if (!nothing && !tiles.has(`${fine} ${row} ${column}`)) missing.push([row, column]);
      }
    }
    const middleRow = (first + last) / 2 / reach, middleColumn = (from + to) / 2 / reach;
    const away = ([row, column]) => Math.hypot(row + 0.5 - middleRow, column + 0.5 - middleColumn);
    missing.sort((a, b) => away(a) - away(b));
    const region = JSON.stringify([first, last, from, to]);
    if (!missing.length && (region === told || (!told && !zoomed()))) return;
    told = region;
    asked = performance.now();
    map.tell('want', { id: data.id, level: fine, tiles: missing.slice(0, MOST_ASKED), region: [first, last, from, to] });
  };

  // The drawing

  const draw = () => {
    dirty = false;
    if (!data || !side) return;
    const style = getComputedStyle(root), text = style.color, colours = PALETTES[data.theme], { hair, quiet } = colours;
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.fillStyle = colours.paper;
    pen.fillRect(0, 0, left + across + BEYOND, top + down + below);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, across, down);
    pen.clip();
    const fine = level(), [first, last, from, to] = shown();
    const visible = [...tiles.values()].filter((tile) => {
      const reach = data.tile * 2 ** tile.level;
      return tile.level >= fine && tile.row * reach < last && (tile.row + 1) * reach > first
        && tile.column * reach < to && (tile.column + 1) * reach > from;
    });
    visible.sort((a, b) => b.level - a.level);
    for (const tile of visible) {
      const each = 2 ** tile.level, reach = data.tile * each;
      pen.imageSmoothingEnabled = each * at.step < 1;
      pen.drawImage(painted(tile), left + (tile.column * reach - at.x) * at.step, top + (tile.row * reach - at.y) * at.step,
        tile.width * each * at.step, tile.height * each * at.step);
    }
    if (data.focus) {
      const [begin, end] = data.focus, length = (end - begin) * at.step;
      pen.strokeStyle = colours.frame;
      pen.lineWidth = 1.5;
      pen.strokeRect(left + (begin - at.x) * at.step, top + (begin - at.y) * at.step, length, length);
    }
    pen.fillStyle = quiet;
    for (const [, begin] of data.sides[0].stretches) {
      if (begin) pen.fillRect(left, Math.round(top + (begin - at.y) * at.step) - 0.5, across, 1);
    }
    for (const [, begin] of data.sides[1].stretches) {
      if (begin) pen.fillRect(Math.round(left + (begin - at.x) * at.step) - 0.5, top, 1, down);
    }
    if (data.cuts) crossed(colours, shown());
    const pointed = cursor ?? over?.place;
    if (pointed) {
      const wide = Math.max(1, at.step);
      pen.fillStyle = text;
      pen.globalAlpha = 0.14;
      pen.fillRect(left, top + (pointed[0] - at.y) * at.step, across, wide);
      pen.fillRect(left + (pointed[1] - at.x) * at.step, top, wide, down);
      pen.globalAlpha = 1;
    }
    if (zoomed()) small(colours);
    pen.restore();
    pen.strokeStyle = hair;
    pen.lineWidth = 1;
    pen.strokeRect(left - 0.5, top - 0.5, across + 1, down + 1);
    lettering(text, quiet, pointed, style.fontFamily);
    stretches(text, quiet, style.fontFamily);
    say(pointed);
    hang();
    if (stage.ariaLabel !== data.alt) {  // it tells of the head that can be seen
      stage.ariaLabel = data.alt;
      stage.setAttribute('role', 'graphics-document');
      canvas.setAttribute('aria-label', `${data.alt} ${data.cuts ? KEYS_CUT : KEYS}`);
    }
  };

  // Links that are cut, rows that are replaced, and what a hand drags over
  const crossed = (colours, [first, last, from, to]) => {
    const size = at.step, pad = Math.min(4, size / 5);
    pen.strokeStyle = colours.frame;
    for (const one of cuts) {
      const [row, column] = one.split(' ').map(Number);
      if (row < first || row >= last || column < from || column >= to) continue;
      const x = left + (column - at.x) * size, y = top + (row - at.y) * size;
      pen.fillStyle = colours.paper;
      pen.fillRect(x, y, size, size);
      pen.lineWidth = size < 8 ? 1 : 1.5;
      pen.beginPath();
      pen.moveTo(x + pad, y + pad);
      pen.lineTo(x + size - pad, y + size - pad);
      pen.moveTo(x + size - pad, y + pad);
      pen.lineTo(x + pad, y + size - pad);
      pen.stroke();
    }
    pen.lineWidth = 1.5;
    for (const row of data.replaced) {
      const wide = data.causal ? row + 1 : columns;
      pen.setLineDash([4, 3]);
      pen.strokeRect(left + (0 - at.x) * size + 1, top + (row - at.y) * size + 1, wide * size - 2, size - 2);
      pen.setLineDash([]);
    }
    if (box) {
      const [row, end, column, stop] = sides();
      pen.strokeRect(left + (column - at.x) * size, top + (row - at.y) * size, (stop - column) * size, (end - row) * size);
    }
  };
  // The first row, the last + 1, the first column, the last + 1 of what is dragged over
  const sides = () => [0, 1].flatMap((k) => [Math.min(box.from[k], box.to[k]), Math.max(box.from[k], box.to[k]) + 1]);

  // The whole map in the corner that a causal model leaves empty, with what is in sight
  const mini = () => {
    const scale = MINI / m, wide = scale * columns;
    return { x: left + across - wide - 6, y: top + 6, wide, high: scale * rows, scale };
  };
  const small = (colours) => {
    const { x, y, wide, high, scale } = mini(), each = 2 ** data.level;
    pen.fillStyle = colours.paper;
    pen.fillRect(x, y, wide, high);
    pen.imageSmoothingEnabled = true;
    for (const tile of tiles.values()) {
      if (tile.level !== data.level) continue;
      const reach = data.tile * each * scale;
      pen.drawImage(painted(tile), x + tile.column * reach, y + tile.row * reach, tile.width * each * scale, tile.height * each * scale);
    }
    pen.strokeStyle = colours.quiet;
    pen.lineWidth = 1;
    pen.strokeRect(x - 0.5, y - 0.5, wide + 1, high + 1);
    const seen = (pixels) => Math.max(4, pixels / at.step * scale);
    pen.strokeStyle = colours.frame;
    pen.lineWidth = 1.5;
    pen.strokeRect(x + at.x * scale, y + at.y * scale, seen(across), seen(down));
  };

  const shortened = (label, room) => {
    if (pen.measureText(label).width <= room) return label;
    let end = label.length;
    while (end > 1 && pen.measureText(`${label.slice(0, end)}…`).width > room) end -= 1;
    return `${label.slice(0, end)}…`;
  };

  const lettering = (text, quiet, pointed, family) => {
    const [first, last, from, to] = shown(), close = at.step >= READABLE, words = close || !data.asks;
    const size = close ? Math.min(13, at.step) : 12;
    const face = (bold) => { pen.font = `${bold ? 700 : 400} ${size}px ${words && data.mono ? data.mono : family}`; };
    const every = close ? 1 : words ? Math.ceil(13 / at.step) : stride(56 / at.step);
    const place = (k, offset) => (k + 0.5 - offset) * at.step;
    const ink = (axis, k, bold) => { face(bold); pen.fillStyle = words && axis.faded.has(k) && !bold ? quiet : text; };
    const each = (axis, length, begin, end, offset, mark, put) => {
      const start = close ? begin : words ? Math.ceil(begin / every) * every : Math.ceil((begin + 1) / every) * every - 1;
      for (let k = Math.max(begin, start); k < end; k += every) {
        const along = place(k, offset);
        if (along < 0 || along > length) continue;
        if (mark >= 0 && !close && Math.abs(along - place(mark, offset)) < (words ? 13 : 28)) continue;
        ink(axis, k, k === mark);
        put(words ? axis.labels[k] ?? '' : numbered(k), along);
      }
      if (mark >= 0 && !close) { ink(axis, mark, true); put(axis.labels[mark] ?? '', place(mark, offset)); }
    };
    pen.textBaseline = 'middle';
    pen.textAlign = 'right';
    each(data.sides[0], down, first, last, at.y, pointed ? pointed[0] : -1, (word, along) => pen.fillText(shortened(word, left - 10), left - 6, top + along));
    pen.textAlign = 'left';
    each(data.sides[1], across, from, to, at.x, pointed ? pointed[1] : -1, (word, along) => {
      pen.save();
      pen.translate(left + along, top - 6);
      pen.rotate(-Math.PI / 3);
      pen.fillText(shortened(word, (top - 10) / Math.sin(Math.PI / 3)), 0, 0);
      pen.restore();
    });
  };

  // The names of what is in sight of the stretches, below the map and to its right, each along a line
  const stretches = (text, quiet, family) => {
    pen.font = `400 12px ${family}`;
    pen.textAlign = 'center';
    for (const turned of [false, true]) {
      pen.save();
      pen.translate(turned ? left + across : left, turned ? top : top + down);
      if (turned) pen.rotate(Math.PI / 2);
      const length = turned ? down : across;
      let reached = 0;
      for (const [name, begin, end] of data.sides[turned ? 0 : 1].stretches) {
        const offset = turned ? at.y : at.x, away = turned ? -1 : 1;
        const first = between((begin - offset) * at.step, 0, length), last = between((end - offset) * at.step, 0, length);
        if (last - first < 4) continue;
        pen.fillStyle = quiet;
        pen.fillRect(first + 1.5, away * 6 - 1, last - first - 3, 2);
        const wide = Math.min(pen.measureText(name).width, length - reached);
        const start = Math.max(reached, Math.min((first + last - wide) / 2, length - wide));
        if (wide < 24) continue;
        pen.fillStyle = text;
        pen.fillText(shortened(name, wide), start + wide / 2, away * 17);
        reached = start + wide + 8;
      }
      pen.restore();
    }
  };

  // The next of 1, 2 and 5 × 10^k
  const stride = (least) => {
    const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
    return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least) ?? 10 * power;
  };

  const say = (pointed) => {
    if (!pointed) {
      line.textContent = note || (data.cuts ? CUTTING : HINT);
      return;
    }
    const [row, column] = pointed;
    const tile = [...tiles.values()].filter((one) => {
      const reach = data.tile * 2 ** one.level;
      return Math.floor(row / reach) === one.row && Math.floor(column / reach) === one.column;
    }).sort((a, b) => a.level - b.level)[0];
    const named = (axis, k) => `“${axis.labels[k] ?? ''}” (${numbered(k)})`;
    const pair = `${named(data.sides[0], row)} → ${named(data.sides[1], column)}`;
    if (data.causal && column > row) { line.textContent = `${pair}: in the future, not seen`; return; }
    if (!tile) { line.textContent = pair; return; }
    const each = 2 ** tile.level, reach = data.tile * each;
    const k = Math.floor((row - tile.row * reach) / each) * tile.width + Math.floor((column - tile.column * reach) / each);
    const step = tile.values[k];
    const state = cuts.has(`${row} ${column}`) ? ' · cut' : data.replaced?.includes(row) ? ' · the row is replaced' : '';
    const after = state + (cursor ? note : '');
    line.textContent = tile.level === 0 ? `${pair}: ${finer(step)}${after}`
      : `${pair}: at most ${finer(step)}, the largest of ${each} × ${each} here. Zoom in for each.${after}`;
  };

  // What the line says, beside the pointer: on the side with more room
  const hang = () => {
    tip.hidden = !over || !!cursor;
    if (tip.hidden) return;
    tip.textContent = line.textContent;
    const right = over.px > left + across / 2, low = over.py > top + down / 2;
    const width = left + across + BEYOND, height = top + down + below;
    Object.assign(tip.style, {
      left: right ? '' : `${over.px + 14}px`, right: right ? `calc(100% - ${over.px - 14}px)` : '',
      top: low ? '' : `${over.py + 14}px`, bottom: low ? `${height - over.py + 10}px` : '',
      maxWidth: `${Math.max(160, (right ? over.px : width - over.px) - 20)}px`,
    });
  };

  // The hand

  const cell = (event) => {
    const box = canvas.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    const column = Math.floor(at.x + (px - left) / at.step), row = Math.floor(at.y + (py - top) / at.step);
    const inside = px >= left && py >= top && px < left + across && py < top + down && row < rows && column < columns;
    return { px, py, inside, place: [between(row, 0, rows - 1), between(column, 0, columns - 1)] };
  };

  const inMini = ({ px, py }) => {
    const { x, y, wide, high } = mini();
    return zoomed() && px >= x && py >= y && px < x + wide && py < y + high;
  };
  const toMini = ({ px, py }) => {
    const { x, y, scale } = mini();
    centre((py - y) / scale, (px - x) / scale);
  };

  canvas.onpointerdown = (event) => {
    const here = cell(event);
    pointers.set(event.pointerId, here);
    canvas.setPointerCapture(event.pointerId);
    cursor = null;
    note = '';
    grip = { x: at.x, y: at.y, px: here.px, py: here.py, moved: false, mini: inMini(here) };
    if (grip.mini) toMini(here);
    else if (data.cuts && here.inside && event.pointerType !== 'touch') { box = { from: here.place, to: here.place }; redraw(); }
  };
  canvas.onpointermove = (event) => {
    const here = cell(event);
    if (pointers.has(event.pointerId)) {
      const before = pointers.get(event.pointerId), others = [...pointers].filter(([id]) => id !== event.pointerId);
      pointers.set(event.pointerId, here);
      if (others.length) {  // two fingers: apart is closer
        const other = others[0][1], apart = (one) => Math.hypot(one.px - other.px, one.py - other.py);
        grip.moved = true;
        zoom(apart(here) / Math.max(1, apart(before)), (here.px + other.px) / 2, (here.py + other.py) / 2);
        return;
      }
      if (grip?.mini) { toMini(here); return; }
      if (box) { box.to = here.place; over = here.inside ? here : null; redraw(); return; }
      if (grip && (grip.moved || Math.hypot(here.px - grip.px, here.py - grip.py) > 4)) {
        grip.moved = true;
        over = null;
        if (zoomed()) {
          at.x = grip.x - (here.px - grip.px) / at.step;
          at.y = grip.y - (here.py - grip.py) / at.step;
          moved();
        }
        return;
      }
    }
    over = here.inside && !inMini(here) ? here : null;
    canvas.style.cursor = inMini(here) || data.cuts ? 'pointer' : zoomed() ? 'grab' : 'crosshair';
    redraw();
  };
  const up = (event) => {
    const here = cell(event), alone = pointers.size === 1;
    pointers.delete(event.pointerId);
    if (box) {
      const dragged = sides();
      box = null;
      grip = null;
      if (event.type === 'pointerup') cut(dragged);
      redraw();
      return;
    }
    if (event.type === 'pointerup' && alone && grip && !grip.moved && !grip.mini && here.inside) pick(here.place);
    if (!pointers.size) grip = null;
  };
  canvas.onpointerup = up;
  canvas.onpointercancel = up;
  canvas.onpointerleave = () => { over = null; redraw(); };
  canvas.ondblclick = (event) => { const here = cell(event); if (here.inside) zoom(event.shiftKey ? 0.5 : 2, here.px, here.py); };
  canvas.addEventListener('wheel', (event) => {
    const here = cell(event), focused = canvas.getRootNode().activeElement === canvas;
    if (!here.inside || !(focused || event.ctrlKey || event.metaKey)) return;  // the page scrolls
    if (event.deltaY > 0 && !zoomed()) return;
    event.preventDefault();
    zoom(2 ** (-between(event.deltaY, -120, 120) / 240), here.px, here.py);
  }, { passive: false });

  // At once in the picture; the page says the same a moment later.
  const cut = ([first, last, from, to]) => {
    const cells = [];
    for (let row = first; row < last; row += 1) {
      for (let column = from; column < Math.min(to, data.causal ? row + 1 : columns); column += 1) cells.push(`${row} ${column}`);
    }
    if (!cells.length) return;
    const mends = cells.every((one) => cuts.has(one));
    for (const one of cells) if (mends) cuts.delete(one); else cuts.add(one);
    map.tell('cut', { id: data.id, box: [first, last, from, to] });
  };

  const pick = (place) => {
    if (data.cuts) { cut([place[0], place[0] + 1, place[1], place[1] + 1]); redraw(); return; }
    if (!data.picks) return;  // the pointer goes on reading
    cursor = place;
    redraw();
    map.tell('pick', { id: data.id, row: place[0], column: place[1] });
  };
  const redraw = () => { if (!dirty) { dirty = true; requestAnimationFrame(draw); } };

  canvas.onkeydown = (event) => {
    const ways = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const wide = across / at.step, high = down / at.step;
    if (ways && at.step >= READABLE) {  // from position to position
      const [row, column] = cursor ?? [Math.floor(at.y + high / 2), Math.floor(at.x + wide / 2)];
      note = '';
      cursor = [between(row + ways[0], 0, rows - 1), between(column + ways[1], 0, columns - 1)];
      const [first, last, from, to] = shown();
      if (cursor[0] < first || cursor[0] >= last || cursor[1] < from || cursor[1] >= to) centre(...cursor);
      redraw();
    } else if (ways) {
      at.y += ways[0] * NUDGE * high;
      at.x += ways[1] * NUDGE * wide;
      moved();
    } else if (event.key === '+' || event.key === '=') zoom(2, ...middle());
    else if (event.key === '-') zoom(0.5, ...middle());
    else if (event.key === '0') whole();
    else if (event.key === 'Enter' && cursor) pick(cursor);
    else if (event.key === 'Escape') { cursor = null; redraw(); }
    else return;
    event.preventDefault();
  };

  // The positions at which these words begin; only whole words where there are any.
  const placesOf = (wanted) => {
    const starts = [];
    let text = '';
    for (const label of data.sides[0].labels) {
      starts.push(text.length);
      text += (data.unit === 'token' ? label.replace(/^##/, '').replaceAll('·', ' ') : ` ${label}`).toLowerCase();
    }
    const letter = /[\p{L}\p{N}]/u, found = [];
    for (let k = text.indexOf(wanted); k >= 0; k = text.indexOf(wanted, k + 1)) found.push(k);
    const alone = found.filter((k) => !letter.test(text[k - 1] ?? ' ') && !letter.test(text[k + wanted.length] ?? ' '));
    const position = (k) => starts.findLastIndex((start) => start <= k);
    return [...new Set((alone.length ? alone : found).map(position))];
  };

  search.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key !== 'Enter') { found = -1; return; }
    event.preventDefault();
    const wanted = search.value.trim().toLowerCase();
    if (!wanted) return;
    const places = placesOf(wanted);
    if (!places.length) {
      cursor = null;
      note = `“${search.value.trim()}” is not in this text.`;
      redraw();
      return;
    }
    found = (found + 1) % places.length;
    note = ` · place ${found + 1} of ${places.length}`;
    cursor = [places[found], places[found]];
    centre(...cursor, Math.max(at.step, READABLE + 2));
    if (data.picks) map.tell('pick', { id: data.id, row: cursor[0], column: cursor[1] });
  };

  const map = { take, fit, tell: () => {}, plot: () => [left, top, side] };
  return map;
}

(window.twoHeadsMap ??= Promise.withResolvers()).resolve(build);

export default () => {};
