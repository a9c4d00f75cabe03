/** A Markdown table of rows `[label, figures by column]`; columns are `{ key, label }`. */
export function table(title, columns, rows, format, goals = {}) {
  const judged = rows.some(([, , id]) => goals[id] !== undefined);
  const cell = (figure) => (figure === undefined ? '–' : format(figure));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    `\n### ${title}\n`,
    line(['', ...columns.map(({ label }) => label), ...(judged ? ['goal: figure'] : [])]),
    `|---|${columns.map(() => '---:|').join('')}${judged ? '---|' : ''}`,
    ...rows.map(([label, figures, id]) =>
      line([label, ...columns.map(({ key }) => cell(figures[key])), ...(judged ? [(goals[id] ?? []).join('<br>')] : [])]),
    ),
  ].join('\n');
}

/** `digits` significant digits, but no exponent. */
export const significant = (digits) => (figure) =>
  figure >= 10 ** (digits - 1) ? figure.toFixed(0) : String(Number(figure.toPrecision(digits)));

const judge = (what, figure, limit, unit = '') =>
  `${what} ≤ ${limit}${unit}: ${significant(3)(figure)}, ${figure <= limit ? 'met' : '**not met**'}`;

const ratio = (what, figures, key, peer, peerLabel, limit) =>
  judge(`${what} / ${peerLabel}`, figures[key] / figures[peer], limit);

const merged = (figures) => [ratio('Go', figures, 'go', 'yjs', 'yjs', 0.5)];
const met = (figures) => [judge('Go', figures.go, 10, ' ms'), ratio('TypeScript', figures, 'ts', 'yjs', 'yjs', 1)];

/** What is aimed at, by the id of a row, and whether it is met. */
export function goalsOf({ type, merge, snapshot, meet, firstMerge, firstMeet, smallest, opened }) {
  return {
    type: [
      ratio('Go', type, 'go', 'diamond', 'diamond-types', 1),
      ratio('TypeScript', type, 'ts', 'yjs', 'yjs', 0.25),
      ratio('TypeScript', type, 'ts', 'loro', 'loro', 0.6),
    ],
    merge: merged(merge),
    firstMerge: merged(firstMerge),
    snapshot: [judge('Go', snapshot.go, 1, ' ms')],
    meet: met(meet),
    firstMeet: met(firstMeet),
    smallest: [ratio('Go', smallest, 'go', 'diamond', 'diamond-types', 1.1)],
    opened: [judge('Go', opened.go, 2)],
  };
}
