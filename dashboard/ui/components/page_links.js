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
      mark.ariaHidden = true;
      mark.translate = false;
      link.append(mark, element('span', '', title));
      Object.assign(link.dataset, { name, path });
      link.href = (path || './') + (choices.size ? `?${choices}` : '');
      return link;
    });
    return [...(group ? [element('p', 'group', group)] : []), ...links];
  }));
};

// As the browser does after back: Streamlit opens the page of the address, and what it then writes there is no step.
const open = (link) => {
  if (link.ariaCurrent) return;
  window.history.pushState({}, '', link.href);
  window.dispatchEvent(new PopStateEvent('popstate', { state: {} }));
};

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.two-heads-pages');
  if (!root.childElementCount) build(root, data.groups, data.named);
  for (const link of root.querySelectorAll('a')) link.ariaCurrent = link.dataset.name === data.here ? 'page' : null;
  root.onclick = (event) => {
    const link = event.target.closest('a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link);
    if (window.innerWidth < data.narrow) document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  };
}
