"""Frames of a websocket as clients send them (RFC 6455, 5.2): the plain ones, without a parser that lives for them."""

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # its compiled form, where there is one

TEXT, PONG = 0x1, 0xA
_PLAIN = {0x80 | TEXT, 0x80 | PONG}  # final, and without extensions
_MASKED, _LENGTH, _MASK = 0x80, 0x7F, 4
_TWO, _EIGHT = 126, 127  # lengths that follow in so many bytes


def alone(data: bytes, most: int) -> tuple[int, bytes] | None:
    """Opcode and payload of the one text or pong that `data` is; None for everything else, which is for a parser."""
    if len(data) <= 1 + _MASK or data[0] not in _PLAIN or data[1] < _MASKED:
        return None
    size, start = data[1] & _LENGTH, 2
    if size == _EIGHT:
        return None
    if size == _TWO:
        size, start = int.from_bytes(data[2:4], "big"), 4
        if size < _TWO or data[0] & 0xF == PONG:
            return None
    if size > most or len(data) != start + _MASK + size:
        return None
    return data[0] & 0xF, apply_mask(data[start + _MASK :], data[start : start + _MASK])


def ends_with_a_frame(data: bytes) -> bool:
    """Whether nothing of a next frame has come with these, which begin with one; all are masked."""
    at = 0
    while at + 1 < len(data):
        size, at = data[at + 1] & _LENGTH, at + 2
        if size >= _TWO:
            more = 2 if size == _TWO else 8
            size, at = int.from_bytes(data[at : at + more], "big"), at + more
        at += _MASK + size
    return at == len(data)
