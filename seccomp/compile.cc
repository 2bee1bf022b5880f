#include "seccomp/compile.h"

#include <seccomp.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/sys.h"
#include "base/text.h"
#include "seccomp/cubes.h"
#include "seccomp/groups.h"

namespace confide::seccomp {
namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

uint32_t to_libseccomp(Action action) {
  switch (action.kind) {
    case ActionKind::kAllow: return SCMP_ACT_ALLOW;
    case ActionKind::kErrno: return SCMP_ACT_ERRNO(action.errnum);
    case ActionKind::kKillProcess: return SCMP_ACT_KILL_PROCESS;
  }
  return SCMP_ACT_KILL_PROCESS;
}

// libseccomp returns a negative errno.
Status done(int result, std::string_view operation) {
  if (result == 0) return {};
  return Error{ErrorKind::kSystem, -result, cat("libseccomp: ", operation)};
}

Status add(const Context& context, const FilterSpec& spec, uint32_t number, Action action,
           const std::vector<CubeTest>& tests) {
  if (action == spec.default_action) return {};  // libseccomp refuses a rule that says what is said already
  std::vector<scmp_arg_cmp> comparisons;
  for (const CubeTest& test : tests)
    comparisons.push_back(
        {.arg = test.argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = test.mask, .datum_b = test.value});
  return done(seccomp_rule_add_array(context.get(), to_libseccomp(action), static_cast<int>(number),
                                     static_cast<unsigned>(comparisons.size()), comparisons.data()),
              name_of_number(number));
}

Result<std::vector<sock_filter>> exported(const Context& context) {
  const UniqueFd file = TRY(sys::memfd("seccomp-bpf"));
  TRY(done(seccomp_export_bpf(context.get(), file.get()), "seccomp_export_bpf"));
  const off_t size = lseek(file.get(), 0, SEEK_END);
  if (size < 0) return sys::errno_error("lseek", "the exported program");
  std::vector<sock_filter> program(static_cast<size_t>(size) / sizeof(sock_filter));
  const size_t bytes = program.size() * sizeof(sock_filter);
  if (pread(file.get(), program.data(), bytes, 0) != static_cast<ssize_t>(bytes))
    return sys::errno_error("pread", "the exported program");
  return program;
}

}  // namespace

Result<std::vector<sock_filter>> compile_with_libseccomp(const FilterSpec& spec, Layout layout) {
  TRY(check(spec));
  const Context context(seccomp_init(to_libseccomp(spec.default_action)));
  if (!context) return Error{ErrorKind::kSystem, 0, "libseccomp: seccomp_init"};
  TRY(done(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad architecture"));
  TRY(done(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, layout == Layout::kTree ? 2 : 1), "layout"));
  for (const uint32_t number : spec.allowed) TRY(add(context, spec, number, kAllow, {}));
  for (const Refusal& refusal : spec.refused) TRY(add(context, spec, refusal.number, refusal.action, {}));
  for (const ArgumentRule& rule : spec.rules)
    for (const Cube& cube : cubes_of(rule)) TRY(add(context, spec, rule.number, cube.action, cube.tests));
  return exported(context);
}

int libseccomp_number_of(const char* name) {
  const int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
  return number < 0 ? -1 : number;
}

std::string libseccomp_name_of(int number) {
  const std::unique_ptr<char, decltype(&std::free)> name(seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number),
                                                         &std::free);
  return name ? name.get() : "";
}

}  // namespace confide::seccomp
