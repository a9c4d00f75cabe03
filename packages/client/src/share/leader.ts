import { lead } from './locks.ts';
import type { Opening } from './port.ts';

/** What this page stands for, by name. */
const standing = new Set<string>();

/**
 * Makes this page host the hub of that name as soon as no other does; with
 * `steal` at once. It is asked for on a channel of that name, each time until it
 * has answered on a channel with the name of the tab's lock. It is told there
 * when another page has begun to lead.
 */
export async function stand(name: string, steal = false): Promise<void> {
  if (standing.has(name) && !steal) return;
  standing.add(name);
  const { Host } = await import('../share-worker.ts');
  let end = (): void => void standing.delete(name);
  lead(
    name,
    steal,
    () => {
      const host = new Host();
      const hall = new BroadcastChannel(name);
      const served = new Set<string>();
      hall.onmessage = ({ data: { open } }: MessageEvent<{ open?: Opening }>) => {
        if (!open || served.has(open.lock)) return;
        served.add(open.lock);
        host.serve(new BroadcastChannel(open.lock), open);
      };
      hall.postMessage({ leads: host.id });
      end = () => {
        hall.close();
        host.close();
        standing.delete(name);
      };
    },
    () => end(),
  );
}
