// Colours: which theme the notebook around us has, and how a share becomes ink.

const pixel = (colour) => {
  const context = make('canvas', { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
};

// Relative luminance of WCAG 2.2, 0 to 1.
const luminance = ([red, green, blue]) => {
  const [r, g, b] = [red, green, blue].map((v) => (v <= 10.3 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

// What Jupyter and VS Code say of themselves; else how light the first opaque paper behind us is.
const notebookTheme = (element) => {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === 'false' ? 'dark' : 'light';
  if (vscodeThemeKind) return vscodeThemeKind.includes('light') ? 'light' : 'dark';
  for (let node = element.parentNode; node; node = node.parentNode ?? node.host) {
    if (node.nodeType !== Node.ELEMENT_NODE) continue;
    const paper = pixel(getComputedStyle(node).backgroundColor);
    if (paper[3] > 127) return luminance(paper) < 0.2 ? 'dark' : 'light';
  }
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
};

const watchTheme = (changed) => {
  const observer = new MutationObserver(changed), system = matchMedia('(prefers-color-scheme: dark)');
  [document.documentElement, document.body].forEach((node) => observer.observe(node, { attributes: true }));
  system.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    system.removeEventListener('change', changed);
  };
};

// 256 colours from paper to ink, on straight lines between the stops.
const inkOf = (stops) => {
  const ends = stops.map((stop) => pixel(stop));
  return Array.from({ length: 256 }, (_, level) => {
    const at = level / 255 * (ends.length - 1), k = Math.min(Math.floor(at), ends.length - 2);
    return [0, 1, 2].map((c) => Math.round(ends[k][c] + (ends[k + 1][c] - ends[k][c]) * (at - k)));
  });
};

const paintSquare = (canvas, levels, ink) => {
  const context = canvas.getContext('2d'), image = context.createImageData(canvas.width, canvas.height);
  levels.forEach((level, k) => image.data.set([...ink[level], 255], 4 * k));
  context.putImageData(image, 0, 0);
};

// Words on a shade: the theme's own colour, or black or white where that has more contrast.
const onShade = (shade, own) => {
  if (contrast(shade, pixel(own)) >= 4.5) return own;
  return contrast(shade, [0, 0, 0]) >= contrast(shade, [255, 255, 255]) ? '#000' : '#fff';
};
