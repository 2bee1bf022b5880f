// What the masker is told, and what it tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "masking/forms.h"

namespace confide::masking {

// A secret as it is handed in. The bytes are read during the call only.
struct Secret {
  std::string name;  // shown in the replacement: not secret, at most kMaxName bytes
  std::span<const std::byte> value;
};
inline constexpr size_t kMaxName = 128;
inline constexpr size_t kMaxValue = size_t{64} << 10;
inline constexpr size_t kMaxSecrets = 10'000;

// Whether parts of a secret (Form::kPartial) are masked.
enum class Partial : uint8_t { kOn, kOff };

// What happens when an encoded form (forms.h) is found; other forms are always masked and nothing more.
enum class OnLeak : uint8_t {
  kMask,
  kKill,      // masked, nothing of that stream passes afterwards, and the event asks its receiver to end the run
  kWithhold,  // masked, and nothing of that stream passes afterwards
};

struct MaskOptions {
  Partial partial = Partial::kOn;
  OnLeak on_leak = OnLeak::kMask;
  // Names of values that are masked although they are short or common (assess.h).
  std::vector<std::string> mask_anyway;
};

// One replacement.
struct Masked {
  std::string_view name;
  Form form = Form::kRaw;
  uint64_t offset = 0;  // in the stream as it was before masking
  uint64_t length = 0;  // of what was replaced; a lower bound where the replacement had to be written before the end
  OnLeak action = OnLeak::kMask;
};

// Where masked output and events go. Called during feed(), flush_idle() and finish() only.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(std::span<const std::byte> bytes) = 0;
  virtual void masked(const Masked& event) { static_cast<void>(event); }
};

// How often each secret was masked in which form, of one stream.
struct Count {
  std::string name;
  Form form = Form::kRaw;
  uint64_t times = 0;
  bool operator==(const Count&) const = default;
};

}  // namespace confide::masking
