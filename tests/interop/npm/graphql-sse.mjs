import { createClient } from 'graphql-sse';
import { journey } from './journey.mjs';

await journey(process.argv[2], (address, token) => {
  const clientFor = (last = () => null) => createClient({
    url: `http://${address}/graphql`,
    retryAttempts: 50,
    retry: () => new Promise((done) => setTimeout(done, 50)),
    headers: () => ({
      ...(token() ? { authorization: `Bearer ${token()}` } : {}),
      ...(last() ? { 'last-event-id': last() } : {}),
    }),
  });
  const asking = clientFor();
  return {
    ask: (query, variables) => new Promise((done, failed) => {
      let data;
      asking.subscribe({ query, variables }, {
        next: (result) => { if (result.errors) failed(new Error(JSON.stringify(result.errors))); data = result.data; },
        error: failed,
        complete: () => done(data),
      });
    }),
    listen: (query, variables, sink) => {
      let last = null;
      clientFor(() => last).subscribe({ query, variables }, {
        ...sink,
        next: (result) => { last = Object.values(result.data ?? {})[0]?.cursor ?? last; sink.next(result); },
      });
    },
    close: () => asking.dispose(),
  };
});
