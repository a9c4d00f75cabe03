/* A plot of how times grow, both axes by powers of ten, as SVG. */

const size = { width: 520, height: 340 };
const margin = { left: 64, right: 24, top: 34, bottom: 76 };
const colors = ['#1f6feb', '#8250df', '#d1242f', '#9a6700'];

const decades = (values) => [
  Math.floor(Math.min(...values.map(Math.log10))),
  Math.ceil(Math.max(...values.map(Math.log10))),
];

/** A scale from what lies between powers of ten to pixels, and those powers. */
function axis([least, most], from, to) {
  const at = (value) => from + ((to - from) * (Math.log10(value) - least)) / (most - least);
  const powers = Array.from({ length: most - least + 1 }, (_, i) => 10 ** (least + i));
  return { at: (value) => at(value).toFixed(1), powers };
}

const short = (n) => (n >= 1000 ? `${n / 1000} k` : n);

const duration = (ms) => (ms >= 1000 ? `${ms / 1000} s` : ms >= 1 ? `${ms} ms` : `${ms * 1000} µs`);

/**
 * Draws curves, `{ label, points }` with points `[n, ms]`, at least one each;
 * `title` says what n is.
 */
export function plot(title, curves) {
  const { width, height } = size;
  const points = curves.flatMap((curve) => curve.points);
  const x = axis(decades(points.map(([n]) => n)), margin.left, width - margin.right);
  const y = axis(decades(points.map(([, ms]) => ms)), height - margin.bottom, margin.top);
  const across = width - margin.left - margin.right;
  const text = (left, top, words, more = '') => `<text x="${left}" y="${top}"${more}>${words}</text>`;
  const drawn = curves.map(({ label, points }, i) => {
    const color = colors[i % colors.length];
    const places = points.map(([n, ms]) => [x.at(n), y.at(ms)]);
    const [left, top] = [margin.left + (i % 2) * 220, height - 32 + Math.floor(i / 2) * 20];
    return [
      `<polyline fill="none" stroke="${color}" stroke-width="2" points="${places.map((at) => at.join(',')).join(' ')}"/>`,
      ...places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`),
      `<path d="M${left} ${top - 4} h20" stroke="${color}" stroke-width="2"/>`,
      text(left + 26, top, label),
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(margin.left, 18, title, ' font-size="12"'),
    ...y.powers.flatMap((ms) => [
      `<path d="M${margin.left} ${y.at(ms)} h${across}" stroke="#ddd"/>`,
      text(margin.left - 6, Number(y.at(ms)) + 4, duration(ms), ' text-anchor="end"'),
    ]),
    ...x.powers.map((n) => text(x.at(n), height - margin.bottom + 18, short(n), ' text-anchor="middle"')),
    ...drawn.flat(),
    '</svg>',
    '',
  ].join('\n');
}
