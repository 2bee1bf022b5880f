// Getting back what was given up.
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/probe.h"

// The five sets, by system call: a sandbox need not have a /proc. Inheritable, permitted, effective, bounding, ambient.
static bool capability_sets(unsigned long long sets[5]) {
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &head, data) != 0) return false;
  sets[0] = data[0].inheritable | (unsigned long long)data[1].inheritable << 32;
  sets[1] = data[0].permitted | (unsigned long long)data[1].permitted << 32;
  sets[2] = data[0].effective | (unsigned long long)data[1].effective << 32;
  for (unsigned at = 0; at < 64; ++at) {
    const int bounding = prctl(PR_CAPBSET_READ, at, 0, 0, 0);
    if (bounding < 0) break;  // past the last one that this kernel has
    sets[3] |= (unsigned long long)bounding << at;
    sets[4] |= (unsigned long long)(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, at, 0, 0) == 1) << at;
  }
  return true;
}

static Verdict hold_any(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  unsigned long long sets[5] = {0};
  if (!capability_sets(sets)) return untried("capget does not answer");
  if ((sets[0] | sets[1] | sets[2] | sets[3] | sets[4]) == 0) return absent("EMPTY", "all five sets are empty");
  return succeeded("inh %llx prm %llx eff %llx bnd %llx amb %llx", sets[0], sets[1], sets[2], sets[3], sets[4]);
}

static Verdict raise_set(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &head, data) != 0) return of_result(-1, "capget");
  data[0].permitted |= 1U << CAP_CHOWN;
  data[0].effective |= 1U << CAP_CHOWN;
  return of_result(syscall(SYS_capset, &head, data), "capset");
}

static Verdict raise_ambient(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &head, data) == 0) {
    data[0].inheritable |= 1U << CAP_CHOWN;
    if (syscall(SYS_capset, &head, data) != 0) return of_result(-1, "capset of the inheritable set");
  }
  return of_result(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0), "PR_CAP_AMBIENT_RAISE");
}

static Verdict clear_securebits(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0), "PR_SET_SECUREBITS");
}

static Verdict still_new_privileges(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return refused(EPERM, "no_new_privs is set");
  return succeeded("no_new_privs is not set");
}

static Verdict become_root(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  switch (probe->number) {
    case 0: return of_result(setresuid(0, 0, 0), "setresuid");
    case 1: return of_result(setresgid(0, 0, 0), "setresgid");
    default: break;
  }
  const gid_t groups[] = {0};
  return of_result(syscall(SYS_setgroups, 1L, groups), "setgroups");
}

// FILE is this program with a set-user-id bit or file capabilities; its `identity` is compared with one's own.
static Verdict gain_by_exec(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  int pipes[2];
  if (pipe(pipes) != 0) return untried("no pipe");
  const pid_t child = fork();
  if (child == 0) {
    (void)dup2(pipes[1], 1);
    execl(arguments->words[0], arguments->words[0], "identity", (char*)NULL);
    _exit(errno);
  }
  close(pipes[1]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return untried("no child");
  char text[256] = "";
  const ssize_t got = read(pipes[0], text, sizeof text - 1);
  if (!WIFEXITED(status)) return refused(EPERM, "the program was ended");
  if (got <= 0) return refused(WEXITSTATUS(status), "exec %s: %s", arguments->words[0], strerror(WEXITSTATUS(status)));
  unsigned uid = 0;
  unsigned long long effective = 0;
  if (sscanf(text, "%u %llx", &uid, &effective) != 2) return untried("%s is not this program", arguments->words[0]);
  unsigned long long sets[5] = {0};
  if (!capability_sets(sets)) return untried("capget does not answer");
  if (uid != geteuid() || (effective & ~sets[2]) != 0) return succeeded("uid %u, capabilities %llx", uid, effective);
  return absent("OTHER", "the program ran with nothing more: uid %u, capabilities %llx", uid, effective);
}

int tool_identity(const Arguments* arguments) {
  (void)arguments;
  unsigned long long sets[5] = {0};
  if (!capability_sets(sets)) return kExitUntried;
  printf("%u %llx\n", geteuid(), sets[2]);
  return 0;
}

static int dump_core(void* unused) {
  (void)unused;
  struct rlimit limit;
  if (getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_CORE, &limit);
  }
  (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  abort();
}

static Verdict leave_core(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  const pid_t child = fork();
  if (child == 0) _exit(dump_core(NULL));
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
    return untried("the child did not abort");
  if (WCOREDUMP(status)) return succeeded("the kernel dumped a core");
  struct rlimit limit = {0};
  (void)getrlimit(RLIMIT_CORE, &limit);
  return refused(EPERM, "no core was dumped (limit %llu)", (unsigned long long)limit.rlim_max);
}

static const Probe kProbes[] = {
    {"caps-any", "", "hold a capability in any of the five sets", hold_any, ""},
    {"caps-capset", "", "raise a capability", raise_set, ""},
    {"caps-ambient", "", "raise an ambient capability", raise_ambient, ""},
    {"securebits", "", "change the secure bits", clear_securebits, ""},
    {"no-new-privs", "", "run without no_new_privs", still_new_privileges, ""},
    {"setuid-root", "", "become uid 0", become_root, "", 0},
    {"setgid-root", "", "become gid 0", become_root, "", 1},
    {"setgroups-root", "", "join group 0", become_root, "", 2},
    {"suid-exec", "FILE", "gain by a set-user-id program", gain_by_exec, ""},
    {"file-caps-exec", "FILE", "gain by a program with file capabilities", gain_by_exec, ""},
    {"core-dump", "", "leave a core dump", leave_core, "", 0},
};
DEFINE_THEME(kThemes_privileges, "privileges", kProbes);
