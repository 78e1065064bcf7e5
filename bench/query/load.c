// A load generator for keep-alive HTTP/1.1 on the loopback: one thread, epoll, every answer checked.
//
//   load PORT CONNECTIONS SECONDS RATE REQUESTS [EXPECTED]
//
// REQUESTS holds raw requests, each after its length (4 bytes, little-endian); they are sent in turn. The text
// `feedfeedfeed` in one becomes a number never sent before. RATE 0 keeps every connection busy; otherwise that
// many requests a second arrive evenly and are timed from when they were due, waiting included.
// EXPECTED is the body every answer must have; without it no body may speak of "errors".
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define ROOM (1 << 20)  // bytes of one answer, head included
#define MARK "feedfeedfeed"
#define DRAIN 10.0  // seconds the last answers may take

typedef struct {
    int fd, busy;
    double since;
    char *out, *in;
    size_t out_size, sent, filled;
} Connection;

typedef struct {
    char *bytes;
    size_t size, mark;
} Request;

static Request *requests;
static size_t request_count, next_request;
static char *expected;
static size_t expected_size;
static uint64_t unique;
static int epoll;
static struct sockaddr_in address = {.sin_family = AF_INET};
static double *latencies;
static size_t answered, counted, latency_room, refused, wrong, broken, bytes;
static double finish;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) fail(path);
    *size = ftell(file);
    rewind(file);
    char *data = malloc(*size + 1);
    if (fread(data, 1, *size, file) != *size) fail(path);
    fclose(file);
    return data;
}

static void read_requests(const char *path) {
    size_t size, at = 0;
    char *data = read_file(path, &size);
    while (at + 4 <= size) {
        uint32_t length;
        memcpy(&length, data + at, 4);
        requests = realloc(requests, (request_count + 1) * sizeof *requests);
        char *start = data + at + 4, *mark = memmem(start, length, MARK, strlen(MARK));
        requests[request_count++] = (Request){start, length, mark ? (size_t)(mark - start) : 0};
        at += 4 + length;
    }
}

static void watch(Connection *it, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.ptr = it};
    if (epoll_ctl(epoll, how, it->fd, &event)) fail("epoll_ctl");
}

static void dial(Connection *it) {
    int one = 1;
    it->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(it->fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(it->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    it->filled = it->busy = 0;
    watch(it, EPOLLIN, EPOLL_CTL_ADD);
}

static void push(Connection *it) {
    while (it->sent < it->out_size) {
        ssize_t done = send(it->fd, it->out + it->sent, it->out_size - it->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0) {
            if (errno == EAGAIN) watch(it, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return;  // a lost connection is seen when it is read
        }
        it->sent += done;
    }
}

static void ask(Connection *it, double since) {
    Request *request = &requests[next_request++ % request_count];
    memcpy(it->out, request->bytes, request->size);
    if (request->mark) {
        char number[16];
        snprintf(number, sizeof number, "%012llx", (unsigned long long)(unique++ & 0xffffffffffff));
        memcpy(it->out + request->mark, number, 12);
    }
    *it = (Connection){it->fd, 1, since, it->out, it->in, request->size, 0, 0};
    push(it);
}

// The whole answer's size, 0 while its head is not there; answers must say their length.
static size_t whole(Connection *it, size_t *head) {
    char *end = memmem(it->in, it->filled, "\r\n\r\n", 4);
    if (!end) return 0;
    *end = 0;
    char *length = strcasestr(it->in, "\r\ncontent-length:");
    *end = '\r';
    if (!length) {
        fputs("an answer without Content-Length\n", stderr);
        exit(1);
    }
    *head = end + 4 - it->in;
    return *head + strtoul(length + 17, NULL, 10);
}

static void judge(Connection *it, size_t head, size_t size) {
    const char *body = it->in + head;
    size_t body_size = size - head;
    answered++;
    bytes += body_size;
    if (memcmp(it->in + 9, "200", 3)) {
        if (!refused++) fprintf(stderr, "%.*s\n", (int)(size < 600 ? size : 600), it->in);
    } else if (expected ? body_size != expected_size || memcmp(body, expected, body_size)
                        : !!memmem(body, body_size, "\"errors\"", 8)) {
        if (!wrong++) fprintf(stderr, "%.*s\n", (int)(body_size < 600 ? body_size : 600), body);
    }
    double at = now();
    if (at > finish) return;
    if (counted == latency_room) {
        latency_room = latency_room ? latency_room * 2 : 65536;
        latencies = realloc(latencies, latency_room * sizeof *latencies);
    }
    latencies[counted++] = at - it->since;
}

// Take in what has come; 1 when the answer is whole.
static int take(Connection *it) {
    ssize_t got = recv(it->fd, it->in + it->filled, ROOM - it->filled - 1, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) {
        broken += it->busy;
        close(it->fd);
        dial(it);
        return 1;
    }
    it->filled += got;
    it->in[it->filled] = 0;
    size_t head, size = whole(it, &head);
    if (!size || it->filled < size) return 0;
    judge(it, head, size);
    it->busy = 0;
    return 1;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at_share(double share) {
    return counted ? latencies[(size_t)(share * (counted - 1))] * 1e6 : 0;
}

static int report(double seconds, size_t waiting) {
    qsort(latencies, counted, sizeof *latencies, compare);
    printf("{\"answered\": %zu, \"counted\": %zu, \"waiting\": %zu, \"bytes\": %zu, \"seconds\": %.6f, "
           "\"p50\": %.1f, \"p99\": %.1f, \"most\": %.1f}\n",
           answered, counted, waiting, bytes, seconds, at_share(.5), at_share(.99), at_share(1));
    if (!(refused + wrong + broken) && answered) return 0;
    fprintf(stderr, "\nof %zu answers %zu were refused and %zu wrong; %zu connections were lost\n", answered,
            refused, wrong, broken);
    return 3;
}

static void arm(int timer, double when) {
    struct itimerspec at = {.it_value = {(time_t)when, (long)((when - (time_t)when) * 1e9)}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

int main(int count, char **given) {
    if (count < 6) return fputs("load PORT CONNECTIONS SECONDS RATE REQUESTS [EXPECTED]\n", stderr), 2;
    size_t size = strtoul(given[2], NULL, 10), idle_count = 0, begun = 0, busy = 0, longest = 0;
    double seconds = atof(given[3]), rate = atof(given[4]);
    address.sin_port = htons(atoi(given[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    read_requests(given[5]);
    if (count > 6) expected = read_file(given[6], &expected_size);
    for (size_t i = 0; i < request_count; i++)
        if (requests[i].size > longest) longest = requests[i].size;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    unique = wall.tv_sec * 1000000ull + wall.tv_nsec / 1000;
    epoll = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    struct epoll_event tick = {.events = EPOLLIN, .data.ptr = NULL}, found[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &tick);
    Connection *connections = calloc(size, sizeof *connections), **idle = calloc(size, sizeof *idle);
    for (size_t i = 0; i < size; i++) {
        connections[i].out = malloc(longest);
        connections[i].in = malloc(ROOM);
        dial(idle[idle_count++] = &connections[i]);
    }
    double start = now();
    finish = start + seconds;
    for (;;) {
        double at = now();
        while (at < finish && idle_count && (!rate || start + begun / rate <= at)) {
            double due = rate ? start + begun / rate : at;
            ask(idle[--idle_count], due);
            begun++, busy++;
        }
        if ((at >= finish && !busy) || at >= finish + DRAIN) break;
        double due = rate ? start + begun / rate : finish;
        arm(timer, at < finish ? (idle_count && due < finish ? due : finish) : finish + DRAIN);
        int events = epoll_wait(epoll, found, 256, -1);
        for (int i = 0; i < events; i++) {
            Connection *it = found[i].data.ptr;
            uint64_t ticks;
            if (!it) {
                if (read(timer, &ticks, sizeof ticks) < 0) fail("timer");
                continue;
            }
            if (found[i].events & EPOLLOUT) {
                watch(it, EPOLLIN, EPOLL_CTL_MOD);
                push(it);
            }
            int was = it->busy;
            if (found[i].events & ~EPOLLOUT && take(it) && was) idle[idle_count++] = it, busy--;
        }
    }
    size_t waiting = rate && seconds * rate > begun ? (size_t)(seconds * rate) - begun : 0;
    return report(seconds, waiting);
}
