import './style.css';
import './todos.css';
import { find } from './find.ts';
import { todos } from './rooms/todos.ts';
import todosSource from './rooms/todos.ts?raw';
import { showSource } from './source.ts';
import { TodosView } from './views/todos.ts';

const room = find(document, '#todos');
showSource(find(room, '.source'), 'todos.ts', todosSource);
todos(new TodosView(room));
