/* Preloaded into a server under measurement: counts its syncs to disk and, when asked, slows each of them down.
 *
 *   SLOWSYNC_COUNT  file that is mapped as one 64-bit counter in the machine's byte order, readable while it grows
 *   SLOWSYNC_MS     milliseconds that every sync sleeps after it has been done; 0 or unset: none
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t unmapped;
static uint64_t *counter = &unmapped;
static long delay_ms;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("SLOWSYNC_COUNT");
    const char *delay = getenv("SLOWSYNC_MS");
    if (delay)
        delay_ms = atol(delay);
    if (!path)
        return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    if (ftruncate(file, sizeof *counter) == 0) {
        void *page = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (page != MAP_FAILED)
            counter = page;
    }
    close(file);
}

static int slowed(long call, int file) {
    int result = (int)syscall(call, file);
    int error = errno;
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
    if (delay_ms > 0) {
        struct timespec left = {delay_ms / 1000, delay_ms % 1000 * 1000000};
        while (nanosleep(&left, &left) != 0 && errno == EINTR) {
        }
    }
    errno = error;
    return result;
}

int fsync(int file) { return slowed(SYS_fsync, file); }

int fdatasync(int file) { return slowed(SYS_fdatasync, file); }
