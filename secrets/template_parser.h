// The scanner behind Template::parse. Not for other folders.
#pragma once

#include <string_view>
#include <vector>

#include "secrets/template.h"

namespace confide::secrets {

enum class Dollar : uint8_t { kVariable, kPlainText };

// The segments of `text`; neighbouring literals are one segment. `variables` is asked where `dollar` is kVariable.
Result<std::vector<Segment>> parse_segments(std::string_view text, std::string_view file,
                                            const VariableSource& variables, Dollar dollar);

}  // namespace confide::secrets
