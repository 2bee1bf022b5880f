// The vault's files as bytes and as structs (docs/vault.md). Pure; decoding any bytes is safe, and what decodes encodes
// back to the same bytes. An error says what is wrong and leaves naming the file to the caller.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "secrets/vault/crypto.h"

namespace confide::vault {

inline constexpr size_t kIdBytes = 16;
inline constexpr size_t kMaxNameBytes = 512;
inline constexpr size_t kMaxIndexBytes = size_t{64} << 20;
inline constexpr size_t kMaxKeyFileBytes = size_t{64} << 10;
inline constexpr size_t kMaxItemFileBytes = secrets::kMaxSecretBytes + 128;

enum class KeyKind : uint8_t {
  kPassphrase = 1,    // typed each time
  kKeyring = 2,       // a passphrase once a boot, then the kernel's keyring of the user: level 0
  kSystemdCreds = 3,  // sealed by systemd-creds (the host's key or its TPM)
  kFile = 4,          // stands in the file: level 0
};
const char* name_of(KeyKind kind);  // "passphrase", "keyring", "systemd-creds", "file"
std::optional<KeyKind> parse_key_kind(std::string_view word);

// key/master: how the master key is had.
struct KeyFile {
  std::string vault;  // kIdBytes, of the vault that it opens
  KeyKind kind = KeyKind::kFile;
  Argon2Cost cost;     // kPassphrase, kKeyring
  std::string salt;    // kPassphrase, kKeyring
  std::string sealed;  // the master key: sealed, or systemd's credential
  SecretBuffer plain;  // kFile: the master key itself
  std::string check;   // MAC with the master key over all before it
};
// What `check` is made over, and what a sealed master key is bound to.
std::string checked_part(const KeyFile& file);
std::string bound_part(const KeyFile& file);
// The bytes stand in locked memory because they may be a key. Encoding writes `check` as it is.
Result<SecretBuffer> encode(const KeyFile& file);
Result<KeyFile> decode_key_file(const SecretBuffer& bytes);

// key/count: the index that was written last.
struct CountFile {
  std::string vault;
  uint64_t count = 0;
  std::string index_digest;
  std::string check;  // MAC over all before it
};
std::string checked_part(const CountFile& file);
std::string encode(const CountFile& file);
Result<CountFile> decode_count_file(std::string_view bytes);

struct Version {
  uint64_t number = 0;  // from 1
  std::string item;     // kIdBytes: its file
  int64_t created = 0;  // seconds since 1970
  uint64_t size = 0;    // of the value
  bool operator==(const Version&) const = default;
};
struct Entry {
  std::vector<Version> versions;   // the newest last; never empty
  std::optional<int64_t> expires;  // seconds since 1970
  std::string generated;           // the kind that made it, for the next rotation; empty: it was given
  bool operator==(const Entry&) const = default;
};
// store/index, opened.
struct Index {
  uint64_t count = 0;                                 // rises with every write
  std::map<std::string, Entry, std::less<>> entries;  // NAME or environment/NAME
  bool operator==(const Index&) const = default;
};
// What is sealed, without the count, which stands in front of it and is bound to it.
std::string encode_entries(const Index& index);
Result<Index> decode_entries(uint64_t count, std::string_view bytes);

// store/index as a file.
struct SealedIndex {
  std::string vault;
  uint64_t count = 0;
  std::string sealed;
};
std::string bound_part(const SealedIndex& file);
std::string encode(const SealedIndex& file);
Result<SealedIndex> decode_index_file(std::string_view bytes);

// store/items/HEX as a file.
struct SealedItem {
  std::string vault;
  std::string item;
  std::string sealed;
};
// A value is bound to its vault, file, name and version: none can stand in for another.
std::string bound_part(const SealedItem& file, std::string_view name, uint64_t version);
std::string encode(const SealedItem& file);
Result<SealedItem> decode_item_file(std::string_view bytes);

std::string hex(std::string_view bytes);
// NAME or environment/NAME, of letters, digits, "_", "." and "-". Error: kRefused.
Status check_name(std::string_view name);

}  // namespace confide::vault
