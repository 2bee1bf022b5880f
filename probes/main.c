// confide-probe [--confine KIND] [--needle-hex HEX] NAME [WORD…] | --list [--json] | victim … | race …
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/probe.h"

static const Theme* const kThemes[] = {
    &kThemes_proc,    &kThemes_memory,    &kThemes_ptrace,    &kThemes_kernel,  &kThemes_namespaces, &kThemes_mounts,
    &kThemes_devices, &kThemes_tty,       &kThemes_sockets,   &kThemes_netlink, &kThemes_ipc,        &kThemes_keyring,
    &kThemes_iouring, &kThemes_abi,       &kThemes_files,     &kThemes_masks,   &kThemes_privileges, &kThemes_fds,
    &kThemes_sysctl,  &kThemes_resources, &kThemes_processes, &kThemes_signals, &kThemes_system,
};

typedef struct {
  const char* name;
  const char* usage;
  const char* about;
  int (*run)(const Arguments* arguments);
} Tool;

static const Tool kTools[] = {
    {"victim", "[env=NAME|fd=N|file=PATH] [OPTION…]", "hold a secret in every place that has one, print where, wait",
     tool_victim},
    {"dwell", "[env=NAME]", "the target of a race: hold a secret, re-execute at each byte of stdin, end with it",
     tool_dwell},
    {"race", "CHANNEL ROUNDS -- COMMAND…", "spin over new processes while a command starts, re-executes and ends",
     tool_race},
    {"with-key", "DESCRIPTION NAME COMMAND…", "a new session keyring with a key from variable NAME, then the command",
     tool_with_key},
    {"without-userns", "COMMAND…", "a command to which user namespaces are refused", tool_without_userns},
    {"handle-of", "PATH", "the file handle of a path, in hexadecimal", tool_handle_of},
    {"core-sink", "FILE", "a core_pattern's pipe: note in FILE that a dump arrived", tool_core_sink},
    {"identity", "", "ids and capabilities of this process", tool_identity},
};

static void print_json_text(FILE* out, const char* text) {
  fputc('"', out);
  for (const unsigned char* at = (const unsigned char*)text; *at != 0; ++at) {
    if (*at == '"' || *at == '\\') {
      fprintf(out, "\\%c", *at);
    } else if (*at < 0x20 || *at >= 0x7f) {
      fprintf(out, "\\u%04x", *at);
    } else {
      fputc(*at, out);
    }
  }
  fputc('"', out);
}

static int finish(const Probe* probe, const Verdict* verdict) {
  static const char* const kNames[] = {"leak", "denied", "absent", "error"};
  printf("{\"probe\":\"%s\",\"outcome\":\"%s\",\"errno\":\"%s\",\"detail\":", probe->name, kNames[verdict->outcome],
         verdict->reason);
  print_json_text(stdout, verdict->detail);
  fputs("}\n", stdout);
  fflush(stdout);
  switch (verdict->outcome) {
    case kSucceeded: return kExitSucceeded;
    case kDenied:
    case kAbsent: return kExitRefused;
    case kUntried: break;
  }
  return kExitUntried;
}

static int run_apart(const Probe* probe, const Arguments* arguments) {
  const pid_t child = fork();
  if (child == 0) {
    const Verdict verdict = probe->run(arguments, probe);
    _exit(finish(probe, &verdict));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    const Verdict verdict = untried("no child to make the attempt in");
    return finish(probe, &verdict);
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  Verdict verdict = refused(0, "the kernel ended the process that tried");
  verdict.reason = signal_name(WTERMSIG(status));
  return finish(probe, &verdict);
}

static int least_words(const char* usage) {
  int words = 0;
  for (const char* at = usage; *at != 0;) {
    if (*at != '[') ++words;
    at += strcspn(at, " ");
    at += strspn(at, " ");
  }
  return words;
}

static int run_probe(const Probe* probe, const Arguments* arguments) {
  if (arguments->count < least_words(probe->usage)) {
    const Verdict verdict = untried("usage: confide-probe %s %s", probe->name, probe->usage);
    return finish(probe, &verdict);
  }
  if (probe->flags & kMayKill) return run_apart(probe, arguments);
  const Verdict verdict = probe->run(arguments, probe);
  return finish(probe, &verdict);
}

static int list(bool json) {
  const char* separator = "[\n";
  for (size_t t = 0; t < PROBE_COUNT(kThemes); ++t) {
    for (size_t p = 0; p < kThemes[t]->count; ++p) {
      const Probe* probe = &kThemes[t]->probes[p];
      if (!json) {
        printf("%-11s %-24s %-28s %s\n", kThemes[t]->name, probe->name, probe->usage, probe->about);
        continue;
      }
      printf("%s  {\"name\":\"%s\",\"theme\":\"%s\",\"usage\":", separator, probe->name, kThemes[t]->name);
      print_json_text(stdout, probe->usage);
      fputs(",\"about\":", stdout);
      print_json_text(stdout, probe->about);
      fputc('}', stdout);
      separator = ",\n";
    }
  }
  if (json) puts("\n]");
  return 0;
}

static int usage(FILE* out) {
  fputs(
      "usage: confide-probe [--confine none|landlock|userns] [--needle-hex HEX] NAME [WORD...]\n"
      "       confide-probe --list [--json]\n",
      out);
  for (size_t t = 0; t < PROBE_COUNT(kTools); ++t)
    fprintf(out, "       confide-probe %s %s\n           %s\n", kTools[t].name, kTools[t].usage, kTools[t].about);
  return kExitUntried;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The needle travels as hexadecimal digits, so that no command line holds it.
static bool decode_needle(const char* hex, unsigned char* out, size_t room, size_t* size) {
  const size_t length = strlen(hex);
  if (length == 0 || length % 2 != 0 || length / 2 > room) return false;
  for (size_t at = 0; at < length; at += 2) {
    const int high = hex_digit(hex[at]);
    const int low = hex_digit(hex[at + 1]);
    if (high < 0 || low < 0) return false;
    out[at / 2] = (unsigned char)(high * 16 + low);
  }
  *size = length / 2;
  return true;
}

int main(int argc, char** argv) {
  static unsigned char needle[512];
  Arguments arguments = {0};
  const char* confinement = "none";
  int at = 1;
  for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
    if (strcmp(argv[at], "--list") == 0) break;
    if (strcmp(argv[at], "--confine") == 0) {
      confinement = argv[at + 1];
    } else if (strcmp(argv[at], "--needle-hex") == 0) {
      if (!decode_needle(argv[at + 1], needle, sizeof needle, &arguments.needle_size)) return usage(stderr);
      arguments.needle = needle;
    } else {
      return usage(stderr);
    }
  }
  if (at >= argc) return usage(stderr);
  const char* name = argv[at];
  if (strcmp(name, "--list") == 0) return list(at + 1 < argc && strcmp(argv[at + 1], "--json") == 0);
  if (strcmp(name, "--help") == 0) return usage(stdout) * 0;

  const int error = confine(confinement);
  if (error != 0) {
    fprintf(stderr, "confide-probe: --confine %s: %s\n", confinement, errno_name(error));
    return kExitUntried;
  }
  arguments.count = argc - at - 1;
  arguments.words = argv + at + 1;
  for (size_t t = 0; t < PROBE_COUNT(kTools); ++t)
    if (strcmp(kTools[t].name, name) == 0) return kTools[t].run(&arguments);
  for (size_t t = 0; t < PROBE_COUNT(kThemes); ++t)
    for (size_t p = 0; p < kThemes[t]->count; ++p)
      if (strcmp(kThemes[t]->probes[p].name, name) == 0) return run_probe(&kThemes[t]->probes[p], &arguments);
  fprintf(stderr, "confide-probe: no probe is called %s; see --list\n", name);
  return kExitUntried;
}
