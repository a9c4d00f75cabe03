import type { Browser } from 'playwright-core';

/** What a trace of Chromium tells of something that a thread did; times are in microseconds. */
interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  /** Of it, the thread's own time, whatever else the machine did. */
  tdur?: number;
  args: { data?: { type?: string } };
}

/** How long scripts ran, in milliseconds of their thread's own time. */
export interface Struck {
  /** In the listeners of the key's events, and in the promise jobs behind each: before the browser can show anything. */
  key: number;
  /** With all that came of it, until the next key was struck. */
  all: number;
}

/** Listeners and other callbacks, and promise jobs. `ScriptDuration` of the metrics leaves the latter out. */
const scripts = ['FunctionCall', 'RunMicrotasks'];

/** Lets keys be struck in a page of a browser; returns what that took of each. */
export async function struck(browser: Browser, strike: () => Promise<void>): Promise<Struck[]> {
  const session = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise<void>((resolve) => session.on('Tracing.tracingComplete', () => resolve()));
  const includedCategories = ['devtools.timeline', 'v8.execute'];
  const traceConfig = { includedCategories, excludedCategories: ['*'] };
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  await strike();
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  return read(events);
}

function read(events: readonly TraceEvent[]): Struck[] {
  const isKey = ({ name, args }: TraceEvent): boolean =>
    name === 'EventDispatch' && ['keydown', 'keypress'].includes(args.data?.type ?? '');
  const page = events.find(isKey);
  const told = events.filter(({ pid, tid, ph }) => pid === page?.pid && tid === page.tid && ph === 'X');
  told.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const found: Struck[] = [];
  let [keyEnd, scriptEnd] = [0, 0];
  for (const event of told) {
    const end = event.ts + (event.dur ?? 0);
    if (isKey(event)) {
      keyEnd = end;
      if (event.args.data?.type === 'keydown') found.push({ key: 0, all: 0 });
    }
    const last = found.at(-1);
    if (!last || !scripts.includes(event.name) || event.ts < scriptEnd) continue;
    scriptEnd = end;
    const took = (event.tdur ?? 0) / 1000;
    last.all += took;
    if (event.ts < keyEnd) last.key += took;
  }
  return found;
}
