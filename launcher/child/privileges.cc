// What the process may do: taken away here, for good.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "base/kernel_abi.h"
#include "base/syscalls.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

int to_errno(long result) { return result < 0 ? static_cast<int>(-result) : 0; }

int add_rule(int ruleset, const LandlockRule& rule) {
  const long at = raw::call(SYS_openat, AT_FDCWD, rule.path, O_PATH | O_CLOEXEC, 0);
  if (at == -EACCES) return 0;  // a right where this uid cannot go (root's home, for its sandbox) is of no use
  if (at < 0) return to_errno(at);
  const abi::LandlockPathBeneathAttr attribute{.allowed_access = rule.access, .parent_fd = static_cast<int>(at)};
  const long result = raw::call(abi::kNrLandlockAddRule, ruleset, abi::kLandlockRulePathBeneath, &attribute, 0);
  raw::close_fd(static_cast<int>(at));
  return to_errno(result);
}

}  // namespace

int no_new_privs() { return to_errno(raw::call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int restrict_by_landlock(const Landlock& op) {
  // landlock_restrict_self(2) wants CAP_SYS_ADMIN or this; without a user namespace of its own the child has no
  // capability.
  if (const int error = no_new_privs(); error != 0) return error;
  const abi::LandlockRulesetAttr attribute{
      .handled_access_fs = op.handled_fs, .handled_access_net = op.handled_net, .scoped = op.scoped};
  const long ruleset = raw::call(abi::kNrLandlockCreateRuleset, &attribute, op.attribute_size, 0);
  if (ruleset < 0) return to_errno(ruleset);
  int error = 0;
  for (size_t i = 0; i < op.rule_count && error == 0; ++i) error = add_rule(static_cast<int>(ruleset), op.rules[i]);
  if (error == 0) error = to_errno(raw::call(abi::kNrLandlockRestrictSelf, static_cast<int>(ruleset), 0));
  raw::close_fd(static_cast<int>(ruleset));
  return error;
}

int drop_capabilities() {
  // The bounding set and the securebits need CAP_SETPCAP, so they come before the sets that hold it.
  for (unsigned capability = 0; capability < 64; ++capability) {
    const long result = raw::call(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0);
    if (result == -EINVAL) break;  // past the last one that this kernel has
    if (result < 0 && result != -EPERM) return to_errno(result);
  }
  (void)raw::call(SYS_prctl, PR_SET_SECUREBITS,
                  (SECURE_ALL_BITS & ~static_cast<unsigned>(SECBIT_KEEP_CAPS)) | SECURE_ALL_LOCKS, 0, 0, 0);
  (void)raw::call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return to_errno(raw::call(SYS_capset, &header, none));
}

int attach_filter(const Seccomp& op) {
  const struct {
    unsigned short length;
    const sock_filter* program;
  } filter{op.length, op.program};
  return to_errno(raw::call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
}

}  // namespace confide::child
