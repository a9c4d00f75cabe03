import './style.css';
import './rooms.css';
import { find } from './find.ts';
import { chat } from './rooms/chat.ts';
import chatSource from './rooms/chat.ts?raw';
import { ticker } from './rooms/ticker.ts';
import tickerSource from './rooms/ticker.ts?raw';
import { showSource } from './source.ts';
import { ChatView } from './views/chat.ts';
import { TickerView } from './views/ticker.ts';

const chatRoom = find(document, '#chat');
const tickerRoom = find(document, '#ticker');

showSource(find(chatRoom, '.source'), 'chat.ts', chatSource);
showSource(find(tickerRoom, '.source'), 'ticker.ts', tickerSource);
find(document, '#curl').textContent =
  `curl -N '${new URL('v1/sse?topic=chat:lobby&last=10', location.href)}'`;

chat(new ChatView(chatRoom));
ticker(new TickerView(tickerRoom));
