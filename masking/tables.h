// Needles of all secrets, sorted for search, and the filter's bitmap: one block of locked memory, never changed after
// it is made, shared by the streams of a run.
//
// An entry is a place where a match may begin: a needle's first character or, where parts of it count, any later one
// that leaves enough characters. Entries are sorted by the characters from there on, so a set of candidates is a range
// of entries, and reading one character narrows it: a trie without nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "masking/options.h"
#include "secrets/secret_buffer.h"

namespace confide::masking {

struct Needle {
  uint32_t offset = 0;
  uint32_t length = 0;
  uint16_t secret = 0;
  uint16_t required = 0;  // characters from its beginning that are a match
  Form form = Form::kRaw;
  uint8_t views = 0;
  uint8_t straddles = 0;
  uint8_t gives_up = 0;  // characters that an idle stream may let go of
};

struct Entry {
  uint32_t at = 0;  // in the pool
  uint32_t needle = 0;
};

// The longest prefix that is waited for before a long value's beginning counts as a match.
inline constexpr uint16_t kMaxRequired = 96;
// Values up to twice as long may need all of their characters (Partial::kOff).
inline constexpr size_t kLongNeedle = size_t{2} * kMaxRequired;

// The filter: which groups of `gram` characters occur in needles, and how a match shows in them. Characters that
// encodings add or drop are left out of both needles and text (see prefilter.h).
struct Filter {
  unsigned gram = 0;    // bytes, 4 to 8; 0: no filter, needles are too short
  unsigned run = 0;     // every match has at least this many such characters in a row
  unsigned stride = 1;  // one of this many successive positions is looked at
  unsigned shift = 0;   // 64 - log2 of the bitmap's bits
  uint64_t mask = 0;    // of a gram's bytes

  uint64_t slot(uint64_t bytes) const { return ((bytes | kFold) & mask) * kFactor >> shift; }
  static constexpr uint64_t kFold = 0x2020202020202020;  // letter case is none of the filter's business
  static constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
};
inline constexpr unsigned kLongestRun = 16;

// The tables while they can be seen: valid within the call of Tables::reveal.
struct TablesView {
  const uint8_t* pool = nullptr;
  const Needle* needles = nullptr;
  const Entry* entries = nullptr;
  const uint32_t* roots = nullptr;  // 257: entries that begin with a character
  const uint64_t* bitmap = nullptr;
  uint32_t entry_count = 0;
  uint16_t min_required = 0;  // over all needles
  uint16_t max_required = 0;
  Filter filter;

  uint32_t entry_length(const Entry& entry) const {
    const Needle& needle = needles[entry.needle];
    return needle.offset + needle.length - entry.at;
  }
  // Characters from this entry on that are a match.
  uint32_t required(const Entry& entry) const {
    const Needle& needle = needles[entry.needle];
    if (entry.at == needle.offset) return needle.required;
    const uint32_t length = entry_length(entry);
    return length < kMaxRequired ? length : kMaxRequired;
  }
  bool in_bitmap(uint64_t gram) const {
    const uint64_t slot = filter.slot(gram);
    return (bitmap[slot / 64] >> (slot % 64) & 1) != 0;
  }
};

// For tests: the slow path alone must find the same.
enum class UseFilter : uint8_t { kYes, kNo };

class Tables {
 public:
  // Errors: kUsage for a name or value that is too long or a name twice; kUnsupported where memory cannot be locked. A
  // secret that is too short or common and not in `mask_anyway` is left out, with a warning.
  static Result<Tables> create(std::span<const Secret> secrets, const MaskOptions& options,
                               UseFilter use_filter = UseFilter::kYes);

  template <class Fn>
  auto reveal(Fn&& fn) const {
    return memory_.reveal([&](std::span<const std::byte> bytes) { return fn(view_of(bytes)); });
  }

  // One line per secret that is not masked; names only.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::vector<std::string>& names() const { return names_; }
  const MaskOptions& options() const { return options_; }
  size_t locked_bytes() const { return memory_.size(); }
  // Bytes that a stream may have to hold back.
  size_t hold_bound() const;

 private:
  Tables() = default;
  TablesView view_of(std::span<const std::byte> bytes) const;

  MaskOptions options_;
  std::vector<std::string> names_;
  std::vector<std::string> warnings_;
  secrets::SecretBuffer memory_;
  // Where the parts lie in memory_.
  struct Layout {
    size_t roots = 0, bitmap = 0, needles = 0, entries = 0, pool = 0, end = 0;
    uint32_t entry_count = 0;
    uint16_t min_required = 0, max_required = 0;
    Filter filter;
  } layout_;
  friend class TablesBuilder;
};

}  // namespace confide::masking
