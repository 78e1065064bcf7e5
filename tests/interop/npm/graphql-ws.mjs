import { journey } from './journey.mjs';
import { once, socketTo } from './socket.mjs';

await journey(process.argv[2], (address, token) => {
  const client = socketTo(address, token);
  return {
    ask: (query, variables) => once(client, query, variables),
    listen: (query, variables, sink) => client.subscribe({ query, variables }, sink),
    close: () => client.dispose(),
  };
});
