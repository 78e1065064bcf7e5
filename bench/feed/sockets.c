// Sockets on their way: connected, upgraded, greeted, subscribed (see fan.c).
#define _GNU_SOURCE
#include "fan.h"

#include <netinet/tcp.h>
#include <stdlib.h>

Socket *sockets;
size_t socket_count, live_count, reached_count, wrong, lost;
size_t deliveries, bytes, others;
int epoll, commanded;
double *asked, *committed, *latencies, *whole;
size_t latency_count, latency_room;
uint32_t *got;
uint64_t *sums;
int newest;
char *document, **tokens, last_after[CURSOR];
size_t token_count;
struct sockaddr_in server = {.sin_family = AF_INET};

static const char HANDSHAKE[] =
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

void fail(const char *what) {
    perror(what);
    exit(1);
}

void watch(Socket *it, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = it};
    if (epoll_ctl(epoll, how, it->fd, &event)) fail("epoll_ctl");
}

static void put(Socket *it, const void *data, size_t size) {
    if (send(it->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) lose(it);
}

// A masked frame; the mask is zero, which the protocol allows and no server here can tell by its cost.
static void say(Socket *it, int opcode, const char *text, size_t size) {
    unsigned char out[8192];
    size_t head = 2;
    if (size + 16 > sizeof out) fail("a message too long");
    out[0] = 0x80 | opcode;
    if (size < 126) out[1] = 0x80 | size;
    else out[1] = 0x80 | 126, out[2] = size >> 8, out[3] = size, head = 4;
    memset(out + head, 0, 4);
    memcpy(out + head + 4, text, size);
    put(it, out, head + 4 + size);
}

void pong(Socket *it, const char *text, size_t size) { say(it, 10, text, size); }

void say_text(Socket *it, const char *text) { say(it, 1, text, strlen(text)); }

static void init(Socket *it) {
    char text[4096];
    size_t at = it - sockets;
    if (token_count)
        snprintf(text, sizeof text, "{\"type\":\"connection_init\",\"payload\":{\"authorization\":\"Bearer %s\"}}",
                 tokens[at % token_count]);
    else snprintf(text, sizeof text, "{\"type\":\"connection_init\"}");
    say_text(it, text);
    it->stage = GREETED;
}

void subscribe(Socket *it) {
    char text[7000], variables[CURSOR + 32] = "";
    const char *after = !strcmp(last_after, "last") ? it->cursor : last_after;
    if (*after && strcmp(after, "-")) snprintf(variables, sizeof variables, ",\"variables\":{\"after\":\"%s\"}", after);
    snprintf(text, sizeof text, "{\"id\":\"%s\",\"type\":\"subscribe\",\"payload\":{\"query\":\"%s\"%s}}", it->id,
             document, variables);
    it->chained = *variables != 0;
    if (*variables && strcmp(last_after, "last")) snprintf(it->cursor, CURSOR, "%s", after);
    say_text(it, text);
    it->stage = ASKED;
}

// Go on with a socket that has reached `stage`, as far as was asked for.
void reached(Socket *it, int stage) {
    it->stage = stage;
    if (stage == CONNECTED) {
        watch(it, EPOLLIN, EPOLL_CTL_MOD);
        put(it, HANDSHAKE, sizeof HANDSHAKE - 1);
    } else if (stage == UPGRADED) init(it);
    else if (stage == ACKNOWLEDGED && it->aim > ACKNOWLEDGED) subscribe(it);
    if (it->stage >= it->aim || (it->aim == LIVE && stage == LIVE)) reached_count++;
}

void dial(Socket *it, int aim) {
    int one = 1;
    it->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (it->fd < 0) fail("socket");
    setsockopt(it->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    it->filled = 0, it->aim = aim, it->stage = DIALLED, it->stalled = 0, it->upgraded = 0;
    if (!strcmp(last_after, "-")) it->last = 0;
    if (connect(it->fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) fail("connect");
    watch(it, EPOLLOUT, EPOLL_CTL_ADD);
}

// Look at what has come for so long at most; what came at once has one time, refreshed every few sockets.
void pump(double seconds) {
    static struct epoll_event found[512];
    int milliseconds = seconds < 0 ? -1 : (int)(seconds * 1000);
    int count = epoll_wait(epoll, found, 512, milliseconds);
    double at = now();
    for (int i = 0; i < count; i++) {
        Socket *it = found[i].data.ptr;
        if (!it) {
            commanded = 1;
            continue;
        }
        if (it->stage == DIALLED && found[i].events & (EPOLLOUT | EPOLLERR)) {
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(it->fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error) lose(it);
            else reached(it, CONNECTED);
            continue;
        }
        take(it, at);
        if (i % 16 == 15) at = now();
    }
}
