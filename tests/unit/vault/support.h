// A vault in a folder of its own that goes away with the test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/sys.h"
#include "secrets/vault/vault.h"

namespace confide::vault {

class Place {
 public:
  Place() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vault.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    fd_ = sys::openat(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY).value();
  }
  ~Place() { std::filesystem::remove_all(path_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  Result<Vault> create(KeyKind kind = KeyKind::kFile, const KeyHelpers& helpers = {}) const {
    return Vault::create(fd(), path_, kind, helpers);
  }
  Result<Vault> open(Freshness freshness = Freshness::kRequired, const KeyHelpers& helpers = {}) const {
    return Vault::open(fd(), path_, helpers, freshness);
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

inline std::string read(const std::string& path) { return sys::read_file(path, size_t{64} << 20).value(); }
inline void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline SecretBuffer secret(std::string_view text) {
  return SecretBuffer::copy_from(std::as_bytes(std::span(text)), secrets::Backing::kLockedMemory).value();
}
inline std::string text_of(const SecretBuffer& value) {
  return value.reveal([](std::span<const std::byte> bytes) { return std::string(secrets::as_text(bytes)); });
}
inline uint64_t put(Vault& vault, const std::string& name, std::string_view text) {
  const SecretBuffer value = secret(text);
  const NewVersion version{.name = name, .value = &value, .expires = {}, .generated = {}};
  const auto numbers = vault.put({&version, 1});
  EXPECT_TRUE(numbers) << (numbers ? "" : to_text(numbers.error()));
  return numbers ? numbers->front() : 0;
}
// The value, or the error's text.
inline std::string get(Vault& vault, std::string_view name, std::optional<uint64_t> version = {}) {
  secrets::SecretArena arena(secrets::Backing::kLockedMemory);
  const auto value = vault.get(name, version, arena);
  return value ? text_of(*value) : to_text(value.error());
}

}  // namespace confide::vault
