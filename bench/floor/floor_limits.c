// What the process may do: no_new_privs, Landlock, capabilities, checks (nothing is taken on trust), seccomp.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bench/floor/floor.h"

// --- Landlock -------------------------------------------------------------------------------------------------------

// linux/landlock.h of Linux 6.12; the struct grows with the ABI.
struct ruleset_attribute {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};

#define READ (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

struct path_rule {
  const char* path;
  uint64_t access;
};

static const struct path_rule kToolRules[] = {
    {"/", READ},         {"/usr", READ},      {"/etc", READ},  {"/opt", READ},  {"/proc", ~0ULL},
    {"/dev/shm", ~0ULL}, {"/dev/pts", ~0ULL}, {"/dev", ~0ULL}, {"/tmp", ~0ULL},
};
static const struct path_rule kBenchRules[] = {{"/", READ}, {"/proc", ~0ULL}, {"/dev", ~0ULL}, {"/tmp", ~0ULL}};

static struct ruleset_attribute attribute;
static size_t attribute_size;

static void prepare_landlock(void) {
  const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return;
  const unsigned rights = abi == 1 ? 13 : abi == 2 ? 14 : abi < 5 ? 15 : 16;
  attribute.handled_access_fs = (1ULL << rights) - 1;
  attribute_size = sizeof(uint64_t);
  if (abi >= 4) {
    attribute.handled_access_net = 3;
    attribute_size = 2 * sizeof(uint64_t);
  }
  if (abi >= 6) {
    attribute.scoped = 3;
    attribute_size = 3 * sizeof(uint64_t);
  }
}

static void add_rule(const struct launch* launch, int ruleset, const char* path, uint64_t access) {
  const int at = open(path, O_PATH | O_CLOEXEC);
  if (at < 0) {
    if (errno == ENOENT) return;  // /opt and /lib64 are not everywhere
    fail_step(launch, path);
  }
  const struct landlock_path_beneath_attr rule = {.allowed_access = access & attribute.handled_access_fs,
                                                  .parent_fd = at};
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) fail_step(launch, path);
  close(at);
}

static void restrict_by_landlock(const struct launch* launch) {
  if (attribute_size == 0) {
    errno = ENOSYS;
    fail_step(launch, "landlock");
  }
  const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attribute, attribute_size, 0);
  if (ruleset < 0) fail_step(launch, "landlock_create_ruleset");
  const struct path_rule* rules = launch->view == VIEW_TOOL ? kToolRules : kBenchRules;
  const size_t count =
      launch->view == VIEW_TOOL ? sizeof kToolRules / sizeof *kToolRules : sizeof kBenchRules / sizeof *kBenchRules;
  for (size_t i = 0; i < count; ++i) add_rule(launch, ruleset, rules[i].path, rules[i].access);
  if (launch->view == VIEW_TOOL) {
    add_rule(launch, ruleset, launch->project.path, ~0ULL);
    add_rule(launch, ruleset, launch->home, ~0ULL);  // and with it what is shown there
  }
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) fail_step(launch, "landlock_restrict_self");
  close(ruleset);
}

// --- seccomp --------------------------------------------------------------------------------------------------------

enum action { ALLOW, REFUSE, UNKNOWN, KILL, IOCTL, CLONE, ACTIONS };

// Numbers below `end`, down to the entry before, get `action`. x86-64 (asm/unistd_64.h).
static const struct {
  unsigned end;
  enum action action;
} kRanges[] = {
    {SYS_ioctl, ALLOW},
    {SYS_ioctl + 1, IOCTL},
    {SYS_clone, ALLOW},
    {SYS_clone + 1, CLONE},
    {SYS_ptrace, ALLOW},
    {SYS_ptrace + 1, REFUSE},
    {SYS_syslog, ALLOW},
    {SYS_syslog + 1, REFUSE},
    {SYS_vhangup, ALLOW},
    {SYS__sysctl + 1, REFUSE},
    {SYS_adjtimex, ALLOW},
    {SYS_adjtimex + 1, REFUSE},
    {SYS_chroot, ALLOW},
    {SYS_chroot + 1, REFUSE},
    {SYS_acct, ALLOW},
    {SYS_nfsservctl + 1, REFUSE},
    {SYS_clock_settime, ALLOW},
    {SYS_clock_settime + 1, REFUSE},
    {SYS_kexec_load, ALLOW},
    {SYS_kexec_load + 1, REFUSE},
    {SYS_add_key, ALLOW},
    {SYS_keyctl + 1, REFUSE},
    {SYS_migrate_pages, ALLOW},
    {SYS_migrate_pages + 1, REFUSE},
    {SYS_unshare, ALLOW},
    {SYS_unshare + 1, REFUSE},
    {SYS_move_pages, ALLOW},
    {SYS_move_pages + 1, REFUSE},
    {SYS_perf_event_open, ALLOW},
    {SYS_perf_event_open + 1, REFUSE},
    {SYS_fanotify_init, ALLOW},
    {SYS_fanotify_mark + 1, REFUSE},
    {SYS_open_by_handle_at, ALLOW},
    {SYS_clock_adjtime + 1, REFUSE},
    {SYS_setns, ALLOW},
    {SYS_setns + 1, REFUSE},
    {SYS_process_vm_readv, ALLOW},
    {SYS_finit_module + 1, REFUSE},
    {SYS_kexec_file_load, ALLOW},
    {SYS_bpf + 1, REFUSE},
    {SYS_userfaultfd, ALLOW},
    {SYS_userfaultfd + 1, REFUSE},
    {SYS_rseq + 1, ALLOW},
    {SYS_pidfd_send_signal, UNKNOWN},
    {SYS_io_uring_setup, ALLOW},
    {SYS_fspick + 1, REFUSE},
    {SYS_clone3, ALLOW},
    {SYS_clone3 + 1, UNKNOWN},
    {SYS_pidfd_getfd, ALLOW},
    {SYS_pidfd_getfd + 1, REFUSE},
    {SYS_mount_setattr, ALLOW},
    {SYS_quotactl_fd + 1, REFUSE},
    {SYS_set_mempolicy_home_node + 1, ALLOW},
};
enum { kRangeCount = sizeof kRanges / sizeof *kRanges, kTail = 4 + 3 + 4, kHead = 5, kX32Bit = 0x40000000 };

static struct sock_filter filter[kHead + kRangeCount + 1 + kTail];
static unsigned short filter_length;

#define STATEMENT(code, k) ((struct sock_filter)BPF_STMT(code, k))
#define JUMP(code, k, yes, no) ((struct sock_filter)BPF_JUMP(code, k, yes, no))

// One comparison a range: the program falls through while the number is at or above the range's end.
static void prepare_filter(void) {
  const unsigned tail = kHead + kRangeCount + 1;
  const unsigned ioctl_check = tail;
  const unsigned clone_check = ioctl_check + 4;
  const unsigned returns = clone_check + 3;  // kill, allow, refuse, unknown
  const unsigned target[ACTIONS] = {[ALLOW] = returns + 1, [REFUSE] = returns + 2, [UNKNOWN] = returns + 3,
                                    [KILL] = returns,      [IOCTL] = ioctl_check,  [CLONE] = clone_check};
  struct sock_filter* at = filter;
  *at++ = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
  *at = JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, (unsigned char)(target[KILL] - 2));
  ++at;
  *at++ = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  *at = JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32Bit, (unsigned char)(target[KILL] - 4), 0);
  ++at;
  *at++ = STATEMENT(BPF_MISC | BPF_TAX, 0);
  for (unsigned i = 0; i < kRangeCount; ++i, ++at) {
    const unsigned next = (unsigned)(at - filter) + 1;
    *at = JUMP(BPF_JMP | BPF_JGE | BPF_K, kRanges[i].end, 0, (unsigned char)(target[kRanges[i].action] - next));
  }
  *at++ = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  // ioctl: the low 32 bits of the request, so that a high bit does not pass.
  *at++ = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
  *at++ = JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x5412 /* TIOCSTI */, (unsigned char)(target[REFUSE] - ioctl_check - 2), 0);
  *at++ = JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x541C /* TIOCLINUX */, (unsigned char)(target[REFUSE] - ioctl_check - 3), 0);
  *at++ = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  // clone: no new namespaces.
  *at++ = STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
  *at++ =
      JUMP(BPF_JMP | BPF_JSET | BPF_K,
           CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
           (unsigned char)(target[REFUSE] - clone_check - 2), 0);
  *at++ = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  *at++ = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  *at++ = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  *at++ = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  *at++ = STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  filter_length = (unsigned short)(at - filter);
}

static void attach_filter(const struct launch* launch) {
  const struct sock_fprog program = {filter_length, filter};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) fail_step(launch, "seccomp");
}

// --- capabilities and checks ----------------------------------------------------------------------------------------

static void drop_capabilities(const struct launch* launch) {
  // The bounding set and the securebits need CAP_SETPCAP, so they come first.
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability)
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) fail_step(launch, "drop the bounding set");
  if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_CAP_AMBIENT_RAISE | SECURE_ALL_LOCKS,
            0, 0, 0) != 0)
    fail_step(launch, "securebits");
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) fail_step(launch, "clear ambient capabilities");
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const struct __user_cap_data_struct none[2] = {{0}};
  if (syscall(SYS_capset, &header, none) != 0) fail_step(launch, "capset");
}

static void refuse(const struct launch* launch, const char* what) {
  errno = EPERM;
  fail_step(launch, what);
}

struct directory_entry {  // getdents64(2)
  uint64_t inode;
  int64_t next;
  unsigned short size;
  unsigned char type;
  char name[];
};

// Calls back with every entry of `path` that is a number.
static void each_number(const struct launch* launch, const char* path,
                        void (*judge)(const struct launch*, long number, int listing)) {
  const int listing = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing < 0) fail_step(launch, path);
  _Alignas(8) char buffer[8192];
  for (;;) {
    const long size = syscall(SYS_getdents64, listing, buffer, sizeof buffer);
    if (size < 0) fail_step(launch, path);
    if (size == 0) break;
    for (long at = 0; at < size;) {
      const struct directory_entry* entry = (const struct directory_entry*)(const void*)(buffer + at);
      at += entry->size;
      char* end = NULL;
      const long number = strtol(entry->name, &end, 10);
      if (end != entry->name && *end == '\0') judge(launch, number, listing);
    }
  }
  close(listing);
}

static void only_known_descriptors(const struct launch* launch, long number, int listing) {
  if (number > 2 && number != listing && number != launch->failure_pipe) refuse(launch, "an open descriptor");
}

// By their number where the kernel tells it (Linux 6.2), else by a listing.
static void verify_descriptors(const struct launch* launch) {
  struct stat folder;
  if (stat("/proc/self/fd", &folder) != 0) fail_step(launch, "/proc/self/fd");
  const int known[] = {0, 1, 2, launch->failure_pipe};
  int open = 0;
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i) open += fcntl(known[i], F_GETFD) >= 0;
  if (folder.st_size != open) each_number(launch, "/proc/self/fd", only_known_descriptors);
}

static void verify(const struct launch* launch) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct held[2] = {{0}};
  if (syscall(SYS_capget, &header, held) != 0) fail_step(launch, "capget");
  if ((held[0].effective | held[0].permitted | held[0].inheritable | held[1].effective | held[1].permitted |
       held[1].inheritable) != 0)
    refuse(launch, "a capability is left");
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability)
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 0) refuse(launch, "a capability is left in the bounding set");
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) refuse(launch, "no_new_privs");
  char self[16];
  if (readlink("/proc/self", self, sizeof self) != 1 || self[0] != '1') refuse(launch, "a foreign procfs");
  verify_descriptors(launch);
}

void prepare_limits(void) {
  prepare_landlock();
  prepare_filter();
}

void apply_limits(const struct launch* launch) {
  // Everything inherited goes but stdio and the way to report a failure.
  const unsigned keep = (unsigned)launch->failure_pipe;
  if (keep > 3) syscall(SYS_close_range, 3U, keep - 1, 0U);
  syscall(SYS_close_range, keep + 1, ~0U, 0U);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail_step(launch, "no_new_privs");
  restrict_by_landlock(launch);
  drop_capabilities(launch);
  verify(launch);
  attach_filter(launch);
}
