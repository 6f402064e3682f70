/* Preloaded into a gateway.
 *
 *   STUCK_DISK    as long as this file is there, no flush of the thread "ledger" ends; the first that is kept from it makes STUCK_DISK.waits
 *   FAILING_DISK  as long as this file is there, every flush of the write-ahead log fails that the thread begins
 *   FLUSHED       the write-ahead log as it was at its last flush that succeeded
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_ledger(void) {
    char name[16] = "";
    return prctl(PR_GET_NAME, name) == 0 && strcmp(name, "ledger") == 0;
}

static int fails(int log) {
    const char *failing = getenv("FAILING_DISK");
    return log && failing && is_ledger() && access(failing, F_OK) == 0;
}

static void wait_while_stuck(void) {
    const char *stuck = getenv("STUCK_DISK");
    char waits[4096];
    if (!stuck || !is_ledger())
        return;
    snprintf(waits, sizeof waits, "%s.waits", stuck);
    while (access(stuck, F_OK) == 0) {
        int file = open(waits, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0)
            close(file);
        usleep(2000);
    }
}

static int is_log(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    return length > 4 && memcmp(path + length - 4, "-wal", 4) == 0;
}

/* Copies the log to where only this thread writes, whose path is put into `copy`. */
static int copied(int log, char *copy, size_t size) {
    const char *flushed = getenv("FLUSHED");
    char page[4096];
    off_t at = 0;
    ssize_t length;
    if (!flushed)
        return 0;
    snprintf(copy, size, "%s.%ld", flushed, (long)syscall(SYS_gettid));
    int file = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return 0;
    while ((length = pread(log, page, sizeof page, at)) > 0 && write(file, page, length) == length)
        at += length;
    close(file);
    return length == 0;
}

static int flush(long call, int file) {
    char copy[4096];
    int log = is_log(file), failed = fails(log);
    wait_while_stuck();
    if (failed) {
        errno = EIO;
        return -1;
    }
    int counts = log && copied(file, copy, sizeof copy);
    int result = (int)syscall(call, file);
    if (counts && result == 0)
        rename(copy, getenv("FLUSHED"));
    return result;
}

int fsync(int file) { return flush(SYS_fsync, file); }

int fdatasync(int file) { return flush(SYS_fdatasync, file); }
