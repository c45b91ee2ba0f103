const TALL = 128;  // pixels of the highest arc
const LEAST = 0.08;  // a share: weaker links are drawn only of the word under the pointer
const FAINT = 0.01;  // a share: weaker ones are not drawn
const MOST_BARS = 9;
const SIZES = [26, 22, 19, 16, 14, 12];  // pixels of type, the first that fits

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.sides');
  const { words, sides, lines } = data, n = words.length;
  let over = -1, first = -1, at = data.rest;

  const line = make('p', { className: 'line' });
  line.setAttribute('role', 'status');
  const hint = make('p', { className: 'hint' });
  const legends = sides.map((side) => {
    const name = make('p', { className: 'name', title: side.why }, side.head, make('span', { textContent: side.name }));
    name.style.borderInlineStart = `4px solid ${side.colour}`;
    return name;
  });
  const drawings = sides.map((side) => {
    const svg = drawn('svg', { height: TALL + 6, 'aria-hidden': 'true' });
    svg.style.stroke = svg.style.fill = side.colour;
    return svg;
  });
  const row = make('div', { className: 'words', dir: data.backwards ? 'rtl' : 'ltr' });
  row.setAttribute('role', 'group');
  row.setAttribute('aria-label', 'The sentence. Choose two words to see which head links them.');
  const buttons = words.map((word, k) => {
    const button = make('button', { type: 'button', textContent: word });
    button.setAttribute('aria-label', lines[k]);
    button.tabIndex = k === at ? 0 : -1;
    button.onpointerenter = () => { over = k; draw(); };
    button.onpointerleave = () => { over = -1; draw(); };
    button.onfocus = () => { at = k; over = k; draw(); };
    button.onclick = () => press(k);
    return button;
  });
  row.append(...buttons);
  const stage = make('div', { className: 'stage' }, drawings[0], row, drawings[1]);
  const scroll = make('div', { className: 'scroll' }, stage);
  const sentence = make('div', { className: 'sentence' }, line, legends[0], scroll, legends[1], hint);

  const code = make('pre', { tabIndex: 0 });
  code.setAttribute('aria-label', 'The code that computed these weights');
  data.code.forEach((text) => {
    code.append(make(/^\s*weights =/.test(text) ? 'mark' : 'span', { textContent: text }));
  });
  const bars = make('div', { className: 'bars' });
  bars.setAttribute('aria-hidden', 'true');  // the sentence says it
  const cells = Array.from({ length: Math.min(n, MOST_BARS) }, () => {
    const bar = make('div', { className: 'bar' });
    bar.style.background = sides[0].colour;
    const parts = [make('span', { className: 'word' }), make('div', {}, bar), make('span', { className: 'share' })];
    bars.append(...parts);
    return { word: parts[0], bar, share: parts[2] };
  });
  const barsTitle = make('p', { className: 'name' });
  const made = make(
    'div',
    { className: 'made' },
    make('p', { className: 'name', textContent: 'The whole attention, in code' }),
    code,
    make('p', { className: 'same', textContent: data.sameness }),
    barsTitle,
    bars,
  );
  root.replaceChildren(sentence, made);

  const middle = (k) => buttons[k].offsetLeft + buttons[k].offsetWidth / 2;
  const arc = (svg, i, j, weight, up, strong) => {
    const path = drawn('path');
    const a = middle(i), b = middle(j), base = up ? TALL + 4 : 2;
    const width = Math.max(1, stage.clientWidth);  // 0 while the page is being left
    if (i === j) {
      path.setAttribute('d', `M${a - 1},${base + (up ? -5 : 5)} h2`);
      path.setAttribute('stroke-width', 3 + 7 * weight);
    } else {
      const height = Math.min(TALL, 22 + (TALL - 22) * Math.abs(a - b) / width * 1.35);
      path.setAttribute('d', arch(a, b, base, up ? height : -height));
      path.setAttribute('stroke-width', 0.75 + 5.5 * weight);
    }
    path.setAttribute('opacity', strong ? Math.max(0.35, weight) : Math.max(0.12, 0.9 * weight));
    svg.append(path);
  };
  const draw = () => {
    const here = over >= 0 ? over : first >= 0 ? first : data.rest;
    const follows = over >= 0 || first >= 0;
    sides.forEach((side, s) => {
      drawings[s].replaceChildren();
      side.weights.forEach((row, i) => row.forEach((weight, j) => {
        const own = i === here;
        if (follows ? own && weight >= FAINT : weight >= LEAST && i !== j || own && weight >= LEAST) {
          arc(drawings[s], i, j, weight, s === 0, own);
        }
      }));
    });
    line.textContent = lines[here];
    const seen = sides.map((side) => side.weights[here]);
    buttons.forEach((button, k) => {
      const strength = Math.max(...seen.map((row) => row[k]));
      button.style.opacity = !follows || k === here ? 1 : 0.35 + 0.65 * Math.min(1, 2.5 * strength);
      button.classList.toggle('here', k === here);
      button.classList.toggle('first', k === first);
      button.classList.toggle('marked', first < 0 && Boolean(data.pair?.includes(k)));
    });
    barsTitle.textContent = `attention weights of “${words[here]}” in ${sides[0].head}`;
    barsTitle.style.color = sides[0].colour;
    const shares = seen[0], most = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, cells.length);
    most.sort((a, b) => a - b).forEach((k, place) => {
      cells[place].word.textContent = words[k];
      cells[place].bar.style.width = `${100 * shares[k]}%`;
      cells[place].share.textContent = percent(shares[k]);
    });
    hint.textContent = first >= 0 ? `“${words[first]}” → now click the word it looks at (Escape cancels)`
      : n > 1 ? 'Hover over a word. Click two words to see which head links them.' : '';
  };
  const press = (k) => {
    if (first < 0) { first = k; draw(); return; }
    const from = first;
    first = -1;
    if (from !== k) setTriggerValue('pair', [from, k]);
    draw();
  };
  const forward = data.backwards ? -1 : 1;
  row.onkeydown = (event) => {
    if (event.key === 'Escape') { first = -1; draw(); }
    const next = stepped(event.key, at, n, forward);
    if (next === undefined) return;
    event.preventDefault();
    focusOn(buttons, at, next);
  };
  const fit = () => {
    const room = scroll.clientWidth;
    if (!room) return;  // it is being taken off the page
    for (const size of SIZES) {
      stage.style.setProperty('--size', `${size}px`);
      stage.classList.toggle('tight', size < 14);
      if (stage.scrollWidth <= room + 1 && row.scrollWidth <= room + 1) break;
    }
    const end = buttons[data.rest].offsetLeft + buttons[data.rest].offsetWidth;
    if (end > room) scroll.scrollLeft = end - room;  // the line above is about this word
    edges();
    draw();
  };
  const edges = () => {  // where the sentence goes on
    const rest = scroll.scrollWidth - scroll.clientWidth, from = Math.abs(scroll.scrollLeft);
    const [left, right] = data.backwards ? [rest - from, from] : [from, rest - from];
    scroll.style.setProperty('--left', left > 2 ? '2rem' : '0px');
    scroll.style.setProperty('--right', right > 2 ? '2rem' : '0px');
  };
  scroll.onscroll = edges;
  const observer = new ResizeObserver(fit);
  observer.observe(scroll);
  fit();
  return () => observer.disconnect();
}
