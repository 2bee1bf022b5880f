#include "broker/keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace confide::broker {
namespace {

using secrets::Failure;
using secrets::Meaning;

std::unexpected<Failure> explain(const secrets::Provider& row, int errnum) {
  const auto failure = [&](Meaning meaning, std::string_view detail) {
    return std::unexpected(secrets::failure_of(row, meaning, detail));
  };
  switch (errnum) {
    case ENOKEY: return failure(Meaning::kNoSuchItem, "no key of type user has this description in that keyring");
    case EKEYEXPIRED: return failure(Meaning::kNoSuchItem, "the key has expired");
    case EKEYREVOKED: return failure(Meaning::kNoSuchItem, "the key has been revoked");
    case EACCES: return failure(Meaning::kNoPermission, "the key's permissions do not let this session read it");
    case ENOSYS: return failure(Meaning::kNotConfigured, "this kernel has no keyrings");
    case EPERM: return failure(Meaning::kNotConfigured, "keyrings are not allowed here (a container's filter?)");
    default: return failure(Meaning::kFailed, std::strerror(errnum));
  }
}

}  // namespace

std::expected<secrets::SecretBuffer, Failure> read_key(const policy::KeyringKey& key, const secrets::Provider& row,
                                                       secrets::SecretArena& arena) {
  const int ring = key.keyring == policy::KeyringKey::Keyring::kUser ? KEY_SPEC_USER_KEYRING : KEY_SPEC_SESSION_KEYRING;
  const long id = ::syscall(SYS_keyctl, KEYCTL_SEARCH, ring, "user", key.description.c_str(), 0);
  if (id < 0) return explain(row, errno);
  // The payload of a user key has at most 32767 bytes.
  constexpr size_t kMost = 32768;
  auto buffer = secrets::SecretBuffer::create(kMost);
  if (!buffer) return std::unexpected(secrets::failure_of(row, Meaning::kFailed, buffer.error().what));
  const long size = buffer->fill([&](std::span<std::byte> bytes) -> long {
    return ::syscall(SYS_keyctl, KEYCTL_READ, id, bytes.data(), bytes.size());
  });
  if (size < 0) return explain(row, errno);
  if (size == 0) return std::unexpected(secrets::failure_of(row, Meaning::kUnusable, "the key is empty"));
  auto value = buffer->reveal(
      [&](std::span<const std::byte> bytes) { return arena.copy_from(bytes.first(static_cast<size_t>(size))); });
  if (!value) return std::unexpected(secrets::failure_of(row, Meaning::kFailed, value.error().what));
  return std::move(*value);
}

}  // namespace confide::broker
