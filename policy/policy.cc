#include "policy/policy.h"

namespace confide::policy {

const char* name_of(Layer layer) {
  switch (layer) {
    case Layer::kNamespaces: return "namespaces";
    case Layer::kOwnProc: return "own-proc";
    case Layer::kNetwork: return "network";
    case Layer::kLandlock: return "landlock";
    case Layer::kSeccomp: return "seccomp";
    case Layer::kKeyring: return "keyring";
    case Layer::kCgroup: return "cgroup";
    case Layer::kIdmap: return "idmap";
  }
  return "unknown";
}

const char* name_of(SyscallProfile profile) {
  switch (profile) {
    case SyscallProfile::kTool: return "tool";
    case SyscallProfile::kAgent: return "agent";
  }
  return "unknown";
}

}  // namespace confide::policy
