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
  bool straddles : 1 = false;  // as NeedleShape
  bool has_gaps : 1 = false;
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

// A set of short strings that may say yes wrongly, never no: two bits of one word for each (a blocked Bloom filter).
struct BitSet {
  unsigned shift = 63;  // 64 - log2 of the number of words

  static constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
  void add(uint64_t* words, uint64_t key) const {
    const uint64_t hash = key * kFactor;
    words[hash >> shift] |= uint64_t{1} << (hash >> 26 & 63) | uint64_t{1} << (hash >> 34 & 63);
  }
  bool has(const uint64_t* words, uint64_t key) const {
    const uint64_t hash = key * kFactor;
    const uint64_t word = words[hash >> shift];
    return (word >> (hash >> 26 & 63) & word >> (hash >> 34 & 63) & 1) != 0;
  }
};

// The filter: which groups of `gram` characters occur in needles, and how a match shows in them. Characters that
// encodings add or drop are left out of both needles and text (see prefilter.h).
struct Filter {
  unsigned gram = 0;    // bytes, 4 to 8; 0: no filter, needles are too short
  unsigned run = 0;     // every match has at least this many such characters in a row
  unsigned stride = 1;  // one of this many successive positions is looked at
  uint64_t gram_mask = 0;
  // The second look: the characters with which matches begin.
  uint64_t head_mask = 0;
  unsigned head = 0;  // bytes, up to 8
  BitSet grams;
  BitSet heads;

  // Letter case is none of the first look's business: one group stands for three forms.
  static constexpr uint64_t kFold = 0x2020202020202020;
  uint64_t gram_key(uint64_t bytes) const { return (bytes | kFold) & gram_mask; }
};
inline constexpr unsigned kLongestRun = 16;

// The tables while they can be seen: valid within the call of Tables::reveal.
struct TablesView {
  const uint8_t* pool = nullptr;
  const Needle* needles = nullptr;
  const Entry* entries = nullptr;
  const uint32_t* roots = nullptr;  // 257: entries that begin with a character
  const uint64_t* grams = nullptr;
  const uint64_t* heads = nullptr;
  uint32_t entry_count = 0;
  uint16_t min_required = 0;  // over all needles
  uint16_t max_required = 0;
  uint16_t max_gap = 0;
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
  // Whether the characters of `bytes` (least significant first) may be a group of a needle, or begin a match.
  bool is_gram(uint64_t bytes) const { return filter.grams.has(grams, filter.gram_key(bytes)); }
  bool is_head(uint64_t bytes) const { return filter.heads.has(heads, bytes & filter.head_mask); }
};

// For tests: the slow path alone must find the same.
enum class UseFilter : uint8_t { kYes, kNo };

// Where the parts lie in memory, and what is known of them.
struct TablesLayout {
  size_t roots = 0;
  size_t grams = 0;
  size_t heads = 0;
  size_t needles = 0;
  size_t entries = 0;
  size_t pool = 0;
  size_t end = 0;
  uint32_t entry_count = 0;
  uint16_t min_required = 0;
  uint16_t max_required = 0;
  uint16_t max_gap = 0;
  Filter filter;
};

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
  TablesLayout layout_;
};

}  // namespace confide::masking
