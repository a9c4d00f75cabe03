import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawComponents, drawSplices, drawText, Random } from './draw.js';
import { componentsOf, splicesOf, type } from './translate.js';

/** How many pairs of operations are written. */
const pairs = 400;

const lines = [];
for (let seed = 0; seed < pairs; seed++) {
  const random = new Random(seed);
  const text = drawText(random);
  const length = [...text].length;
  const [a, b] = ['ABCDEFGHIJKLMNOP', '0123456789+-*/=!'].map((letters) =>
    seed % 2 === 0
      ? drawSplices(random, length, [...letters])
      : splicesOf(type.normalize(drawComponents(random, length, [...letters]))),
  );
  const x = componentsOf(a);
  const y = componentsOf(b);
  const left = type.transform(x, y, 'left');
  const right = type.transform(y, x, 'right');
  const ab = type.apply(type.apply(text, x), right);
  if (type.apply(type.apply(text, y), left) !== ab) throw new Error(`pair ${seed} comes to two texts`);
  lines.push(JSON.stringify({ text, a, b, left: splicesOf(left), right: splicesOf(right), ab }));
}
writeFileSync(join(import.meta.dirname, '../../../conformance/text/ot.json'), `[\n${lines.join(',\n')}\n]\n`);
