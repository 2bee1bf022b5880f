#include "secrets/vault/format.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "secrets/vault/bytes.h"

namespace confide::vault {
namespace {

constexpr std::string_view kMagic = "CONFIDEV";
constexpr uint8_t kFormat = 1;
constexpr size_t kMaxSealedKey = size_t{32} << 10;
constexpr uint32_t kMaxEntries = 1000000;
constexpr uint32_t kMaxVersions = 100000;

enum class FileKind : uint8_t { kKey = 'K', kCount = 'C', kIndex = 'I', kItem = 'S' };

Error damaged(const char* why) { return Error{ErrorKind::kRefused, 0, why}; }

void put_header(ByteWriter& out, FileKind kind, std::string_view vault) {
  out.raw(kMagic);
  out.number(static_cast<uint8_t>(kind));
  out.number(kFormat);
  out.number(uint16_t{0});
  out.raw(vault);
}

// The vault's id.
Result<std::string> get_header(ByteReader& in, FileKind kind) {
  if (in.raw(kMagic.size()) != kMagic) return damaged("is no file of a vault, or is cut off");
  if (in.number<uint8_t>() != static_cast<uint8_t>(kind)) return damaged("is another file of a vault");
  if (in.number<uint8_t>() != kFormat || in.number<uint16_t>() != 0)
    return damaged("has a format that this version of confide does not know");
  std::string vault(in.raw(kIdBytes));
  if (in.failed()) return damaged("is cut off");
  return vault;
}

std::string_view text_of(std::span<const std::byte> bytes) { return secrets::as_text(bytes); }

}  // namespace

const char* name_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::kPassphrase: return "passphrase";
    case KeyKind::kKeyring: return "keyring";
    case KeyKind::kSystemdCreds: return "systemd-creds";
    case KeyKind::kFile: return "file";
  }
  return "?";
}

std::optional<KeyKind> parse_key_kind(std::string_view word) {
  for (const KeyKind kind : {KeyKind::kPassphrase, KeyKind::kKeyring, KeyKind::kSystemdCreds, KeyKind::kFile})
    if (word == name_of(kind)) return kind;
  return std::nullopt;
}

std::string bound_part(const KeyFile& file) {
  ByteWriter out;
  put_header(out, FileKind::kKey, file.vault);
  out.number(static_cast<uint8_t>(file.kind));
  out.number(file.cost.passes);
  out.number(file.cost.memory_bytes);
  out.counted(file.salt);
  return out.take();
}

std::string checked_part(const KeyFile& file) {
  ByteWriter out;
  out.raw(bound_part(file));
  out.counted(file.sealed);
  return out.take();
}

Result<SecretBuffer> encode(const KeyFile& file) {
  const std::string front = checked_part(file);
  SecretBuffer bytes = TRY(SecretBuffer::create(front.size() + file.plain.size() + file.check.size()));
  bytes.fill([&](std::span<std::byte> to) {
    std::memcpy(to.data(), front.data(), front.size());
    file.plain.reveal([&](std::span<const std::byte> key) {
      if (!key.empty()) std::memcpy(to.data() + front.size(), key.data(), key.size());
    });
    std::memcpy(to.data() + front.size() + file.plain.size(), file.check.data(), file.check.size());
  });
  return bytes;
}

Result<KeyFile> decode_key_file(const SecretBuffer& bytes) {
  return bytes.reveal([](std::span<const std::byte> all) -> Result<KeyFile> {
    ByteReader in(text_of(all));
    KeyFile file{.vault = TRY(get_header(in, FileKind::kKey))};
    const auto kind = in.number<uint8_t>();
    file.cost = {.passes = in.number<uint32_t>(), .memory_bytes = in.number<uint64_t>()};
    file.salt = in.counted(kSaltBytes);
    file.sealed = in.counted(kMaxSealedKey);
    if (in.failed()) return damaged("is cut off");
    if (kind < static_cast<uint8_t>(KeyKind::kPassphrase) || kind > static_cast<uint8_t>(KeyKind::kFile))
      return damaged("names a kind of key that this version of confide does not know");
    file.kind = static_cast<KeyKind>(kind);
    const bool by_passphrase = file.kind == KeyKind::kPassphrase || file.kind == KeyKind::kKeyring;
    const bool plain = file.kind == KeyKind::kFile;
    const bool consistent =
        by_passphrase
            ? file.salt.size() == kSaltBytes && is_sensible(file.cost) && file.sealed.size() == kKeyBytes + kSealBytes
            : file.salt.empty() && file.cost == Argon2Cost{0, 0} && file.sealed.empty() == plain;
    if (!consistent) return damaged("is damaged");
    if (plain) {
      const std::string_view key = in.raw(kKeyBytes);
      if (in.failed()) return damaged("is cut off");
      file.plain = TRY(SecretBuffer::copy_from(std::as_bytes(std::span(key))));
    }
    file.check = in.raw(kMacBytes);
    if (!in.at_end()) return damaged(in.failed() ? "is cut off" : "is longer than it says");
    return file;
  });
}

std::string checked_part(const CountFile& file) {
  ByteWriter out;
  put_header(out, FileKind::kCount, file.vault);
  out.number(file.count);
  out.raw(file.index_digest);
  return out.take();
}

std::string encode(const CountFile& file) { return checked_part(file) + file.check; }

Result<CountFile> decode_count_file(std::string_view bytes) {
  ByteReader in(bytes);
  CountFile file{.vault = TRY(get_header(in, FileKind::kCount))};
  file.count = in.number<uint64_t>();
  file.index_digest = in.raw(kMacBytes);
  file.check = in.raw(kMacBytes);
  if (!in.at_end()) return damaged(in.failed() ? "is cut off" : "is longer than it says");
  return file;
}

std::string encode_entries(const Index& index) {
  ByteWriter out;
  out.number(static_cast<uint32_t>(index.entries.size()));
  for (const auto& [name, entry] : index.entries) {
    out.counted(name);
    out.number(static_cast<uint8_t>(entry.expires.has_value() ? 1 : 0));
    if (entry.expires) out.number(static_cast<uint64_t>(*entry.expires));
    out.counted(entry.generated);
    out.number(static_cast<uint32_t>(entry.versions.size()));
    for (const Version& version : entry.versions) {
      out.number(version.number);
      out.raw(version.item);
      out.number(static_cast<uint64_t>(version.created));
      out.number(version.size);
    }
  }
  return out.take();
}

namespace {

Result<Entry> get_entry(ByteReader& in) {
  Entry entry;
  const auto expires = in.number<uint8_t>();
  if (expires > 1) return damaged("is malformed");
  if (expires == 1) entry.expires = static_cast<int64_t>(in.number<uint64_t>());
  entry.generated = in.counted(64);
  const auto versions = in.number<uint32_t>();
  if (in.failed() || versions == 0 || versions > kMaxVersions) return damaged("is malformed");
  for (uint32_t i = 0; i < versions; ++i) {
    Version version{.number = in.number<uint64_t>(), .item = std::string(in.raw(kIdBytes))};
    version.created = static_cast<int64_t>(in.number<uint64_t>());
    version.size = in.number<uint64_t>();
    const uint64_t before = entry.versions.empty() ? 0 : entry.versions.back().number;
    if (in.failed() || version.number <= before || version.size > secrets::kMaxSecretBytes)
      return damaged("is malformed");
    entry.versions.push_back(std::move(version));
  }
  return entry;
}

}  // namespace

Result<Index> decode_entries(uint64_t count, std::string_view bytes) {
  ByteReader in(bytes);
  Index index{.count = count, .entries = {}};
  const auto entries = in.number<uint32_t>();
  if (in.failed() || entries > kMaxEntries) return damaged("is malformed");
  for (uint32_t i = 0; i < entries; ++i) {
    std::string name(in.counted(kMaxNameBytes));
    // Sorted and without repetition, so that there is one encoding.
    if (in.failed() || !check_name(name) || (!index.entries.empty() && index.entries.rbegin()->first >= name))
      return damaged("is malformed");
    index.entries.emplace_hint(index.entries.end(), std::move(name), TRY(get_entry(in)));
  }
  if (!in.at_end()) return damaged("is malformed");
  return index;
}

std::string bound_part(const SealedIndex& file) {
  ByteWriter out;
  put_header(out, FileKind::kIndex, file.vault);
  out.number(file.count);
  return out.take();
}

std::string encode(const SealedIndex& file) { return bound_part(file) + file.sealed; }

Result<SealedIndex> decode_index_file(std::string_view bytes) {
  ByteReader in(bytes);
  SealedIndex file{.vault = TRY(get_header(in, FileKind::kIndex))};
  file.count = in.number<uint64_t>();
  if (in.failed() || in.rest().size() < kSealBytes) return damaged("is cut off");
  file.sealed = in.rest();
  return file;
}

std::string bound_part(const SealedItem& file, std::string_view name, uint64_t version) {
  ByteWriter out;
  put_header(out, FileKind::kItem, file.vault);
  out.raw(file.item);
  out.number(version);
  out.counted(name);
  return out.take();
}

std::string encode(const SealedItem& file) {
  ByteWriter out;
  put_header(out, FileKind::kItem, file.vault);
  out.raw(file.item);
  out.raw(file.sealed);
  return out.take();
}

Result<SealedItem> decode_item_file(std::string_view bytes) {
  ByteReader in(bytes);
  SealedItem file{.vault = TRY(get_header(in, FileKind::kItem))};
  file.item = in.raw(kIdBytes);
  if (in.failed() || in.rest().size() < kSealBytes) return damaged("is cut off");
  file.sealed = in.rest();
  return file;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Status check_name(std::string_view name) {
  const auto refuse = [](std::string_view why) {
    return Error{ErrorKind::kRefused, 0, cat("a secret's name is NAME or environment/NAME: ", why)};
  };
  if (name.size() > kMaxNameBytes) return refuse(cat("at most ", kMaxNameBytes, " bytes"));
  const auto parts = split(name, '/');
  if (parts.size() > 2) return refuse("one \"/\" at most");
  for (const std::string_view part : parts) {
    if (part.empty()) return refuse("no empty part");
    if (part == "." || part == "..") return refuse("no \".\" or \"..\"");
    const bool allowed = std::ranges::all_of(part, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
             c == '-';
    });
    if (!allowed) return refuse("letters, digits, \"_\", \".\" and \"-\"");
  }
  return {};
}

}  // namespace confide::vault
