// What the parts of the consoles share: fan.c takes commands, sockets.c brings sockets forward, frames.c judges what comes.
#ifndef FAN_H
#define FAN_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BASE 1000000   // ordinals have seven digits, so that every frame of a side has the same length
#define LIMIT 400000   // events of one process
#define MOST 12000     // sockets
#define CURSOR 256     // characters
#define ROOM 16384     // bytes of a socket that are not looked at yet
#define SAMPLE 4096
#define ID "5f0c9a3e-7b1d-4e0a-9c55-"  // how the ids of all operations begin; twelve digits follow

enum { CLOSED, DIALLED, CONNECTED, UPGRADED, GREETED, ACKNOWLEDGED, ASKED, LIVE };

typedef struct {
    int fd, stage, aim, stalled, upgraded, chained, last;
    size_t filled;
    char id[40], cursor[CURSOR];
    unsigned char in[ROOM];
} Socket;

extern Socket *sockets;
extern size_t socket_count, live_count, reached_count, wrong, lost, deliveries, bytes, others;
extern int epoll, commanded, newest, chained;
extern double *asked, *committed, *latencies, *whole;
extern size_t latency_count, latency_room;
extern uint32_t *got;
extern uint64_t *sums;
extern char sample[SAMPLE], *document, **tokens, last_after[CURSOR];
extern size_t token_count;
extern struct sockaddr_in server;

double now(void);
void fail(const char *what);
void lose(Socket *it);
void take(Socket *it, double at);
void reached(Socket *it, int stage);
void pong(Socket *it, const char *text, size_t size);
void say_text(Socket *it, const char *text);
void watch(Socket *it, uint32_t events, int how);
void dial(Socket *it, int aim);
void subscribe(Socket *it);
void pump(double seconds);
#endif
