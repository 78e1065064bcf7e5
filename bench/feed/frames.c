// What comes to a console: frames taken apart, items checked and counted (see fan.c).
#define _GNU_SOURCE
#include "fan.h"

#include <stdlib.h>

int chained;
char sample[SAMPLE];

void lose(Socket *it) {
    if (!lost++) fprintf(stderr, "socket %zu was lost at stage %d: %s\n", (size_t)(it - sockets), it->stage, strerror(errno));
    if (it->fd >= 0) close(it->fd);
    it->fd = -1, it->stage = CLOSED;
}

static void complain(const char *why, const char *text, size_t size) {
    if (wrong++ < 3) fprintf(stderr, "%s: %.*s\n", why, (int)(size < 700 ? size : 700), text);
}

static uint64_t mixed(uint64_t sum, const char *text, size_t size) {
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
        sum ^= sum >> 29;
        text += 8, size -= 8;
    }
    for (; size; size--) sum = (sum ^ (unsigned char)*text++) * 0x100000001B3u;
    return sum;
}

// A sum of everything but the operation's id, which is the socket's own or, where a frame is ready-made, the first one's.
static uint64_t sum_of(const char *text, size_t size) {
    const char *own = memmem(text, size, ID, sizeof ID - 1);
    if (!own) return mixed(1, text, size);
    return mixed(mixed(1, text, own - text), own + 36, size - (own + 36 - text));
}

static const char *value_of(const char *text, size_t size, const char *name, size_t *length) {
    const char *found = memmem(text, size, name, strlen(name));
    if (!found) return NULL;
    found += strlen(name);
    const char *end = memchr(found, '"', size - (found - text));
    *length = end ? (size_t)(end - found) : 0;
    return end && *length < CURSOR ? found : NULL;
}

// Each item follows the one before it; the first of a stream that did not resume follows itself.
static void follow(Socket *it, const char *text, size_t size) {
    size_t length, before;
    const char *cursor = value_of(text, size, "\"cursor\":\"", &length);
    const char *follows = value_of(text, size, "\"follows\":\"", &before);
    if (!cursor || !follows) return complain("an item without a place", text, size);
    if (it->chained && (strlen(it->cursor) != before || memcmp(it->cursor, follows, before)))
        complain("an item that does not follow", text, size);
    memcpy(it->cursor, cursor, length);
    it->cursor[length] = 0, it->chained = 1;
}

static void timed(int ordinal, double at) {
    static size_t room;
    if (!latency_room) return;
    if (latency_count == room) {
        room = room ? room * 2 : 65536;
        latencies = realloc(latencies, room * sizeof *latencies), whole = realloc(whole, room * sizeof *whole);
    }
    whole[latency_count] = at - asked[ordinal - BASE];
    latencies[latency_count++] = at - committed[ordinal - BASE];
}

static void event(Socket *it, int ordinal, const char *text, size_t size, double at) {
    if (ordinal <= BASE || ordinal >= BASE + LIMIT) return complain("an event nobody asked for", text, size);
    if (it->last && ordinal != it->last + 1) complain("an event lost, doubled or out of order", text, size);
    it->last = ordinal;
    uint64_t sum = sum_of(text, size);
    uint32_t *count = &got[ordinal - BASE];
    if (!(*count)++) {
        sums[ordinal - BASE] = sum;
        snprintf(sample, SAMPLE, "%.*s", (int)size, text);
    } else if (sums[ordinal - BASE] != sum) complain("not what another socket was told", text, size);
    deliveries++, bytes += size;
    timed(ordinal, at);
}

static void message(Socket *it, const char *text, size_t size, double at) {
    if (it->stage >= ASKED && memmem(text, size, "\"type\":\"next\"", 13)) {
        const char *version = memmem(text, size, "\"version\":1", 11);
        if (chained) follow(it, text, size);
        if (version) event(it, atoi(version + 10), text, size, at);
        else others++;
        if (!version && memmem(text, size, "\"errors\"", 8)) complain("errors", text, size);
        if (it->stage == ASKED) reached(it, LIVE);
    } else if (memmem(text, size, "\"connection_ack\"", 16)) {
        reached(it, ACKNOWLEDGED);
    } else if (memmem(text, size, "\"type\":\"ping\"", 13)) {
        say_text(it, "{\"type\":\"pong\"}");
    } else complain("not expected", text, size);
}

// One frame at the beginning of `data`; its size, 0 while it is not whole.
static size_t frame(Socket *it, const unsigned char *data, size_t size, double at) {
    if (size < 2) return 0;
    size_t length = data[1] & 127, head = 2;
    if (length == 126) {
        if (size < 4) return 0;
        length = data[2] << 8 | data[3], head = 4;
    } else if (length == 127) {
        if (size < 10) return 0;
        length = (size_t)data[6] << 24 | data[7] << 16 | data[8] << 8 | data[9], head = 10;
    }
    if (head + length > ROOM) fail("a frame too long");
    if (size < head + length) return 0;
    int opcode = data[0] & 15;
    const char *text = (const char *)data + head;
    if (opcode == 1) message(it, text, length, at);
    else if (opcode == 9) pong(it, text, length);
    else if (opcode == 8) complain("closed", length > 2 ? text + 2 : text, length > 2 ? length - 2 : 0), lost++;
    return head + length;
}

static size_t upgrade(Socket *it) {
    char *end = memmem(it->in, it->filled, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(it->in, "HTTP/1.1 101", 12)) {
        complain("no websocket", (char *)it->in, it->filled);
        lose(it);
        return 0;
    }
    it->upgraded = 1;
    reached(it, UPGRADED);
    return end + 4 - (char *)it->in;
}

// Take in what has come for one socket, and look at every whole frame.
void take(Socket *it, double at) {
    for (;;) {
        size_t room = ROOM - it->filled;
        ssize_t size = recv(it->fd, it->in + it->filled, room, MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (size <= 0) return lose(it);
        it->filled += size;
        size_t done = 0, step;
        if (!it->upgraded && !(done = upgrade(it))) return;
        while ((step = frame(it, it->in + done, it->filled - done, at))) done += step;
        memmove(it->in, it->in + done, it->filled - done);
        it->filled -= done;
        if ((size_t)size < room || it->fd < 0) return;
    }
}
