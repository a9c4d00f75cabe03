// The columns of a piece, a run of code points of one right origin, in a tree of
// branches. A branch's child is counted in the same ones.

/** Of the first code point; of a child: where the node begins. */
export const id = 0;
/** How many code points; of a child: those from before. */
export const n = 1;
/** The left origin of the first; each other one has the one before it. */
export const left = 2;
export const right = 3;
/** The prepare state: 0 not inserted, 1 there, from 2 on deleted once or more. */
export const state = 4;
/** How many are there in the prepare state. */
export const prepared = 5;
/** How many are there in the effect state. */
export const effective = 6;

/** How many columns there are. */
export const columns = 7;
