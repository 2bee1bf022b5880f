#include "secrets/vault/crypto.h"

#include <sodium.h>

#include <cerrno>

namespace confide::vault {

static_assert(kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kKeyBytes == crypto_kdf_KEYBYTES);
static_assert(kNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);
static_assert(kSaltBytes == crypto_pwhash_SALTBYTES);
static_assert(kMacBytes == crypto_generichash_BYTES);

namespace {

unsigned char* bytes_of(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* bytes_of(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

Status start_crypto() {
  if (::sodium_init() < 0) return Error{ErrorKind::kInternal, 0, "libsodium does not start"};
  return {};
}

void fill_randomly(std::span<std::byte> bytes) { ::randombytes_buf(bytes.data(), bytes.size()); }

std::string random_bytes(size_t count) {
  std::string bytes(count, '\0');
  ::randombytes_buf(bytes.data(), count);
  return bytes;
}

uint32_t random_below(uint32_t bound) { return ::randombytes_uniform(bound); }

Result<SecretBuffer> new_key() {
  SecretBuffer key = TRY(SecretBuffer::create(kKeyBytes));
  key.fill([](std::span<std::byte> bytes) { fill_randomly(bytes); });
  return key;
}

Result<SecretBuffer> derive(const SecretBuffer& master, Purpose purpose) {
  if (master.size() != kKeyBytes) return Error{ErrorKind::kInternal, 0, "a master key of another size"};
  SecretBuffer key = TRY(SecretBuffer::create(kKeyBytes));
  master.reveal([&](std::span<const std::byte> from) {
    key.fill([&](std::span<std::byte> to) {
      (void)::crypto_kdf_derive_from_key(bytes_of(to), to.size(), static_cast<uint64_t>(purpose), "confide ",
                                         bytes_of(from));
    });
  });
  return key;
}

bool is_sensible(const Argon2Cost& cost) {
  return cost.passes >= 1 && cost.passes <= 16 && cost.memory_bytes >= (uint64_t{8} << 20) &&
         cost.memory_bytes <= (uint64_t{1} << 30);
}

Result<SecretBuffer> key_from_passphrase(const SecretBuffer& passphrase, std::string_view salt,
                                         const Argon2Cost& cost) {
  if (salt.size() != kSaltBytes || !is_sensible(cost))
    return Error{ErrorKind::kInternal, 0, "a salt or cost that no passphrase takes"};
  SecretBuffer key = TRY(SecretBuffer::create(kKeyBytes));
  const int failed = passphrase.reveal([&](std::span<const std::byte> typed) {
    return key.fill([&](std::span<std::byte> to) {
      return ::crypto_pwhash(bytes_of(to), to.size(), reinterpret_cast<const char*>(typed.data()), typed.size(),
                             bytes_of(salt), cost.passes, cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    });
  });
  if (failed != 0) return Error{ErrorKind::kSystem, ENOMEM, "making a key from the passphrase"};
  return key;
}

std::string seal(const SecretBuffer& key, std::string_view associated, std::span<const std::byte> plain) {
  std::string out = random_bytes(kNonceBytes);
  out.resize(kSealBytes + plain.size());
  key.reveal([&](std::span<const std::byte> k) {
    (void)::crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(out) + kNonceBytes, nullptr, bytes_of(plain),
                                                       plain.size(), bytes_of(associated), associated.size(), nullptr,
                                                       bytes_of(out), bytes_of(k));
  });
  return out;
}

bool unseal(const SecretBuffer& key, std::string_view associated, std::string_view sealed, std::span<std::byte> plain) {
  if (sealed.size() < kSealBytes || plain.size() != sealed.size() - kSealBytes) return false;
  const std::string_view text = sealed.substr(kNonceBytes);
  return key.reveal([&](std::span<const std::byte> k) {
    return ::crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(plain), nullptr, nullptr, bytes_of(text), text.size(),
                                                        bytes_of(associated), associated.size(), bytes_of(sealed),
                                                        bytes_of(k)) == 0;
  });
}

std::string mac(const SecretBuffer& key, std::string_view bytes) {
  std::string out(kMacBytes, '\0');
  key.reveal([&](std::span<const std::byte> k) {
    (void)::crypto_generichash(bytes_of(out), out.size(), bytes_of(bytes), bytes.size(), bytes_of(k), k.size());
  });
  return out;
}

std::string digest(std::string_view bytes) {
  std::string out(kMacBytes, '\0');
  (void)::crypto_generichash(bytes_of(out), out.size(), bytes_of(bytes), bytes.size(), nullptr, 0);
  return out;
}

bool same_bytes(std::string_view left, std::string_view right) {
  return left.size() == right.size() && ::sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace confide::vault
