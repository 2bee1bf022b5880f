// Every process in view, searched for the secret by every file of /proc that could hold it.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/probe.h"

static pid_t entry_pid(const struct dirent* entry) {
  char* end = NULL;
  const long number = strtol(entry->d_name, &end, 10);
  return end != entry->d_name && *end == 0 ? (pid_t)number : 0;
}

typedef struct {
  size_t processes;
  size_t readable;
  char found[160];  // where the needle was
} Search;

static bool search_file(Search* search, const Arguments* arguments, const char* path) {
  const Verdict verdict = judge_path(path, arguments);
  if (verdict.outcome == kSucceeded) snprintf(search->found, sizeof search->found, "%s", path);
  if (verdict.outcome == kSucceeded || verdict.reason[0] == 'O') ++search->readable;
  return verdict.outcome == kSucceeded;
}

static bool search_descriptors(Search* search, const Arguments* arguments, pid_t pid) {
  char path[64];
  format_text(path, sizeof path, "/proc/%d/fd", pid);
  DIR* folder = opendir(path);
  if (folder == NULL) return false;
  bool found = false;
  for (const struct dirent* entry = readdir(folder); entry != NULL && !found; entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    format_text(path, sizeof path, "/proc/%d/fd/%.16s", pid, entry->d_name);
    char target[64];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    // Files and memfds only: what is read from a pipe, a terminal or a file of the kernel's is missing where it
    // belongs.
    struct stat at;
    if (length <= 0 || stat(path, &at) != 0 || !S_ISREG(at.st_mode)) continue;
    if (strncmp(target, "/proc/", 6) == 0 || strncmp(target, "/sys/", 5) == 0) continue;
    found = search_file(search, arguments, path);
  }
  closedir(folder);
  return found;
}

static bool search_range(Search* search, const Arguments* arguments, int memory, unsigned long from, unsigned long to) {
  enum { kChunk = 1 << 20, kMostBytes = 64 << 20 };
  if (to - from > kMostBytes) to = from + kMostBytes;
  char* buffer = malloc(kChunk);
  bool found = false;
  for (unsigned long at = from; buffer != NULL && at < to && !found; at += kChunk) {
    const size_t size = to - at < kChunk ? to - at : kChunk;
    const ssize_t got = pread(memory, buffer, size, (off_t)at);
    if (got <= 0) break;
    ++search->readable;
    found = contains(buffer, (size_t)got, arguments);
  }
  free(buffer);
  return found;
}

static bool search_memory(Search* search, const Arguments* arguments, pid_t pid) {
  char path[64];
  format_text(path, sizeof path, "/proc/%d/maps", pid);
  FILE* maps = fopen(path, "re");
  format_text(path, sizeof path, "/proc/%d/mem", pid);
  const int memory = open(path, O_RDONLY | O_CLOEXEC);
  bool found = false;
  char line[512];
  while (maps != NULL && memory >= 0 && !found && fgets(line, sizeof line, maps) != NULL) {
    unsigned long from = 0;
    unsigned long to = 0;
    char rights[8] = "";
    if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3 || rights[0] != 'r' || rights[1] != 'w') continue;
    found = search_range(search, arguments, memory, from, to);
  }
  if (maps != NULL) fclose(maps);
  if (memory >= 0) close(memory);
  if (found) snprintf(search->found, sizeof search->found, "%s", path);
  return found;
}

static bool search_process(Search* search, const Arguments* arguments, pid_t pid) {
  char path[64];
  format_text(path, sizeof path, "/proc/%d/environ", pid);
  ++search->processes;
  if (search_file(search, arguments, path)) return true;
  format_text(path, sizeof path, "/proc/%d/cmdline", pid);
  if (search_file(search, arguments, path)) return true;
  return search_descriptors(search, arguments, pid) || search_memory(search, arguments, pid);
}

static Verdict scan(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  if (arguments->needle == NULL) return untried("give --needle-hex");
  DIR* folder = opendir("/proc");
  if (folder == NULL) return refused(errno, "opendir /proc: %s", strerror(errno));
  Search search = {0};
  bool found = false;
  // By the link, not by getpid(): a procfs of outside has other numbers.
  char self[16] = "";
  if (readlink("/proc/self", self, sizeof self - 1) <= 0) return untried("no /proc/self");
  for (const struct dirent* entry = readdir(folder); entry != NULL && !found; entry = readdir(folder)) {
    const pid_t pid = entry_pid(entry);
    if (pid > 0 && strcmp(entry->d_name, self) != 0) found = search_process(&search, arguments, pid);
  }
  closedir(folder);
  if (found) return succeeded("the secret is in %s", search.found);
  return absent("OTHER", "%zu processes, %zu readable places, no secret", search.processes, search.readable);
}

// A process that named itself WORD (prctl PR_SET_NAME): seen at all?
static Verdict see_foreign(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  DIR* folder = opendir("/proc");
  if (folder == NULL) return refused(errno, "opendir /proc: %s", strerror(errno));
  size_t seen = 0;
  pid_t found = 0;
  for (const struct dirent* entry = readdir(folder); entry != NULL && found == 0; entry = readdir(folder)) {
    const pid_t pid = entry_pid(entry);
    if (pid <= 0) continue;
    ++seen;
    char path[64];
    char name[32] = "";
    format_text(path, sizeof path, "/proc/%d/comm", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const ssize_t got = read(fd, name, sizeof name - 1);
    close(fd);
    if (got > 1) name[got - 1] = 0;
    if (strcmp(name, arguments->words[0]) == 0) found = pid;
  }
  closedir(folder);
  if (found != 0) return succeeded("process %d of outside is in view, among %zu", found, seen);
  return absent("OTHER", "%zu processes in view, none of outside", seen);
}

// Reading would take the messages from whoever is meant to have them.
static Verdict open_global(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return judge_open(probe->text, O_RDONLY);
}

static Verdict read_global(const Arguments* arguments, const Probe* probe) {
  return judge_path(probe->text, arguments);
}

// Addresses are zero for those who may not see them.
static Verdict read_kernel_addresses(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  FILE* symbols = fopen(probe->text, "re");
  if (symbols == NULL) return refused(errno, "open %s: %s", probe->text, strerror(errno));
  char line[256];
  unsigned long address = 0;
  size_t lines = 0;
  while (address == 0 && fgets(line, sizeof line, symbols) != NULL) {
    ++lines;
    (void)sscanf(line, "%lx", &address);
  }
  fclose(symbols);
  if (address != 0) return succeeded("%s shows addresses", probe->text);
  return absent("EMPTY", "%s: %zu lines, addresses hidden", probe->text, lines);
}

// With a DESCRIPTION: is that key in the list?
static Verdict list_keys(const Arguments* arguments, const Probe* probe) {
  if (arguments->count == 0) return judge_path(probe->text, arguments);
  const char* description = arguments->words[0];
  const Arguments wanted = {.needle = (const unsigned char*)description, .needle_size = strlen(description)};
  return judge_path(probe->text, &wanted);
}

static const Probe kProbes[] = {
    {"proc-scan", "", "search every process in view for the secret: environ, cmdline, fd, mem", scan, ""},
    {"proc-foreign", "NAME", "see a process of outside by the name it gave itself", see_foreign, ""},
    {"proc-kcore", "", "read the kernel's memory", read_global, "/proc/kcore"},
    {"proc-kmsg", "", "read the kernel's messages", open_global, "/proc/kmsg"},
    {"proc-kallsyms", "", "read the kernel's addresses", read_kernel_addresses, "/proc/kallsyms"},
    {"proc-keys", "[DESCRIPTION]", "list the keys that one may look at", list_keys, "/proc/keys"},
    {"proc-timer-list", "", "list the kernel's timers with their owners", read_global, "/proc/timer_list"},
};
DEFINE_THEME(kThemes_memory, "memory", kProbes);
