#include "masking/tables_builder.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/wipe.h"
#include "masking/kernels.h"
#include "masking/prefilter.h"

namespace confide::masking {
namespace {

constexpr size_t kShortestPart = 8;
constexpr size_t kMostGivenUp = 4;
constexpr unsigned kMinRun = 4;
constexpr unsigned kMaxStride = 8;

size_t shortest_part(size_t length) { return std::max(kShortestPart, (length + 1) / 2); }

uint16_t required_of(size_t length, Partial partial) {
  if (length > kLongNeedle) return kMaxRequired;
  return static_cast<uint16_t>(partial == Partial::kOff ? length : std::min(length, shortest_part(length)));
}

// At how many places of a needle a match may begin.
size_t entries_of(size_t length, uint8_t step, Partial partial) {
  const size_t least = shortest_part(length);
  if (partial == Partial::kOff || step == 0 || length > kVeryLong || length <= least) return 1;
  return 1 + (length - least) / step;
}

size_t aligned(size_t size) { return (size + 63) / 64 * 64; }

// Sixteen bits for each member keep the sets sparse; a megabyte is as much as a cache bears.
size_t set_bytes(size_t members) {
  return std::bit_ceil(std::clamp<size_t>(2 * members, size_t{4} << 10, size_t{1} << 20));
}

BitSet set_of(size_t bytes) { return {64 - static_cast<unsigned>(std::countr_zero(bytes / sizeof(uint64_t)))}; }

uint64_t mask_of(unsigned bytes) { return bytes == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1; }

}  // namespace

void NeedleCounter::end(const NeedleShape& shape) {
  const size_t length = std::exchange(length_, 0);
  longest = std::max(longest, length);
  if (length < std::max<size_t>(shape.least, 1)) return;
  pool += length;
  ++needles;
  entries += entries_of(length, shape.step, partial_);
}

TablesLayout layout_of(const NeedleCounter& counter) {
  TablesLayout layout;
  layout.roots = 0;
  layout.grams = aligned(257 * sizeof(uint32_t));
  layout.heads = layout.grams + set_bytes(counter.entries + 4 * counter.needles);
  layout.needles = layout.heads + set_bytes(counter.entries) / 2;
  layout.entries = layout.needles + aligned(counter.needles * sizeof(Needle));
  layout.pool = layout.entries + aligned(counter.entries * sizeof(Entry));
  // A needle that is not wanted is written first; the last one is read in words.
  layout.end = layout.pool + aligned(counter.pool + counter.longest + sizeof(uint64_t));
  return layout;
}

TablesBuilder::TablesBuilder(TablesLayout& layout, Partial partial, std::span<std::byte> memory)
    : layout_(layout),
      partial_(partial),
      roots_(reinterpret_cast<uint32_t*>(memory.data() + layout.roots)),
      grams_(reinterpret_cast<uint64_t*>(memory.data() + layout.grams)),
      heads_(reinterpret_cast<uint64_t*>(memory.data() + layout.heads)),
      needles_(reinterpret_cast<Needle*>(memory.data() + layout.needles)),
      entries_(reinterpret_cast<Entry*>(memory.data() + layout.entries)),
      pool_(reinterpret_cast<uint8_t*>(memory.data() + layout.pool)) {}

void TablesBuilder::begin_secret(uint16_t secret, size_t value_size) {
  secret_ = secret;
  gives_up_ = static_cast<uint8_t>(std::min(kMostGivenUp, value_size / 4));
}

void TablesBuilder::end(const NeedleShape& shape) {
  const size_t length = pool_used_ - begin_;
  if (length < std::max<size_t>(shape.least, 1)) {
    pool_used_ = begin_;
    return;
  }
  needles_[needles_used_] = {.offset = static_cast<uint32_t>(begin_),
                             .length = static_cast<uint32_t>(length),
                             .secret = secret_,
                             .required = required_of(length, partial_),
                             .form = shape.form,
                             .views = shape.views,
                             .straddles = shape.straddles,
                             .has_gaps = shape.has_gaps,
                             .gives_up = gives_up_};
  const size_t count = entries_of(length, shape.step, partial_);
  for (size_t i = 0; i < count; ++i) {
    entries_[entries_used_++] = {.at = static_cast<uint32_t>(begin_ + i * shape.step),
                                 .needle = static_cast<uint32_t>(needles_used_)};
  }
  ++needles_used_;
  begin_ = pool_used_;
}

void TablesBuilder::finish(UseFilter use_filter) {
  layout_.entry_count = static_cast<uint32_t>(entries_used_);
  layout_.min_required = UINT16_MAX;
  const TablesView tables = view();
  for (const Entry& entry : std::span(entries_, entries_used_)) {
    const auto required = static_cast<uint16_t>(tables.required(entry));
    layout_.min_required = std::min(layout_.min_required, required);
    layout_.max_required = std::max(layout_.max_required, required);
  }
  sort();
  if (use_filter == UseFilter::kYes) make_filter();
}

TablesView TablesBuilder::view() const {
  return {.pool = pool_,
          .needles = needles_,
          .entries = entries_,
          .roots = roots_,
          .grams = grams_,
          .heads = heads_,
          .entry_count = layout_.entry_count,
          .min_required = layout_.min_required,
          .max_required = layout_.max_required,
          .max_gap = layout_.max_gap,
          .filter = layout_.filter};
}

void TablesBuilder::sort() {
  const TablesView tables = view();
  std::sort(entries_, entries_ + entries_used_, [&](const Entry& a, const Entry& b) {
    const uint32_t a_length = tables.entry_length(a);
    const uint32_t b_length = tables.entry_length(b);
    const int order = std::memcmp(pool_ + a.at, pool_ + b.at, std::min(a_length, b_length));
    if (order != 0) return order < 0;
    return a_length != b_length ? a_length < b_length : a.needle < b.needle;
  });
  size_t entry = 0;
  for (unsigned first = 0; first <= 256; ++first) {
    while (entry < entries_used_ && pool_[entries_[entry].at] < first) ++entry;
    roots_[first] = static_cast<uint32_t>(entry);
  }
}

// How many characters that the filter keeps every match begins with, at least.
unsigned TablesBuilder::shortest_run() const {
  const TablesView tables = view();
  unsigned run = kLongestRun;
  for (const Entry& entry : std::span(entries_, entries_used_)) {
    const uint32_t required = tables.required(entry);
    unsigned kept = 0;
    for (uint32_t i = 0; i < required && kept < run; ++i) kept += filter_keeps(pool_[entry.at + i]) ? 1U : 0U;
    run = std::min(run, kept);
  }
  return run;
}

void TablesBuilder::make_filter() {
  const unsigned run = shortest_run();
  if (entries_used_ == 0 || run < kMinRun) return;
  Filter& filter = layout_.filter;
  filter.run = run;
  filter.gram = std::clamp((run + 2) / 2, kMinRun, 8U);
  filter.stride = std::min(kMaxStride, run - filter.gram + 1);
  filter.gram_mask = mask_of(filter.gram);
  filter.grams = set_of(layout_.heads - layout_.grams);
  filter.head = std::min(8U, run);
  filter.head_mask = mask_of(filter.head);
  filter.heads = set_of(layout_.needles - layout_.heads);
  for (const Entry& entry : std::span(entries_, entries_used_)) add_beginning(entry);
}

// The groups that are looked at from a match's first character on, and those characters.
void TablesBuilder::add_beginning(const Entry& entry) {
  const Filter& filter = layout_.filter;
  uint8_t kept[kLongestRun];
  unsigned count = 0;
  for (const uint8_t* at = pool_ + entry.at; count < filter.run; ++at) {
    if (filter_keeps(*at)) kept[count++] = *at;
  }
  const auto characters = [&](unsigned from, unsigned bytes) {
    uint64_t word = 0;
    std::memcpy(&word, kept + from, bytes);
    return word;
  };
  for (unsigned i = 0; i < filter.stride; ++i) filter.grams.add(grams_, filter.gram_key(characters(i, filter.gram)));
  filter.heads.add(heads_, characters(0, filter.head));
  wipe(kept, sizeof kept);
}

}  // namespace confide::masking
