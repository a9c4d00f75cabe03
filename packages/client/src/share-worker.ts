import { Host } from './share/host.ts';
import type { Opening, Port } from './share/port.ts';

export { Host };

/**
 * Where hubs live: the script of a SharedWorker, and a module for the tab that
 * stands in for one.
 */
const scope = globalThis as { SharedWorkerGlobalScope?: unknown; onconnect?: unknown };
if (scope.SharedWorkerGlobalScope !== undefined) {
  const host = new Host();
  scope.onconnect = ({ ports: [port] }: { ports: [Port] }) => {
    port.onmessage = ({ data }: { data: { open: Opening } }) => host.serve(port, data.open);
  };
}
