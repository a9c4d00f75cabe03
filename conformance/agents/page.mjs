// The TypeScript client as an agent in a page of the server, which has this
// module, documents.mjs and crdt.js beside it; see README.md.
import { connect } from '/v1/client.js';
import { text } from '/v1/text.js';
import * as crdt from './crdt.js';
import { documentCommands } from './documents.mjs';

const { say } = window;

let client;
window.commands = {
  connect({ url }) {
    client = connect(url, { types: [text] });
    client.onStatus(({ state }) => say({ event: 'status', state }));
  },
  ...documentCommands(() => client, crdt, say),
};
