#include "secrets/vault/keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace confide::vault {
namespace {

// keyctl_setperm(3): everything for who possesses it; for the uid to see, read, search and set.
constexpr unsigned long kPossessorAll = 0x3f000000;
constexpr unsigned long kUserViewReadSearch = 0x00010000 | 0x00020000 | 0x00080000;

long search(const std::string& description) {
  return ::syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", description.c_str(), 0);
}

}  // namespace

Result<std::optional<secrets::SecretBuffer>> find_in_keyring(const std::string& description, size_t size) {
  const long key = search(description);
  if (key < 0) return std::optional<secrets::SecretBuffer>();
  auto value = TRY(secrets::SecretBuffer::create(size));
  const long read = value.fill(
      [&](std::span<std::byte> to) { return ::syscall(SYS_keyctl, KEYCTL_READ, key, to.data(), to.size()); });
  if (read != static_cast<long>(size)) return std::optional<secrets::SecretBuffer>();
  return std::optional(std::move(value));
}

Status put_into_keyring(const std::string& description, const secrets::SecretBuffer& key) {
  const long id = key.reveal([&](std::span<const std::byte> bytes) {
    return ::syscall(SYS_add_key, "user", description.c_str(), bytes.data(), bytes.size(), KEY_SPEC_USER_KEYRING);
  });
  if (id < 0 || ::syscall(SYS_keyctl, KEYCTL_SETPERM, id, kPossessorAll | kUserViewReadSearch) != 0)
    return Error{ErrorKind::kUnsupported, errno, "the kernel's keyring of the user takes no key"};
  return {};
}

Status drop_from_keyring(const std::string& description) {
  const long key = search(description);
  if (key < 0 || ::syscall(SYS_keyctl, KEYCTL_INVALIDATE, key) == 0) return {};
  return Error{
      ErrorKind::kSystem, errno,
      cat("the vault's key is still in the keyring of the user; take it out: keyctl purge user ", description)};
}

}  // namespace confide::vault
