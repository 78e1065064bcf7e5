import relay from 'relay-runtime';
import { journey, post } from './journey.mjs';
import { socketTo } from './socket.mjs';

const { Network, Observable } = relay;

await journey(process.argv[2], (address, token) => {
  const socket = socketTo(address, token);
  const network = Network.create(
    async (operation, variables) => ({ data: await post(address, operation.text, variables, token()) }),
    (operation, variables) => Observable.create((sink) => socket.subscribe({ query: operation.text, variables }, sink)),
  );
  const execute = (text, variables) => {
    const [, operationKind, name] = /^(\w+) (\w+)/.exec(text);
    return network.execute({ id: null, cacheID: name, name, operationKind, text, metadata: {} }, variables, { force: true });
  };
  return {
    ask: async (text, variables) => (await execute(text, variables).toPromise()).data,
    listen: (text, variables, sink) => execute(text, variables).subscribe(sink),
    close: () => socket.dispose(),
  };
});
