// HTML and XML character references: &#65; &#x41; and the names of ASCII's own characters (HTML Living Standard, 13.5).
#pragma once

#include <cstddef>
#include <cstdint>

#include "masking/token.h"

namespace confide::masking {

struct Entity {
  enum class Kind : uint8_t { kNone, kFound, kNeedMore };
  Kind kind = Kind::kNone;
  size_t length = 0;
  uint32_t code = 0;
};

// The reference at `at`, which is an '&'; its own ampersand may be escaped up to twice (&amp;amp;lt;).
Entity read_entity(const uint8_t* at, size_t available, Ending ending);

}  // namespace confide::masking
