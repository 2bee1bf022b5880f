// Says where a match could begin, quickly: everywhere else there is none.
//
// What of a chunk is neither white space nor otherwise of no account (kernels.h) is drawn together, and every few
// characters a group of them is looked up in the set of groups that occur in needles. Since every match shows at least
// Filter::run such characters in a row, unless something is decoded among the first of them, it begins
//   - in a run of groups that are all in the set, with characters that are in the set of beginnings,
//   - or within Filter::run characters before something that is decoded, or before the chunk's end,
//   - or inside a terminal escape, again with characters that are in the set of beginnings.
// Those places are marked; the matcher looks at each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "masking/kernels.h"
#include "masking/tables.h"

namespace confide::masking {

inline constexpr size_t kChunk = size_t{16} << 10;
inline constexpr size_t kBlocks = kChunk / 64;
// Bytes of locked memory that mark() works in, and bytes readable after a chunk.
inline constexpr size_t kPrefilterScratch = kChunk + 64 + 8;
inline constexpr size_t kReadAhead = 64;

class Prefilter {
 public:
  explicit Prefilter(const Kernels& kernels = *available_kernels().front()) : kernels_(&kernels) {}

  // Marks places in data[0, size), size <= kChunk, and returns how many of its bytes that is true of: all where it is
  // the last one at hand, else those that are not better looked at together with what follows.
  enum class Chunk : uint8_t { kInner, kLast };
  size_t mark(const TablesView& tables, const uint8_t* data, size_t size, Chunk chunk, uint8_t* scratch);

  // The first marked place at or after `from`, or what the last mark() returned.
  size_t next(size_t from) const;

 private:
  void mark_range(size_t begin, size_t end);
  size_t drop_escapes(const uint8_t* data, size_t size);
  void mark_before(size_t at, size_t rank, unsigned run);
  void mark_decodings(const uint8_t* data, size_t usable, unsigned run);
  void mark_escapes(const TablesView& tables, const uint8_t* data, const uint8_t* kept, size_t count);
  void mark_runs(const TablesView& tables, const uint8_t* kept, size_t count);
  void mark_run(const TablesView& tables, const uint8_t* kept, size_t first, size_t last);
  size_t rank_of(size_t at) const;
  size_t place_of(size_t rank) const;
  size_t next_kept(size_t from) const;

  const Kernels* kernels_;
  size_t size_ = 0;
  size_t blocks_ = 0;
  Masks masks_[kBlocks] = {};
  uint64_t marks_[kBlocks] = {};
  uint32_t ranks_[kBlocks + 1] = {};
  struct Escape {
    uint16_t begin = 0;
    uint16_t end = 0;
  };
  static_assert(kChunk <= UINT16_MAX);
  size_t escape_count_ = 0;
  Escape escapes_[512];
};

}  // namespace confide::masking
