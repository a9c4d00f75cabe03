import { connect, type User } from '@tutti/client';

export interface Events<S> {
  joined(user: User<S>): void;
  left(user: User<S>): void;
}

export function presence<S>(topic: string, events: Events<S>, url?: string, token?: string) {
  const client = connect(url, { ...(token && { token }) });
  const here = client.presence<S>(topic);
  here.onJoin(events.joined);
  here.onLeave(events.left);
  return {
    users: () => here.users,
    start: (state: S) => here.enter(state),
    update: (state: Partial<S>) => here.update(state),
    stop: () => client.close(),
  };
}
