import { Hubs } from '../hubs.ts';
import { calm, ModelServer } from '../model.ts';
import { World } from '../world.ts';
import { Device, type Page } from './device.ts';

/** Three tabs of one device, each with what a test opens in its page. */
export class Tabs<T extends { readonly page: Page }> {
  readonly world: World;
  readonly server: ModelServer;
  readonly device: Device;
  readonly all: T[];
  readonly #open: (device: Device) => T;

  /** With hubs the tabs have one connection, else each its own. */
  constructor(seed: number, hubs: boolean, open: (device: Device) => T) {
    this.world = new World(seed);
    this.server = new ModelServer(this.world);
    this.device = new Device(this.world, this.server);
    if (hubs) this.device.hubs = new Hubs(this.server);
    this.#open = open;
    this.all = [open(this.device), open(this.device), open(this.device)];
  }

  /** One of them, by chance, and its index. */
  any(): [T, number] {
    const i = this.world.below(this.all.length);
    return [this.all[i] as T, i];
  }

  /** Kills one, or closes it, and opens another. */
  renew(i: number): void {
    const { page } = this.all[i] as T;
    if (this.world.below(2)) page.kill();
    else page.client.close();
    this.all[i] = this.#open(this.device);
  }

  goOffline(): void {
    this.device.offline = true;
    for (const { page } of this.all) page.cut();
  }

  goOnline(): void {
    this.device.offline = false;
    for (const { page } of this.all) page.client.connect();
  }

  /**
   * Edits in one tab or another, while the storage is slow, networks come and go, the server
   * refuses, and tabs are killed or closed. If it is steady none is, and no document begins anew
   * by a snapshot.
   */
  async wander(steady: boolean, edit: (tab: T) => void): Promise<void> {
    const { world, server, device } = this;
    const faults = { ...calm, refuse: 0.05, cut: 0.02, dial: 0.1 };
    if (steady) server.snapshots = 0;
    else server.faults = faults;
    await world.pass(steady ? 3000 : 200);
    server.faults = faults;
    for (let step = 0; step < 60; step++) {
      const [tab, i] = this.any();
      const kind = world.below(12);
      if (kind < 5) {
        edit(tab);
      } else if (kind < 6) {
        device.slowness = world.below(3) * 20;
      } else if (kind < 7) {
        if (device.offline) device.offline = false;
        else this.goOffline();
      } else if (kind < 9) {
        tab.page.offline = !tab.page.offline;
        if (tab.page.offline) tab.page.cut();
      } else if (kind < 10 && !steady) {
        this.renew(i);
      } else {
        await world.pass(world.below(3000));
      }
      await world.pass(world.below(60));
    }
    device.slowness = 0;
  }

  /** Takes all faults away, and passes the time until everything is sent. */
  async settle(): Promise<void> {
    this.server.faults = calm;
    this.device.offline = false;
    for (const { page } of this.all) page.offline = false;
    await this.world.pass(120_000);
  }

  close(): void {
    for (const { page } of this.all) page.client.close();
  }
}
