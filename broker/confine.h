// Where a broker may start, and what it gives up before it reads anything.
#pragma once

#include <span>

#include "base/result.h"

namespace confide::broker {

// Whoever starts a broker can read what it starts, so an agent must not: refuses inside a Landlock domain or seccomp
// filter made without privileges (both need no_new_privs) and inside a user namespace that is not the host's. Error:
// kRefused.
Status check_place();

// No core, no privileges gained, nothing executed, no TCP, no file written but below `writable` (descriptors of
// folders; those that are closed are left out): Landlock to the host's ABI. And a seccomp filter that kills this
// process when it asks for what no broker asks for (seccomp/broker_filter.h). Errors: kSystem; kUnsupported without
// seccomp.
Status confine(std::span<const int> writable);

}  // namespace confide::broker
