/** What of a key press tells what is meant. */
export type Press = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'isComposing'
>;

/** Whether a key press means undo or redo: Ctrl or Cmd with Z, and with Shift for redo; or Ctrl+Y. */
export function reverting(press: Press): 'undo' | 'redo' | undefined {
  const { ctrlKey, metaKey, shiftKey } = press;
  if (ctrlKey === metaKey || press.altKey || press.isComposing) return undefined;
  const key = press.key.toLowerCase();
  if (key === 'z') return shiftKey ? 'redo' : 'undo';
  return key === 'y' && ctrlKey && !shiftKey ? 'redo' : undefined;
}
