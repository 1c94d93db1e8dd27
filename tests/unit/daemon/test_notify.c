/* SPDX-License-Identifier: Apache-2.0 */
/* What the service manager is told, and what is no address of one. */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify.h"
#include "unit/support.h"

struct manager {
    int fd;
    char path[64];
};

/* Listens at the address that NOTIFY_SOCKET then names; `mark` is what the address begins with: '/' or '@'. */
static void listen_at(struct manager *m, char mark)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(m->path, sizeof(m->path), "%stmp/custody-notify-%ld", mark == '@' ? "@" : "/", (long)getpid());
    memcpy(address.sun_path, m->path, strlen(m->path));
    if (mark == '@')
        address.sun_path[0] = 0;
    else
        (void)unlink(m->path);
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(m->path));
    assert_int_equal(bind(m->fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", m->path, 1), 0);
}

static void leave(struct manager *m)
{
    close(m->fd);
    if (m->path[0] == '/')
        (void)unlink(m->path);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

static void expect_heard(const struct manager *m, const char *text)
{
    char heard[64];
    ssize_t size = recv(m->fd, heard, sizeof(heard), 0);
    assert_true(size >= 0);
    assert_bytes_text(cty_bytes_make(heard, (size_t)size), text);
}

static void hears(char mark)
{
    struct manager m;
    custody_error error = {0};
    int fd = -1;
    listen_at(&m, mark);
    assert_ok(cty_notify_open(&fd, &error));
    assert_ok(cty_notify_send(fd, CTY_NOTIFY_READY, &error));
    assert_ok(cty_notify_send(fd, CTY_NOTIFY_STOPPING, &error));
    close(fd);
    expect_heard(&m, "READY=1\n");
    expect_heard(&m, "STOPPING=1\n");
    leave(&m);
}

static void a_manager_at_a_path_hears(void **state)
{
    (void)state;
    hears('/');
}

static void a_manager_at_an_abstract_name_hears(void **state)
{
    (void)state;
    hears('@');
}

static void nobody_asked(void **state)
{
    static const char *const values[] = {NULL, ""};
    custody_error error = {0};
    (void)state;
    for (size_t i = 0; i < CTY_COUNT_OF(values); i++) {
        int fd = 0;
        assert_int_equal(values[i] ? setenv("NOTIFY_SOCKET", values[i], 1) : unsetenv("NOTIFY_SOCKET"), 0);
        assert_ok(cty_notify_open(&fd, &error));
        assert_int_equal(fd, -1);
        assert_ok(cty_notify_send(fd, CTY_NOTIFY_READY, &error));
    }
}

static void what_is_no_address_is_refused(void **state)
{
    char longest[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
    const char *const wrong[] = {"/", "@", "run/notify", "vsock:2:9999", longest};
    custody_error error = {0};
    int fd = 0;
    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = 0;
    for (size_t i = 0; i < CTY_COUNT_OF(wrong); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", wrong[i], 1), 0);
        assert_refused(cty_notify_open(&fd, &error), "config");
        assert_int_equal(fd, -1);
    }
}

static void a_manager_that_is_gone_is_told(void **state)
{
    struct manager m;
    custody_error error = {0};
    int fd = -1;
    (void)state;
    listen_at(&m, '/');
    assert_ok(cty_notify_open(&fd, &error));
    close(m.fd);
    assert_refused(cty_notify_send(fd, CTY_NOTIFY_STOPPING, &error), "io");
    assert_non_null(strstr(error.detail, "NOTIFY_SOCKET"));
    close(fd);
    assert_refused(cty_notify_open(&fd, &error), "io");
    (void)unlink(m.path);
    assert_refused(cty_notify_open(&fd, &error), "io");
    assert_int_equal(fd, -1);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_at_a_path_hears),
        cmocka_unit_test(a_manager_at_an_abstract_name_hears),
        cmocka_unit_test(nobody_asked),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_manager_that_is_gone_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
