/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own definitions of malloc and its kin come before those of the C library, and before those of a sanitizer too, whose
 * own ones have second names for this purpose.
 */
#include "nomem.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NOMEM_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NOMEM_SANITIZED 1
#endif

#ifdef NOMEM_SANITIZED
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *data, size_t size);
void *REAL(memalign)(size_t alignment, size_t size);
void REAL(free)(void *data);

#define HERE __attribute__((visibility("default")))

/* --- what fails ------------------------------------------------------------------------------------------- */

/* In memory that is there from the start: asking for it must not allocate. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
    bool armed;
    bool watched;
    bool aside;
    enum nomem_mode mode;
    uint64_t nth;
    uint64_t count;
    bool happened;
} mine;

static void (*told)(uint64_t count, bool failed);

void nomem_tell(void (*each)(uint64_t count, bool failed))
{
    told = each;
}

void nomem_arm(enum nomem_mode mode, uint64_t nth)
{
    mine.mode = mode;
    mine.nth = nth;
    mine.count = 0;
    mine.happened = false;
    mine.armed = true;
}

bool nomem_disarm(void)
{
    mine.armed = false;
    return mine.happened;
}

uint64_t nomem_count(void)
{
    return mine.count;
}

static bool runs_out(void)
{
    if (!mine.armed || mine.aside)
        return false;
    mine.count++;
    bool fails = mine.nth != 0 && (mine.mode == NOMEM_ONCE ? mine.count == mine.nth : mine.count >= mine.nth);
    mine.happened = mine.happened || fails;
    if (told)
        told(mine.count, fails);
    if (fails)
        errno = ENOMEM;
    return fails;
}

/* --- what is still there ---------------------------------------------------------------------------------- */

#define SLOTS ((size_t)1 << 17)
#define GONE ((void *)1)

static struct {
    atomic_flag lock;
    atomic_size_t count;
    void *data[SLOTS]; /* by address; GONE where one was freed */
    size_t sizes[SLOTS];
} kept = {.lock = ATOMIC_FLAG_INIT};

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&kept.lock, memory_order_acquire)) {
    }
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&kept.lock, memory_order_release);
}

static size_t slot_of(const void *data)
{
    return (size_t)(((uintptr_t)data >> 4) * 0x9e3779b97f4a7c15u >> 40) % SLOTS;
}

static void keep(void *data, size_t size)
{
    if (!data || !mine.watched || mine.aside)
        return;
    lock();
    size_t at = slot_of(data);
    for (size_t tries = 0; kept.data[at] && kept.data[at] != GONE; at = (at + 1) % SLOTS) {
        if (++tries == SLOTS)
            abort();
    }
    kept.data[at] = data;
    kept.sizes[at] = size;
    atomic_fetch_add(&kept.count, 1);
    unlock();
}

static void forget(const void *data)
{
    if (!data || atomic_load(&kept.count) == 0)
        return;
    lock();
    size_t at = slot_of(data);
    for (size_t tries = 0; kept.data[at] && kept.data[at] != data && tries < SLOTS; tries++)
        at = (at + 1) % SLOTS;
    if (kept.data[at] == data) {
        kept.data[at] = GONE;
        atomic_fetch_sub(&kept.count, 1);
    }
    unlock();
}

void nomem_watch(void)
{
    lock();
    memset(kept.data, 0, sizeof(kept.data));
    atomic_store(&kept.count, 0);
    unlock();
    mine.watched = true;
}

void nomem_unwatch(void)
{
    mine.watched = false;
    atomic_store(&kept.count, 0);
}

void nomem_aside(bool aside)
{
    mine.aside = aside;
}

size_t nomem_left(void)
{
    return atomic_load(&kept.count);
}

size_t nomem_left_size(void)
{
    size_t size = 0;
    lock();
    for (size_t i = 0; i < SLOTS && size == 0; i++) {
        if (kept.data[i] && kept.data[i] != GONE)
            size = kept.sizes[i];
    }
    unlock();
    return size;
}

/* --- in place of the C library's -------------------------------------------------------------------------- */

HERE void *malloc(size_t size)
{
    void *data = runs_out() ? NULL : REAL(malloc)(size);
    keep(data, size);
    return data;
}

HERE void *calloc(size_t count, size_t size)
{
    void *data = runs_out() ? NULL : REAL(calloc)(count, size);
    keep(data, count * size);
    return data;
}

HERE void *realloc(void *data, size_t size)
{
    if (runs_out())
        return NULL;
    forget(data);
    void *grown = REAL(realloc)(data, size);
    keep(grown, size);
    return grown;
}

HERE void *reallocarray(void *data, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(data, bytes);
}

HERE void *memalign(size_t alignment, size_t size)
{
    void *data = runs_out() ? NULL : REAL(memalign)(alignment, size);
    keep(data, size);
    return data;
}

HERE void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

HERE int posix_memalign(void **ret_data, size_t alignment, size_t size)
{
    void *data = memalign(alignment, size);
    if (!data)
        return ENOMEM;
    *ret_data = data;
    return 0;
}

HERE void free(void *data)
{
    forget(data);
    REAL(free)(data);
}

HERE char *strndup(const char *text, size_t max)
{
    size_t size = strnlen(text, max);
    char *copy = malloc(size + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

HERE char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

/* Both names that the C library has for it: which one a header gives hangs on the width of off_t. */
void *mmap_plain(void *at, size_t size, int protection, int flags, int file, off_t offset) __asm__("mmap");
void *mmap_wide(void *at, size_t size, int protection, int flags, int file, off_t offset) __asm__("mmap64");

HERE void *mmap_plain(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) && runs_out())
        return MAP_FAILED;
    long result = syscall(SYS_mmap, at, size, protection, flags, file, offset);
    return (void *)(uintptr_t)result; /* -1 is MAP_FAILED */
}

HERE void *mmap_wide(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return mmap_plain(at, size, protection, flags, file, offset);
}
