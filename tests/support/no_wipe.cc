// Linked in front of base's own, this makes a control build: programs that keep what they should have wiped, in which
// the memory tests must find it. Never installed.
#include "base/wipe.h"

namespace confide {

void wipe(void* at, size_t size) {
  static_cast<void>(at);
  static_cast<void>(size);
}

}  // namespace confide
