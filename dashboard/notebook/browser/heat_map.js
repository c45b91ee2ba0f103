// One head as a square of cells: rows are queries, columns are keys. A hovered row or column stands alone.

const MAP = { widest: 620, cell: 34, label: 110 };  // pixels

const makeHeatMap = (head, say) => {
  const { words, n } = head, mono = head.unit === 'tokens';
  let at = [-1, -1], kept = [-1, -1], cell = 1, left = 0, top = 0;
  const canvas = make('canvas', { width: n, height: n });
  const veils = Array.from({ length: 4 }, () => make('div', { className: 'veil' }));
  const frame = make('div', { className: 'frame' });
  const label = (word, k, side) => {
    const one = make('span', { className: `label ${side}`, textContent: word, dir: 'auto' });
    one.classList.toggle('quiet', head.quiet[k]);
    return one;
  };
  const rows = words.map((word, k) => label(word, k, 'left')), columns = words.map((word, k) => label(word, k, 'top'));
  const square = make('div', { className: 'square', tabIndex: 0 }, canvas, ...veils, frame, ...rows, ...columns);
  square.setAttribute('role', 'application');
  square.setAttribute('aria-roledescription', 'heat map');
  square.setAttribute('aria-label', `${head.head}: rows are queries, columns are keys. Arrow keys move from cell to cell.`);
  square.classList.toggle('mono', mono);
  const bar = make('span', { className: 'bar' });
  const legend = make('p', { className: 'legend' }, '0', bar, head.most);
  const element = make('div', { className: 'map' }, square, legend);

  const put = (one, x, y, wide, high) => Object.assign(one.style, {
    left: `${left + x}px`, top: `${top + y}px`, width: `${Math.max(0, wide)}px`, height: `${Math.max(0, high)}px`,
  });
  const light = () => {
    const [r, c] = at[0] >= 0 || at[1] >= 0 ? at : kept, side = n * cell;
    put(veils[0], 0, 0, side, r < 0 ? 0 : r * cell);
    put(veils[1], 0, (r + 1) * cell, side, r < 0 ? 0 : side - (r + 1) * cell);
    put(veils[2], 0, 0, r >= 0 || c < 0 ? 0 : c * cell, side);
    put(veils[3], (c + 1) * cell, 0, r >= 0 || c < 0 ? 0 : side - (c + 1) * cell, side);
    frame.hidden = r < 0 || c < 0;
    put(frame, c * cell, r * cell, cell, cell);
    rows.forEach((one, k) => one.classList.toggle('here', k === r));
    columns.forEach((one, k) => one.classList.toggle('here', k === c));
    say(r, c);
  };
  const placeOf = (event) => {
    const box = square.getBoundingClientRect();
    const [r, c] = [event.clientY - box.top - top, event.clientX - box.left - left].map((v) => Math.floor(v / cell));
    return [r, c].some((k) => k >= n) || (r < 0 && c < 0) ? [-1, -1] : [Math.max(-1, r), Math.max(-1, c)];
  };
  square.onpointermove = (event) => {
    const now = placeOf(event);
    if (`${now}` !== `${at}`) { at = now; light(); }
  };
  square.onpointerleave = square.onblur = () => { at = [-1, -1]; light(); };
  square.onclick = (event) => {
    const now = placeOf(event);
    kept = `${now}` === `${kept}` ? [-1, -1] : now;
    light();
  };
  square.onkeydown = (event) => {
    if (event.key === 'Escape') { at = kept = [-1, -1]; light(); return; }
    const by = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    at = at.map((k, side) => Math.max(0, Math.min(n - 1, k < 0 ? 0 : k + by[side])));
    light();
  };

  const fit = (room) => {
    const pen = make('canvas').getContext('2d');
    pen.font = `12.5px ${getComputedStyle(square).fontFamily}`;
    const widths = words.map((word) => Math.min(MAP.label, Math.ceil(pen.measureText(word).width) + 2));
    const widest = Math.max(...widths);
    left = widest + 8;
    const beyond = (side) => Math.max(0, ...widths.map((w, k) => (k + 0.5 - n) * side + 0.71 * (w + 8)));
    const available = Math.min(room, MAP.widest) - left - 2;
    cell = Math.min(MAP.cell, available / n);
    const turn = () => (widest <= cell - 6 ? 0 : cell >= 19 ? 45 : 90);
    if (turn() === 45) cell = Math.min(MAP.cell, (available - beyond(cell)) / n);
    cell = Math.max(1, Math.floor(cell * 2) / 2);
    const angle = turn(), every = Math.max(1, Math.ceil(13 / cell)), side = n * cell;
    top = angle === 0 ? 22 : angle === 45 ? 0.71 * widest + 16 : widest + 8;
    rows.forEach((one, k) => {
      one.hidden = Boolean(k % every);
      Object.assign(one.style, { right: `calc(100% - ${left - 6}px)`, top: `${top + (k + 0.5) * cell}px` });
    });
    columns.forEach((one, k) => {
      one.hidden = Boolean(k % every);
      const by = angle === 0 ? 'translate(-50%, -100%)' : `translateY(-50%) rotate(-${angle}deg)`;
      const x = left + (k + 0.5) * cell;
      Object.assign(one.style, { left: `${x}px`, top: `${top - 6}px`, transform: by });
    });
    put(canvas, 0, 0, side, side);
    const over = angle === 45 ? beyond(cell) : 0;
    Object.assign(square.style, { width: `${left + side + over}px`, height: `${top + side}px` });
    legend.style.paddingLeft = `${left}px`;
    light();
  };
  const dress = (palette, ink) => {
    const levels = Array.from({ length: n * n }, (_, k) => {
      return Math.min(255, Math.round(255 * head.weight(Math.floor(k / n), k % n) / head.top));
    });
    paintSquare(canvas, levels, ink);
    bar.style.background = `linear-gradient(to right, ${palette.ink_stops})`;
  };
  return { element, fit, dress, about: 'Rows are queries, columns are keys.' };
};
