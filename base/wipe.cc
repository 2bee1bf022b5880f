#include "base/wipe.h"

#include <string.h>

namespace confide {

void wipe(void* at, size_t size) { ::explicit_bzero(at, size); }

}  // namespace confide
