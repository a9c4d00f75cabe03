import type { Topic } from '@tutti/client';
import type { Device } from './device.ts';

type Payload = Record<string, unknown>;

/** Keeps a device up to date with all on a topic, until the function is called that it returns. */
export function sync(device: Device, topic: Topic<Payload>, onError: (error: unknown) => void): () => void {
  let receiving = false;
  let sending = false;
  let due = false;
  let ended = false;

  // One payload at a time: the next holds all that was changed meanwhile.
  async function send(): Promise<void> {
    due = true;
    if (sending) return;
    sending = true;
    try {
      while (due) {
        due = false;
        await topic.publish(device.payload());
      }
    } catch (error) {
      if (!ended) onError(error);
    } finally {
      sending = false;
    }
  }

  const stopReceiving = topic.subscribe(
    (payload) => {
      receiving = true;
      try {
        device.apply(payload);
      } catch (error) {
        onError(error);
      } finally {
        receiving = false;
      }
    },
    { from: { last: 50 } },
  );

  // What came from the topic need not be told there again.
  const stopSending = device.onChange(() => {
    if (!receiving) void send();
  });
  void send();

  return () => {
    due = false;
    ended = true;
    stopReceiving();
    stopSending();
  };
}
