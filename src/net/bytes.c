/* SPDX-License-Identifier: Apache-2.0 */
/* What connections hold of messages and answers, and which has to go where that is too much in all (door.h, "Bytes"). */
#include "base/check.h"
#include "net/door.h"
#include "net/trouble.h"

/* Bytes that lie still are worth more than those on the move: whoever reads or writes on will soon be done. */
static uint64_t greed(const struct cty_conn *conn, uint64_t now_ms)
{
    uint64_t still_ms = now_ms > conn->moved_ms ? now_ms - conn->moved_ms : 0;
    if (conn->closing || conn->bytes <= CTY_CONNECTION_BYTES_MIN)
        return 0;
    return (uint64_t)conn->bytes * (still_ms + 1);
}

static struct cty_conn *greediest_locked(const struct cty_door *door)
{
    uint64_t now_ms = cty_net_now_ms(), most = 0;
    struct cty_conn *found = NULL;
    for (struct cty_conn *conn = door->conns; conn; conn = conn->next) {
        uint64_t own = greed(conn, now_ms);
        if (own <= most)
            continue;
        most = own;
        found = conn;
    }
    return found;
}

void cty_conn_hold_locked(struct cty_conn *conn, size_t bytes)
{
    struct cty_door *door = conn->door;
    struct cty_conn *greediest;
    if (conn->closing)
        return;
    conn->bytes += bytes;
    door->bytes += bytes;
    while (door->config.bytes_max && door->bytes > door->config.bytes_max &&
           (greediest = greediest_locked(door)) != NULL) {
        door->counts.greedy++;
        cty_conn_close_locked(greediest);
    }
}

void cty_conn_let_go_locked(struct cty_conn *conn, size_t bytes)
{
    if (conn->closing)
        return;
    CTY_CHECK(conn->bytes >= bytes && conn->door->bytes >= bytes);
    conn->bytes -= bytes;
    conn->door->bytes -= bytes;
}

void cty_conn_count_in_locked(struct cty_conn *conn)
{
    size_t now = cty_sp_reader_held(&conn->reader) + (conn->parked ? conn->parked_size : 0);
    size_t before = conn->bytes_in;
    conn->bytes_in = now;
    if (now > before)
        cty_conn_hold_locked(conn, now - before);
    else if (now < before)
        cty_conn_let_go_locked(conn, before - now);
}

void cty_conn_forget_bytes_locked(struct cty_conn *conn)
{
    conn->door->bytes -= conn->bytes;
    conn->bytes = 0;
}
