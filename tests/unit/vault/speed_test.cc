// 10,000 secrets: open within 100 ms, one value within 1 ms. Medians, so that a busy machine is no failure.
#include <algorithm>
#include <chrono>

#include "support.h"

namespace confide::vault {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}
double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

TEST(VaultSpeed, TenThousandSecrets) {
  constexpr int kSecrets = 10000;
  const Place place;
  {
    Vault vault = place.create().value();
    std::vector<SecretBuffer> values;
    std::vector<NewVersion> versions;
    secrets::SecretArena arena(secrets::Backing::kLockedMemory);
    for (int i = 0; i < kSecrets; ++i) {
      const std::string text = "value-" + std::to_string(i);
      values.push_back(arena.copy_from(std::as_bytes(std::span(text))).value());
    }
    for (int i = 0; i < kSecrets; ++i) {
      versions.push_back({.name = "project" + std::to_string(i % 50) + "/SECRET_NUMBER_" + std::to_string(i),
                          .value = &values[static_cast<size_t>(i)],
                          .expires = {},
                          .generated = {}});
    }
    ASSERT_TRUE(vault.put(versions));
  }
  std::vector<double> opens;
  std::vector<double> gets;
  for (int round = 0; round < 5; ++round) {
    const auto start = Clock::now();
    Vault vault = place.open().value();
    opens.push_back(milliseconds_since(start));
    for (int i = round; i < kSecrets; i += 997) {
      const auto begin = Clock::now();
      const std::string value = get(vault, "project" + std::to_string(i % 50) + "/SECRET_NUMBER_" + std::to_string(i));
      gets.push_back(milliseconds_since(begin));
      ASSERT_EQ(value, "value-" + std::to_string(i));
    }
  }
  RecordProperty("open_ms", std::to_string(median(opens)));
  RecordProperty("get_ms", std::to_string(median(gets)));
  std::printf("10000 secrets: open %.2f ms, get %.3f ms\n", median(opens), median(gets));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && defined(NDEBUG)
  EXPECT_LE(median(opens), 100.0);
  EXPECT_LE(median(gets), 1.0);
#endif
}

}  // namespace
}  // namespace confide::vault
