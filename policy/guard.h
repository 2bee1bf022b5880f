// What a text must not hold before toml++ may see it: limits that toml++ does not have, and texts that it is not ready
// for. Used by parse.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/diagnostic.h"

namespace confide::policy {

// The first thing that stands in the way: more than 1 MiB, a NUL byte, more than kMaxDots dots in one key (toml++ takes
// the tables of `a.b.c` apart by recursion, without a limit), or a byte outside ASCII that is in no text and no comment
// (toml++ 3.3.0 decides by undefined behaviour whether some of them are white space). Nothing else is looked at: from a
// text that is not ended on, toml++ has the say.
std::optional<Diagnostic> unfit_for_parsing(std::string_view text, const std::string& file);

inline constexpr size_t kMaxDots = 64;

}  // namespace confide::policy
