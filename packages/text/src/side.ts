// In whose past an event is.

export const left = 1;
export const right = 2;
export const both = 3;
