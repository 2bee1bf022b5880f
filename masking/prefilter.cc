#include "masking/prefilter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "masking/entities.h"
#include "masking/hex_digit.h"
#include "masking/token.h"

namespace confide::masking {
namespace {

uint64_t load_gram(const uint8_t* at) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

// Whether what begins at data[at] may be decoded to something else than what the filter sees there.
bool may_decode(const uint8_t* data, size_t at, size_t size) {
  if (at + 2 >= size) return true;
  const uint8_t next = data[at + 1];
  switch (data[at]) {
    case '%': return next == 'u' || (hex_digit(next) >= 0 && hex_digit(data[at + 2]) >= 0);
    case '&': return read_entity(data + at, size - at, Ending::kOpen).kind != Entity::Kind::kNone;
    case '\\': return (next >= '0' && next <= '3') || ((next | 0x20) >= 'a' && (next | 0x20) <= 'z');
    default: return false;
  }
}

// std::popcount is a call where the processor is not known to have an instruction for it.
uint64_t count_bits(uint64_t bits) {
  bits -= bits >> 1 & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
  return ((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56;
}

uint64_t bits_from(size_t bit) { return ~uint64_t{0} << bit; }
uint64_t bits_below(size_t bit) { return (uint64_t{1} << bit) - 1; }

// Calls fn(word, bits) for each 64-bit word that the bits [begin, end) touch.
template <class Fn>
void for_bits(size_t begin, size_t end, Fn fn) {
  while (begin < end) {
    const size_t stop = std::min(end, (begin / 64 + 1) * 64);
    fn(begin / 64, bits_from(begin % 64) & (stop % 64 == 0 ? ~uint64_t{0} : bits_below(stop % 64)));
    begin = stop;
  }
}

}  // namespace

void Prefilter::mark_range(size_t begin, size_t end) {
  for_bits(begin, end, [&](size_t word, uint64_t bits) { marks_[word] |= bits; });
}

size_t Prefilter::next(size_t from) const {
  if (from >= size_) return size_;
  size_t block = from / 64;
  uint64_t bits = marks_[block] & bits_from(from % 64);
  while (bits == 0) {
    if (++block >= blocks_) return size_;
    bits = marks_[block];
  }
  return std::min(size_, block * 64 + static_cast<size_t>(std::countr_zero(bits)));
}

// Terminal escapes are gaps; they are remembered for mark_escapes(). Returns where the text ends as far as is known:
// before an escape that is not complete.
size_t Prefilter::drop_escapes(const uint8_t* data, size_t size) {
  escape_count_ = 0;
  for (size_t block = 0; block < blocks_; ++block) {
    for (uint64_t escapes = masks_[block].escape; escapes != 0; escapes &= escapes - 1) {
      const size_t at = block * 64 + static_cast<size_t>(std::countr_zero(escapes));
      const size_t length = escape_length(data + at, size - at, Ending::kOpen);
      if (length == kNoEscape) continue;
      const size_t end = length == kEscapeNeedsMore ? size : at + length;
      for_bits(at, end, [&](size_t word, uint64_t bits) { masks_[word].keep &= ~bits; });
      if (length == kEscapeNeedsMore) {
        mark_range(at + 1, end);
        return at;
      }
      if (escape_count_ < std::size(escapes_)) {
        escapes_[escape_count_++] = {static_cast<uint16_t>(at), static_cast<uint16_t>(end)};
      } else {
        mark_range(at + 1, end);
      }
    }
  }
  return size;
}

// A match may begin anywhere, so also inside an escape: with the rest of it and what follows.
void Prefilter::mark_escapes(const TablesView& tables, const uint8_t* data, const uint8_t* kept, size_t count) {
  for (size_t i = 0; i < escape_count_; ++i) {
    const auto [begin, end] = escapes_[i];
    const size_t rank = end < size_ ? rank_of(end) : count;
    if (rank + tables.filter.head > count) continue;  // so close to the end that every place is looked at anyway
    uint64_t characters = load_gram(kept + rank);
    bool any = false;
    for (size_t at = end; --at > begin;) {
      if (filter_keeps(data[at])) characters = characters << 8 | canonical(data[at]);
      any = tables.is_head(characters) || any;
    }
    if (any) [[unlikely]]
      mark_range(begin + 1, end);
  }
}

size_t Prefilter::rank_of(size_t at) const {
  return ranks_[at / 64] + count_bits(masks_[at / 64].keep & bits_below(at % 64));
}

// Where the kept byte with `rank` others before it stands.
size_t Prefilter::place_of(size_t rank) const {
  const auto* const above = std::upper_bound(ranks_, ranks_ + blocks_, rank);
  const auto block = static_cast<size_t>(above - ranks_) - 1;
  uint64_t bits = masks_[block].keep;
  for (size_t skip = rank - ranks_[block]; skip > 0; --skip) bits &= bits - 1;
  return block * 64 + static_cast<size_t>(std::countr_zero(bits));
}

// The first kept byte at or after `from`; there is one.
size_t Prefilter::next_kept(size_t from) const {
  size_t block = from / 64;
  uint64_t bits = masks_[block].keep & bits_from(from % 64);
  while (bits == 0) bits = masks_[++block].keep;
  return block * 64 + static_cast<size_t>(std::countr_zero(bits));
}

// Places from which fewer than `run` kept bytes lead up to `at`.
void Prefilter::mark_before(size_t at, size_t rank, unsigned run) {
  mark_range(rank >= run ? place_of(rank - run) + 1 : 0, at);
}

void Prefilter::mark_decodings(const uint8_t* data, size_t usable, unsigned run) {
  for (size_t block = 0; block < blocks_; ++block) {
    for (uint64_t stops = masks_[block].stop; stops != 0; stops &= stops - 1) {
      const size_t at = block * 64 + static_cast<size_t>(std::countr_zero(stops));
      if (at >= usable) return;
      if (!may_decode(data, at, usable)) continue;
      mark_before(at, rank_of(at), run);
      mark_range(at, at + 1);
    }
  }
}

// Marks the characters ranked `first` to `last` that may begin a match, with what is left out before them: a needle may
// begin with a quote.
void Prefilter::mark_run(const TablesView& tables, const uint8_t* kept, size_t first, size_t last) {
  size_t begin = first == 0 ? 0 : place_of(first - 1) + 1;
  for (size_t rank = first; rank <= last; ++rank) {
    const size_t place = next_kept(begin);
    if (tables.is_head(load_gram(kept + rank))) mark_range(begin, place + 1);
    begin = place + 1;
  }
}

void Prefilter::mark_runs(const TablesView& tables, const uint8_t* kept, size_t count) {
  const Filter filter = tables.filter;
  if (count < filter.run) return;
  const size_t last = count - filter.gram;  // the last group's place
  const auto found = [&](size_t at) { return static_cast<unsigned>(tables.is_gram(load_gram(kept + at))); };
  size_t at = filter.stride - 1;
  while (at <= last) {
    if (at + 3 * filter.stride <= last) {
      // Four at once, without a branch between them.
      const unsigned any =
          found(at) | found(at + filter.stride) | found(at + 2 * filter.stride) | found(at + 3 * filter.stride);
      if (any == 0) [[likely]] {
        at += 4 * filter.stride;
        continue;
      }
    }
    if (found(at) == 0) {
      at += filter.stride;
      continue;
    }
    size_t first = at;
    while (first > 0 && found(first - 1) != 0) --first;
    size_t end = at + 1;
    while (end <= last && found(end) != 0) ++end;
    // A match that begins later in this run would reach beyond it within its first characters.
    if (end - first >= filter.stride) mark_run(tables, kept, first, end - filter.stride);
    at = end + filter.stride;
    at -= (at + 1) % filter.stride;
  }
}

size_t Prefilter::mark(const TablesView& tables, const uint8_t* data, size_t size, Chunk chunk, uint8_t* scratch) {
  size_ = size;
  blocks_ = (size + 63) / 64;
  std::fill(marks_, marks_ + blocks_, uint64_t{0});
  const Filter& filter = tables.filter;
  if (filter.gram == 0) {
    mark_range(0, size);
    return size;
  }
  if (size == 0) return size;
  kernels_->classify(data, blocks_, masks_);
  if (size % 64 != 0) {
    Masks& last = masks_[blocks_ - 1];
    const uint64_t inside = bits_below(size % 64);
    last = {last.keep & inside, last.stop & inside, last.escape & inside};
  }
  const size_t usable = drop_escapes(data, size);
  const size_t count = kernels_->compact(data, blocks_, masks_, scratch, ranks_);
  mark_decodings(data, usable, filter.run);
  mark_escapes(tables, data, scratch, count);
  mark_runs(tables, scratch, count);
  if (chunk == Chunk::kInner && count > filter.run) {
    const size_t settled = place_of(count - filter.run) + 1;
    if (settled > size / 2) return size_ = settled;
  }
  mark_before(size, count, filter.run);
  return size;
}

}  // namespace confide::masking
