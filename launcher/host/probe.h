// What this kernel and this place allow. Nothing is believed from a version number where trying is possible.
#pragma once

#include "launcher/plan/host_facts.h"

namespace confide::launcher {

// For the hot path: what one system call can tell. Namespaces, procfs and idmapped mounts are taken as available; a
// launch that finds them missing amends the facts and plans again (launcher/supervise/spawn).
HostFacts probe_quickly();

// For `confide doctor`: each feature tried in a child of its own, with cause and cure where it is missing.
HostFacts probe_by_trying();

// Fills in `cgroup` or `cgroup_why_not`; only needed where a policy sets limits.
void probe_cgroup(HostFacts& facts);

// The one-line cause and cure of a user namespace that could not be made (`errnum` of clone3 or of the id map).
std::string why_no_user_namespace(int errnum);
std::string why_no_own_proc(int errnum);

}  // namespace confide::launcher
