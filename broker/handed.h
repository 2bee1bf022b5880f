// Descriptors that a client opened for its broker, some of which may be missing.
#pragma once

#include <span>
#include <string>

#include "base/result.h"

namespace confide::broker {

// Call it first: the numbers among these that are closed become /dev/null, so that nothing else takes their place.
Status keep_places(std::span<const int> numbers);
// Whether a folder was handed over under this number.
bool is_folder(int fd);
// Its path, for messages; the number where it cannot be had.
std::string path_of_descriptor(int fd);

}  // namespace confide::broker
