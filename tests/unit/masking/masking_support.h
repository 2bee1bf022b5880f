// What the tests of the masker share: secrets from strings, a stream fed in pieces.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "masking/stream.h"
#include "masking/tables.h"
#include "oracle.h"

namespace confide::masking::testing {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline Tables tables_of(const std::vector<oracle::Secret>& secrets, const MaskOptions& options = {},
                        UseFilter use_filter = UseFilter::kYes) {
  std::vector<Secret> given;
  for (const oracle::Secret& secret : secrets) given.push_back({secret.name, bytes_of(secret.value)});
  auto tables = Tables::create(given, options, use_filter);
  if (!tables) ADD_FAILURE() << to_text(tables.error());
  return std::move(tables).value();
}

inline MaskOptions mask_anyway(const std::vector<oracle::Secret>& secrets, Partial partial = Partial::kOn) {
  MaskOptions options{.partial = partial};
  for (const oracle::Secret& secret : secrets) options.mask_anyway.push_back(secret.name);
  return options;
}

struct Event {
  std::string name;
  Form form;
  uint64_t offset;
  uint64_t length;
  OnLeak action;
};

struct Output : Sink {
  void write(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void masked(const Masked& event) override {
    events.push_back({std::string(event.name), event.form, event.offset, event.length, event.action});
  }
  std::string text;
  std::vector<Event> events;
};

inline StreamMasker masker_of(const Tables& tables, const StreamOptions& options = {.liveness = Liveness::kHold}) {
  auto masker = StreamMasker::create(tables, options);
  if (!masker) ADD_FAILURE() << to_text(masker.error());
  return std::move(masker).value();
}

// `input` cut before each of `cuts` (ascending), as a stream of its own.
inline Output mask_pieces(StreamMasker& masker, std::string_view input, std::span<const size_t> cuts) {
  Output output;
  size_t from = 0;
  const auto feed = [&](size_t to) {
    const auto fed = masker.feed(bytes_of(input.substr(from, to - from)), 0, output);
    EXPECT_TRUE(fed) << to_text(fed.error());
    from = to;
  };
  for (const size_t cut : cuts) feed(cut);
  feed(input.size());
  masker.finish(output);
  return output;
}

inline std::string mask(const Tables& tables, std::string_view input) {
  StreamMasker masker = masker_of(tables);
  return mask_pieces(masker, input, {}).text;
}

inline std::string marker(std::string_view name = "S") { return "<concealed by confide: " + std::string(name) + ">"; }

}  // namespace confide::masking::testing
