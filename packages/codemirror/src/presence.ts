import type { Cursor, Cursors } from './cursors.ts';
import type { OwnSelection } from './selection.ts';
import type { TextChange } from './text.ts';

/** A position as others can be told it, which `locate` finds in the text as it is. */
export interface SharedPosition {
  readonly offset: number;
  readonly at: number;
  readonly side?: 'right';
}

/** A text whose positions can be shared: `client.text(topic)` of `@tutti/client`. */
export interface LocatedText {
  /** Returns what was told last if others still find the position by it. */
  share(position: number, last?: SharedPosition): SharedPosition;
  /** Undefined: it cannot be found, or not yet. */
  locate(shared: SharedPosition): number | undefined;
  onChange(listener: (change: TextChange) => void): () => void;
  /** Calls a function whenever an edit of this client has come further. */
  onMutation(listener: () => void): () => void;
}

/** Where a member is in the text: `selection` of its state. */
export interface SharedSelection {
  readonly anchor: SharedPosition;
  readonly head: SharedPosition;
}

/** A member of a topic. */
export interface Member {
  readonly client: string;
  readonly user?: string;
  readonly name?: string;
  readonly state?: unknown;
}

/** Who is in a topic: `client.presence(topic)` of `@tutti/client`. */
export interface Presence {
  /** This client, while it is a member. */
  readonly me: Member | undefined;
  readonly others: readonly Member[];
  /** Calls a function at once, and again whenever somebody else is there, or has another state. */
  subscribe(listener: () => void): () => void;
  /** Puts members into the own state. */
  update(patch: object): void;
}

export interface PresenceCursorsOptions {
  /** A CSS colour for a user, by its id; if absent, one that is always the same for the same user. */
  color?: (user: string) => string;
}

/**
 * What `sharedText` needs so that those who are in a topic see each other's carets
 * and selections, for one editor:
 *
 *     const here = client.presence('text:notes');
 *     here.enter();
 *     sharedText(notes, presenceCursors(here, notes));
 *
 * While the editor has the focus, the own selection is `selection` of the own state,
 * which must be an object or none; nothing is told unless the client has entered.
 */
export function presenceCursors(
  presence: Presence,
  text: LocatedText,
  options: PresenceCursorsOptions = {},
): { cursors: Cursors; onSelection: (selection: OwnSelection | undefined) => void } {
  const { color = colorOf } = options;
  const listeners = new Set<() => void>();
  let own: OwnSelection | undefined;
  /** What others were told last. */
  let told: SharedSelection | undefined;
  /** Of each member, the latest selection that was found. */
  let found = new Map<string, SharedSelection>();
  /** Not all were. */
  let missing = false;
  /** Those who were looked at. */
  let seen: readonly Member[] = [];
  let stops: (() => void)[] | undefined;
  let due = false;
  let stale = false;

  const get = (): Cursor[] => {
    const before = found;
    found = new Map();
    seen = presence.others;
    const cursors: Cursor[] = [];
    missing = false;
    for (const { client, user = client, name = user, state } of seen) {
      const now = selectionOf(state);
      // One that cannot be found yet is where it was.
      for (const selection of now ? [now, before.get(client)] : []) {
        const anchor = selection && text.locate(selection.anchor);
        const head = selection && text.locate(selection.head);
        if (selection !== now) missing = true;
        if (!selection || anchor === undefined || head === undefined) continue;
        found.set(client, selection);
        cursors.push({ id: client, name, color: color(user), anchor, head });
        break;
      }
    }
    return cursors;
  };

  const share = (): void => {
    const { me } = presence;
    if (!me) return;
    told = own && {
      anchor: text.share(own.anchor.position, told?.anchor),
      head: text.share(own.head.position, told?.head),
    };
    if (!same(told, selectionOf(me.state))) presence.update({ selection: told });
  };

  /** Once for all that happens in a turn. */
  const renew = (): void => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      if (!stops) return;
      share();
      const tell = stale || presence.others !== seen;
      stale = false;
      if (tell) for (const listener of listeners) listener();
    });
  };

  const changed = (): void => {
    stale ||= presence.others.length > 0;
    renew();
  };

  const mutated = (): void => {
    stale ||= missing;
    renew();
  };

  const look = (): void => {
    const wanted = own !== undefined || listeners.size > 0;
    if (wanted && !stops) {
      stops = [];
      stops.push(text.onChange(changed), text.onMutation(mutated), presence.subscribe(renew));
    } else if (!wanted) {
      for (const stop of stops ?? []) stop();
      stops = undefined;
    }
  };

  return {
    cursors: {
      get,
      subscribe(listener) {
        listeners.add(listener);
        look();
        return () => {
          listeners.delete(listener);
          look();
        };
      },
    },
    onSelection(selection) {
      own = selection;
      if (!selection) share();
      look();
      renew();
    },
  };
}

function selectionOf(state: unknown): SharedSelection | undefined {
  return (state as { selection?: SharedSelection } | null | undefined)?.selection ?? undefined;
}

function same(a: SharedSelection | undefined, b: SharedSelection | undefined): boolean {
  return a === b || (isSame(a?.anchor, b?.anchor) && isSame(a?.head, b?.head));
}

function isSame(a: SharedPosition | undefined, b: SharedPosition | undefined): boolean {
  return a?.offset === b?.offset && a?.at === b?.at && a?.side === b?.side;
}

/** A colour on which white can be read, by an FNV hash. */
function colorOf(user: string): string {
  let hash = 0x811c9dc5;
  for (const c of user) hash = Math.imul(hash ^ (c.codePointAt(0) as number), 0x01000193);
  return `oklch(50% 0.15 ${(hash >>> 8) % 360})`;
}
