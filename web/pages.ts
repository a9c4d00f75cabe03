import type { Plugin } from 'vite';

/** The pages, in the order in which they are linked. */
const pages = {
  'index.html': 'Rooms',
  'crdts.html': 'CRDTs',
  'todos.html': 'To-do list',
  'react.html': 'In React',
  'texts.html': 'Writing together',
  'offline.html': 'Notes offline',
  'presence.html': 'Who is here',
};

export const files = Object.keys(pages);

/** Puts the links to all pages where a page says `<nav aria-label="Pages"></nav>`. */
export function navigation(): Plugin {
  return {
    name: 'navigation',
    transformIndexHtml(html, { path }) {
      const links = Object.entries(pages).map(([file, name]) => {
        const current = path.endsWith(`/${file}`) ? ' aria-current="page"' : '';
        return `\n        <a href="./${file === 'index.html' ? '' : file}"${current}>${name}</a>`;
      });
      return html.replace('<nav aria-label="Pages">', `$&${links.join('')}\n      `);
    },
  };
}
