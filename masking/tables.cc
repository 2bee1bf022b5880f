#include "masking/tables.h"

#include <algorithm>
#include <bit>
#include <set>

#include "base/text.h"
#include "masking/assess.h"
#include "masking/needles.h"
#include "masking/tables_builder.h"
#include "masking/token.h"

namespace confide::masking {
namespace {

using secrets::SecretBuffer;

std::span<const uint8_t> octets(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

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
  NeedleCounter counter(options.partial);
  for (const Chosen& one : chosen) {
    const size_t before = counter.needles;
    pour(one, counter);
    if (counter.needles == before) {
      tables.warnings_.push_back(cat(tables.names_[one.secret], " cannot be masked: it has no visible characters"));
    }
  }
  if (counter.pool > UINT32_MAX || counter.entries > UINT32_MAX) {
    return Error{ErrorKind::kUsage, 0, "masking: too many secrets"};
  }

  TablesLayout& layout = tables.layout_;
  layout = layout_of(counter);
  layout.max_gap =
      static_cast<uint16_t>(kMaxGap + kGapOfOneDropped * (std::min<size_t>(most_dropped, kMostDropped + 1) - 1));
  auto memory = SecretBuffer::create(layout.end, secrets::Backing::kLockedMemory);
  if (!memory) return with_context("tables of the masker", std::move(memory).error());
  tables.memory_ = std::move(*memory);
  tables.memory_.fill([&](std::span<std::byte> bytes) {
    TablesBuilder builder(tables.layout_, options.partial, bytes);
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
