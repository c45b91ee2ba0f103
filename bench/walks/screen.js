// What stands on the screen: window.walk.controls() and window.walk.state().
(() => {
  const APP = '[data-testid=stApp]';
  const SKIP = '[data-testid=stToolbar], [data-testid=stMainMenu], [data-testid=stElementToolbar], .stTooltipIcon, ' +
    '[data-testid=stHeaderActionElements], [data-testid=stTooltipIcon], [data-testid=stToast], [data-testid=stToastContainer]';
  const KINDS = [  // the first that fits
    ['[data-testid=stSidebar] a[href]', 'sidebar'],
    ['.st-key-text_menu button', 'text_menu'],
    ['.st-key-model_menu button', 'model_menu'],
    ['.st-key-start_text input, [class*=st-key-draft] textarea', 'text'],
    ['[class*=st-key-choose_layer] input', 'layer'],
    ['[class*=st-key-choose_head] input', 'number'],
    ['.st-key-example button, .st-key-start_example button', 'option'],
    ['a[href]', 'link'],
    ['[data-testid=stDownloadButton] button', 'download'],
    ['[data-testid=stPopover] button', 'menu'],
    ['[data-testid=stButtonGroup] button', 'option'],
    ['[role=listbox] [role=option]', 'pick'],
    ['[data-testid=stSelectbox] input, [data-testid=stMultiSelect] input', 'select'],
    ['[data-testid=stSlider] [role=slider]', 'slider'],
    ['[data-testid=stCheckbox] label', 'toggle'],
    ['[data-testid=stNumberInput] input, [data-testid=stTextInput] input, [data-testid=stTextArea] textarea', 'field'],
    ['.st-key-upload input[type=file]', 'file'],
    ['[role=graphics-document]', 'picture'],
    ['button, summary', 'button'],
  ];
  const LISTED = 'a[href], button, input, textarea, summary, label, [role=option], [role=slider], ' +
    '[role=graphics-document]';
  const roots = (root, found = []) => {
    found.push(root);
    for (const one of root.querySelectorAll('*')) if (one.shadowRoot) roots(one.shadowRoot, found);
    return found;
  };
  const inShadow = (one) => one.getRootNode() instanceof ShadowRoot;
  const hostOf = (one) => inShadow(one) ? hostOf(one.getRootNode().host) : one;
  const kindOf = (one) => {
    if (inShadow(one)) return one.matches('button') ? 'word' : one.matches('input') ? 'cell' : '';
    return KINDS.find(([where]) => one.matches(where))?.[1] ?? '';
  };
  const reachable = (one) => {
    if (one.disabled || one.ariaDisabled === 'true' || hostOf(one).closest(SKIP)) return false;
    if (one.type === 'file') return true;
    const box = one.getBoundingClientRect();
    if (box.width < 3 || box.height < 3 || !one.checkVisibility({ visibilityProperty: true })) return false;
    if (box.right < 1 || box.left > innerWidth - 1) return false;
    const x = box.x + box.width / 2, y = box.y + box.height / 2;
    if (y < 0 || y > innerHeight || x < 0 || x > innerWidth) return true;  // it is scrolled to
    const top = one.getRootNode().elementFromPoint(x, y);
    return !top || one.contains(top) || top.contains(one) || one.closest('label, [data-baseweb]')?.contains(top);
  };
  const within = (one) => {
    const host = hostOf(one);
    if (host.closest('[data-testid=stDialog], [role=dialog]:not([data-testid=stPopoverBody])')) return 'dialog';
    return host.closest('[data-testid=stPopoverBody], [role=listbox]') ? 'menu' : 'page';
  };
  const nameOf = (one) => (one.ariaLabel || one.innerText || one.textContent || one.placeholder || '')
    .replace(/\s+/g, ' ').trim().slice(0, 80);
  const ours = (one) => !one.href || one.origin === location.origin && one.target !== '_blank';

  const controls = () => {
    const all = roots(document).flatMap((root) => [...root.querySelectorAll(LISTED)]);
    window.walk.found = all.filter((one) => kindOf(one) && ours(one) && reachable(one));
    return window.walk.found.map((one, number) => ({
      number, kind: kindOf(one), name: nameOf(one), within: within(one), leads: one.href || '',
    }));
  };

  const LEFT_OUT = '#vg-tooltip-element:not(.visible), style, script, noscript, [data-testid=stSidebar], [data-testid=stToastContainer], ' +
    '[data-testid=stIconMaterial]';
  const textOf = (node, parts = []) => {
    if (node.nodeType === Node.TEXT_NODE) parts.push(node.data);
    else if (node.nodeType === Node.ELEMENT_NODE || node instanceof ShadowRoot) {
      if (node.matches?.(LEFT_OUT)) return parts;
      if (node.ariaLabel && node.matches('[role=graphics-document]')) parts.push(node.ariaLabel);
      if (node.shadowRoot) textOf(node.shadowRoot, parts);
      for (const child of node.childNodes) textOf(child, parts);
      parts.push(' ');
    }
    return parts;
  };
  const shown = (where, whole = document) => {
    const one = whole.querySelector(where);
    return one ? textOf(one).join('').replace(/\s+/g, ' ').trim() : null;
  };
  const value = (where) => document.querySelector(where)?.value ?? null;
  const all = (where) => [...document.querySelectorAll(where)];

  const state = () => ({
    url: location.href,
    heading: shown('[data-testid=stMain] h1'),
    main: shown('[data-testid=stMain]') ?? '',
    whole: textOf(document.body).join(''),
    text: shown('.st-key-text_menu button'),
    model: shown('.st-key-model_menu button'),
    boxes: [value('[class*=st-key-draft] textarea'), value('.st-key-start_text input')].filter((one) => one !== null),
    layer: value('[class*=st-key-choose_layer] input'),
    head: value('[class*=st-key-choose_head] input'),
    pictures: all('[role=graphics-document]').map((one) => one.ariaLabel),
    picture: document.querySelector('.st-key-picture_head [role=graphics-document]')?.ariaLabel ?? null,
    words: roots(document).flatMap((root) => [...root.querySelectorAll('.sides .words button')]).map((one) => one.innerText),
    alerts: all('[data-testid=stAlert]').map((one) => one.innerText),
    raised: all('[data-testid=stException]').map((one) => one.innerText),
    undrawn: all('[data-testid=stMain] [data-testid=stVegaLiteChart]').filter((one) => !one.querySelector('svg')).length,
    stops: all('button').some((one) => one.innerText.trim() === 'Stop'),
  });

  const idle = () => document.querySelector(APP)?.dataset.testScriptState === 'notRunning' &&
    !document.querySelector('[data-testid=stSkeleton]') && (window.twoHeadsFollowed?.() ?? true);

  // What the page says of work that goes on
  const progress = () => all('[data-testid=stProgress]').map((one) => one.innerText).join();

  // A link may lead elsewhere by the time that it is clicked.
  window.addEventListener('click', (event) => {
    const link = event.composedPath().find((one) => one.href);
    if (link) sessionStorage.setItem('walk.followed', link.href);
  }, true);

  window.walk = { controls, state, idle, progress, found: [] };
})();
