/* Preloaded into a gateway: as long as the file STUCK_DISK is there, no flush of its thread "ledger" ends. The first that is kept from it
 * makes the file STUCK_DISK.waits. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wait_while_stuck(void) {
    const char *stuck = getenv("STUCK_DISK");
    char name[16] = "", waits[4096];
    if (!stuck || prctl(PR_GET_NAME, name) != 0 || strcmp(name, "ledger") != 0)
        return;
    snprintf(waits, sizeof waits, "%s.waits", stuck);
    while (access(stuck, F_OK) == 0) {
        int file = open(waits, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0)
            close(file);
        usleep(2000);
    }
}

int fsync(int file) {
    wait_while_stuck();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    wait_while_stuck();
    return (int)syscall(SYS_fdatasync, file);
}
