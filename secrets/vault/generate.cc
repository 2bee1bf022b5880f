#include "secrets/vault/generate.h"

#include <array>

#include "base/text.h"
#include "secrets/vault/crypto.h"

namespace confide::vault {
namespace {

constexpr std::string_view kKinds = "alnum, hex, base64url, password or uuid, with a length as in alnum:40";

struct Alphabet {
  std::string_view name;
  std::string_view characters;
  unsigned long length;
};
constexpr std::array kAlphabets = {
    Alphabet{"alnum", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 40},
    Alphabet{"hex", "0123456789abcdef", 64},
    Alphabet{"base64url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 43},
    Alphabet{"password", "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-._~", 24},
};

struct Asked {
  const Alphabet* alphabet = nullptr;  // nullptr: uuid
  unsigned long length = 36;
};

Result<Asked> parse(std::string_view kind) {
  const auto refuse = [] { return Error{ErrorKind::kUsage, 0, cat("--generate takes ", kKinds)}; };
  const size_t colon = kind.find(':');
  const std::string_view name = kind.substr(0, colon);
  if (name == "uuid" && colon == std::string_view::npos) return Asked{};
  for (const Alphabet& alphabet : kAlphabets) {
    if (alphabet.name != name) continue;
    Asked asked{&alphabet, alphabet.length};
    if (colon == std::string_view::npos) return asked;
    const auto length = parse_number(kind.substr(colon + 1));
    if (!length || *length < 8 || *length > 1024) return refuse();
    asked.length = *length;
    return asked;
  }
  return refuse();
}

// RFC 9562, version 4.
void draw_uuid(std::span<std::byte> to) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (size_t i = 0; i < to.size(); ++i) {
    char c = kHex[random_below(16)];
    if (i == 8 || i == 13 || i == 18 || i == 23) c = '-';
    if (i == 14) c = '4';
    if (i == 19) c = kHex[8 + random_below(4)];
    to[i] = static_cast<std::byte>(c);
  }
}

}  // namespace

std::string_view generator_kinds() { return kKinds; }

Result<secrets::SecretBuffer> generate(std::string_view kind, secrets::SecretArena& arena) {
  const Asked asked = TRY(parse(kind));
  auto value = TRY(arena.create(asked.length));
  value.fill([&](std::span<std::byte> to) {
    if (asked.alphabet == nullptr) return draw_uuid(to);
    const std::string_view characters = asked.alphabet->characters;
    for (std::byte& byte : to)
      byte = static_cast<std::byte>(characters[random_below(static_cast<uint32_t>(characters.size()))]);
  });
  return value;
}

Status check_generator(std::string_view kind) {
  TRY(parse(kind));
  return {};
}

}  // namespace confide::vault
