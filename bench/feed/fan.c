// Many consoles of a feed over graphql-transport-ws: one thread, epoll, every frame checked.
//
//   fan PORT PUBLISH_PORT CLOCK TOKENS DOCUMENT OURS
//
// Reads commands from its input, one a line, and answers each with a line of JSON (see main). Events bear ordinals from
// BASE on in their field `version`; "FIRST COUNT" in a datagram to PUBLISH_PORT asks for so many. CLOCK is a file of
// 2 x LIMIT doubles: when each event was asked for, and when it was committed (seconds of the monotonic clock).
// Every socket must get every event once, in order, and all sockets the same bytes; with OURS = 1 each item must also
// follow the item before it.
#define _GNU_SOURCE
#include "fan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

static int ours, udp;
static struct sockaddr_in publisher = {.sin_family = AF_INET};

static int await(size_t *count, size_t wanted, double patience) {
    double until = now() + patience;
    while (*count < wanted && !lost && now() < until) pump(0.05);
    return *count >= wanted;
}

static void said(const char *format, ...) {
    va_list given;
    va_start(given, format);
    vprintf(format, given);
    va_end(given);
    printf(", \"wrong\": %zu, \"lost\": %zu, \"newest\": %d, \"others\": %zu}\n", wrong, lost, newest, others);
    fflush(stdout);
}

static int stage_of(const char *word) { return !strcmp(word, "ack") ? ACKNOWLEDGED : !strcmp(word, "live") ? LIVE : ASKED; }

// open COUNT ack|sent|live -|last|CURSOR
static void open_all(size_t count, const char *stage, const char *after) {
    double began = now();
    snprintf(last_after, CURSOR, "%s", after);
    reached_count = 0, socket_count = live_count = count;
    for (size_t i = 0; i < count; i++) dial(&sockets[i], stage_of(stage));
    int all = await(&reached_count, count, 180);
    said("{\"all\": %s, \"reached\": %zu, \"seconds\": %.4f", all ? "true" : "false", reached_count, now() - began);
}

// subscribe sent|live -|last|CURSOR
static void subscribe_all(const char *stage, const char *after) {
    double began = now();
    snprintf(last_after, CURSOR, "%s", after);
    reached_count = 0;
    for (size_t i = 0; i < socket_count; i++) {
        sockets[i].aim = stage_of(stage);
        subscribe(&sockets[i]);
        if (sockets[i].aim == ASKED) reached_count++;
    }
    int all = await(&reached_count, socket_count, 180);
    said("{\"all\": %s, \"reached\": %zu, \"seconds\": %.4f", all ? "true" : "false", reached_count, now() - began);
}

static void ask_for(int count) {
    char text[64];
    double at = now();
    if (newest + count - BASE >= LIMIT) fail("too many events");
    for (int i = 1; i <= count; i++) {
        asked[newest + i - BASE] = at;
        if (!ours) committed[newest + i - BASE] = at;
    }
    int size = snprintf(text, sizeof text, "%d %d", newest + 1, count);
    newest += count;
    if (sendto(udp, text, size, 0, (struct sockaddr *)&publisher, sizeof publisher) < 0) fail("sendto");
}

static size_t complete(int first, int last) {  // how many events from `first` on every socket has
    int it = first;
    while (it <= last && got[it - BASE] >= live_count) it++;
    return it - first;
}

// publish EVENTS WINDOW BATCH PATIENCE: so many events, in batches, WINDOW batches under way at most
static void publish(int events, int window, int batch, double patience) {
    int first = newest + 1, done = 0, end = newest + events;
    size_t deliveries_then = deliveries, bytes_then = bytes;
    double began = now(), moved = began;
    while (done < events && !lost) {
        while (newest < end && newest + 1 - first - done < window * batch) ask_for(batch);
        pump(0.05);
        int step = complete(first + done, newest);
        if (step) done += step, moved = now();
        if (now() - moved > patience) break;
    }
    said("{\"all\": %s, \"seconds\": %.6f, \"deliveries\": %zu, \"bytes\": %zu", done == events ? "true" : "false",
         now() - began, deliveries - deliveries_then, bytes - bytes_then);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at_share(double *of, double share) { return latency_count ? of[(size_t)(share * (latency_count - 1))] * 1e3 : 0; }

// pace RATE EVENTS PATIENCE: evenly, whatever comes of them; times in milliseconds
static void pace(double rate, int events, double patience) {
    int first = newest + 1, given = 0;
    size_t before = deliveries;
    double began = now(), last = began + (events - 1) / rate;
    latency_count = 0;
    if (!latency_room) latency_room = 1;
    for (;;) {
        double at = now(), next = began + given / rate;
        if (given < events && at >= next) {
            ask_for(1);
            given++;
            continue;
        }
        if ((given == events && complete(first, newest) == (size_t)events) || at > last + patience || lost) break;
        double wait = given < events ? next - at : 0.05;
        pump(wait < 0.001 ? 0 : wait > 0.05 ? 0.05 : wait);
    }
    int all = complete(first, newest) == (size_t)events;
    size_t counted = latency_count;
    qsort(latencies, latency_count, sizeof *latencies, compare);
    qsort(whole, latency_count, sizeof *whole, compare);
    said("{\"all\": %s, \"seconds\": %.4f, \"deliveries\": %zu, \"missing\": %zu, \"p50\": %.3f, \"p99\": %.3f, "
         "\"most\": %.3f, \"whole_p50\": %.3f, \"whole_p99\": %.3f",
         all ? "true" : "false", now() - began, deliveries - before, live_count * events - counted,
         at_share(latencies, .5), at_share(latencies, .99), at_share(latencies, 1), at_share(whole, .5),
         at_share(whole, .99));
    latency_room = 0;
}

// until ORDINAL PATIENCE: wait until every socket has come so far
static void until(int ordinal, double patience) {
    double began = now(), end = began + patience;
    size_t before = deliveries, done = 0;
    while (done < socket_count && !lost && now() < end) {
        pump(0.02);
        for (done = 0; done < socket_count && sockets[done].last >= ordinal;) done++;
    }
    said("{\"all\": %s, \"seconds\": %.4f, \"deliveries\": %zu", done == socket_count ? "true" : "false", now() - began,
         deliveries - before);
}

// stall COUNT: the first so many read no more; resume: they do again
static void stall(size_t count) {
    for (size_t i = 0; i < count && i < socket_count; i++) sockets[i].stalled = 1, watch(&sockets[i], 0, EPOLL_CTL_MOD);
    live_count = socket_count - count;
    said("{\"stalled\": %zu", count);
}

static void resume(void) {
    for (size_t i = 0; i < socket_count; i++)
        if (sockets[i].stalled) sockets[i].stalled = 0, watch(&sockets[i], EPOLLIN, EPOLL_CTL_MOD);
    live_count = socket_count;
    said("{\"stalled\": 0");
}

static void close_all(void) {
    for (size_t i = 0; i < socket_count; i++)
        if (sockets[i].fd >= 0) close(sockets[i].fd), sockets[i].fd = -1;
    said("{\"closed\": %zu", socket_count);
    socket_count = live_count = 0;
}

static void idle(double seconds) {
    for (double end = now() + seconds; now() < end;) pump(0.05);
    said("{\"idle\": %.2f", seconds);
}

static void obey(char *line) {
    char word[16] = "", one[CURSOR] = "", two[CURSOR] = "";
    double a = 0, b = 0, c = 0, d = 0;
    sscanf(line, "%15s %255s %255s", word, one, two);
    sscanf(line, "%*s %lf %lf %lf %lf", &a, &b, &c, &d);
    if (!strcmp(word, "open")) {
        char after[CURSOR] = "-";
        sscanf(line, "%*s %*s %*s %255s", after);
        open_all(a, two, after);
    } else if (!strcmp(word, "subscribe")) subscribe_all(one, two);
    else if (!strcmp(word, "publish")) publish(a, b, c, d);
    else if (!strcmp(word, "pace")) pace(a, b, c);
    else if (!strcmp(word, "until")) until(a, b);
    else if (!strcmp(word, "from")) newest = a, said("{\"from\": %d", newest);
    else if (!strcmp(word, "idle")) idle(a);
    else if (!strcmp(word, "stall")) stall(a);
    else if (!strcmp(word, "resume")) resume();
    else if (!strcmp(word, "close")) close_all();
    else if (!strcmp(word, "frame")) printf("%s\n", sample), fflush(stdout);
    else fputs("fan: unknown command\n", stderr), exit(2);
}

static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) fail(path);
    size_t size = ftell(file);
    char *data = calloc(1, size + 1);
    rewind(file);
    if (fread(data, 1, size, file) != size) fail(path);
    fclose(file);
    return data;
}

static void read_tokens(char *text) {
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        tokens = realloc(tokens, (token_count + 1) * sizeof *tokens);
        tokens[token_count++] = line;
    }
}

static void open_clock(const char *path) {
    int file = open(path, O_RDWR | O_CREAT, 0600);
    size_t size = 2 * LIMIT * sizeof *asked;
    if (file < 0 || ftruncate(file, size)) fail(path);
    asked = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (asked == MAP_FAILED) fail("mmap");
    committed = asked + LIMIT;
}

int main(int count, char **given) {
    if (count != 7) return fputs("fan PORT PUBLISH_PORT CLOCK TOKENS DOCUMENT OURS\n", stderr), 2;
    server.sin_addr.s_addr = publisher.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons(atoi(given[1])), publisher.sin_port = htons(atoi(given[2]));
    open_clock(given[3]);
    read_tokens(read_file(given[4]));
    document = read_file(given[5]), ours = chained = atoi(given[6]);
    got = calloc(LIMIT, sizeof *got), sums = calloc(LIMIT, sizeof *sums);
    sockets = calloc(MOST, sizeof *sockets);
    for (size_t i = 0; i < MOST; i++)
        sockets[i].fd = -1, snprintf(sockets[i].id, sizeof sockets[i].id, ID "%012zu", i);
    epoll = epoll_create1(0), udp = socket(AF_INET, SOCK_DGRAM, 0), newest = BASE;
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &input)) fail("epoll_ctl");
    char line[1024];
    for (;;) {
        while (!commanded) pump(-1);
        commanded = 0;
        if (!fgets(line, sizeof line, stdin)) return 0;
        obey(line);
    }
}
