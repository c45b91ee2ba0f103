// All heads of a model over one text, and the picture of the chosen one. Python sends one head at a time.

const PATIENCE = 5000;  // milliseconds until we say that Python does not answer
const PICTURES = { arcs: ['Arcs', makeArcs], heatmap: ['Heatmap', makeHeatMap] };

const quoted = (word) => `“\u2068${word}\u2069”`;
const listed = (parts) => (parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts[0]);

// Bytes that Python has sent, as an ArrayBuffer of their own.
const bytesOf = (sent) => {
  if (sent instanceof ArrayBuffer) return sent;
  return sent.buffer.slice(sent.byteOffset, sent.byteOffset + sent.byteLength);
};

// What Python has sent of one head, or of several as one, with its weights as parts of full ink, and how these are said.
const headOf = (sent) => {
  const n = sent.words.length, parts = new Uint16Array(bytesOf(sent.weights));
  const amount = (part) => (sent.sum ? String(+(part * sent.sum).toPrecision(3)) : percent(part));
  return { ...sent, n, amount, weight: (i, j) => parts[i * n + j] / 65535 };
};

const largest = (n, weight) => {
  return Array.from({ length: n }, (_, k) => [weight(k), k]).filter(([w]) => w >= 0.001).sort((a, b) => b[0] - a[0]).slice(0, 3);
};

// The sentence of a word that looks, of one that is looked at, or of one cell.
const sentenceOf = (head, i, j = -1) => {
  const { words, n } = head, [gives, attention] = head.shares ? [' gives', ' of its attention'] : [':', ''];
  if (i >= 0 && j >= 0) {
    return `${quoted(words[i])}${gives} ${head.amount(head.weight(i, j))}${attention} to ${i === j ? 'itself' : quoted(words[j])}.`;
  }
  if (i >= 0) {
    const most = largest(n, (k) => head.weight(i, k));
    if (!most.length) return `${quoted(words[i])}: ${head.nothing}.`;
    const parts = most.map(([w, k]) => `${head.amount(w)} to ${k === i ? 'itself' : quoted(words[k])}`);
    return `${quoted(words[i])}${gives} ${listed([parts[0].replace(' to ', `${attention} to `), ...parts.slice(1)])}.`;
  }
  const most = largest(n, (k) => head.weight(k, j));
  if (!most.length) return `${quoted(words[j])} gets no attention here.`;
  const of = head.shares ? 'of' : 'from', own = head.shares ? 'its own' : 'itself';
  const parts = most.map(([w, k]) => `${head.amount(w)} ${of} ${k === j ? own : quoted(words[k])}`);
  return `${quoted(words[j])} gets ${listed(parts)}.`;
};

// A row of buttons of which one is pressed.
const choiceOf = (label, options, choose) => {
  const buttons = Object.entries(options).map(([value, text]) => {
    const button = make('button', { type: 'button', textContent: text, onclick: () => choose(value) });
    button.dataset.value = value;
    return button;
  });
  const element = make('div', { className: 'choice' }, ...buttons);
  element.setAttribute('role', 'group');
  element.setAttribute('aria-label', label);
  const show = (value) => buttons.forEach((one) => one.setAttribute('aria-pressed', String(one.dataset.value === value)));
  return { element, show };
};

// Our typefaces, asked of Python once in a page; the system's until they are here, and where they do not come.
const fetchFaces = (model, here) => {
  const known = (family) => [...document.fonts].some((face) => face.family.includes(family));
  if (known('Two Heads Sans')) return () => {};
  const take = (message, buffers) => {
    if (!message?.faces || known(message.faces[0].family)) return;
    const faces = message.faces.map(({ family, weight }, k) => new FontFace(family, bytesOf(buffers[k]), { weight }));
    faces.forEach((face) => document.fonts.add(face));
    Promise.allSettled(faces.map((face) => face.load())).then(here);
  };
  model.on('msg:custom', take);
  model.send({ wants: 'faces' });
  return () => model.off('msg:custom', take);
};

const render = ({ model, el }) => {
  const about = model.get('_about');
  let head = null, picture = null, waiting = 0, next = '', palette = null, ink = [];
  const set = (news) => {
    const changed = Object.entries(news).filter(([name, value]) => model.get(name) !== value);
    changed.forEach(([name, value]) => model.set(name, value));
    if (changed.length) model.save_changes();
    return changed.length > 0;
  };

  // One question at a time: of the heads clicked meanwhile, only the last is asked for.
  const ask = (news) => {
    if (!set(news)) return;
    clearTimeout(waiting);
    one.setAttribute('aria-busy', 'true');
    waiting = setTimeout(() => {
      line.textContent = 'Python has not answered yet. Is the kernel running?';
      waiting = next = 0;
    }, PATIENCE);
  };
  // A click on a head shows it, or its layer: the picture of all would stay the same.
  const only = (name) => ({ chosen: name, ...(['head', 'layer'].includes(model.get('together')) ? {} : { together: 'head' }) });
  const choose = (name) => {
    atlas.mark(name);
    if (waiting) next = name;
    else ask(only(name));
  };

  const pictures = choiceOf('Picture', { arcs: PICTURES.arcs[0], heatmap: PICTURES.heatmap[0] }, (value) => set({ picture: value }));
  const units = choiceOf('Unit', { words: 'Words', tokens: 'Tokens' }, (value) => ask({ unit: value }));
  const option = ([value, text]) => make('option', { value, textContent: text });
  const heads = make('select', { onchange: () => ask({ together: heads.value }) }, ...Object.entries(about.together).map(option));
  const hows = choiceOf('Taken together', about.hows, (value) => ask({ how: value }));
  const specials = make('input', { type: 'checkbox', onchange: () => ask({ special: specials.checked ? 'show' : 'hide' }) });
  const atlas = makeAtlas(about, choose);
  const squares = make('select', { onchange: () => set({ atlas: squares.value }) },
    ...[['maps', 'Maps'], ...about.scores.map((score) => [score.name, score.title])].map(option));
  const all = make('div', { className: 'all' }, make('label', { className: 'title' }, 'All heads ', squares), atlas.element);

  const title = make('div', { className: 'title' });
  title.setAttribute('role', 'heading');
  title.setAttribute('aria-level', '3');
  const line = make('p', { className: 'line' });
  line.setAttribute('role', 'status');
  const place = make('div', { className: 'place' });
  const lost = make('p', { className: 'note' }), note = make('p', { className: 'note' });
  const one = make('div', { className: 'one' }, title, line, place, lost, note);

  const what = make('p', { className: 'what' }, make('b', { textContent: about.model }), ` ${about.extent}`);
  const root = make('div', { className: 'two-heads' },
    make('div', { className: 'top' }, what, make('label', {}, 'Heads', heads), hows.element, pictures.element, units.element,
      make('label', {}, specials, ' Special tokens')),
    make('div', { className: 'both' }, all, one),
    ...about.notes.map((text) => make('p', { className: 'note', textContent: text })));
  el.append(root);

  const say = (i, j = -1) => { line.textContent = i < 0 && j < 0 ? head.finding : sentenceOf(head, i, j); };
  const fit = () => {
    const room = root.clientWidth - 32;
    root.classList.toggle('narrow', room < 700);
    atlas.fit(Math.min(atlas.widest, room < 700 ? room : 0.4 * room));
    picture?.fit(place.clientWidth);
  };
  const draw = () => {
    const sent = model.get('_shown');
    clearTimeout(waiting);
    waiting = 0;
    one.removeAttribute('aria-busy');
    const called = about.names[sent.head];
    title.replaceChildren(sent.head, make('span', { textContent: called ? called[0] : '', title: sent.evidence }));
    title.style.borderColor = called ? palette[called[1]] : 'transparent';
    if (sent.error) {
      head = picture = null;
      line.textContent = sent.error;
      place.replaceChildren();
      lost.textContent = note.textContent = '';
    } else {
      head = headOf(sent);
      picture = PICTURES[model.get('picture')][1](head, say);
      place.replaceChildren(picture.element);
      lost.textContent = head.lost;
      note.textContent = `${head.about}. ${picture.about}`;
      picture.dress(palette, ink);
      picture.fit(place.clientWidth);
    }
    if (next) ask(only(next));
    next = '';
  };
  const follow = () => {  // what Python or another view of this widget has set
    pictures.show(model.get('picture'));
    units.show(model.get('unit'));
    const together = model.get('together');
    if (![...heads.options].some((one) => one.value === together)) {  // chosen heads, which Python has named
      heads.append(option([together, together.replace('layer:', 'Layer ').replaceAll(',', ', ')]));
    }
    heads.value = together;
    hows.element.hidden = together === 'head';
    hows.show(model.get('how'));
    specials.checked = model.get('special') === 'show';
    squares.value = model.get('atlas');
    if (!next) atlas.mark(model.get('chosen'));
  };
  const dress = () => {
    const asked = model.get('theme'), theme = asked === 'auto' ? notebookTheme(root) : asked;
    if (palette === about.themes[theme]) return;
    palette = about.themes[theme];
    ink = inkOf(palette.ink_stops);
    Object.entries(palette).forEach(([name, colour]) => root.style.setProperty(`--${name}`, colour));
    root.style.colorScheme = theme;
    root.dataset.theme = theme;
    atlas.dress(palette, ink);
    draw();
  };

  const heard = {
    'change:_shown': draw,
    'change:picture': () => { follow(); draw(); },
    'change:atlas': () => { follow(); atlas.show(model.get('atlas')); },
    'change:theme': dress,
    'change:chosen': follow,
    'change:together': follow,
    'change:how': follow,
    'change:unit': follow,
    'change:special': follow,
  };
  Object.entries(heard).forEach(([event, hear]) => model.on(event, hear));
  dress();
  follow();
  atlas.show(model.get('atlas'));
  fit();
  const leave = fetchFaces(model, fit), unwatch = watchTheme(dress);
  let wide = root.clientWidth;
  const observer = new ResizeObserver(() => {
    dress();  // only now it may stand in the notebook
    if (root.clientWidth !== wide) { wide = root.clientWidth; fit(); }
  });
  observer.observe(root);
  return () => {
    clearTimeout(waiting);
    observer.disconnect();
    unwatch();
    leave();
    Object.entries(heard).forEach(([event, hear]) => model.off(event, hear));
  };
};

export default { render };
