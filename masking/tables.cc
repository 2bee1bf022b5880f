#include "masking/tables.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

#include "base/text.h"
#include "masking/assess.h"
#include "masking/needles.h"
#include "masking/prefilter.h"
#include "masking/token.h"

namespace confide::masking {
namespace {

using secrets::SecretBuffer;

// Parts of values longer than this are recognised by their beginning and their lines only.
constexpr size_t kMaxPartialNeedle = 8192;
constexpr unsigned kMinRun = 4;
constexpr unsigned kMaxStride = 8;

std::span<const uint8_t> octets(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

uint16_t required_of(size_t length, Partial partial) {
  constexpr size_t kShortestPart = 8;
  if (length > kLongNeedle) return kMaxRequired;
  if (partial == Partial::kOff) return static_cast<uint16_t>(length);
  return static_cast<uint16_t>(std::min(length, std::max(kShortestPart, (length + 1) / 2)));
}

// How many entries a needle has.
size_t entries_of(size_t length, uint8_t step, Partial partial) {
  if (length == 0) return 0;
  if (partial == Partial::kOff || step == 0 || length > kMaxPartialNeedle) return 1;
  constexpr size_t kShortestPart = 8;
  const size_t least = std::max(kShortestPart, (length + 1) / 2);
  return length <= least ? 1 : 1 + (length - least) / step;
}

// First pass: how much room is needed.
class Counter : public NeedleSink {
 public:
  explicit Counter(Partial partial) : partial_(partial) {}
  void put(uint8_t) override { longest = std::max(longest, ++length_); }
  void end(const NeedleShape& shape) override {
    const size_t length = std::exchange(length_, 0);
    if (length < shape.least) return;
    pool += length;
    ++needles;
    entries += entries_of(length, shape.step, partial_);
  }
  size_t pool = 0;  // at most, and some more while a needle that is dropped is written
  size_t needles = 0;
  size_t entries = 0;
  size_t longest = 0;

 private:
  Partial partial_;
  size_t length_ = 0;
};

}  // namespace

// Second pass: fills the memory.
class TablesBuilder : public NeedleSink {
 public:
  TablesBuilder(Tables& tables, std::span<std::byte> memory)
      : layout_(tables.layout_), partial_(tables.options_.partial) {
    std::byte* base = memory.data();
    roots_ = reinterpret_cast<uint32_t*>(base + layout_.roots);
    grams_ = reinterpret_cast<uint64_t*>(base + layout_.grams);
    heads_ = reinterpret_cast<uint64_t*>(base + layout_.heads);
    needles_ = reinterpret_cast<Needle*>(base + layout_.needles);
    entries_ = reinterpret_cast<Entry*>(base + layout_.entries);
    pool_ = reinterpret_cast<uint8_t*>(base + layout_.pool);
  }

  void begin_secret(uint16_t secret, size_t value_size) {
    secret_ = secret;
    gives_up_ = static_cast<uint8_t>(std::min<size_t>(4, value_size / 4));
  }

  void put(uint8_t byte) override { pool_[pool_used_++] = byte; }

  void end(const NeedleShape& shape) override {
    const size_t length = pool_used_ - begin_;
    if (length < shape.least) {
      pool_used_ = begin_;
      return;
    }
    const uint16_t required = required_of(length, partial_);
    needles_[needles_used_] = {.offset = static_cast<uint32_t>(begin_),
                               .length = static_cast<uint32_t>(length),
                               .secret = secret_,
                               .required = required,
                               .form = shape.form,
                               .views = shape.views,
                               .straddles = static_cast<uint8_t>(shape.straddles),
                               .gives_up = gives_up_};
    const size_t count = entries_of(length, shape.step, partial_);
    for (size_t i = 0; i < count; ++i) {
      entries_[entries_used_++] = {.at = static_cast<uint32_t>(begin_ + i * shape.step),
                                   .needle = static_cast<uint32_t>(needles_used_)};
    }
    layout_.min_required = needles_used_ == 0 ? required : std::min(layout_.min_required, required);
    layout_.max_required = std::max({layout_.max_required, required, std::min<uint16_t>(kMaxRequired, required)});
    ++needles_used_;
    begin_ = pool_used_;
  }

  void finish(UseFilter use_filter) {
    layout_.entry_count = static_cast<uint32_t>(entries_used_);
    // Entries in the middle of a needle may require up to kMaxRequired characters.
    for (size_t i = 0; i < entries_used_; ++i) {
      layout_.max_required = std::max(layout_.max_required, static_cast<uint16_t>(view().required(entries_[i])));
    }
    sort();
    if (use_filter == UseFilter::kYes) make_filter();
  }

 private:
  TablesView view() const {
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

  void sort() {
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

  void make_filter() {
    const TablesView tables = view();
    unsigned run = kLongestRun;
    for (size_t i = 0; i < entries_used_; ++i) {
      const uint32_t required = tables.required(entries_[i]);
      unsigned kept = 0;
      for (uint32_t k = 0; k < required && kept < run; ++k) kept += filter_keeps(pool_[entries_[i].at + k]) ? 1U : 0U;
      run = std::min(run, kept);
    }
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
    for (size_t i = 0; i < entries_used_; ++i) add_beginning(entries_[i]);
  }

  static uint64_t mask_of(unsigned bytes) { return bytes == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * bytes)) - 1; }
  static BitSet set_of(size_t bytes) {
    return {64 - static_cast<unsigned>(std::countr_zero(bytes / sizeof(uint64_t)))};
  }

  // The groups that are looked at from a match's first character on, and those characters.
  void add_beginning(const Entry& entry) {
    const Filter& filter = layout_.filter;
    uint8_t kept[kLongestRun];
    unsigned count = 0;
    for (const uint8_t* at = pool_ + entry.at; count < filter.run; ++at) {
      if (filter_keeps(*at)) kept[count++] = *at;
    }
    const auto first = [&](unsigned at, unsigned bytes) {
      uint64_t characters = 0;
      std::memcpy(&characters, kept + at, bytes);
      return characters;
    };
    for (unsigned i = 0; i < filter.stride; ++i) filter.grams.add(grams_, filter.gram_key(first(i, filter.gram)));
    filter.heads.add(heads_, first(0, filter.head));
    ::explicit_bzero(kept, sizeof kept);
  }

  Tables::Layout& layout_;
  Partial partial_;
  uint32_t* roots_ = nullptr;
  uint64_t* grams_ = nullptr;
  uint64_t* heads_ = nullptr;
  Needle* needles_ = nullptr;
  Entry* entries_ = nullptr;
  uint8_t* pool_ = nullptr;
  size_t pool_used_ = 0, begin_ = 0, needles_used_ = 0, entries_used_ = 0;
  uint16_t secret_ = 0;
  uint8_t gives_up_ = 0;
};

namespace {

struct Chosen {
  uint16_t secret;
  ShortValues short_values;
};

Status check(std::span<const Secret> secrets) {
  if (secrets.size() > kMaxSecrets) {
    return Error{ErrorKind::kUsage, 0, cat("masking: ", secrets.size(), " secrets; at most ", kMaxSecrets)};
  }
  std::set<std::string_view> names;
  for (const Secret& secret : secrets) {
    if (secret.name.empty() || secret.name.size() > kMaxName || printable(secret.name) != secret.name) {
      return Error{ErrorKind::kUsage, 0, cat("masking: not a name: ", printable(secret.name))};
    }
    if (secret.value.size() > kMaxValue) {
      return Error{ErrorKind::kUsage, 0, cat("masking: ", secret.name, " is longer than ", kMaxValue, " bytes")};
    }
    if (!names.insert(secret.name).second) {
      return Error{ErrorKind::kUsage, 0, cat("masking: ", secret.name, " is there twice")};
    }
  }
  return {};
}

// The longest run within a value of what the reader drops: white space, quotes, backslashes.
size_t longest_gap(std::span<const uint8_t> value) {
  size_t longest = 0;
  size_t run = 0;
  for (const uint8_t byte : value) {
    const ByteClass role = class_of(byte);
    const bool dropped = role == ByteClass::kGap || role == ByteClass::kEscape || role == ByteClass::kQuote ||
                         role == ByteClass::kBackslash;
    run = dropped ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

size_t aligned(size_t size) { return (size + 63) / 64 * 64; }

}  // namespace

Result<Tables> Tables::create(std::span<const Secret> secrets, const MaskOptions& options, UseFilter use_filter) {
  TRY(check(secrets));
  Tables tables;
  tables.options_ = options;
  std::vector<Chosen> chosen;
  size_t longest = 1;
  size_t most_dropped = 1;
  for (const Secret& secret : secrets) {
    const auto index = static_cast<uint16_t>(tables.names_.size());
    tables.names_.push_back(secret.name);
    const Assessment assessment = assess(secret.value);
    const bool asked = std::ranges::find(options.mask_anyway, secret.name) != options.mask_anyway.end();
    if (assessment != Assessment::kOk && !asked) {
      tables.warnings_.push_back(cat(
          secret.name,
          assessment == Assessment::kTooShort ? " is too short to be masked (under " : " is too common to be masked (",
          assessment == Assessment::kTooShort ? cat(kShortestValue, " characters)") : "an everyday word or number)"));
      continue;
    }
    chosen.push_back({index, asked ? ShortValues::kMask : ShortValues::kSkip});
    longest = std::max(longest, secret.value.size());
    most_dropped = std::max(most_dropped, longest_gap(octets(secret.value)));
  }

  SecretBuffer scratch = TRY(SecretBuffer::create(4 * longest));
  const auto pour = [&](const Chosen& one, NeedleSink& sink) {
    scratch.fill([&](std::span<std::byte> bytes) {
      write_all_needles(octets(secrets[one.secret].value), one.short_values,
                        {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, sink);
    });
  };
  Counter counter(options.partial);
  for (const Chosen& one : chosen) pour(one, counter);
  if (counter.pool > UINT32_MAX || counter.entries > UINT32_MAX) {
    return Error{ErrorKind::kUsage, 0, "masking: too many secrets"};
  }

  Layout& layout = tables.layout_;
  layout.max_gap =
      static_cast<uint16_t>(kMaxGap + kGapOfOneDropped * (std::min<size_t>(most_dropped, kMostDropped + 1) - 1));
  // Sixteen bits for each member keep the filter sparse; a megabyte is as much as a cache bears.
  const auto set_bytes = [](size_t members) {
    return std::bit_ceil(std::clamp<size_t>(2 * members, size_t{4} << 10, size_t{1} << 20));
  };
  const size_t grams_bytes = set_bytes(counter.entries + 4 * counter.needles);
  const size_t heads_bytes = set_bytes(counter.entries) / 2;
  layout.roots = 0;
  layout.grams = aligned(257 * sizeof(uint32_t));
  layout.heads = layout.grams + grams_bytes;
  layout.needles = layout.heads + heads_bytes;
  layout.entries = layout.needles + aligned(counter.needles * sizeof(Needle));
  layout.pool = layout.entries + aligned(counter.entries * sizeof(Entry));
  layout.end = layout.pool + aligned(counter.pool + counter.longest + sizeof(uint64_t));  // read in words
  auto memory = SecretBuffer::create(layout.end, secrets::Backing::kLockedMemory);
  if (!memory) return with_context("tables of the masker", std::move(memory).error());
  tables.memory_ = std::move(*memory);
  tables.memory_.fill([&](std::span<std::byte> bytes) {
    TablesBuilder builder(tables, bytes);
    for (const Chosen& one : chosen) {
      builder.begin_secret(one.secret, secrets[one.secret].value.size());
      pour(one, builder);
    }
    builder.finish(use_filter);
  });
  return tables;
}

TablesView Tables::view_of(std::span<const std::byte> bytes) const {
  const std::byte* base = bytes.data();
  return {.pool = reinterpret_cast<const uint8_t*>(base + layout_.pool),
          .needles = reinterpret_cast<const Needle*>(base + layout_.needles),
          .entries = reinterpret_cast<const Entry*>(base + layout_.entries),
          .roots = reinterpret_cast<const uint32_t*>(base + layout_.roots),
          .grams = reinterpret_cast<const uint64_t*>(base + layout_.grams),
          .heads = reinterpret_cast<const uint64_t*>(base + layout_.heads),
          .entry_count = layout_.entry_count,
          .min_required = layout_.min_required,
          .max_required = layout_.max_required,
          .max_gap = layout_.max_gap,
          .filter = layout_.filter};
}

size_t Tables::hold_bound() const { return (size_t{layout_.max_required} + 2) * (layout_.max_gap + kMaxToken); }

}  // namespace confide::masking
