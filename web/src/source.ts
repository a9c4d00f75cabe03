import { make } from './find.ts';

const tokens =
  /(?<comment>\/\/.*|\/\*\*[\s\S]*?\*\/)|(?<string>'[^'\n]*'|`[^`]*`)|(?<keyword>\b(?:import|from(?= ')|export|async|function|class|const|let|new|return|type|void)\b)/g;

/** Shows the source of a room in a figure, its comments, strings and keywords marked. */
export function showSource(figure: HTMLElement, name: string, source: string): void {
  const code = document.createElement('code');
  let end = 0;
  for (const match of source.trimEnd().matchAll(tokens)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text) ?? [''];
    code.append(source.slice(end, match.index), make('span', kind, match[0]));
    end = match.index + match[0].length;
  }
  code.append(source.slice(end).trimEnd());

  const pre = make('pre', '');
  pre.tabIndex = 0;
  pre.setAttribute('role', 'group');
  pre.setAttribute('aria-label', `Source of ${name}`);
  pre.append(code);
  figure.replaceChildren(make('figcaption', '', name), pre);
}
