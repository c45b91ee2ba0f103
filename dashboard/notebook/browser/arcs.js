// One head over the words: arcs above look back, arcs below look ahead. A hovered word shows all its own.

const ARC = { highest: 170, round: 110, low: 8 };  // pixels: the highest arc, the widest half circle, an empty side
const TYPE = [17, 15.5, 14, 13];  // pixels, the first that fits; else the words stand upright
const STEP = { least: 12.5, most: 30, share: 24 };  // pixels of an upright word
const FAINTEST = 0.005;  // a share: weaker links are not drawn

const makeArcs = (head, say) => {
  const { words, n } = head;
  let over = -1, kept = -1, at = 0, xs = [], up = 0, width = 1;
  const rest = drawn('g', { class: 'rest' }), lit = drawn('g', { class: 'lit' });
  const svg = drawn('svg', { 'aria-hidden': 'true' });
  svg.append(rest, lit);
  const buttons = words.map((word, k) => {
    const button = make('button', { type: 'button', tabIndex: k ? -1 : 0 }, make('bdi', { textContent: word }));
    button.classList.toggle('quiet', head.quiet[k]);
    const share = make('span', { className: 'share', dir: 'ltr' });
    share.setAttribute('aria-hidden', 'true');  // the sentence says it
    button.append(share);
    button.onpointerenter = () => { over = k; light(); };
    button.onpointerleave = () => { over = -1; light(); };
    button.onfocus = () => { at = k; over = k; light(); };
    button.onblur = () => { over = -1; light(); };
    button.onclick = () => { kept = kept === k ? -1 : k; light(); };
    button.setAttribute('aria-pressed', 'false');
    return button;
  });
  const row = make('div', { className: 'words', dir: head.backwards ? 'rtl' : 'ltr' }, ...buttons);
  row.setAttribute('role', 'group');
  row.setAttribute('aria-label', 'The words. Arrow keys move from one to the next.');
  row.classList.toggle('mono', head.unit === 'tokens');
  row.onkeydown = (event) => {
    if (event.key === 'Escape') { kept = over = -1; light(); }
    const next = stepped(event.key, at, n, head.backwards ? -1 : 1);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    focusOn(buttons, at, next);
  };
  const stage = make('div', { className: 'stage' }, svg, row);
  const element = make('div', { className: 'arcs' }, stage);
  element.onscroll = () => {  // an edge behind which there is more fades
    const beyond = element.scrollWidth - element.clientWidth - element.scrollLeft;
    element.style.setProperty('--before', element.scrollLeft > 1 ? '48px' : '0px');
    element.style.setProperty('--after', beyond > 1 ? '48px' : '0px');
  };

  const links = [];
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) if (head.weight(i, j) >= FAINTEST) links.push({ i, j, w: head.weight(i, j) });
  }
  links.sort((a, b) => a.w - b.w);
  const tall = (span) => {
    if (span <= ARC.round) return span / 2;
    return ARC.round / 2 + (ARC.highest - ARC.round / 2) * (span - ARC.round) / Math.max(1, width - ARC.round);
  };
  // How dark: fainter to special tokens, whose fan would hide everything else.
  const dark = ({ j, w }) => {
    const part = head.quiet[j] ? 0.3 * w : w;
    return part < 0.1 ? 0.25 + part : 0.35 + (part - 0.1) * 0.61;
  };
  const link = ({ i, j, w }, highest) => {
    const back = j < i, y = back ? up : up + row.offsetHeight;
    if (i === j) return drawn('circle', { cx: xs[i], cy: up + 4, r: Math.sqrt(60 * w / Math.PI), opacity: 0.85 });
    const height = Math.min(tall(Math.abs(xs[i] - xs[j])), highest[back ? 0 : 1]);
    const stroke = { 'stroke-width': 0.5 + 5 * w, opacity: dark({ j, w }) };
    return drawn('path', { d: arch(xs[i], xs[j], y, back ? height : -height), ...stroke });
  };
  let highest = [0, 0];
  const light = () => {
    const here = over >= 0 ? over : kept;
    stage.classList.toggle('follows', here >= 0);
    lit.replaceChildren(...(here < 0 ? [] : links.filter(({ i }) => i === here).map((one) => link(one, highest))));
    buttons.forEach((button, k) => {
      const w = here < 0 ? 1 : head.weight(here, k);
      button.style.opacity = here < 0 || k === here ? 1 : 0.4 + 0.6 * Math.min(1, 3 * w);
      button.classList.toggle('here', k === here);
      button.setAttribute('aria-pressed', String(k === kept));
      button.lastChild.textContent = here >= 0 && w >= 0.01 ? head.amount(w) : '';
    });
    say(here);
  };
  const setWords = (room) => {
    row.classList.remove('upright');
    stage.style.setProperty('--gap', '8px');
    for (const size of TYPE) {
      stage.style.setProperty('--size', `${size}px`);
      if (row.offsetWidth <= room) {
        const more = n > 1 ? (room - row.offsetWidth) / (n - 1) : 0;
        stage.style.setProperty('--gap', `${8 + Math.min(16, more)}px`);
        return;
      }
    }
    row.classList.add('upright');
    stage.style.setProperty('--gap', '0px');
    const step = Math.max(STEP.least, Math.min(STEP.most, room / n));
    stage.style.setProperty('--step', `${step}px`);
    if (step < 14) stage.style.setProperty('--size', '12px');
    row.classList.toggle('dense', step < STEP.share);
  };
  const fit = (room) => {
    setWords(room - 2);
    width = row.offsetWidth;
    xs = buttons.map((button) => button.offsetLeft + button.offsetWidth / 2);
    const atRest = links.filter(({ w }) => w >= head.threshold);
    const enough = (any, some) => {
      if (!any) return ARC.low;
      return Math.max(30, ...some.map(({ i, j }) => tall(Math.abs(xs[i] - xs[j])))) + 8;
    };
    up = enough(links.some(({ i, j }) => j < i), atRest.filter(({ i, j }) => j < i));
    const down = enough(links.some(({ i, j }) => j > i), atRest.filter(({ i, j }) => j > i));
    highest = [up - 6, down - 6];
    stage.style.padding = `${up}px 0 ${down}px`;
    svg.setAttribute('width', width);
    svg.setAttribute('height', up + row.offsetHeight + down);
    rest.replaceChildren(...atRest.filter(({ i, j, w }) => i !== j || w >= 0.02).map((one) => link(one, highest)));
    light();
    if (head.backwards) element.scrollLeft = width;  // where the text begins
    element.onscroll();
  };
  const about = head.causal ? 'Arcs look back.' : 'Arcs above look back, arcs below look ahead.';
  return { element, fit, dress: () => {}, about };
};
