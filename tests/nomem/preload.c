/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nomem.c as a library that any program is started with (LD_PRELOAD). NOMEM_MODE is "once" or "from", NOMEM_NTH which allocation of
 * the main thread fails, from 1; 0 for none. The file NOMEM_TOLD, which must be there with 16 bytes, is told how many there
 * were and how many failed, two numbers of 64 bits: also where the program ends badly.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nomem.h"

static volatile uint64_t *told;

static void tell(uint64_t count, bool failed)
{
    told[0] = count;
    told[1] += failed ? 1 : 0;
}

/* Once the program's own libraries have begun, before its main. */
__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("NOMEM_TOLD"), *nth = getenv("NOMEM_NTH"), *mode = getenv("NOMEM_MODE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0 || !nth || !mode)
        return;
    void *page = mmap(NULL, 2 * sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page == MAP_FAILED)
        return;
    told = page;
    nomem_tell(tell);
    nomem_arm(strcmp(mode, "once") == 0 ? NOMEM_ONCE : NOMEM_FROM, strtoull(nth, NULL, 10));
}
