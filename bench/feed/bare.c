// The least a feed can cost: one ready frame, one send for each socket and event, nothing else.
//
//   bare PORT PUBLISH_PORT MESSAGE
//
// MESSAGE is a `next` as our server sent it; the seven digits after "version": become the event's ordinal.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 20000
#define BIGGEST 8192

static int stages[MOST], subscribed[MOST], places[MOST], count, epoll;
static char frame[BIGGEST + 8], *digits;
static size_t frame_size;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static size_t framed(char *out, const char *text, size_t size) {
    size_t head = size < 126 ? 2 : 4;
    out[0] = (char)0x81;
    if (size < 126) out[1] = size;
    else out[1] = 126, out[2] = size >> 8, out[3] = size;
    memcpy(out + head, text, size);
    return head + size;
}

static void put(int fd, const char *data, size_t size) {
    if (send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) fail("send");
}

static void leave(int fd) {
    if (stages[fd] == 3) {
        int moved = subscribed[--count];
        subscribed[places[fd]] = moved, places[moved] = places[fd];
    }
    close(fd);
}

static void converse(int fd) {
    static char in[BIGGEST], out[64];
    static const char ACCEPTED[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
    static const char ACK[] = "{\"type\":\"connection_ack\"}";
    if (recv(fd, in, sizeof in, 0) <= 0) return leave(fd);
    if (stages[fd] == 0) put(fd, ACCEPTED, sizeof ACCEPTED - 1);
    else if (stages[fd] == 1) put(fd, out, framed(out, ACK, sizeof ACK - 1));
    else if (stages[fd] == 2) places[fd] = count, subscribed[count++] = fd;
    else return;
    stages[fd]++;
}

static void publish(int udp) {
    char text[64], number[16];
    ssize_t size = recv(udp, text, sizeof text - 1, 0);
    int first, events;
    if (size <= 0) return;
    text[size] = 0;
    if (sscanf(text, "%d %d", &first, &events) != 2) return;
    for (int it = 0; it < events; it++) {
        snprintf(number, sizeof number, "%07d", first + it);
        memcpy(digits, number, 7);
        for (int place = 0; place < count; place++) put(subscribed[place], frame, frame_size);
    }
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

static void welcome(int listener) {
    int one = 1, fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MOST) fail("too many sockets");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        stages[fd] = 0;
        watch(fd);
    }
}

static void load(const char *path) {
    static char text[BIGGEST];
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    frame_size = framed(frame, text, size);
    digits = memmem(frame, frame_size, "\"version\":", 10);
    if (!digits) fail("no version in the message");
    digits += 10;
}

int main(int given, char **words) {
    if (given != 4) return fputs("bare PORT PUBLISH_PORT MESSAGE\n", stderr), 2;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    load(words[3]);
    at.sin_port = htons(atoi(words[2]));
    if (bind(udp, (struct sockaddr *)&at, sizeof at)) fail("bind");
    at.sin_port = htons(atoi(words[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) fail("listen");
    epoll = epoll_create1(0);
    watch(listener), watch(udp);
    struct epoll_event found[256];
    for (;;) {
        int ready = epoll_wait(epoll, found, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = found[i].data.fd;
            if (fd == listener) welcome(fd);
            else if (fd == udp) publish(fd);
            else converse(fd);
        }
    }
}
