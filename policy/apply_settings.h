// The meaning of each key of a profile: one setting at a time onto a Policy. Used by resolve.cc.
#pragma once

#include "policy/document.h"
#include "policy/policy.h"

namespace confide::policy {

// Sets what the key stands for and records its origin. `extends`, the three lists of paths and `toolchains` are
// resolve's own and do nothing here.
void apply_setting(Policy& policy, const Setting& setting);

}  // namespace confide::policy
