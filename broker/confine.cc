#include "broker/confine.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "broker/handed.h"
#include "seccomp/programs.h"

namespace confide::broker {
namespace {

constexpr const char* kInstead =
    "; a broker started by a sandboxed process could be read by it, so ask the person's own shell for this run";

}  // namespace

Status check_place() {
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0) {
    return Error{ErrorKind::kRefused, 0,
                 cat("runs with secrets do not start inside a sandbox (no_new_privs is set)", kInstead)};
  }
  // user_namespaces(7): the initial namespace maps every id onto itself.
  const std::string map = TRY(sys::read_file("/proc/self/uid_map", 65536));
  std::vector<std::string_view> words;
  for (const std::string_view word : split(trim(map), ' '))
    if (!word.empty()) words.push_back(word);
  if (words.size() != 3 || words[0] != "0" || words[1] != "0" || words[2] != "4294967295") {
    return Error{ErrorKind::kRefused, 0, cat("runs with secrets do not start inside a user namespace", kInstead)};
  }
  return {};
}

namespace {

Status allow_writing(int ruleset, int folder, uint64_t handled) {
  const abi::LandlockPathBeneathAttr below{
      .allowed_access =
          handled & (abi::kFsWriteFile | abi::kFsRemoveFile | abi::kFsMakeReg | abi::kFsMakeDir | abi::kFsTruncate),
      .parent_fd = folder};
  if (::syscall(abi::kNrLandlockAddRule, ruleset, abi::kLandlockRulePathBeneath, &below, 0) != 0)
    return sys::errno_error("landlock_add_rule");
  return {};
}

// No file is written, nothing executed, no TCP spoken: to the host's ABI, and not at all where it has no Landlock.
Status enter_landlock(std::span<const int> writable) {
  const long version = ::syscall(abi::kNrLandlockCreateRuleset, nullptr, 0UL, abi::kLandlockCreateRulesetVersion);
  if (version <= 0) return {};
  // Handled and never allowed by a rule: all that changes files, runs programs or speaks TCP. Reading stays: a person
  // names files anywhere.
  uint64_t handled = abi::kFsExecute | abi::kFsWriteFile | abi::kFsRemoveDir | abi::kFsRemoveFile | abi::kFsMakeChar |
                     abi::kFsMakeDir | abi::kFsMakeReg | abi::kFsMakeSock | abi::kFsMakeFifo | abi::kFsMakeBlock |
                     abi::kFsMakeSym;
  if (version >= 2) handled |= abi::kFsRefer;
  if (version >= 3) handled |= abi::kFsTruncate;
  abi::LandlockRulesetAttr attribute{.handled_access_fs = handled};
  size_t size = 8;
  if (version >= 4) {
    attribute.handled_access_net = abi::kNetBindTcp | abi::kNetConnectTcp;
    size = 16;
  }
  if (version >= 6) {
    attribute.scoped = abi::kScopeAbstractUnixSocket | abi::kScopeSignal;
    size = 24;
  }
  const UniqueFd ruleset(static_cast<int>(::syscall(abi::kNrLandlockCreateRuleset, &attribute, size, 0)));
  if (!ruleset.valid()) return sys::errno_error("landlock_create_ruleset");
  for (const int folder : writable)
    if (is_folder(folder)) TRY(allow_writing(ruleset.get(), folder, handled));
  if (::syscall(abi::kNrLandlockRestrictSelf, ruleset.get(), 0) != 0) return sys::errno_error("landlock_restrict_self");
  return {};
}

// A sanitizer asks for more than the program itself does.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
Status attach_filter() { return {}; }
#else
Status attach_filter() {
  const auto instructions = seccomp::broker_program();
  const sock_fprog filter{static_cast<unsigned short>(instructions.size()),
                          const_cast<sock_filter*>(instructions.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0) return {};
  return Error{ErrorKind::kUnsupported, errno, "the broker cannot confine itself: this kernel takes no seccomp filter"};
}
#endif

}  // namespace

Status confine(std::span<const int> writable) {
  const rlimit none{1, 1};  // 1, not 0: core(5), piped core patterns ignore 0
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return sys::errno_error("setrlimit core");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sys::errno_error("prctl no_new_privs");
  TRY(enter_landlock(writable));
  return attach_filter();  // last: it refuses what came before
}

}  // namespace confide::broker
