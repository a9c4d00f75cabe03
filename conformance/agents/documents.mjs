/**
 * The commands on documents and CRDTs, for the agent and for a page; see
 * README.md. `client` returns the client that is connected.
 */
export function documentCommands(client, { GCounter }, say) {
  const documents = new Map();
  const tally = new GCounter();
  const values = {
    counter: (counter) => counter.value,
    set: (set) => set.values(),
    records: (records) => Object.fromEntries(records.entries()),
  };
  return {
    open({ kind, topic }) {
      documents.set(topic, { kind, handle: client()[kind](topic) });
    },
    async edit({ topic, n, method, args }) {
      try {
        await documents.get(topic).handle[method](...args)?.server;
        say({ event: 'settled', n });
      } catch (error) {
        say({ event: 'settled', n, error: error.code ?? String(error) });
      }
    },
    look({ topic, n }) {
      const { kind, handle } = documents.get(topic);
      say({ event: 'answer', n, data: values[kind](handle) });
    },
    tally({ n, by, payload }) {
      if (by) tally.increment(by);
      if (payload) tally.applyPayload(payload);
      say({ event: 'answer', n, data: { value: tally.value, payload: tally.payload() } });
    },
  };
}
