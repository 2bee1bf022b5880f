#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/sys.h"
#include "base/text.h"
#include "secrets/secret_buffer.h"

namespace confide::secrets {

namespace {

Error too_large(std::string_view name, size_t limit) {
  return Error{ErrorKind::kRefused, 0,
               cat(printable(name), " is larger than the limit of ", limit, " bytes for one secret")};
}

// How many bytes a regular file has left; 0 where that cannot be known beforehand.
Result<size_t> bytes_expected(int fd, std::string_view name) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return sys::errno_error("fstat", name);
  if (!S_ISREG(about.st_mode)) return size_t{0};
  const off_t offset = std::max<off_t>(::lseek(fd, 0, SEEK_CUR), 0);
  return static_cast<size_t>(std::max<off_t>(about.st_size - offset, 0));
}

// One read(2) to the place after the first `had` bytes; 0 at the end.
Result<size_t> read_some(int fd, SecretBuffer& into, size_t had, std::string_view name) {
  for (;;) {
    const ssize_t n = into.fill([&](std::span<std::byte> all) {
      const auto rest = all.subspan(had);
      return ::read(fd, rest.data(), rest.size());
    });
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EAGAIN) {
      pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return sys::errno_error("poll", name);
    } else if (errno != EINTR) {
      return sys::errno_error("read", name);
    }
  }
}

// Everything up to the end in the first `used` bytes of a buffer that may be larger.
struct Gathered {
  SecretBuffer buffer;
  size_t used = 0;
};

Result<Gathered> gather(int fd, size_t limit, std::string_view name, Backing preferred) {
  limit = std::min(limit, SIZE_MAX / 4);  // keeps the sums below from wrapping
  const size_t expected = TRY(bytes_expected(fd, name));
  if (expected > limit) return too_large(name, limit);
  // One byte more than allowed is room to notice that there is more.
  const size_t most = limit + 1;
  SecretBuffer buffer = TRY(SecretBuffer::create(std::min(most, std::max<size_t>(expected + 1, 4096)), preferred));
  size_t used = 0;
  for (;;) {
    const size_t n = TRY(read_some(fd, buffer, used, name));
    if (n == 0) return Gathered{std::move(buffer), used};
    used += n;
    if (used > limit) return too_large(name, limit);
    if (used < buffer.size()) continue;
    SecretBuffer larger = TRY(SecretBuffer::create(std::min(most, used * 2), preferred));
    buffer.reveal([&](std::span<const std::byte> from) {
      larger.fill([&](std::span<std::byte> to) { std::copy(from.begin(), from.end(), to.begin()); });
    });
    buffer = std::move(larger);
  }
}

}  // namespace

Result<SecretBuffer> read_fd(int fd, size_t limit, std::string_view name, Backing preferred) {
  Gathered all = TRY(gather(fd, limit, name, preferred));
  if (all.used == all.buffer.size()) return std::move(all.buffer);
  return all.buffer.reveal(
      [&](std::span<const std::byte> bytes) { return SecretBuffer::copy_from(bytes.first(all.used), preferred); });
}

Result<SecretBuffer> read_fd(SecretArena& arena, int fd, size_t limit, std::string_view name) {
  const Gathered all = TRY(gather(fd, limit, name, arena.preferred()));
  return all.buffer.reveal([&](std::span<const std::byte> bytes) { return arena.copy_from(bytes.first(all.used)); });
}

}  // namespace confide::secrets
