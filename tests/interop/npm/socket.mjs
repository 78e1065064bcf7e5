// A graphql-ws client as a console would make it, and what lets any library on top of it resume by cursor.

import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

export function socketTo(address, token) {
  return resuming(createClient({
    url: `ws://${address}/graphql`,
    webSocketImpl: WebSocket,
    lazyCloseTimeout: 1000,
    retryAttempts: 50,
    retryWait: () => new Promise((done) => setTimeout(done, 50)),
    shouldRetry: () => true,
    connectionParams: () => (token() ? { authorization: `Bearer ${token()}` } : {}),
  }));
}

/** graphql-ws sends a subscription again after it reconnected: here with the last cursor it has seen as `after`. */
export function resuming(client) {
  return {
    ...client,
    subscribe(payload, sink) {
      let after = payload.variables?.after ?? null;
      const anew = { ...payload, get variables() { return { ...payload.variables, after }; } };
      return client.subscribe(payload.query.trimStart().startsWith('subscription') ? anew : payload, {
        ...sink,
        next(result) {
          const item = Object.values(result.data ?? {})[0];
          after = item?.cursor ?? item?.resumeAt ?? after;
          sink.next(result);
        },
      });
    },
  };
}

export function once(client, query, variables) {
  return new Promise((done, failed) => {
    let data;
    client.subscribe({ query, variables }, {
      next: (result) => { if (result.errors) failed(new Error(JSON.stringify(result.errors))); data = result.data; },
      error: (error) => failed(new Error(String(error?.reason ?? error?.message ?? JSON.stringify(error)))),
      complete: () => done(data),
    });
  });
}
