// Which code a static program goes through: single-steps a command and what it clones, each up to its own execve, and
// writes every address of the program's at its first use, a line each, in hexadecimal.
//
//   first_use OUTPUT COMMAND…
//
// Exit status: the command's; 2 for an error of its own. ptrace(2).
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

// Where a program that is not position-independent has its text.
enum { kLow = 0x400000, kSpan = 16 << 20 };
static unsigned char seen[kSpan];

static void die(const char* what) {
  fprintf(stderr, "first_use: %s: %s\n", what, strerror(errno));
  exit(2);
}

static void note(pid_t pid, FILE* output) {
  struct user_regs_struct registers;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) != 0) return;  // killed meanwhile
  const unsigned long at = registers.rip - kLow;
  if (at >= kSpan || seen[at]) return;
  seen[at] = 1;
  fprintf(output, "%llx\n", registers.rip);
}

static pid_t start(char** argv) {
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    execvp(argv[0], argv);
    die(argv[0]);
  }
  int status = 0;
  const long options =
      PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL;
  if (waitpid(pid, &status, 0) < 0 || ptrace(PTRACE_SETOPTIONS, pid, NULL, options) != 0) die("ptrace");
  if (ptrace(PTRACE_CONT, pid, NULL, NULL) != 0 || waitpid(pid, &status, 0) < 0) die("ptrace");
  if (!WIFSTOPPED(status)) exit(2);
  if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0) die("ptrace");
  return pid;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: first_use OUTPUT COMMAND...\n");
    return 2;
  }
  FILE* output = fopen(argv[1], "w");
  if (output == NULL) die(argv[1]);
  const pid_t first = start(argv + 2);
  int result = 2;
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0) break;
    if (!WIFSTOPPED(status)) {
      if (pid == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    if (status >> 16 == PTRACE_EVENT_EXEC) {  // the command that was to be run
      ptrace(PTRACE_DETACH, pid, NULL, NULL);
      continue;
    }
    note(pid, output);
    const int stopped_by = WSTOPSIG(status);
    const long pass_on = stopped_by == SIGTRAP || stopped_by == SIGSTOP ? 0 : stopped_by;
    ptrace(PTRACE_SINGLESTEP, pid, NULL, pass_on);
  }
  if (fclose(output) != 0) die(argv[1]);
  return result;
}
