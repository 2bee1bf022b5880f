// The caller's terminal while a sandbox has one of its own: raw where that is right, and restored on every way out.
#pragma once

#include <termios.h>

#include <cstdint>

#include "base/result.h"

namespace confide::launcher {

// Holds the terminal's settings. Restores them when destroyed, and before the process stops.
class CallerTerminal {
 public:
  explicit CallerTerminal(int fd) : fd_(fd) {}
  ~CallerTerminal() { restore(); }
  CallerTerminal(const CallerTerminal&) = delete;
  CallerTerminal& operator=(const CallerTerminal&) = delete;

  int fd() const { return fd_; }
  // Raw input, as cfmakeraw(3); only while this process's group has the foreground (else it would be stopped).
  void make_raw();
  void restore();
  // The window size of the caller's terminal onto `master`.
  void copy_size_to(int master) const;

 private:
  int fd_;
  bool raw_ = false;
  termios saved_{};
};

// Which of two terminals does the echo and the line ends.
enum class LineMode : uint8_t { kInside, kOutside };

// The sandbox's terminal starts with the caller's settings; where the caller's stays in line mode, the inner one must
// not do the same again.
void set_up_inner_terminal(int callers, int inner, LineMode mode);

}  // namespace confide::launcher
