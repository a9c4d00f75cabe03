/**
 * Makes a client's secret: its day of birth, counted from 1970, and 128 random
 * bits in base64url (rule CLIENT-1). Now is in milliseconds since 1970.
 */
export function newSecret(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const random = btoa(String.fromCharCode(...bytes));
  const day = Math.floor(now / 86_400_000);
  return `${day}.${random.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}
