import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import WebSocketJSONStream from '@teamwork/websocket-json-stream';
import { WebSocketServer } from 'ws';
import { listen } from './listen.js';

const require = createRequire(import.meta.url);
const ShareDB = require('sharedb');
const { type } = require('ot-text-unicode');

// ShareDB, with its store in memory.

ShareDB.types.register(type);
const backend = new ShareDB();
const http = createServer();
const sockets = new WebSocketServer({ server: http });
sockets.on('connection', (socket) => backend.listen(new WebSocketJSONStream(socket)));
listen(http);
