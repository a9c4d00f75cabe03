const three = (number) => (Number.isFinite(number) ? String(Number(number.toPrecision(3))) : '–');

/** A goal: what tutti's figure may be, as a part of the lesser of the peers'. */
const beside = (key, part) => (figures) => {
  const peers = [figures.sharedb, figures.hocuspocus].filter(Boolean).map((peer) => peer[key]);
  const ratio = figures.tutti[key] / Math.min(...peers);
  return judged(`tutti / the better peer ≤ ${part}`, ratio, part);
};

const within = (key, most) => (figures) => judged(`tutti ≤ ${most}`, figures.tutti[key], most);

const judged = (goal, figure, most) => `${goal}: ${three(figure)}, ${figure <= most ? 'met' : '**not met**'}`;

const none = () => '';

const writing = [
  ['server CPU per operation delivered, µs', 'cpu', beside('cpu', 0.5)],
  ['delivery, median, ms', 'deliveryMedian', none],
  ['delivery, 99th percentile, ms', 'delivery99', beside('delivery99', 1)],
  ['acknowledgement, median, ms', 'acknowledgementMedian', none],
  ['acknowledgement, 99th percentile, ms', 'acknowledgement99', beside('acknowledgement99', 1)],
  ['operations delivered a second', 'deliveries', none],
  ['the clients’ share of a core', 'clients', none],
];

/** Of each scenario: what it is, and its rows: what stands there, by which key, with which goal. */
const tables = {
  '20-writers': ['One document, 20 writers, 10 operations a second each', writing],
  '50-writers': ['One document, 50 writers, 10 operations a second each', writing],
  documents: ['1,000 documents, two writers each, 400 operations a second in all', writing],
  branch: [
    'A branch of 10,000 edits meets 10,000 others, while 5 write on',
    [
      ['until it is acknowledged, ms', 'server', beside('server', 1)],
      ['until it has come to the others, ms', 'others', beside('others', 1)],
      ['server CPU until then, ms', 'used', beside('used', 0.5)],
      ['the others’ delivery before, 99th percentile, ms', 'before', none],
      ['and meanwhile, ms', 'meanwhile', beside('meanwhile', 1)],
    ],
  ],
  opening: [
    'A text of 1 MB, written in 100,000 edits, is opened',
    [
      ['until it can be read, ms', 'ms', beside('ms', 1)],
      ['bytes that come', 'bytes', none],
    ],
  ],
  memory: [
    '1,000 open documents of 20 kB',
    [
      ['resident memory for them, just written, MB', 'written', none],
      ['by the length of the texts', 'writtenRatio', within('writtenRatio', 2)],
      ['when nobody has written for 25 seconds, MB', 'resting', none],
      ['by the length of the texts', 'restingRatio', within('restingRatio', 2)],
      ['then the first edit of a text is acknowledged, median, ms', 'first', none],
      ['and the second', 'second', none],
    ],
  ],
};

const labels = {
  tutti: 'tutti, durable',
  sharedb: 'ShareDB, in memory',
  hocuspocus: 'Hocuspocus, without storage',
};

const line = (cells) => `| ${cells.join(' | ')} |`;

/** The table of a scenario, by what was measured of each system. */
export function report(scenario, figures) {
  if (scenario === 'hostile') return hostile(figures.tutti);
  const [title, rows] = tables[scenario];
  const systems = Object.keys(figures);
  return [
    `\n### ${title}\n`,
    line(['', ...systems.map((system) => labels[system]), 'goal: figure']),
    line(['---', ...systems.map(() => '---:'), '---']),
    ...rows.map(([label, key, goal]) =>
      line([label, ...systems.map((system) => three(figures[system][key])), goal(figures)]),
    ),
  ].join('\n');
}

/** Without, with one, and with two who never look at the log. */
function hostile(figures) {
  const rows = [
    ['delivery to and from the ten, median, ms', 'deliveryMedian'],
    ['99th percentile, ms', 'delivery99'],
    ['acknowledgement, 99th percentile, ms', 'acknowledgement99'],
    ['server CPU per operation delivered among the ten, µs', 'cpu'],
    ['operations of the hostile that were taken, a second', 'taken'],
  ];
  return [
    '\n### Ten writers, 10 operations a second each, beside hostile ones of 100 a second\n',
    line(['', 'alone', 'one that never advances its base', 'two that do not see each other']),
    line(['---', '---:', '---:', '---:']),
    ...rows.map(([label, key]) =>
      line([label, ...['none', 'one', 'two'].map((beside) => three(figures[beside][key]))]),
    ),
  ].join('\n');
}
