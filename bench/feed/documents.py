"""What is asked: one stream of events of about 400 bytes; for peers without a union the same without its heartbeat."""

EVENT = "cursor follows kind version incident { no title state }"
OURS = (
    "subscription Feed($after: Cursor) { feed(after: $after) { __typename "
    f"... on FeedEvent {{ {EVENT} }} ... on FeedHeartbeat {{ cursor follows }} }} }}"
)
PEERS = f"subscription Feed {{ feed {{ __typename {EVENT} }} }}"
