const pattern = /^[A-Za-z0-9_-]{1,64}$/;

export function isReplicaId(id: unknown): id is string {
  return typeof id === 'string' && pattern.test(id);
}

/** 128 random bits in base64url. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const text = btoa(String.fromCharCode(...bytes));
  return text.slice(0, 22).replaceAll('+', '-').replaceAll('/', '_');
}
