// confide-probe: one attack a sub-command. A probe tries exactly one thing, with what it was given, and says what came
// of it; it never decides whether that was right. Static, without sanitizers, and dependent on nothing but libc, so
// that it runs inside any sandbox.
//
// Standard output: one line of JSON {"probe", "outcome", "errno", "detail"}; a value that was found is never printed.
// Exit status: 0 the attack succeeded, 10 it was refused (or what it needs is not there), 20 it could not be tried.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum {
  kSucceeded,  // "leak"
  kDenied,     // "denied": the kernel said no
  kAbsent,     // "absent": the object cannot be seen from here (ENOENT, ESRCH, …), or it does not hold the needle
  kUntried,    // "error": wrong usage, or what the attempt needs could not be set up
} Outcome;

enum { kExitSucceeded = 0, kExitRefused = 10, kExitUntried = 20 };

typedef struct {
  Outcome outcome;
  const char*
      reason;  // an errno's or signal's name, "EMPTY" or "OTHER" where something was read but not the needle, ""
  char detail[240];
} Verdict;

typedef struct {
  int count;
  char** words;
  const unsigned char* needle;  // the secret that an attack looks for; NULL: whatever can be read is a success
  size_t needle_size;
} Arguments;

enum {
  kMayKill = 1,  // the attempt may end the process that makes it: it is made in a child
};

typedef struct Probe Probe;
struct Probe {
  const char* name;
  const char* usage;  // the words it takes; those in [brackets] may be left out
  const char* about;  // one line for people
  Verdict (*run)(const Arguments* arguments, const Probe* probe);
  const char* text;  // what a generic `run` needs: a file's name, a path
  long number;       // likewise: a flag, a system call's number
  unsigned flags;
};

typedef struct {
  const char* name;
  const Probe* probes;
  size_t count;
} Theme;

#define PROBE_COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define DEFINE_THEME(id, title, table) \
  const Theme id = {.name = (title), .probes = (table), .count = PROBE_COUNT(table)}

extern const Theme kThemes_proc, kThemes_memory, kThemes_ptrace, kThemes_kernel, kThemes_namespaces, kThemes_mounts,
    kThemes_devices, kThemes_tty, kThemes_sockets, kThemes_netlink, kThemes_ipc, kThemes_keyring, kThemes_iouring,
    kThemes_abi, kThemes_files, kThemes_masks, kThemes_privileges, kThemes_fds, kThemes_sysctl, kThemes_resources,
    kThemes_processes, kThemes_signals, kThemes_system;

// ---- verdicts (verdict.c)

Verdict succeeded(const char* format, ...) __attribute__((format(printf, 1, 2)));
// kDenied, or kAbsent where `errnum` means that there is no such object in view.
Verdict refused(int errnum, const char* format, ...) __attribute__((format(printf, 2, 3)));
Verdict absent(const char* reason, const char* format, ...) __attribute__((format(printf, 2, 3)));
Verdict untried(const char* format, ...) __attribute__((format(printf, 1, 2)));
// succeeded where `result` is not -1, else refused with errno.
Verdict of_result(long result, const char* what);
// As of_result, but `through` (an errno that is only reached behind every permission check, such as EFAULT) succeeds
// too.
Verdict of_result_or(long result, int through, const char* what);
const char* errno_name(int errnum);
const char* signal_name(int signal_number);

// ---- reading (reading.c)

bool contains(const void* haystack, size_t size, const Arguments* arguments);
// Reads `fd` to its end (at most 64 MiB), closes it, and judges by the needle, or by "at least one byte" without one.
Verdict judge_fd(int fd, const Arguments* arguments, const char* what);
Verdict judge_bytes(const void* bytes, size_t size, const Arguments* arguments, const char* what);
Verdict judge_path(const char* path, const Arguments* arguments);
// Opens `path` with `flags`, closes it again.
Verdict judge_open(const char* path, int flags);

// ---- words (words.c)

// A number in decimal or 0x…; false where the word is not one.
bool word_number(const Arguments* arguments, int index, unsigned long* number);
bool word_pid(const Arguments* arguments, int index, pid_t* pid);
bool word_fd(const Arguments* arguments, int index, int* fd);
// snprintf into a buffer that must hold it all; ends the program as "untried" where it does not.
void format_text(char* out, size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));

// ---- the process itself

// Puts this process into a domain ("landlock": one that handles a single irrelevant right, and no capability; "userns":
// its own user namespace with its own id mapped to itself; "none"). 0 or an errno (confine.c).
int confine(const char* kind);
// Unshares `flags` (CLONE_NEWUSER among them) and maps the caller's ids to themselves. 0 or an errno (confine.c).
int unshare_with_maps(int flags);
// A private mount namespace, by way of a user namespace where that is what it takes. 0 or an errno (confine.c).
int own_mount_namespace(void);
// Forks; the child runs `body(data)` and exits with its result. The exit status, or -1 with errno (confine.c).
int run_in_child(int (*body)(void*), void* data);
void sleep_ms(long ms);
// The secret of a victim, at the same address in every process of this program (it is linked without PIE).
extern char kHeldSecret[4096];
// What a victim lets itself be written.
extern volatile char kScratch[4096];

// ---- tools: the other side of the attacks (victim.c, race.c, tools.c); each returns an exit status

int tool_victim(const Arguments* arguments);
int tool_dwell(const Arguments* arguments);
int tool_race(const Arguments* arguments);
int tool_with_key(const Arguments* arguments);
int tool_without_userns(const Arguments* arguments);
int tool_handle_of(const Arguments* arguments);
int tool_core_sink(const Arguments* arguments);
int tool_identity(const Arguments* arguments);
