/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds how much of the door: connections, and answers that nobody has taken yet. An answer may outlive its
 * connection for a moment, so a place is freed when it has neither.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "base/check.h"
#include "net/http_inner.h"

void cty_http_places_init(struct cty_http_places *places, const struct cty_http_config *config)
{
    CTY_CHECK(pthread_mutex_init(&places->lock, NULL) == 0);
    places->connections_max = config->connections_max;
    places->per_address_max = config->per_address_max;
    places->bytes_max = config->answers_max;
}

void cty_http_places_done(struct cty_http_places *places)
{
    CTY_CHECK(!places->first);
    pthread_mutex_destroy(&places->lock);
}

/* Who has an IPv6 network has all of its addresses, so the network counts. */
struct cty_http_peer cty_http_peer_of(const struct sockaddr *address)
{
    struct cty_http_peer peer = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
        memcpy(peer.bytes + 12, &four->sin_addr, 4);
        return peer;
    }
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    memset(peer.bytes, 0, sizeof(peer.bytes));
    memcpy(peer.bytes, six, IN6_IS_ADDR_V4MAPPED(six) ? 16 : 8);
    return peer;
}

static struct cty_http_place *find(struct cty_http_places *places, const struct cty_http_peer *peer)
{
    for (struct cty_http_place *place = places->first; place; place = place->next) {
        if (memcmp(&place->peer, peer, sizeof(*peer)) == 0)
            return place;
    }
    return NULL;
}

static bool has_room(struct cty_http_places *places, const struct cty_http_place *place)
{
    return places->connections < places->connections_max && (!place || place->connections < places->per_address_max);
}

bool cty_http_places_has_room(struct cty_http_places *places, const struct cty_http_peer *peer)
{
    pthread_mutex_lock(&places->lock);
    bool room = has_room(places, find(places, peer));
    pthread_mutex_unlock(&places->lock);
    return room;
}

static struct cty_http_place *add(struct cty_http_places *places, const struct cty_http_peer *peer)
{
    struct cty_http_place *place = cty_alloc(1, sizeof(*place));
    if (!place)
        return NULL;
    place->peer = *peer;
    place->next = places->first;
    places->first = place;
    return place;
}

struct cty_http_place *cty_http_places_enter(struct cty_http_places *places, const struct cty_http_peer *peer)
{
    pthread_mutex_lock(&places->lock);
    struct cty_http_place *place = find(places, peer);
    bool room = has_room(places, place);
    if (room && !place)
        place = add(places, peer);
    if (room && place) {
        place->connections++;
        places->connections++;
    }
    pthread_mutex_unlock(&places->lock);
    return room ? place : NULL;
}

static void free_unused(struct cty_http_places *places, struct cty_http_place *place)
{
    struct cty_http_place **link = &places->first;
    if (place->connections || place->answers)
        return;
    while (*link != place)
        link = &(*link)->next;
    *link = place->next;
    free(place);
}

void cty_http_places_leave(struct cty_http_places *places, struct cty_http_place *place)
{
    pthread_mutex_lock(&places->lock);
    place->connections--;
    places->connections--;
    free_unused(places, place);
    pthread_mutex_unlock(&places->lock);
}

bool cty_http_places_hold(struct cty_http_places *places, struct cty_http_place *place, size_t bytes)
{
    pthread_mutex_lock(&places->lock);
    /* A connection has one answer at a time, so the small ones are few, and among them is the one that says no. */
    bool room = bytes <= CTY_HTTP_SMALL_BYTES_MAX ||
                (bytes + places->bytes <= places->bytes_max && bytes + place->bytes <= places->bytes_max / 2);
    if (room) {
        places->bytes += bytes;
        place->bytes += bytes;
        place->answers++;
    }
    pthread_mutex_unlock(&places->lock);
    return room;
}

void cty_http_places_drop(struct cty_http_places *places, struct cty_http_place *place, size_t bytes)
{
    pthread_mutex_lock(&places->lock);
    places->bytes -= bytes;
    place->bytes -= bytes;
    place->answers--;
    free_unused(places, place);
    pthread_mutex_unlock(&places->lock);
}
