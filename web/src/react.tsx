import './style.css';
import './todos.css';
import './react.css';
import { connect } from '@tutti/client';
import { simulate } from '@tutti/client/testing';
import { TuttiProvider } from '@tutti/react';
import { StrictMode } from 'react';
import { createPortal } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { find } from './find.ts';
import { Todos } from './rooms/react.tsx';
import todosSource from './rooms/react.tsx?raw';
import { showSource } from './source.ts';
import { Connection, Network } from './views/connection.tsx';

// Between here and the server, to be spoiled at will.
const network = simulate();

showSource(find(document, '.source'), 'react.tsx', todosSource);
createRoot(find(document, '#list')).render(
  <StrictMode>
    <TuttiProvider connect={() => connect('.', network.options)}>
      <Connection />
      <Todos />
      {createPortal(<Network network={network} />, find(document, '#network'))}
    </TuttiProvider>
  </StrictMode>,
);
