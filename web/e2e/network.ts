import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** The network between a browser and a server: a TCP proxy on loopback that can be cut. */
export class Network {
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(target: number) {
    this.#listener = createServer((inner) => {
      if (this.#cut) {
        inner.resetAndDestroy();
        return;
      }
      const outer = connect(target, '127.0.0.1');
      this.#join(inner, outer);
      this.#join(outer, inner);
    });
  }

  static async start(target: number): Promise<Network> {
    const network = new Network(target);
    await once(network.#listener.listen(0, '127.0.0.1'), 'listening');
    return network;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  /** Resets every connection, and each new one, until restored. */
  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  restore(): void {
    this.#cut = false;
  }

  async end(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  /** What one socket says the other hears, and they end together. */
  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.pipe(to);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
