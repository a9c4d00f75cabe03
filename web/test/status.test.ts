import { TuttiError } from '@tutti/client';
import { expect, test } from 'vitest';
import { describeStatus } from '../src/views/status.ts';

test.each([
  [{ state: 'connecting' }, 'Connecting…', ''],
  [{ state: 'live', road: 'ws' }, 'Live.', ''],
  [{ state: 'live', road: 'sse' }, 'Live, by an event stream: WebSocket is blocked here.', ''],
  [{ state: 'live', road: 'poll' }, 'Live, by polling: WebSocket and event streams are blocked here.', ''],
  [{ state: 'backoff', attempt: 2, until: 1 }, 'Offline. What you write is kept.', 'Try now'],
  [
    { state: 'backoff', attempt: 2, until: 1, error: new TuttiError('draining', 'Restarting.') },
    'Offline. Restarting. What you write is kept.',
    'Try now',
  ],
  [
    { state: 'parked', error: new TuttiError('bad_token', 'The token is not valid here.') },
    'Stopped. The token is not valid here. (bad_token)',
    'Connect again',
  ],
  [{ state: 'closed' }, 'Closed.', ''],
] as const)('%o is told as %s', (status, said, retry) => {
  expect(describeStatus(status)).toEqual({ said, retry });
});
