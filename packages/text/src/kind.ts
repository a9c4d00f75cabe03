// What a run of events did.

export const inserted = 0;
/** Forwards, each at the same position. */
export const deleted = 1;
/** Backwards, each in front of the one before. */
export const erased = 2;
