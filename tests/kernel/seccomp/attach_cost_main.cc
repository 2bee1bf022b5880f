// What attaching each filter costs, candidates interleaved in one run: medians of the attach itself and of fork +
// attach
// + exit + wait, and the steps that a cheap call's path takes. Not a test.  Usage: seccomp_attach_cost [ROUNDS]
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "seccomp/coalesce.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "seccomp/profiles.h"

namespace {

using confide::Result;
using namespace confide::seccomp;
using Clock = std::chrono::steady_clock;

double microseconds(Clock::time_point from) {
  return std::chrono::duration<double, std::micro>(Clock::now() - from).count();
}

struct Candidate {
  std::string name;
  std::vector<sock_filter> program;  // empty: nothing is attached
  std::vector<double> attach;
  std::vector<double> whole;
};

// One round; false if the program could not be attached.
bool measure(Candidate& candidate, double* shared) {
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    const auto begin = Clock::now();
    if (!candidate.program.empty()) {
      const sock_fprog program{static_cast<unsigned short>(candidate.program.size()), candidate.program.data()};
      if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(1);
    }
    *shared = microseconds(begin);
    _exit(0);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return false;
  candidate.whole.push_back(microseconds(start));
  candidate.attach.push_back(*shared);
  return true;
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The mean over the numbers that the kernel tries when a filter is attached.
double mean_steps(const Candidate& candidate) {
  const auto evaluator = Evaluator::create(candidate.program);
  if (!evaluator) return 0;
  unsigned sum = 0;
  for (int number = 0; number < 470; ++number)
    sum += evaluator->steps({.nr = number, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = 0, .args = {}});
  return sum / 470.0;
}

Result<std::vector<Candidate>> candidates() {
  std::vector<Candidate> all(1);
  all[0].name = "no filter";
  for (const Profile profile : kAllProfiles) {
    const FilterSpec spec = filter_of(profile);
    FilterSpec numbers_only = spec;
    for (const ArgumentRule& rule : numbers_only.rules) numbers_only.allowed.push_back(rule.number);
    numbers_only.rules.clear();
    const std::string name(name_of(profile));
    all.push_back({name + ": ours", TRY(coalesce(spec)), {}, {}});
    all.push_back({name + ": libseccomp, linear", TRY(compile_with_libseccomp(spec, Layout::kLinear)), {}, {}});
    all.push_back({name + ": libseccomp, tree", TRY(compile_with_libseccomp(spec, Layout::kTree)), {}, {}});
    all.push_back({name + ": the same without argument rules, linear",
                   TRY(compile_with_libseccomp(numbers_only, Layout::kLinear)),
                   {},
                   {}});
    all.push_back({name + ": the same without argument rules, tree",
                   TRY(compile_with_libseccomp(numbers_only, Layout::kTree)),
                   {},
                   {}});
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 500;
  auto built = candidates();
  if (!built) {
    (void)std::fprintf(stderr, "%s\n", confide::to_text(built.error()).c_str());
    return 1;
  }
  void* page = mmap(nullptr, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
  for (int round = 0; round < rounds; ++round)
    for (Candidate& candidate : *built)
      if (!measure(candidate, static_cast<double*>(page))) {
        (void)std::fprintf(stderr, "%s: not attached\n", candidate.name.c_str());
        return 1;
      }
  std::printf("%-50s %12s %10s %10s %14s\n", "medians", "instructions", "mean steps", "attach us", "fork to wait us");
  for (Candidate& candidate : *built)
    std::printf("%-50s %12zu %10.1f %10.1f %14.1f\n", candidate.name.c_str(), candidate.program.size(),
                mean_steps(candidate), median(candidate.attach), median(candidate.whole));
  return 0;
}
