// Where the programs of this installation are: beside the running one, or in libexec.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace confide::broker {

// The absolute path of `name` ("confide-broker"). Error: kUnsupported, naming the places that were looked at.
Result<std::string> find_program(std::string_view name);

}  // namespace confide::broker
