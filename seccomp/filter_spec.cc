#include "seccomp/filter_spec.h"

#include <linux/audit.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "seccomp/groups.h"

namespace confide::seccomp {
namespace {

Error defect(uint32_t number, std::string_view what) {
  return {ErrorKind::kInternal, 0, cat("seccomp: ", name_of_number(number), " (", number, "): ", what)};
}

Status check_action(uint32_t number, Action action) {
  const bool is_errno = action.kind == ActionKind::kErrno;
  if (is_errno && (action.errnum == 0 || action.errnum > 4095)) return defect(number, "errno out of range");
  return {};
}

Status check_case(uint32_t number, const Case& c) {
  TRY(check_action(number, c.action));
  if (c.all.empty()) return defect(number, "a case without a test");
  for (const ArgumentTest& test : c.all) {
    if (test.argument > 5) return defect(number, "an argument past the sixth");
    if (test.values.empty()) return defect(number, "a test without a value");
    for (const uint32_t value : test.values)
      if ((value & ~test.mask) != 0) return defect(number, "a value outside its mask");
  }
  return {};
}

bool holds(const ArgumentTest& test, const seccomp_data& call) {
  const auto low = static_cast<uint32_t>(call.args[test.argument]);
  return std::ranges::find(test.values, low & test.mask) != test.values.end();
}

}  // namespace

uint32_t to_return_value(Action action) {
  switch (action.kind) {
    case ActionKind::kAllow: return SECCOMP_RET_ALLOW;
    case ActionKind::kErrno: return SECCOMP_RET_ERRNO | action.errnum;
    case ActionKind::kKillProcess: return SECCOMP_RET_KILL_PROCESS;
  }
  return SECCOMP_RET_KILL_PROCESS;
}

Status check(const FilterSpec& spec) {
  std::set<uint32_t> seen;
  const auto once = [&](uint32_t number) -> Status {
    if (number >= kX32Bit) return defect(number, "an x32 number");
    if (!seen.insert(number).second) return defect(number, "named twice");
    return {};
  };
  TRY(check_action(0, spec.default_action));
  for (const uint32_t number : spec.allowed) TRY(once(number));
  for (const Refusal& refusal : spec.refused) {
    TRY(once(refusal.number));
    TRY(check_action(refusal.number, refusal.action));
  }
  for (const ArgumentRule& rule : spec.rules) {
    TRY(once(rule.number));
    TRY(check_action(rule.number, rule.otherwise));
    for (const Case& c : rule.cases) TRY(check_case(rule.number, c));
  }
  return {};
}

Action decide(const FilterSpec& spec, const seccomp_data& call) {
  if (call.arch != AUDIT_ARCH_X86_64) return kKill;
  const auto number = static_cast<uint32_t>(call.nr);
  if (number >= kX32Bit && number != kSkippedCall) return kKill;
  for (const ArgumentRule& rule : spec.rules) {
    if (rule.number != number) continue;
    for (const Case& c : rule.cases)
      if (std::ranges::all_of(c.all, [&](const ArgumentTest& test) { return holds(test, call); })) return c.action;
    return rule.otherwise;
  }
  if (std::ranges::find(spec.allowed, number) != spec.allowed.end()) return kAllow;
  const auto refused = std::ranges::find(spec.refused, number, &Refusal::number);
  return refused != spec.refused.end() ? refused->action : spec.default_action;
}

}  // namespace confide::seccomp
