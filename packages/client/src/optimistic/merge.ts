/** What identifies an item of an array: the name of a field, or a function of the item. */
export type Key = string | ((item: never) => unknown);

type Parts = ReadonlyMap<unknown, unknown>;

/**
 * Puts what one update has changed into a state that others have changed too:
 * a three-way merge. A part of `mine`, the whole state that the update's action
 * returned, is its doing if it is neither what was confirmed when the update
 * began (`base`) nor what was shown then, which holds the effects of others
 * that are under way (`shown`). All else stays as it is `now`.
 *
 * What is missing was removed by it only if it was confirmed: a handler that
 * made the whole state may be of a render before another's add was shown.
 *
 * Arrays are merged by the keys of their items, plain objects by field, to any
 * depth; an undefined field is one that is not there. Of an item that others
 * have removed, or not confirmed yet, nothing stays. What else there is is taken
 * whole: an array in which two items have the same key, an object of a class, a Map.
 *
 * Items keep the order of `now`, unless the update has moved some: then that of
 * `mine`. What others have added comes behind the item that it was put behind.
 */
export function merge(base: unknown, shown: unknown, mine: unknown, now: unknown, key: Key): unknown {
  if (mine === base || mine === shown) return now;
  const list = Array.isArray(mine);
  const [b, m, n] = [base, mine, now].map((state) => partsOf(state, list, key));
  if (!b || !m || !n) return mine;
  const s = partsOf(shown, list, key) ?? b;
  const merged = new Map<unknown, unknown>();
  for (const part of [...n.keys(), ...m.keys()]) {
    if (list && !n.has(part) && (b.has(part) || s.has(part))) continue;
    // What others have shown and not confirmed can be changed too.
    const before = m.has(part) && !b.has(part) ? s : b;
    const value = merge(before.get(part), s.get(part), m.get(part), n.get(part), key);
    if (value !== undefined) merged.set(part, value);
  }
  return list ? order(b, m, n, merged).map((part) => merged.get(part)) : Object.fromEntries(merged);
}

/** Items by key, or fields by name; undefined if it has no such parts, or two with the same key. */
function partsOf(value: unknown, list: boolean, key: Key): Parts | undefined {
  if (list ? !Array.isArray(value) : Object.getPrototypeOf(value ?? 0) !== Object.prototype) return undefined;
  const all = Object.entries(value as object).map(([name, part]): [unknown, unknown] => {
    if (!list) return [name, part];
    return [typeof key === 'function' ? key(part as never) : (part?.[key] ?? part), part];
  });
  const parts = new Map(all);
  return parts.size === all.length ? parts : undefined;
}

/** The keys of merged items in their order. */
function order(base: Parts, mine: Parts, now: Parts, merged: Parts): unknown[] {
  const keys = (of: Parts, ...within: Parts[]): unknown[] =>
    [...of.keys()].filter((part) => within.every((parts) => parts.has(part)));
  const before = keys(base, mine);
  let all = keys(mine, merged);
  if (keys(mine, base).every((part, i) => part === before[i])) {
    // The update has moved none.
    const common = keys(now, mine, merged);
    all = all.map((part) => (now.has(part) ? common.shift() : part));
  }
  const others = keys(now, merged);
  others.forEach((part, i) => {
    if (mine.has(part)) return;
    const next = i ? all.indexOf(others[i - 1]) + 1 : all.indexOf(others.find((other) => mine.has(other)));
    all.splice(Math.max(next, 0), 0, part);
  });
  return all;
}
