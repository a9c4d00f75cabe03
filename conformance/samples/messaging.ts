import { connect } from '@tutti/client';

export function messages<T>(topic: string, url?: string) {
  const client = connect(url);
  const t = client.topic<T>(topic);
  return { subscribe: (handler: (data: T) => void) => t.subscribe(handler), send: (data: T) => t.publish(data) };
}
