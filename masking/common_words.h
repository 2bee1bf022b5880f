// Words that a build, a server or a person writes every day: a secret of this kind is masked only where asked for.
#pragma once

#include <string_view>

namespace confide::masking {

// Lower case, sorted. Shorter words than six letters are too short anyway.
bool is_common_word(std::string_view lower_case);

}  // namespace confide::masking
