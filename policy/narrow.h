// The administrators' bounds on a resolved policy. Used by resolve.cc.
#pragma once

#include <span>

#include "base/result.h"
#include "policy/document.h"
#include "policy/path_rules.h"
#include "policy/paths.h"
#include "policy/policy.h"

namespace confide::policy {

// Error: kRefused, what was asked for (with its origin) and the line that refuses it.
Status narrow(Policy& policy, PathRules& rules, std::span<const Document> administrators, const Place& place);

}  // namespace confide::policy
