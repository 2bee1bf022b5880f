#include "broker/prompt.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/sys.h"
#include "base/text.h"
#include "broker/protocol.h"

namespace confide::broker {
namespace {

using secrets::SecretBuffer;

constexpr size_t kMaxLine = size_t{64} << 10;

Error interrupted() { return Error{ErrorKind::kRefused, 0, "given up at the prompt"}; }

// No echo, no line editing, no signals by key; as before when it goes.
class Silent {
 public:
  static Result<Silent> make(int terminal) {
    termios before{};
    if (::tcgetattr(terminal, &before) != 0) return Error{ErrorKind::kRefused, errno, "asking on the terminal"};
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    silent.c_iflag &= ~static_cast<tcflag_t>(IXON);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    // What was typed before the question is no answer to it.
    if (::tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
      return Error{ErrorKind::kRefused, errno, "asking on the terminal"};
    return Silent(terminal, before);
  }
  Silent(Silent&& other) noexcept : terminal_(std::exchange(other.terminal_, -1)), before_(other.before_) {}
  Silent& operator=(Silent&&) = delete;
  ~Silent() {
    if (terminal_ < 0) return;
    (void)::tcsetattr(terminal_, TCSAFLUSH, &before_);
    (void)sys::write_all(terminal_, std::string_view("\n"));
  }

 private:
  Silent(int terminal, const termios& before) : terminal_(terminal), before_(before) {}
  int terminal_;
  termios before_;
};

enum class Key : unsigned char {
  kInterrupt = 0x03,
  kEnd = 0x04,
  kBackspace = 0x08,
  kLineFeed = '\n',
  kReturn = '\r',
  kKill = 0x15,
  kDelete = 0x7f
};

// Until a key is there. False: nobody waits for the answer any more.
bool wait_for_key(int terminal) {
  for (;;) {
    pollfd polled[] = {{terminal, POLLIN, 0}, {kClientFd, 0, 0}};
    const int ready = ::poll(polled, 2, -1);
    if (ready < 0 && errno == EINTR) continue;
    return ready < 0 || (polled[1].revents & (POLLHUP | POLLERR)) == 0;
  }
}

// One byte at a time, each read into its place. The line's length.
Result<size_t> read_line(int terminal, SecretBuffer& line) {
  size_t used = 0;
  while (used < line.size()) {
    if (!wait_for_key(terminal)) return interrupted();
    const auto [n, byte] = line.fill([&](std::span<std::byte> bytes) {
      const ssize_t got = ::read(terminal, &bytes[used], 1);
      return std::pair(got, static_cast<unsigned char>(bytes[used]));
    });
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{ErrorKind::kRefused, errno, "reading from the terminal"};
    if (n == 0) return interrupted();
    switch (Key{byte}) {
      case Key::kInterrupt: return interrupted();
      case Key::kEnd:
        if (used == 0) return interrupted();
        return used;
      case Key::kLineFeed:
      case Key::kReturn: return used;
      case Key::kBackspace:
      case Key::kDelete:
        // A character of UTF-8 with its continuation bytes.
        while (used > 0) {
          --used;
          if (line.reveal([&](std::span<const std::byte> b) { return (b[used] & std::byte{0xC0}) != std::byte{0x80}; }))
            break;
        }
        break;
      case Key::kKill: used = 0; break;
      default: ++used; break;
    }
  }
  return Error{ErrorKind::kRefused, 0, cat("a line of more than ", kMaxLine, " bytes; give it as a file")};
}

}  // namespace

Result<SecretBuffer> ask(int terminal, std::string_view prompt, secrets::SecretArena& arena) {
  SecretBuffer line = TRY(SecretBuffer::create(kMaxLine, arena.preferred()));
  const Silent silent = TRY(Silent::make(terminal));
  TRY(sys::write_all(terminal, prompt));
  const size_t length = TRY(read_line(terminal, line));
  return line.reveal([&](std::span<const std::byte> bytes) { return arena.copy_from(bytes.first(length)); });
}

Result<SecretBuffer> ask_twice(int terminal, std::string_view prompt, secrets::SecretArena& arena) {
  SecretBuffer first = TRY(ask(terminal, prompt, arena));
  const SecretBuffer second = TRY(ask(terminal, "Again: ", arena));
  if (!secrets::same_value(first, second)) return Error{ErrorKind::kRefused, 0, "the two lines differ"};
  return first;
}

}  // namespace confide::broker
