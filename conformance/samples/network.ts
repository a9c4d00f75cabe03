import { mountBanner } from '@tutti/client/banner';
import { createNetwork, guardUnload, type NetworkOptions } from '@tutti/client/network';

export function networkService(options: NetworkOptions = { probe: '/healthz' }) {
  const network = createNetwork(options);
  const stopGuarding = guardUnload(network);
  return {
    execute: <T>(operation: () => Promise<T>) => network.execute(operation),
    save: (path: string, data: unknown) => network.post(path, data),
    onStatusChange: (listener: (status: 'online' | 'offline') => void) => network.onStatusChange(listener),
    showBanner: () => mountBanner(network),
    close: () => {
      stopGuarding();
      network.close();
    },
  };
}
