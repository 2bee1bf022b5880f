#include "supervisor/mask_stdio.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/sys.h"

namespace confide::supervisor {
namespace {

using launcher::Stream;

}  // namespace

Status mask_stdio(MaskingFilter& filter, int lifeline) {
  std::string out;
  for (bool ended = false; !ended;) {
    Status masked;
    const auto deadline = filter.deadline_ms(Stream::kOutput);
    const int timeout = deadline ? static_cast<int>(std::clamp<int64_t>(*deadline - sys::monotonic_ms(), 0, 1000)) : -1;
    pollfd polled[] = {{STDIN_FILENO, POLLIN, 0}, {lifeline, 0, 0}};
    if (::poll(polled, 2, timeout) < 0 && errno != EINTR) return sys::errno_error("poll");
    if ((polled[1].revents & (POLLHUP | POLLERR)) != 0)
      return Error{ErrorKind::kLaunch, 0, "whoever asked for the masking is gone"};
    if (polled[0].revents != 0) {
      const auto space = filter.buffer(Stream::kOutput);
      const ssize_t n = ::read(STDIN_FILENO, space.data(), space.size());
      if (n < 0 && errno != EINTR && errno != EAGAIN) return sys::errno_error("read", "standard input");
      if (n > 0) masked = filter.feed(Stream::kOutput, static_cast<size_t>(n), sys::monotonic_ms(), out);
      if (n == 0) {
        masked = filter.finish(Stream::kOutput, out);
        ended = true;
      }
    }
    if (masked && !ended && deadline && sys::monotonic_ms() >= *deadline)
      masked = filter.idle(Stream::kOutput, sys::monotonic_ms(), out);
    if (auto written = sys::write_all(STDOUT_FILENO, out); !written)
      return with_context("standard output", written.error());
    out.clear();
    TRY(masked);
  }
  return {};
}

}  // namespace confide::supervisor
