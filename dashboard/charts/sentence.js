const SVG = 'http://www.w3.org/2000/svg';

const make = (name, inside = {}, ...children) => {
  const element = document.createElement(name);
  Object.assign(element, inside);
  element.append(...children);
  return element;
};

const drawn = (name, attributes = {}) => {
  const element = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  return element;
};

const percent = (share) => `${share < 0.095 && share >= 0.0005 ? (100 * share).toFixed(1) : Math.round(100 * share)}\u00a0%`;

// An arc from a to b on a base line, so many pixels high; below the line where the height is negative.
const arch = (a, b, base, height) => {
  const y = base - height * 4 / 3;
  return `M${a},${base} C${a},${y} ${b},${y} ${b},${base}`;
};

// The place among n that an arrow key leads to from `at`; undefined for other keys.
const stepped = (key, at, n, forward = 1) => {
  const by = { ArrowRight: forward, ArrowLeft: -forward, Home: -n, End: n }[key];
  return by && Math.max(0, Math.min(n - 1, at + by));
};

const focusOn = (buttons, from, to) => {
  buttons[from].tabIndex = -1;
  buttons[to].tabIndex = 0;
  buttons[to].focus();
};
