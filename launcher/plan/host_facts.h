// What this kernel and this place allow: found by launcher/host, given to build() as a value so that every plan can be
// made, and tested, for any host.
#pragma once

#include <optional>
#include <string>

namespace confide::launcher {

struct Feature {
  bool available = true;
  std::string why_not;  // cause and cure, one line; empty where available
  bool operator==(const Feature&) const = default;
};

struct HostFacts {
  std::string kernel_release;
  int landlock_abi = 0;  // 0: no Landlock
  Feature user_namespaces;
  Feature own_proc;         // a procfs can be mounted in a pid namespace of ours
  Feature idmapped_mounts;  // for a root caller
  Feature network_namespace;
  Feature session_keyring;
  Feature seccomp;
  std::optional<std::string> cgroup;  // a cgroup v2 folder that this process may make children in, with controllers
  std::string cgroup_why_not;
  bool operator==(const HostFacts&) const = default;
};

}  // namespace confide::launcher
