#include "broker/pipe_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/sys.h"

namespace confide::broker {

Result<PipeReader> PipeReader::create(UniqueFd pipe, size_t limit) {
  if (::fcntl(pipe.get(), F_SETFL, O_NONBLOCK) != 0) return sys::errno_error("fcntl of a pipe");
  return PipeReader(std::move(pipe), limit);
}

Status PipeReader::read_available() {
  constexpr size_t kFirst = 4096;
  constexpr size_t kSpare = size_t{64} << 10;  // behind the limit, where what is too much is read to
  // As much as there can be: a writer who never stops keeps nobody here.
  const int capacity = ::fcntl(pipe_.get(), F_GETPIPE_SZ);
  size_t left = capacity > 0 ? static_cast<size_t>(capacity) : kSpare;
  while (!ended_ && left > 0) {
    if (used_ == buffer_.size()) {
      const size_t size = std::min(limit_ + kSpare, std::max(kFirst, used_ * 2));
      if (size > used_) {
        secrets::SecretBuffer larger = TRY(secrets::SecretBuffer::create(size));
        buffer_.reveal([&](std::span<const std::byte> from) {
          larger.fill([&](std::span<std::byte> to) { std::copy(from.begin(), from.end(), to.begin()); });
        });
        buffer_ = std::move(larger);
      }
    }
    const ssize_t n = buffer_.fill([&](std::span<std::byte> all) {
      const auto rest = all.subspan(used_);
      return ::read(pipe_.get(), rest.data(), rest.size());
    });
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return {};
    if (n <= 0) {
      ended_ = true;
      break;
    }
    left -= std::min(left, static_cast<size_t>(n));
    used_ += static_cast<size_t>(n);
    if (used_ > limit_) {
      used_ = limit_;
      overflowed_ = true;
    }
  }
  return {};
}

bool PipeReader::ends_with(std::string_view mark) const {
  return buffer_.reveal(
      [&](std::span<const std::byte> bytes) { return secrets::as_text(bytes.first(used_)).ends_with(mark); });
}

Result<secrets::SecretBuffer> PipeReader::take(secrets::SecretArena& arena) {
  const secrets::SecretBuffer all = std::exchange(buffer_, {});
  const size_t used = std::exchange(used_, 0);
  return all.reveal([&](std::span<const std::byte> bytes) { return arena.copy_from(bytes.first(used)); });
}

}  // namespace confide::broker
