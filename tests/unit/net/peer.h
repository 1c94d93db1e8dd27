/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of doors share: a server that echoes or keeps its calls, and a peer that speaks by hand over
 * plain sockets, so that it can say anything. Waiting is always for a condition, with a limit that only a
 * broken program reaches.
 */
#ifndef CTY_TESTS_NET_PEER_H
#define CTY_TESTS_NET_PEER_H

#include "unit/support.h"

#include <pthread.h>
#include <time.h>

#include "net/client.h"
#include "net/server.h"
#include "net/sp.h"

#define PATIENCE_MS 60000

/* For conditions without a signal to wait for. */
#define wait_until(condition)                                                                          \
    do {                                                                                               \
        uint64_t give_up_ = now_ms() + PATIENCE_MS;                                                    \
        while (!(condition)) {                                                                         \
            if (now_ms() > give_up_)                                                                   \
                fail_msg("never came: %s", #condition);                                                \
            pause_ms(2);                                                                               \
        }                                                                                              \
    } while (0)

uint64_t now_ms(void);
void pause_ms(long ms);

/* A folder of its own for the sockets of a test; removed with what is in it. */
struct folder {
    char path[64];
    char url[96];
};
void folder_make(struct folder *folder);
void folder_remove(struct folder *folder);

/* ---- the server ---- */

#define RIG_CALLS_MAX 64

struct rig {
    struct cty_net_server *server;
    char url[CTY_URL_BYTES_MAX + 1];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool keep;
    struct cty_net_call *calls[RIG_CALLS_MAX];
    size_t call_count;
    size_t message_count;
    size_t last_size;
    uint64_t gone[RIG_CALLS_MAX];
    size_t gone_count;
};

/* `url` replaces config->urls; `keep` puts calls aside instead of echoing them at once. */
void rig_open(struct rig *rig, struct cty_net_server_config config, const char *url, bool keep);
/* At the addresses of the configuration; rig->url is the first. */
void rig_open_at(struct rig *rig, struct cty_net_server_config config, bool keep);
void rig_keep(struct rig *rig, bool keep);
/* Drops what was kept, closes the server. */
void rig_close(struct rig *rig);
/* Waits for a kept call and takes it out, the oldest first. */
struct cty_net_call *rig_take(struct rig *rig);
void rig_wait_gone(struct rig *rig, uint64_t connection);
struct cty_net_server_counts rig_counts(struct rig *rig);
/* Asks with a client of its own and expects the same bytes back. */
void rig_expect_echo(const char *url);

/* ---- the peer by hand ---- */

/* A connected socket; reading gives up after PATIENCE_MS. */
int raw_connect(const char *url);
/* A socket that listens at `url` (ipc). */
int raw_listen(const char *url);
int raw_accept(int listener);
bool raw_is_tcp(const char *url);
/* False where the other side closed. */
bool raw_write(int fd, const void *data, size_t size);
bool raw_read(int fd, void *data, size_t size);
/* Sends our hello and reads theirs. */
void raw_greet(int fd, uint32_t ours, uint32_t theirs);
int raw_connect_and_greet(const char *url, uint32_t ours, uint32_t theirs);
/* Head, id (where not 0) and body; false where the other side closed. */
bool raw_send(int fd, bool tcp, uint32_t id, const void *body, size_t size);
/* Reads one message into `body`, without head; the id is its first 4 bytes. 0 where the other side closed. */
size_t raw_receive(int fd, bool tcp, uint8_t *body, size_t body_size);
/* Reads on until the other side has closed. */
void raw_expect_closed(int fd);

#endif
