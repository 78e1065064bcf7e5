/** The reference client of the live feed; what it does is the table of docs/feed.md, and each row of it is tested. */

export { FeedClient, type FeedOptions, type Item, type Notice, type Stream } from './feed.js';
export { FeedError, Session, Unreachable, type Credentials, type Tokens } from './session.js';
export { type Socket, type SocketFactory } from './line.js';
