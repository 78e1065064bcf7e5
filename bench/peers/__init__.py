"""The other servers: Mercurius and PostGraphile on Node.js, a stock Strawberry, and the bytes ready-made."""
