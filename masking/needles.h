// From a value to the strings that are searched for: every form of the value, of its lines and of its components, as
// the reader of a stream would see it (token.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "masking/encode.h"
#include "masking/forms.h"

namespace confide::masking {

struct NeedleShape {
  Form form = Form::kRaw;
  uint8_t views = 0;  // in which readings it counts
  uint8_t step = 0;   // as CodeRow::step
  // The character after it holds bits of the secret if it is of the base64 alphabet.
  bool straddles = false;
  bool has_gaps = false;  // the text itself has white space, which is no character
  // Not wanted if it came out shorter: what is left of a value after decoding may be a word of everyday text.
  size_t least = 1;
};

// Takes needles: the characters through put(), then end().
class NeedleSink : public ByteSink {
 public:
  virtual void end(const NeedleShape& shape) = 0;
};

enum class Unit : uint8_t {
  kValue,  // or a component of it: all forms
  kLine,   // of a multi-line value: the forms that a line by itself is likely to take
  kShort,  // too short for anything but itself
};

// Values longer than this take only the forms that a line takes, and parts of needles longer than this are recognised
// by their beginning only.
inline constexpr size_t kVeryLong = 8192;

// The forms of `unit`, a value or a part of one. `scratch` is locked memory of at least 2 * unit.size() bytes.
void write_needles(std::span<const uint8_t> unit, Unit kind, std::span<uint8_t> scratch, NeedleSink& out);

// Everything of one value: itself without white space at its ends, its lines, its components. `scratch` is locked
// memory of at least 4 * value.size() bytes. `mask_short` takes values (and no lines, no components) that are short.
enum class ShortValues : uint8_t { kSkip, kMask };
void write_all_needles(std::span<const uint8_t> value, ShortValues short_values, std::span<uint8_t> scratch,
                       NeedleSink& out);

}  // namespace confide::masking
