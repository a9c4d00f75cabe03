import type { Simulation } from '@tutti/client/testing';
import { ConnectionBanner, useClient, useStatus } from '@tutti/react';
import { useEffect, useState } from 'react';
import { describeStatus } from './status.ts';

/** How the connection is, and below it, if something does not arrive, what. */
export function Connection() {
  const client = useClient();
  const status = useStatus();
  const { said, retry } = describeStatus(status);
  return (
    <>
      <header>
        <h2 id="todos-title">To-do list</h2>
        <p className="road">useRecords</p>
      </header>
      <div className="status" data-state={status.state}>
        <span className="said" role="status">
          {said}
        </span>
        {retry && (
          <button type="button" onClick={() => client?.connect()}>
            {retry}
          </button>
        )}
      </div>
      <ConnectionBanner className="banner" />
    </>
  );
}

/** What the visitor lets happen between the page and the server. */
export function Network({ network }: { network: Simulation }) {
  const client = useClient();
  const [latency, setLatency] = useState(300);
  const [offline, setOffline] = useState(false);
  const [rejects, setRejects] = useState(false);

  useEffect(() => {
    const rejected = (data: unknown) => rejects || JSON.stringify(data).includes('bagpipes');
    network.set({
      latency,
      offline,
      reject: ({ data }) => rejected(data) && 'The server is in no mood for that.',
    });
    if (!offline) client?.connect();
  }, [network, client, latency, offline, rejects]);

  return (
    <fieldset className="live network">
      <legend>Between here and the server</legend>
      <label className="slider">
        <span className="caption">
          Latency, each way <span className="latency">{`${latency} ms`}</span>
        </span>
        <input
          type="range"
          min="0"
          max="3000"
          step="100"
          value={latency}
          onChange={(event) => setLatency(event.currentTarget.valueAsNumber)}
        />
      </label>
      <label className="switch">
        <input type="checkbox" checked={offline} onChange={() => setOffline(!offline)} /> Offline
      </label>
      <label className="switch">
        <input type="checkbox" checked={rejects} onChange={() => setRejects(!rejects)} /> Reject what I
        change, as a hook on the server would
      </label>
      <p className="faint">
        Whatever says <q>bagpipes</q> is rejected in any case.
      </p>
    </fieldset>
  );
}
