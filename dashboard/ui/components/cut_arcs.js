// A head's arcs over the words, which a hand cuts: a click on an arc, or on the query and then on the key.
const TALL = 150;  // pixels of the highest arc
const FAINT = 0.005;  // a share: weaker links are never drawn, unless they are cut
const SIZES = [19, 17, 15, 13, 12];  // pixels of type, the first that fits
const HINT = 'Click an arc to cut it. Or click two words: the query, then the key.';

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.cut-arcs');
  const { words, links, colours } = data, n = words.length;
  const key = (i, j) => `${i} ${j}`;
  const cuts = new Set(data.cuts.map(([i, j]) => key(i, j)));
  const weights = new Map(links.map(([i, j, w]) => [key(i, j), w]));
  let over = -1, first = -1, at = 0;

  const line = make('p', { className: 'line' });
  line.setAttribute('role', 'status');
  const [above, below] = [true, false].map((up) => {
    const svg = drawn('svg', { height: up ? TALL + 6 : data.causal ? 26 : TALL + 6 });
    svg.setAttribute('aria-hidden', 'true');
    return svg;
  });
  const row = make('div', { className: 'words', dir: data.backwards ? 'rtl' : 'ltr' });
  row.setAttribute('role', 'group');
  row.setAttribute('aria-label', `${data.alt} Choose the query and then the key to cut the link between them.`);
  const buttons = words.map((word, k) => {
    const button = make('button', { type: 'button', textContent: word });
    button.tabIndex = k ? -1 : 0;
    if (data.special.includes(k)) button.classList.add('special');
    if (data.replaced.includes(k)) button.classList.add('replaced');
    button.onpointerenter = () => { over = k; draw(); };
    button.onpointerleave = () => { over = -1; draw(); };
    button.onfocus = () => { at = k; over = k; draw(); };
    button.onblur = () => { over = -1; draw(); };
    button.onclick = () => press(k);
    return button;
  });
  row.append(...buttons);
  const stage = make('div', { className: 'stage' }, above, row, below);
  const scroll = make('div', { className: 'scroll' }, stage);
  root.replaceChildren(scroll, line);
  root.ariaLabel = data.alt;
  root.setAttribute('role', 'graphics-document');

  const named = (i, j) => `“${words[i]}” → “${words[j]}”`;
  const says = (i, j) => {
    if (data.causal && j > i) return `${named(i, j)}: in the future, not seen`;
    const weight = weights.get(key(i, j));
    const share = weight === undefined ? 'under 0.5\u00a0%' : percent(weight);
    return `${named(i, j)}: ${share}${cuts.has(key(i, j)) ? ' · cut. Click to restore it.' : '. Click to cut it.'}`;
  };
  const toggle = (i, j) => {
    if (data.causal && j > i) { line.textContent = says(i, j); return; }
    if (!cuts.delete(key(i, j))) cuts.add(key(i, j));
    setTriggerValue('cut', [i, j]);
    draw();
  };
  const middle = (k) => buttons[k].offsetLeft + buttons[k].offsetWidth / 2;
  const arc = (i, j, weight, opacity) => {
    const cut = cuts.has(key(i, j)), up = j <= i, svg = up ? above : below;
    const a = middle(i), b = middle(j), base = up ? TALL + 4 : 2, width = Math.max(1, stage.clientWidth);
    const height = Math.min(TALL, 20 + (TALL - 20) * Math.abs(a - b) / width * 1.35);
    const way = i === j ? `M${a - 5},${base} a5,7 0 1 1 10,0` : arch(a, b, base, up ? height : -height);
    const shown = drawn('path', { d: way, 'stroke-width': cut ? 1.5 : 0.75 + 5.5 * weight, opacity: cut ? 0.9 : opacity });
    shown.style.stroke = cut ? colours.cut : colours.ink;
    if (cut) shown.setAttribute('stroke-dasharray', '5 4');
    const catcher = drawn('path', { d: way, 'stroke-width': 12, opacity: 0, class: 'catch' });
    catcher.dataset.link = key(i, j);
    catcher.onpointerenter = () => { line.textContent = says(i, j); shown.setAttribute('opacity', 1); };
    catcher.onpointerleave = () => { shown.setAttribute('opacity', cut ? 0.9 : opacity); tell(); };
    catcher.onclick = () => toggle(i, j);
    svg.append(shown, catcher);
    if (cut) {  // a cross on its top, as on a map
      const x = (a + b) / 2, y = i === j ? base - 12 : base + (up ? -height : height);
      const cross = drawn('path', { d: `M${x - 5},${y - 5} l10,10 M${x + 5},${y - 5} l-10,10`, 'stroke-width': 2 });
      cross.style.stroke = colours.cut;
      cross.style.pointerEvents = 'none';
      svg.append(cross);
    }
  };
  const tell = () => {
    line.textContent = first >= 0 ? `“${words[first]}” → now click the key that it looks at (Escape cancels)` : HINT;
  };
  const draw = () => {
    const here = first >= 0 ? first : over;
    above.replaceChildren();
    below.replaceChildren();
    for (const [i, j, weight] of links) {  // the weakest first
      if (cuts.has(key(i, j))) continue;
      const special = data.special.includes(j) ? 0.35 : 1;
      if (here >= 0 ? i === here : weight >= data.threshold) arc(i, j, weight, special * Math.max(0.25, 0.9 * weight));
    }
    for (const one of cuts) { const [i, j] = one.split(' ').map(Number); arc(i, j, weights.get(one) ?? FAINT, 1); }
    buttons.forEach((button, k) => {
      button.classList.toggle('here', k === here);
      button.setAttribute('aria-label', first >= 0 ? says(first, k) : words[k]);
    });
    tell();
  };
  const press = (k) => {
    if (first < 0) { first = k; draw(); return; }
    const from = first;
    first = -1;
    draw();
    toggle(from, k);
  };
  row.onkeydown = (event) => {
    if (event.key === 'Escape') { first = -1; draw(); }
    const next = stepped(event.key, at, n, data.backwards ? -1 : 1);
    if (next === undefined) return;
    event.preventDefault();
    focusOn(buttons, at, next);
  };
  const fit = () => {
    if (!scroll.clientWidth) return;  // it is being taken off the page
    for (const size of SIZES) {
      stage.style.setProperty('--size', `${size}px`);
      if (stage.scrollWidth <= scroll.clientWidth + 1) break;
    }
    draw();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(scroll);
  fit();
  return () => observer.disconnect();
}
