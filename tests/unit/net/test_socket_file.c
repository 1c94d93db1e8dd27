/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static custody_err open_server(const char *url, unsigned mode, struct cty_net_server **ret_server,
                               custody_error *error)
{
    static const struct cty_net_server_ops ops = {0};
    const struct cty_net_server_config config = {.urls = &url, .url_count = 1, .file_mode = mode};
    return cty_net_server_open(&config, &ops, NULL, ret_server, error);
}

static const char *path_of(const struct folder *folder)
{
    return folder->url + strlen("ipc://");
}

static void expect_mode(const struct folder *folder, unsigned asked, unsigned expected)
{
    struct cty_net_server *server = NULL;
    struct stat status;
    assert_ok(open_server(folder->url, asked, &server, NULL));
    assert_int_equal(lstat(path_of(folder), &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, expected);
    cty_net_server_close(server);
    assert_int_not_equal(lstat(path_of(folder), &status), 0);
}

static void the_file_has_its_mode_whatever_the_umask(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    mode_t before = umask(0);
    expect_mode(&folder, 0, 0600);
    umask(0777);
    expect_mode(&folder, 0660, 0660);
    umask(before);
    folder_remove(&folder);
}

static void a_dead_servers_socket_is_replaced(void **state)
{
    (void)state;
    struct folder folder;
    struct cty_net_server *server = NULL;
    folder_make(&folder);
    close(raw_listen(folder.url));
    assert_int_equal(access(path_of(&folder), F_OK), 0);
    assert_ok(open_server(folder.url, 0, &server, NULL));
    close(raw_connect_and_greet(folder.url, CTY_SP_REQ, CTY_SP_REP));
    cty_net_server_close(server);
    folder_remove(&folder);
}

static void a_living_servers_socket_is_left_alone(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    struct cty_net_server *second = NULL;
    custody_error error = {0};
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, folder.url, false);
    for (int i = 0; i < 20; i++)
        assert_refused(open_server(folder.url, 0, &second, &error), "exists");
    assert_non_null(strstr(error.detail, "another server answers"));
    rig_expect_echo(folder.url);
    rig_close(&rig);
    /* A server that is alive but has no room for one more connection. */
    int listener = raw_listen(folder.url);
    assert_int_equal(listen(listener, 0), 0);
    int waiting = raw_connect(folder.url);
    assert_refused(open_server(folder.url, 0, &second, &error), "exists");
    close(waiting);
    close(listener);
    folder_remove(&folder);
}

static void another_file_is_left_alone(void **state)
{
    (void)state;
    struct folder folder;
    struct cty_net_server *server = NULL;
    custody_error error = {0};
    char content[8] = {0};
    folder_make(&folder);
    int fd = open(path_of(&folder), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "precious", 8), 8);
    assert_refused(open_server(folder.url, 0, &server, &error), "exists");
    assert_non_null(strstr(error.detail, "not a socket"));
    assert_int_equal(pread(fd, content, 8, 0), 8);
    assert_memory_equal(content, "precious", 8);
    assert_int_equal(access(path_of(&folder), F_OK), 0);
    close(fd);
    unlink(path_of(&folder));
    assert_int_equal(symlink("/nowhere", path_of(&folder)), 0);
    assert_refused(open_server(folder.url, 0, &server, &error), "exists");
    folder_remove(&folder);
}

static void the_folder_must_be_there(void **state)
{
    (void)state;
    struct folder folder;
    struct cty_net_server *server = NULL;
    custody_error error = {0};
    folder_make(&folder);
    folder_remove(&folder);
    assert_refused(open_server(folder.url, 0, &server, &error), "config");
    assert_non_null(strstr(error.detail, "folder"));
}

static void servers_that_start_together_take_turns(void **state)
{
    (void)state;
    struct folder folder;
    struct cty_net_server *server = NULL;
    custody_error error = {0};
    folder_make(&folder);
    int lock = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_refused(open_server(folder.url, 0, &server, &error), "busy");
    close(lock);
    assert_ok(open_server(folder.url, 0, &server, NULL));
    cty_net_server_close(server);
    folder_remove(&folder);
}

static void a_port_in_use_is_refused(void **state)
{
    (void)state;
    struct rig rig;
    struct cty_net_server *second = NULL;
    custody_error error = {0};
    rig_open(&rig, (struct cty_net_server_config){0}, "tcp://127.0.0.1:0", false);
    assert_refused(open_server(rig.url, 0, &second, &error), "exists");
    rig_expect_echo(rig.url);
    rig_close(&rig);
}

/* What was opened before the address that failed is given back. */
static void half_an_opening_leaves_nothing(void **state)
{
    (void)state;
    struct folder folder;
    struct rig rig;
    struct cty_net_server *server = NULL;
    folder_make(&folder);
    rig_open(&rig, (struct cty_net_server_config){0}, "tcp://127.0.0.1:0", false);
    const char *const urls[] = {folder.url, rig.url};
    const struct cty_net_server_config config = {.urls = urls, .url_count = 2};
    const struct cty_net_server_ops ops = {0};
    assert_refused(cty_net_server_open(&config, &ops, NULL, &server, NULL), "exists");
    assert_int_not_equal(access(path_of(&folder), F_OK), 0);
    rig_close(&rig);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_has_its_mode_whatever_the_umask),
        cmocka_unit_test(a_dead_servers_socket_is_replaced),
        cmocka_unit_test(a_living_servers_socket_is_left_alone),
        cmocka_unit_test(another_file_is_left_alone),
        cmocka_unit_test(the_folder_must_be_there),
        cmocka_unit_test(servers_that_start_together_take_turns),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(half_an_opening_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
