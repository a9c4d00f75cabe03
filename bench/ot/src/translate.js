import ot from 'ot-text-unicode';

export const { type } = ot;

/**
 * The splices that do what components do, from the last to the first: so each
 * text is inserted where everything in front of it is still there.
 */
export function splicesOf(components) {
  const splices = [];
  let at = 0;
  for (const component of components) {
    if (typeof component === 'string') splices.unshift([at, 0, component]);
    else if (typeof component === 'number') at += component;
    else {
      splices.unshift([at, component.d, '']);
      at += component.d;
    }
  }
  return splices;
}

/** The components that do what splices do: what a splice inserts stands in front of what it deletes. */
export function componentsOf(splices) {
  const one = ([at, n, text]) => type.normalize([at, text, { d: n }]);
  return splices.reduce((components, splice) => type.compose(components, one(splice)), []);
}
