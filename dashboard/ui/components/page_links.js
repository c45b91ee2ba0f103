// The links to the pages. `address_watch` says where they lead; until then, the address of now does.

const element = (name, kind, text) => {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
};

const build = (root, groups, named) => {
  const choices = new URLSearchParams(window.location.search);
  choices.delete(named);
  root.replaceChildren(...groups.flatMap(([group, pages]) => {
    const links = pages.map(({ name, path, title, icon }) => {
      const link = element('a', '', '');
      const mark = element('span', 'icon', icon);
      mark.setAttribute('aria-hidden', 'true');
      mark.translate = false;
      link.append(mark, element('span', '', title));
      Object.assign(link.dataset, { name, path });
      link.href = (path || './') + (choices.size ? `?${choices}` : '');
      return link;
    });
    return [...(group ? [element('p', 'group', group)] : []), ...links];
  }));
};

// Which page is on show says the address, at once; one of versions before is known by the page's name.
const mark = (root, here) => {
  const links = [...root.querySelectorAll('a')];
  const now = links.find((link) => link.pathname === window.location.pathname)
    ?? links.find((link) => link.dataset.name === here);
  for (const link of links) {
    if (link === now) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
};

// As the browser does after back: Streamlit opens the page of the address, and what it then writes there is no step.
// The link of the page on show reads that again.
const open = (link) => {
  if (link.pathname !== window.location.pathname) window.history.pushState({}, '', link.href);
  window.dispatchEvent(new PopStateEvent('popstate', { state: {} }));
};

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.two-heads-pages');
  if (!root.childElementCount) build(root, data.groups, data.named);
  const markNow = () => mark(root, data.here);
  markNow();
  window.addEventListener('popstate', markNow);
  root.onclick = (event) => {
    const link = event.target.closest('a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link);
    if (window.innerWidth < data.narrow) document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  };
  return () => window.removeEventListener('popstate', markNow);
}
