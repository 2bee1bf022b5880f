// The grammar of each scheme, behind parse_reference; docs/references.md is its table. Not for other folders.
#pragma once

#include <cstddef>
#include <string_view>

#include "policy/reference.h"

namespace confide::policy {

// The parts of what follows the scheme's prefix; `offset` is where `text` begins in the whole reference.
Result<Parts> parse_parts(Scheme scheme, std::string_view text, size_t offset);

}  // namespace confide::policy
