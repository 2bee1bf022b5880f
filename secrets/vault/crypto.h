// What the vault takes from libsodium: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), Argon2id (RFC 9106), BLAKE2b (RFC
// 7693) for keys made of keys and for checks. Keys are 32 bytes in a SecretBuffer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "secrets/secret_buffer.h"

namespace confide::vault {

using secrets::SecretBuffer;

inline constexpr size_t kKeyBytes = 32;
inline constexpr size_t kNonceBytes = 24;
inline constexpr size_t kTagBytes = 16;
inline constexpr size_t kSaltBytes = 16;
inline constexpr size_t kMacBytes = 32;
// What sealing adds to a text.
inline constexpr size_t kSealBytes = kNonceBytes + kTagBytes;

// Call it once before anything below. Error (kInternal): no randomness.
Status start_crypto();

void fill_randomly(std::span<std::byte> bytes);
std::string random_bytes(size_t count);
// Below `bound`, every number equally likely.
uint32_t random_below(uint32_t bound);

Result<SecretBuffer> new_key();
// What a key is made from the master key for; a number is never used for anything else.
enum class Purpose : uint8_t { kKeyFile = 1, kIndex = 2, kItems = 3, kCount = 4 };
Result<SecretBuffer> derive(const SecretBuffer& master, Purpose purpose);

// Cost of a passphrase: passes over memory, and how much of it.
struct Argon2Cost {
  uint32_t passes = 3;
  uint64_t memory_bytes = uint64_t{64} << 20;
  bool operator==(const Argon2Cost&) const = default;
};
// Below the least a guess is too cheap, above the most a damaged file stops the machine.
bool is_sensible(const Argon2Cost& cost);
// Argon2id. Error (kSystem): not so much memory.
Result<SecretBuffer> key_from_passphrase(const SecretBuffer& passphrase, std::string_view salt, const Argon2Cost& cost);

// nonce, ciphertext, tag. `associated` is bound to it and not in it.
std::string seal(const SecretBuffer& key, std::string_view associated, std::span<const std::byte> plain);
// Into `plain`, which has the size of `sealed` less kSealBytes. False: not sealed with this key and `associated`.
bool unseal(const SecretBuffer& key, std::string_view associated, std::string_view sealed, std::span<std::byte> plain);

// BLAKE2b-256, keyed.
std::string mac(const SecretBuffer& key, std::string_view bytes);
// BLAKE2b-256.
std::string digest(std::string_view bytes);
// In a time that depends on the sizes only.
bool same_bytes(std::string_view left, std::string_view right);

}  // namespace confide::vault
