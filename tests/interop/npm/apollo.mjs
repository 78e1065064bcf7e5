import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client/core';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { journey } from './journey.mjs';
import { socketTo } from './socket.mjs';

await journey(process.argv[2], (address, token) => {
  const socket = socketTo(address, token);
  const http = new HttpLink({
    uri: `http://${address}/graphql`,
    fetch: (uri, options) => fetch(uri, {
      ...options,
      headers: { ...options.headers, ...(token() ? { authorization: `Bearer ${token()}` } : {}) },
    }),
  });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      http,
    ),
  });
  return {
    ask: async (text, variables) => {
      const document = gql(text);
      const answer = text.startsWith('mutation')
        ? await client.mutate({ mutation: document, variables })
        : await client.query({ query: document, variables });
      if (answer.error) throw answer.error;
      return answer.data;
    },
    listen: (text, variables, sink) => client.subscribe({ query: gql(text), variables }).subscribe({
      ...sink,
      next: (result) => (result.error ? sink.error(result.error) : sink.next(result)),
    }),
    close: () => { client.stop(); return socket.dispose(); },
  };
});
