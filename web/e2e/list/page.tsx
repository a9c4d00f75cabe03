import { connect, type Row } from '@tutti/client';
import { TuttiProvider, useRecord, useRecords } from '@tutti/react';
import { memo } from 'react';
import { createRoot } from 'react-dom/client';

/** What the test reads: how often something was rendered, and the tasks of more than 50 ms. */
const seen = { lists: 0, rows: 0, longTasks: [] as { startTime: number; duration: number }[] };
Object.assign(window, { seen });

new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) seen.longTasks.push({ startTime, duration });
}).observe({ type: 'longtask', buffered: true });

const keys = (rows: readonly Row<object>[]) => rows.map(([key]) => key);

function List() {
  const [ids] = useRecords('records:list', { select: keys });
  seen.lists++;
  return (
    <ol>
      {ids.map((id) => (
        <Line key={id} id={id} />
      ))}
    </ol>
  );
}

const Line = memo(function Line({ id }: { id: string }) {
  const [record] = useRecord<{ text: string; n: number }>('records:list', id);
  seen.rows++;
  return <li>{`${record?.text} ${record?.n}`}</li>;
});

const root = document.createElement('main');
document.body.append(root);
createRoot(root).render(
  <TuttiProvider connect={() => connect('.')}>
    <List />
  </TuttiProvider>,
);
