// New namespaces, those of others, and another root.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/probe.h"

static Verdict unshare_one(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return of_result(unshare((int)probe->number), probe->name);
}

// A namespace of a kind that needs CAP_SYS_ADMIN, by way of a user namespace of one's own.
static Verdict unshare_nested(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  const int error = unshare_with_maps(CLONE_NEWUSER | (int)probe->number);
  if (error != 0) return refused(error, "%s: %s", probe->name, strerror(error));
  return succeeded("all capabilities in a user namespace of its own");
}

static Verdict reap(long child, const char* what) {
  if (child == 0) _exit(0);
  if (child < 0) return of_result(-1, what);
  (void)waitpid((pid_t)child, NULL, __WALL);
  return succeeded("%s", what);
}

static Verdict clone_with(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return reap(syscall(SYS_clone, probe->number | SIGCHLD, 0L, 0L, 0L, 0L), probe->name);
}

static Verdict clone3_with(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  struct clone_args how = {.flags = (uint64_t)probe->number, .exit_signal = SIGCHLD};
  return reap(syscall(SYS_clone3, &how, sizeof how), probe->name);
}

static int namespace_flag(const char* kind) {
  static const struct {
    const char* name;
    int flag;
  } kKinds[] = {{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},  {"pid", CLONE_NEWPID},       {"net", CLONE_NEWNET},
                {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME}};
  for (size_t at = 0; at < PROBE_COUNT(kKinds); ++at)
    if (strcmp(kKinds[at].name, kind) == 0) return kKinds[at].flag;
  return 0;
}

static Verdict join(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  if (!word_pid(arguments, 0, &pid)) return untried("PID must be a number");
  char path[96];
  format_text(path, sizeof path, "/proc/%d/ns/%s", pid, arguments->words[1]);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return refused(errno, "open %s: %s", path, strerror(errno));
  return of_result(setns(fd, namespace_flag(arguments->words[1])), "setns");
}

static Verdict join_by_pidfd(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  pid_t pid = 0;
  const int flag = arguments->count > 1 ? namespace_flag(arguments->words[1]) : 0;
  if (!word_pid(arguments, 0, &pid) || flag == 0) return untried("PID must be a number, KIND a namespace's name");
  const long pidfd = syscall(SYS_pidfd_open, pid, 0L);
  if (pidfd < 0) return of_result(-1, "pidfd_open");
  return of_result(setns((int)pidfd, flag), "setns of a pidfd");
}

static Verdict change_root(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  return of_result(syscall(SYS_chroot, arguments->words[0]), "chroot");
}

// EINVAL and EBUSY come behind the capability check: "/" cannot be put onto itself.
static Verdict pivot(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const char* path = arguments->words[0];
  if (syscall(SYS_pivot_root, path, path) == 0) return succeeded("pivot_root");
  return of_result_or(-1, errno == EBUSY ? EBUSY : EINVAL, "pivot_root");
}

static Verdict read_nested(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int error = unshare_with_maps(CLONE_NEWUSER);
  if (error != 0) return refused(error, "a user namespace: %s", strerror(error));
  return judge_path(arguments->words[0], arguments);
}

// The procfs of the pid namespace that one is in, without the masks of the old one.
static Verdict mount_proc_nested(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const int error = own_mount_namespace();
  if (error != 0) return refused(error, "a mount namespace: %s", strerror(error));
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) return of_result(-1, "mount proc");
  char path[96];
  format_text(path, sizeof path, "/proc/%s/environ", arguments->words[0]);
  return judge_path(path, arguments);
}

static const Probe kProbes[] = {
    {"unshare-user", "", "a new user namespace", unshare_one, "", CLONE_NEWUSER},
    {"unshare-mount", "", "a new mount namespace", unshare_one, "", CLONE_NEWNS},
    {"unshare-pid", "", "a new pid namespace", unshare_one, "", CLONE_NEWPID},
    {"unshare-net", "", "a new network namespace", unshare_one, "", CLONE_NEWNET},
    {"unshare-ipc", "", "a new IPC namespace", unshare_one, "", CLONE_NEWIPC},
    {"unshare-uts", "", "a new UTS namespace", unshare_one, "", CLONE_NEWUTS},
    {"unshare-cgroup", "", "a new cgroup namespace", unshare_one, "", CLONE_NEWCGROUP},
    {"unshare-time", "", "a new time namespace", unshare_one, "", CLONE_NEWTIME},
    {"nested-mount-ns", "", "a mount namespace by way of a user namespace", unshare_nested, "", CLONE_NEWNS},
    {"nested-net-ns", "", "a network namespace by way of a user namespace", unshare_nested, "", CLONE_NEWNET},
    {"nested-read", "PATH", "read a file with the capabilities of a user namespace", read_nested, ""},
    {"nested-proc", "PID", "read its environ in a procfs mounted in a mount namespace of one's own", mount_proc_nested,
     ""},
    {"clone-newuser", "", "clone into a new user namespace", clone_with, "", CLONE_NEWUSER},
    {"clone3-newuser", "", "clone3 into a new user namespace (a filter cannot see its flags)", clone3_with, "",
     CLONE_NEWUSER},
    {"setns", "PID KIND", "join one of its namespaces", join, ""},
    {"setns-pidfd", "PID KIND", "join one of its namespaces by pidfd", join_by_pidfd, ""},
    {"chroot", "PATH", "take another root", change_root, ""},
    {"pivot-root", "PATH", "swap the root", pivot, ""},
};
DEFINE_THEME(kThemes_namespaces, "namespaces", kProbes);
