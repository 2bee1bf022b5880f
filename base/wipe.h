// The one primitive that takes a value out of memory.
#pragma once

#include <cstddef>

namespace confide {

// Zeroes `size` bytes; never optimised away (explicit_bzero(3)). Everything that wipes calls this and is linked to it,
// so that a build in which it does nothing (tests/support/no_wipe.cc) shows what the memory tests are able to see.
void wipe(void* at, size_t size);

}  // namespace confide
