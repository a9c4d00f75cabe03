/** The `sub` of a token, which nobody has proved; empty if it has none. */
export function subOf(token: string): string {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    return String(JSON.parse(bytes).sub ?? '');
  } catch {
    return '';
  }
}
