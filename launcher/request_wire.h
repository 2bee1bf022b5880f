// A launch request as bytes: what the CLI hands to the supervisor of a credentialed run. Same build on both ends.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "launcher/launcher.h"

namespace confide::launcher {

std::string encode(const LaunchRequest& request);
// Any bytes are safe; what does not decode, or holds a policy that could not have been resolved, is an error.
Result<LaunchRequest> decode_request(std::string_view bytes);

}  // namespace confide::launcher
