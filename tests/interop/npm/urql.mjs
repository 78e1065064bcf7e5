import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { onEnd, pipe, subscribe } from 'wonka';
import { journey } from './journey.mjs';
import { socketTo } from './socket.mjs';

await journey(process.argv[2], (address, token) => {
  const socket = socketTo(address, token);
  const client = new Client({
    url: `http://${address}/graphql`,
    preferGetMethod: false,
    fetchOptions: () => ({ headers: token() ? { authorization: `Bearer ${token()}` } : {} }),
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink) }),
        }),
      }),
    ],
  });
  return {
    ask: async (text, variables) => {
      const answer = await (text.startsWith('mutation') ? client.mutation : client.query).call(client, text, variables).toPromise();
      if (answer.error) throw answer.error;
      return answer.data;
    },
    listen: (text, variables, sink) => pipe(
      client.subscription(text, variables),
      onEnd(() => sink.complete()),
      subscribe((result) => (result.error ? sink.error(result.error) : sink.next(result))),
    ),
    close: () => socket.dispose(),
  };
});
