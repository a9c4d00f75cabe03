import { Server } from '@hocuspocus/server';
import { listen } from './listen.js';

// Hocuspocus, without an extension: documents live as long as someone has them open.

const server = new Server({ quiet: true, stopOnSignals: false });
listen(server.httpServer);
