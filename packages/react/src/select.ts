import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react';

/** Whether two values are the same, or arrays or objects with the same members. */
export function sameMembers(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(
      ([name, member]) => Object.hasOwn(b, name) && Object.is(member, (b as typeof a)[name as never]),
    )
  );
}

/**
 * Follows a part of a value. What was selected stays the same object as long
 * as its members are the same, so that the component renders only then anew.
 */
export function useSelected<V, S>(
  subscribe: (listener: () => void) => () => void,
  read: () => V,
  initial: V,
  select: ((value: V) => S) | undefined,
): S {
  const shown = useRef<{ selected: S }>(undefined);
  const pick = useMemo(() => {
    let last: { value: V; selected: S } | undefined;
    return (value: V): S => {
      if (!select) return value as unknown as S;
      if (!last || !Object.is(last.value, value)) {
        const selected = select(value);
        const before = last ?? shown.current;
        last = {
          value,
          selected: before && sameMembers(before.selected, selected) ? before.selected : selected,
        };
      }
      return last.selected;
    };
  }, [select]);
  const selected = useSyncExternalStore(
    subscribe,
    () => pick(read()),
    () => pick(initial),
  );
  useEffect(() => {
    shown.current = { selected };
  }, [selected]);
  return selected;
}
