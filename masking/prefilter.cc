#include "masking/prefilter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "masking/hex_digit.h"
#include "masking/token.h"

namespace confide::masking {
namespace {

uint64_t load_gram(const uint8_t* at) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes;
}

bool is_letter_or_digit(uint8_t byte) {
  const uint8_t folded = byte | 0x20;
  return (byte >= '0' && byte <= '9') || (folded >= 'a' && folded <= 'z');
}

// Whether what begins at data[at] may be decoded to something else than what the filter sees there.
bool may_decode(const uint8_t* data, size_t at, size_t size) {
  if (at + 2 >= size) return true;
  const uint8_t next = data[at + 1];
  switch (data[at]) {
    case '%': return next == 'u' || (hex_digit(next) >= 0 && hex_digit(data[at + 2]) >= 0);
    case '&': return next == '#' || is_letter_or_digit(next);
    case '\\': return is_letter_or_digit(next);
    default: return false;
  }
}

uint64_t bits_from(size_t bit) { return ~uint64_t{0} << bit; }
uint64_t bits_below(size_t bit) { return (uint64_t{1} << bit) - 1; }

}  // namespace

void Prefilter::mark_range(size_t begin, size_t end) {
  while (begin < end) {
    const size_t block = begin / 64;
    const size_t stop = std::min(end, (block + 1) * 64);
    uint64_t bits = bits_from(begin % 64);
    if (stop % 64 != 0) bits &= bits_below(stop % 64);
    marks_[block] |= bits;
    begin = stop;
  }
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

// Terminal escapes are gaps, but a match may begin anywhere, so also inside one. Returns where the text ends as far as
// is known: before an escape that is not complete.
size_t Prefilter::drop_escapes(const uint8_t* data, size_t size) {
  for (size_t block = 0; block < blocks_; ++block) {
    for (uint64_t stops = stop_[block]; stops != 0; stops &= stops - 1) {
      const size_t at = block * 64 + static_cast<size_t>(std::countr_zero(stops));
      if (data[at] != 0x1b) continue;
      const size_t length = escape_length(data + at, size - at, Ending::kOpen);
      if (length == kNoEscape) continue;
      const size_t end = length == kEscapeNeedsMore ? size : at + length;
      mark_range(at + 1, end);
      for (size_t i = at; i < end; ++i) keep_[i / 64] &= ~(uint64_t{1} << (i % 64));
      if (length == kEscapeNeedsMore) return at;
    }
  }
  return size;
}

size_t Prefilter::rank_of(size_t at) const {
  return ranks_[at / 64] + static_cast<size_t>(std::popcount(keep_[at / 64] & bits_below(at % 64)));
}

// Where the kept byte with `rank` others before it stands.
size_t Prefilter::place_of(size_t rank) const {
  const auto* const above = std::upper_bound(ranks_, ranks_ + blocks_, rank);
  const auto block = static_cast<size_t>(above - ranks_) - 1;
  uint64_t bits = keep_[block];
  for (size_t skip = rank - ranks_[block]; skip > 0; --skip) bits &= bits - 1;
  return block * 64 + static_cast<size_t>(std::countr_zero(bits));
}

// Places from which fewer than `run` kept bytes lead up to `at`.
void Prefilter::mark_before(size_t at, size_t rank, unsigned run) {
  mark_range(rank >= run ? place_of(rank - run) + 1 : 0, at);
}

void Prefilter::mark_decodings(const uint8_t* data, size_t usable, unsigned run) {
  for (size_t block = 0; block < blocks_; ++block) {
    for (uint64_t stops = stop_[block]; stops != 0; stops &= stops - 1) {
      const size_t at = block * 64 + static_cast<size_t>(std::countr_zero(stops));
      if (at >= usable) return;
      if (data[at] == 0x1b || !may_decode(data, at, usable)) continue;
      mark_before(at, rank_of(at), run);
      mark_range(at, at + 1);
    }
  }
}

void Prefilter::mark_runs(const TablesView& tables, const uint8_t* kept, size_t count) {
  const Filter filter = tables.filter;
  if (count < filter.run) return;
  const size_t last = count - filter.gram;  // the last group's place
  const size_t groups_needed = filter.run - filter.gram + 1;
  const auto found = [&](size_t at) { return tables.in_bitmap(load_gram(kept + at)); };
  size_t at = filter.stride - 1;
  while (at <= last) {
    if (at + 3 * filter.stride <= last) {
      const bool any =
          found(at) | found(at + filter.stride) | found(at + 2 * filter.stride) | found(at + 3 * filter.stride);
      if (!any) [[likely]] {
        at += 4 * filter.stride;
        continue;
      }
    }
    if (!found(at)) {
      at += filter.stride;
      continue;
    }
    size_t first = at;
    while (first > 0 && found(first - 1)) --first;
    size_t end = at + 1;
    while (end <= last && found(end)) ++end;
    if (end - first >= groups_needed) {
      // A match that begins later in this run would reach beyond it within its first characters.
      mark_range(first == 0 ? 0 : place_of(first - 1) + 1, place_of(end - groups_needed) + 1);
    }
    at = end + filter.stride;
    at -= (at + 1) % filter.stride;
  }
}

void Prefilter::mark(const TablesView& tables, const uint8_t* data, size_t size, uint8_t* scratch) {
  size_ = size;
  blocks_ = (size + 63) / 64;
  std::fill(marks_, marks_ + blocks_, uint64_t{0});
  const Filter& filter = tables.filter;
  if (filter.gram == 0) {
    mark_range(0, size);
    return;
  }
  if (size == 0) return;
  kernels_->classify(data, blocks_, keep_, stop_);
  if (size % 64 != 0) {
    keep_[blocks_ - 1] &= bits_below(size % 64);
    stop_[blocks_ - 1] &= bits_below(size % 64);
  }
  const size_t usable = drop_escapes(data, size);
  const size_t count = kernels_->compact(data, blocks_, keep_, scratch, ranks_);
  mark_decodings(data, usable, filter.run);
  mark_before(size, count, filter.run);
  mark_runs(tables, scratch, count);
}

}  // namespace confide::masking
