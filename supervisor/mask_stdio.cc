#include "supervisor/mask_stdio.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/sys.h"
#include "launcher/supervise/relay.h"
#include "launcher/supervise/signals.h"

namespace confide::supervisor {
namespace {

// So long a reader who does not read holds up an end that was asked for.
constexpr int64_t kTimeToWriteMs = 1000;

EndedMessage ended_by(int signal) { return {.exit_code = 128 + signal, .signal = signal}; }

// The signal that has come; 0: none after all.
Result<int> receive_signal(int caller, int flags) {
  int32_t signal = 0;
  const ssize_t n = ::recv(caller, &signal, sizeof signal, flags);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (n != static_cast<ssize_t>(sizeof signal))
    return Error{ErrorKind::kLaunch, 0, "whoever asked for the masking is gone"};
  return signal;
}

int timeout_until(std::optional<int64_t> time) {
  if (!time) return -1;
  return static_cast<int>(std::clamp<int64_t>(*time - sys::monotonic_ms(), 0, 1000));
}

}  // namespace

Result<EndedMessage> mask_stdio(MaskingFilter& filter, int caller, const std::function<void()>& on_stop) {
  // What a terminal sends to the whole job comes by the caller as well, which forwards it.
  const launcher::SignalGate gate = TRY(launcher::SignalGate::create());
  launcher::Relay relay(STDIN_FILENO, STDOUT_FILENO, &filter, launcher::Stream::kOutput);
  EndedMessage end;
  std::optional<int64_t> given_up;
  while (!relay.done()) {
    std::vector<pollfd> polled = {{caller, POLLIN, 0}};
    relay.prepare(polled);
    const int ready = ::poll(polled.data(), polled.size(), timeout_until(given_up ? given_up : relay.deadline_ms()));
    if (ready < 0 && errno != EINTR) return sys::errno_error("poll");
    if (ready < 0) continue;
    int signal = polled[0].revents != 0 ? TRY(receive_signal(caller, MSG_DONTWAIT)) : 0;
    if (signal == SIGTSTP) {
      on_stop();
      signal = TRY(receive_signal(caller, 0));
    }
    const int64_t now = sys::monotonic_ms();
    TRY(relay.step(polled, now));
    if (signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM) {
      if (given_up) break;
      given_up = now + kTimeToWriteMs;
      end = ended_by(signal);
      TRY(relay.end());
    }
    if (relay.broken() && !given_up) return ended_by(SIGPIPE);
    if (given_up && now >= *given_up) break;
  }
  return end;
}

}  // namespace confide::supervisor
