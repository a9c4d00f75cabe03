import type { Member, User } from '@tutti/client';
import { createElement, Fragment, type HTMLAttributes, type PointerEvent, type ReactNode } from 'react';
import { useMyPresence, useOthers, useUsers } from './presence.ts';

export interface AvatarsProps<S> extends Omit<HTMLAttributes<HTMLUListElement>, 'children'> {
  topic: string;
  /** At most so many are shown, and how many more there are; 5 if absent. */
  max?: number;
  /** What is shown of a user; if absent the first letters of its name. */
  children?: (user: User<S>) => ReactNode;
}

/**
 * The users in a topic, as a list of the class `tutti-avatars`. Items have the
 * user's id as `data-user` and its name as `title`; the last has the class
 * `tutti-more` if there are more. Other attributes are of the list.
 */
export function Avatars<S = unknown>({
  topic,
  max = 5,
  children,
  className,
  ...attributes
}: AvatarsProps<S>): ReactNode {
  const users = useUsers<S>(topic);
  const show = children ?? initials;
  const items = users
    .slice(0, max)
    .map((user) =>
      createElement('li', { key: user.id, 'data-user': user.id, title: user.name ?? user.id }, show(user)),
    );
  const more = users.length - items.length;
  const rest = more > 0 && createElement('li', { key: '', className: 'tutti-more' }, `+${more}`);
  const classes = `tutti-avatars${className ? ` ${className}` : ''}`;
  return createElement('ul', { ...attributes, className: classes }, items, rest);
}

function initials({ name, id }: User): string {
  const words = (name ?? id).split(/\s+/).filter(Boolean);
  return words
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase())
    .join('');
}

/** A place in an element, from 0 to 1 of its width and height. */
export interface Cursor {
  x: number;
  y: number;
}

/** A state that `Cursors` shows. */
export interface CursorState {
  /** null: it is elsewhere. */
  cursor?: Cursor | null;
}

export interface CursorsProps<S extends CursorState> extends HTMLAttributes<HTMLDivElement> {
  topic: string;
  /** What is shown of a member at its cursor; its name if absent. */
  cursor?: (member: Member<S>) => ReactNode;
}

/**
 * An element that shows where the others point, and tells them where this one
 * does, as `cursor` of the state. This client is a member while it is mounted.
 * Cursors are elements of the class `tutti-cursor` with the user's id as
 * `data-user`, placed over the children. Other attributes are of the element.
 */
export function Cursors<S extends CursorState = CursorState>({
  topic,
  cursor: show = ({ name }) => name,
  children,
  style,
  onPointerMove,
  onPointerLeave,
  ...attributes
}: CursorsProps<S>): ReactNode {
  const others = useOthers<S>(topic);
  const [, update] = useMyPresence<CursorState>(topic);
  const point = (event: PointerEvent<HTMLDivElement>): void => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    if (width && height)
      update({ cursor: { x: (event.clientX - left) / width, y: (event.clientY - top) / height } });
    onPointerMove?.(event);
  };
  const leave = (event: PointerEvent<HTMLDivElement>): void => {
    update({ cursor: null });
    onPointerLeave?.(event);
  };
  const marks = others.map((member) => {
    const { x, y } = member.state?.cursor ?? {};
    if (typeof x !== 'number' || typeof y !== 'number') return null;
    const place = {
      position: 'absolute',
      left: `${x * 100}%`,
      top: `${y * 100}%`,
      pointerEvents: 'none',
    } as const;
    const words = { className: 'tutti-cursor', 'data-user': member.user ?? member.client, style: place };
    return createElement('span', { key: member.client, ...words }, show(member));
  });
  const container = { ...attributes, style: { position: 'relative', ...style } as const };
  return createElement(
    'div',
    { ...container, onPointerMove: point, onPointerLeave: leave },
    createElement(Fragment, { key: 'children' }, children),
    marks,
  );
}
