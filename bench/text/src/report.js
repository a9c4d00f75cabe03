/** `digits` significant digits, and no exponent. */
const significant = (digits) => (figure) =>
  figure >= 10 ** (digits - 1) ? figure.toFixed(0) : String(Number(figure.toPrecision(digits)));
const figure = significant(3);

/**
 * A Markdown table: `columns` are `{ key, label }`, and `rows` are
 * `{ label, figures, goals? }`, figures by the columns' keys.
 */
function table(title, columns, rows, format = figure) {
  const judged = rows.some(({ goals }) => goals !== undefined);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const cell = (value) => (value === undefined ? '–' : format(value));
  return [
    `\n### ${title}\n`,
    line(['', ...columns.map(({ label }) => label), ...(judged ? ['goal: figure'] : [])]),
    `|---|${columns.map(() => '---:|').join('')}${judged ? '---|' : ''}`,
    ...rows.map(({ label, figures, goals = [] }) =>
      line([label, ...columns.map(({ key }) => cell(figures[key])), ...(judged ? [goals.join('<br>')] : [])]),
    ),
  ].join('\n');
}

const judge = (what, value, limit, unit = '') =>
  `${what} ≤ ${limit}${unit}: ${figure(value)}, ${value <= limit ? 'met' : '**not met**'}`;

/** What is aimed at on a row, by its id, and whether its figures meet it. */
const goals = {
  type: ({ go, ts, yjs, loro, diamond }) => [
    judge('Go / diamond-types', go / diamond, 1),
    judge('TypeScript / yjs', ts / yjs, 0.25),
    judge('TypeScript / loro', ts / loro, 0.6),
  ],
  merge: ({ go, yjs }) => [judge('Go / yjs', go / yjs, 0.5)],
  snapshot: ({ go }) => [judge('Go', go, 1, ' ms')],
  meet: ({ go, ts, yjs }) => [judge('Go', go, 10, ' ms'), judge('TypeScript / yjs', ts / yjs, 1)],
  smallest: ({ go, diamond }) => [judge('Go / diamond-types', go / diamond, 1.1)],
  opened: ({ go }) => [judge('Go', go, 2)],
};

const row = (label, figures, goal) => ({ label, figures, goals: goals[goal]?.(figures) });

const pairwise = { key: 'ot', label: 'pairwise transformation' };

/** How long it took two branches to meet, as curves; `grown` are the keys of the engines. */
export const curves = (engines, grown, met) =>
  [...engines.filter(({ key }) => grown.includes(key)), pairwise]
    .map(({ key, label }) => ({
      label,
      points: met.filter(({ figures }) => figures[key] !== undefined).map(({ n, figures }) => [n, figures[key]]),
    }))
    .filter(({ points }) => points.length > 0);

/** What was measured but for how branches grow, in Markdown. */
export function report(engines, typed, pair, measured) {
  const { times, firstMerge, firstMeet, met, ofAll, smallest, usual, opened, edited, length } = measured;
  const { figures: meet } = met.find(({ n }) => n === ofAll);
  return [
    table('Time, ms', engines, [
      ...times.map(({ id, label, figures }) => row(label, figures, id)),
      row(`two branches of ${ofAll} edits meet`, meet, 'meet'),
    ]),
    table('The first thing that a process does, ms', engines, [
      row(`merge ${pair}`, firstMerge, 'merge'),
      row(`open one of two branches of ${ofAll} edits, and merge the other`, firstMeet, 'meet'),
    ]),
    table(
      `Bytes of ${typed}, saved`,
      engines,
      [
        row('with the whole history, as small as can be', smallest, 'smallest'),
        row('as it is opened to write', usual),
      ],
      String,
    ),
    table(`Memory of an open ${typed}, per byte of its text (${length} bytes)`, engines, [
      row('opened', opened, 'opened'),
      row('opened, and a letter written', edited),
    ]),
  ].join('\n');
}

/** How long it took two branches to meet, in Markdown; `grown` are the keys of the engines. */
export function growth(engines, grown, met) {
  const compared = engines.filter(({ key }) => grown.includes(key));
  const perStep = (n, figures) =>
    Object.fromEntries(
      Object.entries(figures).map(([key, ms]) => [key, (ms * 1e6) / (2 * n * Math.log2(2 * n))]),
    );
  return [
    table(
      'Two branches of n edits each meet, ms',
      [...compared, pairwise],
      met.map(({ n, figures }) => row(`n = ${n}`, figures)),
    ),
    table(
      'The same by 2n · log₂ 2n, ns',
      compared,
      met.map(({ n, figures }) => row(`n = ${n}`, perStep(n, figures))),
    ),
  ].join('\n');
}
