// `producer | confide mask …`: standard input to standard output, masked.
#pragma once

#include <functional>

#include "base/result.h"
#include "supervisor/masking_filter.h"
#include "supervisor/protocol.h"

namespace confide::supervisor {

// Until the end of standard input, a signal that asks for the end, or a reader that goes away; the latter two end it as
// they would end any filter, after what was held back has been written. `caller` is a socket that signals come by and
// whose end is an error; `on_stop` is called when one asks to stop, and what comes next goes on.
Result<EndedMessage> mask_stdio(MaskingFilter& filter, int caller, const std::function<void()>& on_stop);

}  // namespace confide::supervisor
