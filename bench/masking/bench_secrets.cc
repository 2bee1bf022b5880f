#include "bench/masking/bench_secrets.h"

#include <random>
#include <string_view>

namespace confide::bench {

std::vector<NamedSecret> bench_secrets(size_t count) {
  std::mt19937_64 random(42);
  const auto text = [&](std::string_view alphabet, size_t length) {
    std::string out;
    while (out.size() < length) out.push_back(alphabet[random() % alphabet.size()]);
    return out;
  };
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kWord = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view kPassword = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789!#$%*+-_.?";
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<NamedSecret> out;
  for (size_t i = 0; i < count; ++i) {
    std::string value;
    switch (i % 6) {
      case 0: value = "sk-live-" + text(kWord, 24); break;
      case 1: value = text(kHex, 40); break;
      case 2: value = text(kPassword, 16 + random() % 8); break;
      case 3: value = "postgres://app:" + text(kWord, 20) + "@db-" + text(kHex, 4) + ".internal:5432/shop"; break;
      case 4: value = text(kBase64, 43) + "="; break;
      default:
        value =
            text(kHex, 8) + "-" + text(kHex, 4) + "-4" + text(kHex, 3) + "-a" + text(kHex, 3) + "-" + text(kHex, 12);
        break;
    }
    out.push_back({"SECRET_" + std::to_string(i), value});
  }
  return out;
}

}  // namespace confide::bench
