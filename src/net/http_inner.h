/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP server share. Private to them. */
#ifndef CTY_NET_HTTP_INNER_H
#define CTY_NET_HTTP_INNER_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "net/http.h"

/* --- addresses, and what they hold (http_places.c); one lock over all ---------------------------------------- */

struct cty_http_place {
    struct cty_http_place *next;
    struct cty_http_peer peer;
    unsigned connections;
    size_t answers; /* that are in memory */
    size_t bytes;   /* of them */
};

struct cty_http_places {
    pthread_mutex_t lock;
    struct cty_http_place *first;
    unsigned connections;
    unsigned connections_max;
    unsigned per_address_max;
    size_t bytes;
    size_t bytes_max;
};

void cty_http_places_init(struct cty_http_places *places, const struct cty_http_config *config);
void cty_http_places_done(struct cty_http_places *places);
struct cty_http_peer cty_http_peer_of(const struct sockaddr *address);
/* Whether one more connection may come; a hint, since others come meanwhile. */
bool cty_http_places_has_room(struct cty_http_places *places, const struct cty_http_peer *peer);
/* Counts a connection. NULL where there is no room, or no memory. */
struct cty_http_place *cty_http_places_enter(struct cty_http_places *places, const struct cty_http_peer *peer);
void cty_http_places_leave(struct cty_http_places *places, struct cty_http_place *place);
/* Counts an answer, until it is dropped. False where they would be too many bytes. */
bool cty_http_places_hold(struct cty_http_places *places, struct cty_http_place *place, size_t bytes);
void cty_http_places_drop(struct cty_http_places *places, struct cty_http_place *place, size_t bytes);

/* --- connections and requests -------------------------------------------------------------------------------- */

/* One connection, and the request that it carries now. Its thread's alone. */
struct cty_http_life {
    struct cty_http_life *next_free;
    struct cty_http_thread *thread;
    struct cty_http_place *place;
    int fd; /* negative: free */
    bool cut;
    unsigned requests;
    uint64_t due_ms;  /* then it is cut */
    uint64_t last_ms; /* from then on no further request is taken */
    struct cty_buf body;
};

struct cty_http_thread {
    struct cty_http *http;
    unsigned index;
    struct MHD_Daemon *mhd;
    pthread_t thread;
    bool running;
    struct cty_http_life *lives;
    struct cty_http_life *free;
};

struct cty_http {
    struct cty_http_config config;
    char url[CTY_URL_BYTES_MAX + 1];
    int stop_fd;
    struct cty_http_places places;
    struct cty_http_thread threads[CTY_HTTP_THREADS_MAX];
    atomic_uint_least64_t accepted;
    atomic_uint_least64_t refused;
    atomic_uint_least64_t reaped;
    atomic_uint_least64_t answers[5];
};

/* http_request.c: what libmicrohttpd calls. `user` is the thread. */
enum MHD_Result cty_http_on_accept(void *user, const struct sockaddr *address, socklen_t size);
void cty_http_on_connection(void *user, struct MHD_Connection *connection, void **place,
                            enum MHD_ConnectionNotificationCode what);
enum MHD_Result cty_http_on_request(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                                    const char *version, const char *data, size_t *data_size, void **request);
void cty_http_on_completed(void *user, struct MHD_Connection *connection, void **request,
                           enum MHD_RequestTerminationCode why);
size_t cty_http_no_unescape(void *user, struct MHD_Connection *connection, char *text);

/* http_answer.c: sends, or as few as a line that says that it can't; frees the answer's body. `last`: close behind it. */
enum MHD_Result cty_http_send(struct cty_http_life *life, struct MHD_Connection *connection,
                              const struct cty_http_request *request, struct cty_http_answer *answer, bool last);

#endif
