// The stream masker: for any secrets, any text and any pieces, with the filter and without, what leaves is what the
// oracle says; with pauses, what is let go of is a beginning of four characters at most.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "masking/assess.h"
#include "masking/stream.h"
#include "oracle.h"

using namespace confide;
using namespace confide::masking;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

std::string shown(std::string_view text) {
  std::string out;
  char escaped[8];
  for (const char c : text) {
    (void)std::snprintf(escaped, sizeof escaped, c >= ' ' && c < 0x7f && c != '\\' ? "%c" : "\\x%02x",
                        static_cast<uint8_t>(c));
    out += escaped;
  }
  return out;
}

void require_same(std::string_view how, const std::string& found, const std::string& expected) {
  if (found == expected) return;
  (void)std::fprintf(stderr, "%s\nexpected %s\nfound    %s\n", std::string(how).c_str(), shown(expected).c_str(),
                     shown(found).c_str());
  __builtin_trap();
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Text : Sink {
  void write(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  std::string text;
};

// The oracle knows ASCII values without components.
bool within_the_oracle(std::string_view value) {
  if (value.find_first_of("=\n{[") != std::string_view::npos || value.contains("://")) return false;
  return std::ranges::any_of(value, [](char c) { return c > ' ' && c != 0x7f; });
}

Tables tables_of(const std::vector<oracle::Secret>& secrets, Partial partial, UseFilter use_filter) {
  std::vector<Secret> given;
  MaskOptions options{.partial = partial};
  for (const oracle::Secret& secret : secrets) {
    given.push_back({secret.name, bytes_of(secret.value)});
    options.mask_anyway.push_back(secret.name);
  }
  auto tables = Tables::create(given, options, use_filter);
  require(tables.has_value());
  return std::move(*tables);
}

std::string feed(const Tables& tables, std::string_view text, std::string_view lengths) {
  auto masker = StreamMasker::create(tables, {.liveness = Liveness::kHold});
  require(masker.has_value());
  Text out;
  for (size_t i = 0, at = 0; at < text.size(); ++i) {
    const size_t length = lengths.empty() ? text.size() : 1 + static_cast<uint8_t>(lengths[i % lengths.size()]) % 32;
    require(masker->feed(bytes_of(text.substr(at, length)), 0, out).has_value());
    at += std::min(length, text.size() - at);
  }
  masker->finish(out);
  require(masker->held() == 0);
  return out.text;
}

// With pauses, what is not replaced leaves in order, and nothing else does.
void with_pauses(const Tables& tables, std::string_view text, std::string_view lengths) {
  auto masker = StreamMasker::create(tables, {});
  require(masker.has_value());
  Text out;
  int64_t now = 0;
  for (const char& c : text) {
    require(masker->feed(bytes_of({&c, 1}), now, out).has_value());
    now += kLineIdleMs;
    masker->flush_idle(now, out);
    now += (lengths.size() % 2 == 0 ? kIdleMs : 0);
    masker->flush_idle(now, out);
  }
  masker->finish(out);
  if (text.contains("<concealed")) return;
  size_t at = 0;
  for (size_t i = 0; i < out.text.size(); ++i) {
    if (std::string_view(out.text).substr(i).starts_with("<concealed by confide: ")) {
      i = out.text.find('>', i);
      continue;
    }
    at = text.find(out.text[i], at);
    require(at != std::string_view::npos);
    ++at;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), std::min<size_t>(size, 300));
  const auto take = [&](size_t most) {
    if (input.empty()) return std::string();
    const size_t length = std::min<size_t>({static_cast<uint8_t>(input[0]), most, input.size() - 1});
    const std::string taken(input.substr(1, length));
    input.remove_prefix(1 + length);
    return taken;
  };
  if (input.empty()) return 0;
  const uint8_t flags = static_cast<uint8_t>(input[0]);
  input.remove_prefix(1);
  std::vector<oracle::Secret> secrets;
  for (unsigned i = 0; i <= flags % 3U; ++i) {
    std::string value = take(40);
    for (char& c : value) c = static_cast<char>(c & 0x7f);
    if (within_the_oracle(value)) secrets.push_back({std::string(1, static_cast<char>('A' + i)), value});
  }
  const std::string lengths = take(8);
  const Partial partial = (flags & 4) != 0 ? Partial::kOff : Partial::kOn;
  const Tables fast = tables_of(secrets, partial, UseFilter::kYes);
  const Tables slow = tables_of(secrets, partial, UseFilter::kNo);
  const oracle::Oracle oracle(secrets, partial == Partial::kOn ? oracle::Parts::kOn : oracle::Parts::kOff,
                              oracle::Short::kMask);
  const std::string expected = oracle.mask(input);
  const auto check = [&](std::string_view how, const std::string& found) {
    if (found == expected) return;
    for (const oracle::Secret& secret : secrets)
      (void)std::fprintf(stderr, "%s=%s\n", secret.name.c_str(), shown(secret.value).c_str());
    (void)std::fprintf(stderr, "input    %s\npieces   %s\n", shown(input).c_str(), shown(lengths).c_str());
    require_same(how, found, expected);
  };
  check("in pieces", feed(fast, input, lengths));
  check("whole", feed(fast, input, {}));
  check("in pieces, without the filter", feed(slow, input, lengths));
  with_pauses(fast, input, lengths);
  return 0;
}
