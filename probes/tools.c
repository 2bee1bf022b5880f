// Small helpers of the harness that need system calls which a script has not.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

static int failed(const char* what) {
  fprintf(stderr, "confide-probe: %s: %s\n", what, strerror(errno));
  return kExitUntried;
}

// DESCRIPTION NAME COMMAND…: every word @KEY of the command becomes the key's number. The key may be read by its uid
// without possession, so that nothing but a filter stands before it.
int tool_with_key(const Arguments* arguments) {
  enum { kPossessorAndUserAll = 0x3f3f0000 };
  if (arguments->count < 3) return kExitUntried;
  const char* secret = getenv(arguments->words[1]);
  if (secret == NULL) return kExitUntried;
  if (syscall(SYS_keyctl, (long)KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0) return failed("a session keyring");
  const long id =
      syscall(SYS_add_key, "user", arguments->words[0], secret, strlen(secret), (long)KEY_SPEC_SESSION_KEYRING);
  if (id < 0) return failed("add_key");
  if (syscall(SYS_keyctl, (long)KEYCTL_SETPERM, id, (long)kPossessorAndUserAll) < 0) return failed("KEYCTL_SETPERM");
  (void)unsetenv(arguments->words[1]);
  char number[32];
  format_text(number, sizeof number, "%ld", id);
  for (int at = 2; at < arguments->count; ++at)
    if (strcmp(arguments->words[at], "@KEY") == 0) arguments->words[at] = number;
  execvp(arguments->words[2], arguments->words + 2);
  return failed(arguments->words[2]);
}

// COMMAND…, to which user namespaces are refused, as containers and other sandboxes refuse them. EPERM for unshare and
// clone; clone3, whose flags a filter cannot see, is not there.
int tool_without_userns(const Arguments* arguments) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 2, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };
  const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  if (arguments->count < 1) return kExitUntried;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) return failed("seccomp");
  execvp(arguments->words[0], arguments->words);
  return failed(arguments->words[0]);
}

int tool_handle_of(const Arguments* arguments) {
  struct {
    struct file_handle head;
    unsigned char room[MAX_HANDLE_SZ];
  } handle = {.head = {.handle_bytes = MAX_HANDLE_SZ}};
  int mount = 0;
  if (arguments->count != 1) return kExitUntried;
  if (name_to_handle_at(AT_FDCWD, arguments->words[0], &handle.head, &mount, 0) != 0)
    return failed("name_to_handle_at");
  printf("%x:", (unsigned)handle.head.handle_type);
  for (unsigned at = 0; at < handle.head.handle_bytes; ++at) printf("%02x", handle.head.f_handle[at]);
  putchar('\n');
  return 0;
}

// What the kernel pipes a core dump into: reads it to its end and notes its size in FILE.
int tool_core_sink(const Arguments* arguments) {
  static char bytes[1 << 16];
  unsigned long long total = 0;
  if (arguments->count != 1) return kExitUntried;
  for (ssize_t got = 0; (got = read(0, bytes, sizeof bytes)) > 0;) total += (unsigned long long)got;
  const int fd = open(arguments->words[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return kExitUntried;
  char line[64];
  format_text(line, sizeof line, "%llu\n", total);
  const size_t length = strlen(line);
  return write(fd, line, length) == (ssize_t)length ? 0 : kExitUntried;
}
