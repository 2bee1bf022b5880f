// The table of docs/masking.md: which forms of a secret five other maskers and confide conceal. The column of confide
// is found by running it.
#pragma once

#include <string>

namespace confide::masking::testing {

// Markdown, without a line end at its end.
std::string matrix();

}  // namespace confide::masking::testing
