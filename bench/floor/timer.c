// Times commands side by side, without a shell in between.
//
//   timer rounds N  NAME COMMAND… [::: NAME COMMAND…]…   one after the other, in turns, so that noise hits all alike
//   timer at-once N ROUNDS  NAME COMMAND… [::: …]…       N at the same time, ROUNDS times in turns
//
// Prints a line a command, separated by tabs:
//   rounds:  NAME  median  p90  least  processor time (ms; the last as median, with what the command waited for)
//   failures at-once: NAME  launches a second (median of the rounds)  failures
// A failure is any exit status but 0. Exit status 1 if there was one.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

enum { kMaxCommands = 32, kWarmUp = 3, kPatience = 60 };

struct command {
  char* name;
  char** argv;
  double* samples;  // ms, or launches a second
  double* cpu;      // ms
  size_t count;
  size_t failures;
};

static posix_spawn_file_actions_t actions;

static void die(const char* what) {
  fprintf(stderr, "timer: %s: %s\n", what, strerror(errno));
  exit(2);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static pid_t start(const struct command* command) {
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, command->argv[0], &actions, NULL, command->argv, environ);
  if (error != 0) {
    errno = error;
    die(command->argv[0]);
  }
  return pid;
}

static double as_ms(const struct timeval* time) { return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3; }

static void on_alarm(int signal) { (void)signal; }

// The processor time of the process and of every descendant that was waited for. One that hangs is killed.
static double wait_for(struct command* command, pid_t pid) {
  int status = 0;
  struct rusage used;
  alarm(kPatience);
  while (wait4(pid, &status, 0, &used) < 0) {
    if (errno != EINTR) die("wait4");
    fprintf(stderr, "timer: %s hangs, killed after %d s\n", command->name, kPatience);
    kill(pid, SIGKILL);
  }
  alarm(0);
  if (status != 0) ++command->failures;
  return as_ms(&used.ru_utime) + as_ms(&used.ru_stime);
}

static double one(struct command* command) {
  const double begin = now_ms();
  command->cpu[command->count] = wait_for(command, start(command));
  return now_ms() - begin;
}

static double at_once(struct command* command, size_t number) {
  pid_t* pids = calloc(number, sizeof *pids);
  if (pids == NULL) die("memory");
  const double begin = now_ms();
  for (size_t i = 0; i < number; ++i) pids[i] = start(command);
  for (size_t i = 0; i < number; ++i) wait_for(command, pids[i]);
  const double end = now_ms();
  free(pids);
  return (double)number / (end - begin) * 1e3;
}

static int ascending(const void* left, const void* right) {
  const double a = *(const double*)left;
  const double b = *(const double*)right;
  return (a > b) - (a < b);
}

// Sorts in place.
static double quantile(double* samples, size_t count, size_t percent) {
  qsort(samples, count, sizeof *samples, ascending);
  const size_t at = (count * percent) / 100;
  return samples[at < count ? at : count - 1];
}

static size_t positive(const char* text) {
  char* end = NULL;
  const long number = strtol(text, &end, 10);
  if (end == text || *end != '\0' || number < 1 || number > 100000) {
    fprintf(stderr, "timer: not a count: %s\n", text);
    exit(2);
  }
  return (size_t)number;
}

// Splits `NAME COMMAND… ::: …` in place.
static size_t parse(char** words, struct command* commands) {
  size_t count = 0;
  while (*words != NULL) {
    if (count == kMaxCommands || words[1] == NULL) {
      fprintf(stderr, "timer: a name and a command between each :::\n");
      exit(2);
    }
    commands[count] = (struct command){.name = words[0], .argv = words + 1};
    ++count;
    while (*words != NULL && strcmp(*words, ":::") != 0) ++words;
    if (*words != NULL) *words++ = NULL;
  }
  return count;
}

int main(int argc, char** argv) {
  const int parallel = argc > 1 && strcmp(argv[1], "at-once") == 0;
  if (argc < (parallel ? 6 : 5) || (!parallel && strcmp(argv[1], "rounds") != 0)) {
    fprintf(stderr,
            "usage: timer rounds N NAME COMMAND... ::: ...\n       timer at-once N ROUNDS NAME COMMAND... ::: ...\n");
    return 2;
  }
  const size_t number = positive(argv[2]);
  const size_t rounds = parallel ? positive(argv[3]) : number;
  struct command commands[kMaxCommands];
  const size_t count = parse(argv + (parallel ? 4 : 3), commands);
  const struct sigaction interrupt = {.sa_handler = on_alarm};  // without SA_RESTART: wait4 returns
  sigaction(SIGALRM, &interrupt, NULL);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);

  for (size_t i = 0; i < count; ++i) {
    commands[i].samples = calloc(rounds, sizeof(double));
    commands[i].cpu = calloc(rounds, sizeof(double));
    if (commands[i].samples == NULL || commands[i].cpu == NULL) die("memory");
    for (int n = 0; n < kWarmUp; ++n) one(&commands[i]);
    commands[i].failures = 0;
  }
  // Each round begins with another command, so that none always follows the same neighbour.
  for (size_t round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < count; ++i) {
      struct command* command = &commands[(i + round) % count];
      command->samples[command->count] = parallel ? at_once(command, number) : one(command);
      ++command->count;
    }
  }

  size_t failures = 0;
  for (size_t i = 0; i < count; ++i) {
    double* samples = commands[i].samples;
    const size_t measured = commands[i].count;
    failures += commands[i].failures;
    if (parallel) {
      printf("%s\t%.0f\t%zu\n", commands[i].name, quantile(samples, measured, 50), commands[i].failures);
    } else {
      printf("%s\t%.3f\t%.3f\t%.3f\t%.3f\t%zu\n", commands[i].name, quantile(samples, measured, 50),
             quantile(samples, measured, 90), quantile(samples, measured, 0), quantile(commands[i].cpu, measured, 50),
             commands[i].failures);
    }
    free(commands[i].cpu);
    free(commands[i].samples);
  }
  return failures == 0 ? 0 : 1;
}
