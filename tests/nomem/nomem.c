/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own definitions of malloc and its kin come before those of the C library, and before those of a sanitizer too, whose
 * own ones have second names for this purpose.
 */
#include "nomem.h"

#include <errno.h>
#include <link.h>
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

/*
 * What nng 1.5.2 asks for itself is left alone: where it can't have the memory of a connection that it dials, it unlocks a
 * mutex that it hasn't locked, and ends the program. Where its code lies in memory is looked up once.
 */
static struct {
    atomic_bool known;
    uintptr_t begin;
    uintptr_t end;
} spared;

static int find_spared(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    if (!strstr(info->dlpi_name, "/libnng.so"))
        return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X))
            continue;
        spared.begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        spared.end = spared.begin + info->dlpi_phdr[i].p_memsz;
    }
    return 1;
}

static bool is_spared(const void *caller)
{
    return (uintptr_t)caller >= spared.begin && (uintptr_t)caller < spared.end;
}

void nomem_arm(enum nomem_mode mode, uint64_t nth)
{
    if (!atomic_exchange(&spared.known, true))
        (void)dl_iterate_phdr(find_spared, NULL);
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

static bool runs_out(const void *caller)
{
    if (!mine.armed || mine.aside || is_spared(caller))
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

#define CALLER __builtin_return_address(0)

static void *take(size_t size, const void *caller)
{
    void *data = runs_out(caller) ? NULL : REAL(malloc)(size);
    keep(data, size);
    return data;
}

static void *resize(void *data, size_t size, const void *caller)
{
    if (runs_out(caller))
        return NULL;
    forget(data);
    void *grown = REAL(realloc)(data, size);
    keep(grown, size);
    return grown;
}

static void *take_aligned(size_t alignment, size_t size, const void *caller)
{
    void *data = runs_out(caller) ? NULL : REAL(memalign)(alignment, size);
    keep(data, size);
    return data;
}

HERE void *malloc(size_t size)
{
    return take(size, CALLER);
}

HERE void *calloc(size_t count, size_t size)
{
    void *data = runs_out(CALLER) ? NULL : REAL(calloc)(count, size);
    keep(data, count * size);
    return data;
}

HERE void *realloc(void *data, size_t size)
{
    return resize(data, size, CALLER);
}

HERE void *reallocarray(void *data, size_t count, size_t size)
{
    size_t bytes;
    if (!__builtin_mul_overflow(count, size, &bytes))
        return resize(data, bytes, CALLER);
    errno = ENOMEM;
    return NULL;
}

HERE void *memalign(size_t alignment, size_t size)
{
    return take_aligned(alignment, size, CALLER);
}

HERE void *aligned_alloc(size_t alignment, size_t size)
{
    return take_aligned(alignment, size, CALLER);
}

HERE int posix_memalign(void **ret_data, size_t alignment, size_t size)
{
    void *data = take_aligned(alignment, size, CALLER);
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

static char *copy(const char *text, size_t size, const void *caller)
{
    char *made = take(size + 1, caller);
    if (!made)
        return NULL;
    memcpy(made, text, size);
    made[size] = 0;
    return made;
}

HERE char *strdup(const char *text)
{
    return copy(text, strlen(text), CALLER);
}

HERE char *strndup(const char *text, size_t max)
{
    return copy(text, strnlen(text, max), CALLER);
}

/* Both names that the C library has for it: which one a header gives hangs on the width of off_t. */
void *mmap_plain(void *at, size_t size, int protection, int flags, int file, off_t offset) __asm__("mmap");
void *mmap_wide(void *at, size_t size, int protection, int flags, int file, off_t offset) __asm__("mmap64");

static void *map(void *at, size_t size, int protection, int flags, int file, off_t offset, const void *caller)
{
    if ((flags & MAP_ANONYMOUS) && runs_out(caller))
        return MAP_FAILED;
    long result = syscall(SYS_mmap, at, size, protection, flags, file, offset);
    return (void *)(uintptr_t)result; /* -1 is MAP_FAILED */
}

HERE void *mmap_plain(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return map(at, size, protection, flags, file, offset, CALLER);
}

HERE void *mmap_wide(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return map(at, size, protection, flags, file, offset, CALLER);
}
