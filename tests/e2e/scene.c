/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include "base/check.h"

#define DAY_MS ((uint64_t)24 * 3600 * 1000)

static void enrol_cast(struct house *h)
{
    house_party(h, "acme");
    house_party(h, "globex");
    house_agent(h, "acme/agent");
    house_person(h, "acme/pat", "approver");
    house_person(h, "acme/sam", "approver");
    house_agent(h, "globex/agent");
    house_agent(h, "acme/gone");
    house_revoke(h, "acme/gone");
    must(house_enrol(h, "acme/later", CTY_AGENT, NULL, wall_ms() + DAY_MS, &house_error));
    (void)house_secret(h, "acme/stranger");
}

struct scene *scene_new(const struct house_config *config)
{
    struct scene *scene = cty_alloc(1, sizeof(*scene));
    must_be(scene != NULL);
    scene->house = house_new(config);
    enrol_cast(scene->house);
    wire_open(&scene->wire, scene->house->url);
    scene->agent = house_client(scene->house, "acme/agent");
    scene->pat = house_client(scene->house, "acme/pat");
    scene->sam = house_client(scene->house, "acme/sam");
    scene->rival = house_client(scene->house, "globex/agent");
    scene->draft = draft_new();
    draft_ask(scene->agent, "refund", &scene->held);
    books_count(scene->house, &scene->before);
    return scene;
}

void scene_free(struct scene *scene, bool well)
{
    if (!scene)
        return;
    if (well)
        house_well(scene->house);
    draft_free(scene->draft);
    cty_client_close(scene->agent);
    cty_client_close(scene->pat);
    cty_client_close(scene->sam);
    cty_client_close(scene->rival);
    wire_close(&scene->wire);
    house_free(scene->house);
    free(scene);
}

void scene_unmoved(struct scene *scene)
{
    struct books_counts after;
    struct cty_hash case_id;
    books_count(scene->house, &after);
    assert_int_equal(after.entries, scene->before.entries);
    assert_int_equal(after.records, scene->before.records);
    assert_int_equal(after.cases, scene->before.cases);
    assert_int_equal(after.blobs, scene->before.blobs);
    assert_int_equal(after.staged, scene->before.staged);
    assert_int_equal(after.checkpoints, scene->before.checkpoints);
    draft_ask(scene->agent, "refund", &case_id);
    books_count(scene->house, &scene->before);
    assert_true(scene->before.entries > after.entries);
}
