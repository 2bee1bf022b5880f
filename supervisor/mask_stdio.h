// `producer | confide mask …`: standard input to standard output, masked.
#pragma once

#include "base/result.h"
#include "supervisor/masking_filter.h"

namespace confide::supervisor {

// Until the end of standard input, or until `lifeline` (the caller's socket) ends. A reader that went away is an error.
Status mask_stdio(MaskingFilter& filter, int lifeline);

}  // namespace confide::supervisor
