// Which toolchains of the home a run sees: the built-in table (presets/toolchains.toml), filtered by PATH or by name.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/document.h"
#include "policy/paths.h"

namespace confide::policy {

// The rules of the groups that `choice` names: "by-path" alone, or names of groups. Read-only, skipped where missing,
// files of credentials hidden; origin "toolchain NAME (by PATH)" or that of the element. Nothing without a home.
// Error: kRefused for a name that is not in the table, with the nearest.
Result<std::vector<PathRule>> toolchain_rules(const std::vector<Item>& choice, const Place& place);

std::vector<std::string_view> toolchain_names();

}  // namespace confide::policy
