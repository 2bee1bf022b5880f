#include "launcher/plan/landlock_rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "policy/paths.h"

namespace confide::launcher {
namespace {

using policy::Access;
using policy::is_within;
using What = ViewNode::What;

bool is_optional(const policy::Policy& policy, std::string_view path) {
  return std::ranges::any_of(policy.paths, [&](const policy::PathRule& rule) {
    return rule.path == path && rule.access == Access::kRead && rule.if_missing == policy::IfMissing::kSkip;
  });
}

// Landlock cannot take back a path below one that it allows: what need not be shown is not, the rest is an error.
Status leave_out_what_holds_hidden(const BuildInput& in, View& view, PlanWriter& out) {
  for (size_t i = 0; i < view.nodes.size(); ++i) {
    const ViewNode hidden = view.nodes[i];
    if (hidden.what != What::kHidden) continue;
    for (size_t above = view.nodes.size(); above-- > 0;) {
      const ViewNode& node = view.nodes[above];
      if (node.what != What::kBind || !is_within(hidden.path, node.path)) continue;
      if (!is_optional(in.policy, node.path)) {
        return Error{ErrorKind::kUnsupported, 0,
                     cat(printable(hidden.path), " is to be hidden, which inside ", printable(node.path),
                         " needs a mount namespace: ", in.host.user_namespaces.why_not)};
      }
      out.remark(cat("not shown, because ", printable(hidden.path),
                     " in it cannot be hidden without a mount namespace: ", printable(node.path)));
      view.nodes.erase(view.nodes.begin() + static_cast<ptrdiff_t>(above));
      if (above < i) --i;
    }
  }
  return {};
}

// Nor can it take back the writing of what lies in a folder that may be written: what a person asked for is an error,
// what is protected by default is said not to be.
Status tell_what_stays_writable(const BuildInput& in, const View& view, PlanWriter& out) {
  std::vector<std::string> unprotected;
  const ViewNode* writable = nullptr;
  for (const ViewNode& node : view.nodes) {
    if (node.what != What::kBind) continue;
    if (writable == nullptr || !is_within(node.outside(), writable->outside())) writable = nullptr;
    if (node.access == Access::kWrite && writable == nullptr) writable = &node;
    if (node.access == Access::kWrite || writable == nullptr) continue;
    if (node.pin == ViewNode::Pin::kProtected || is_optional(in.policy, node.path)) {
      unprotected.push_back(printable(node.path));
      continue;
    }
    return Error{ErrorKind::kUnsupported, 0,
                 cat(printable(node.path), " (", node.origin, ") is to be read-only, which inside ",
                     printable(writable->path), " needs a mount namespace: ", in.host.user_namespaces.why_not)};
  }
  for (const CoveredName& name : view.covered) unprotected.push_back(printable(name.name));
  if (!unprotected.empty())
    out.remark(cat("not protected, because that needs a mount namespace: ", join(unprotected, ", ")));
  return {};
}

}  // namespace

void add_rules_for_view(LandlockStep& step, const policy::Policy& policy, const Root& root) {
  const bool whole = policy.system == policy::System::kWholeRoot;
  if (whole)
    add_rule(step, "/", policy.powers.writable_system ? kLandlockWrite : kLandlockRead, FileKind::kFolder);
  else
    add_rule(step, "/", abi::kFsReadDir, FileKind::kFolder);  // listing; the mount namespace bounds it
  for (const ViewNode& node : root.view.nodes) {
    if (node.what == What::kHidden) continue;
    add_rule(step, node.path, node.access == Access::kWrite ? kLandlockWrite : kLandlockRead, node.kind());
  }
  for (const std::string& path : root.own_file_views) add_rule(step, path, kLandlockRead, FileKind::kFile);
  add_rule(step, "/dev", kLandlockDevices, FileKind::kFolder);
  add_rule(step, "/proc", kLandlockRead, FileKind::kFolder);
  if (!whole) add_rule(step, "/run", kLandlockRead, FileKind::kFolder);
}

Status add_rules_without_view(LandlockStep& step, const BuildInput& in, PlanWriter& out) {
  View view = TRY(make_view(in.policy, in.scene));
  TRY(leave_out_what_holds_hidden(in, view, out));
  TRY(tell_what_stays_writable(in, view, out));
  // For a program's own entry. Landlock shuts the others' memory, environment and descriptors, not their names.
  add_rule(step, "/proc", kLandlockRead, FileKind::kFolder);
  for (const ViewNode& node : view.nodes) {
    if (node.what != What::kBind) continue;
    add_rule(step, node.outside(), node.access == Access::kWrite ? kLandlockWrite : kLandlockRead, node.kind());
  }
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"})
    add_rule(step, device, kLandlockDevices, FileKind::kOther);
  return {};
}

}  // namespace confide::launcher
