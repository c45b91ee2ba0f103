// All heads: a square for each, a row a layer. A click or an arrow key chooses one.

const CELL = { least: 12, most: 34, tall: 460 };  // pixels of a square, and of all layers together

const makeAtlas = (about, choose) => {
  const { layers, heads, size, scores } = about, maps = new Uint8Array(bytesOf(about.maps));
  const names = layers.flatMap((layer) => Array.from({ length: heads }, (_, head) => `L${layer}H${head}`));
  let chosen = 0, mode = 'maps', ink = [], palette = {};

  const told = (k) => {
    const score = scores.find((one) => one.name === mode), called = about.names[names[k]];
    const value = score && `${score.title} ${score.written[k]}`;
    return [names[k], called && called[0], value].filter(Boolean).join(' · ');
  };
  const hint = 'Click a head, or move with the arrow keys.', tip = make('p', { className: 'tip', textContent: hint });
  tip.setAttribute('aria-hidden', 'true');  // each square says it
  const cells = names.map((name, k) => {
    const map = make('canvas', { width: size, height: size });
    const cell = make('div', { className: 'cell', tabIndex: -1 }, map, make('span'));
    cell.setAttribute('role', 'gridcell');
    cell.dataset.head = name;
    cell.onclick = () => { choose(names[k]); cell.focus({ preventScroll: true }); };
    cell.onpointerenter = () => { tip.textContent = told(k); };
    cell.onpointerleave = () => { tip.textContent = hint; };
    return cell;
  });
  const label = (role, text) => {
    const one = make('div', { className: 'number', textContent: text });
    one.setAttribute('role', role);
    return one;
  };
  const across = Array.from({ length: heads }, (_, head) => label('columnheader', `H${head}`));
  const down = layers.map((layer) => label('rowheader', `L${layer}`));
  const line = (...inside) => {
    const row = make('div', { className: 'row' }, ...inside);
    row.setAttribute('role', 'row');
    return row;
  };
  const corner = label('columnheader', '');
  corner.append(make('span', { className: 'unseen', textContent: 'Layer' }));
  const grid = make('div', { className: 'grid' }, line(corner, ...across),
    ...down.map((header, r) => line(header, ...cells.slice(r * heads, (r + 1) * heads))));
  grid.setAttribute('role', 'grid');
  grid.setAttribute('aria-label', `All heads of ${about.model}: a row is a layer. Arrow keys choose a head.`);
  grid.style.setProperty('--heads', heads);
  grid.onkeydown = (event) => {
    const r = Math.floor(chosen / heads), c = chosen % heads;
    const to = {
      ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1], ArrowUp: [r - 1, c], ArrowDown: [r + 1, c],
      Home: [r, 0], End: [r, heads - 1],
    }[event.key];
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();  // or the notebook moves to the next cell
    if (to[0] < 0 || to[0] >= layers.length || to[1] < 0 || to[1] >= heads) return;
    const k = to[0] * heads + to[1];
    choose(names[k]);
    cells[k].focus();
  };

  const paint = () => cells.forEach((cell, k) => {
    const [map, number] = cell.children, score = scores.find((one) => one.name === mode);
    map.hidden = Boolean(score);
    number.textContent = '';
    cell.style.removeProperty('background');
    cell.setAttribute('aria-label', told(k));
    if (!score) {
      paintSquare(map, maps.subarray(k * size * size, (k + 1) * size * size), ink);
    } else if (score.values[k] !== null) {
      const shade = ink[Math.max(0, Math.min(255, Math.round(255 * score.values[k] / score.high)))];
      cell.style.background = `rgb(${shade})`;
      cell.style.color = onShade(shade, palette.text);
      number.textContent = score.short[k];
    } else {
      cell.style.color = palette.quiet;
      number.textContent = '–';
    }
  });
  const mark = (head) => {
    cells[chosen].tabIndex = -1;
    cells[chosen].setAttribute('aria-selected', 'false');
    chosen = Math.max(0, names.indexOf(head));
    cells[chosen].tabIndex = 0;
    cells[chosen].setAttribute('aria-selected', 'true');
  };
  const fit = (room) => {
    const side = Math.max(CELL.least, Math.min(CELL.most, (room - 30) / heads, Math.max(20, CELL.tall / layers.length)));
    const cell = Math.floor(side * 2) / 2;
    grid.style.setProperty('--cell', `${cell}px`);
    grid.classList.toggle('tiny', cell < 22);
    const every = cell >= 26 ? 1 : cell >= 14 ? 2 : 4;
    across.forEach((one, k) => { one.style.visibility = k % every ? 'hidden' : ''; });
    down.forEach((one, k) => { one.style.visibility = k % (cell >= 13 ? 1 : 2) ? 'hidden' : ''; });
  };
  return {
    element: make('div', { className: 'squares' }, grid, tip),
    widest: 30 + heads * CELL.most,
    mark,
    fit,
    show: (what) => { mode = what; paint(); },
    dress: (colours, shades) => { palette = colours; ink = shades; paint(); },
  };
};
