import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { setupWSConnection } from '@y/websocket-server/utils';
import { WebSocketServer } from 'ws';

/*
 * The server of y-websocket, without persistence, on a free port of this machine,
 * which it says on a line. Each line that it is told is answered by one when
 * garbage is collected, with the bytes of heap that are left. It ends with its
 * input.
 */

const http = createServer();
const sockets = new WebSocketServer({ server: http });
sockets.on('connection', setupWSConnection);
http.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${http.address().port}`));

const lines = createInterface({ input: process.stdin });
lines.on('line', () => {
  global.gc();
  console.log(JSON.stringify({ heap: process.memoryUsage().heapUsed }));
});
lines.on('close', () => process.exit());
