/** What a token says, which nobody has proved. */
export interface Claims {
  /** Its `sub`; empty if it has none, or cannot be read. */
  user: string;
  /** All else but when it was made, and how long it holds: what it says of the user, and what they may. */
  rights: string;
}

export function claimsOf(token: string): Claims {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    const { sub = '', iat: _, nbf: __, exp: ___, jti: ____, ...rights } = JSON.parse(text);
    return { user: String(sub), rights: JSON.stringify(rights) };
  } catch {
    return { user: '', rights: '' };
  }
}
