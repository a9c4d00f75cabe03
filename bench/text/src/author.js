/*
 * Agents are numbers from 1. Where two insert at one place, each engine puts one
 * in front by these, or by the names that are made of them.
 */

/** The agent of what one alone writes, and that of what is opened or merged into. */
export const [typist, reader] = [1, 1000];

/** All patches of a history whose txns follow each other. */
export function patchesOf({ startContent = '', txns }) {
  const patches = txns.flatMap((txn) => txn.patches);
  return startContent === '' ? patches : [[0, 0, startContent], ...patches];
}

/**
 * Makes a concurrent history as its authors made it, each in a document of its
 * own that takes in what the others sent when a txn has seen it. An author has
 * seen all its own. Returns a document that has all of it.
 */
export function collaborate(Doc, history) {
  const authors = authorsOf(Doc, history, false);
  authors[0].take(
    authors,
    authors.map(() => history.txns.length),
  );
  return authors[0].doc;
}

/** The updates of a concurrent history, one for each txn, in their order. */
export function updatesOf(Doc, history) {
  const sent = authorsOf(Doc, history, true).flatMap((author) => author.sent);
  return sent.sort((a, b) => a.txn - b.txn).map(({ update }) => update);
}

/** The authors of a concurrent history, who have sent all: each txn by itself, or as seldom as the others need. */
function authorsOf(Doc, { txns, numAgents }, each) {
  const authors = Array.from({ length: numAgents }, (_, i) => new Author(Doc, i, numAgents));
  const heard = new Set(txns.flatMap(({ parents, agent }) => parents.filter((i) => txns[i].agent !== agent)));
  const pasts = []; // of each txn: of each author's txns the last that it has seen, itself included
  txns.forEach(({ parents, agent, patches }, i) => {
    const past = authors.map((_, other) => Math.max(-1, ...parents.map((parent) => pasts[parent][other])));
    authors[agent].take(authors, past);
    authors[agent].pending.push(...patches);
    past[agent] = i;
    pasts.push(past);
    if (each || heard.has(i)) authors[agent].send(i);
  });
  for (const author of authors) author.send(txns.length);
  return authors;
}

class Author {
  pending = []; // patches that are not in the document yet
  sent = []; // { txn, update }: all that the author made up to a txn

  constructor(Doc, agent, agents) {
    this.agent = agent;
    this.doc = new Doc(agent + 1);
    this.taken = new Array(agents).fill(0); // how many messages of each other
  }

  /** Takes in what the others sent of their txns up to those in `past`, in the order of the txns. */
  take(authors, past) {
    const news = authors.flatMap(({ agent, sent }) => {
      const from = this.taken[agent];
      let to = from;
      if (agent !== this.agent) while (sent[to]?.txn <= past[agent]) to++;
      this.taken[agent] = to;
      return sent.slice(from, to);
    });
    if (news.length === 0) return;
    this.#write();
    for (const { update } of news.sort((a, b) => a.txn - b.txn)) this.doc.merge(update);
  }

  send(txn) {
    this.#write();
    if (this.version === undefined) return;
    this.sent.push({ txn, update: this.doc.since(this.version) });
    this.version = undefined;
  }

  #write() {
    if (this.pending.length === 0) return;
    this.version ??= this.doc.version();
    this.doc.edit(this.pending);
    this.pending = [];
  }
}
