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
    text: (text) => text.value,
  };
  /** What an agent does beside the methods of a handle. */
  const methods = {
    type(text, part, n, s) {
      const at = Math.floor(part * text.length);
      return text.replace(at, Math.min(n, text.length - at), s);
    },
  };
  return {
    open({ kind, topic, offline }) {
      documents.set(topic, { kind, handle: client()[kind](topic, offline ? { offline } : {}) });
    },
    async edit({ topic, n, method, args }) {
      try {
        const { handle } = documents.get(topic);
        const made = methods[method] ? methods[method](handle, ...args) : handle[method](...args);
        await made?.server;
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
