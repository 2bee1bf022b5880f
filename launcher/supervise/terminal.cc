#include "launcher/supervise/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace confide::launcher {

void CallerTerminal::make_raw() {
  if (raw_ || ::tcgetpgrp(fd_) != ::getpgrp() || ::tcgetattr(fd_, &saved_) != 0) return;
  termios raw = saved_;
  ::cfmakeraw(&raw);
  raw_ = ::tcsetattr(fd_, TCSADRAIN, &raw) == 0;
}

void CallerTerminal::restore() {
  if (!raw_) return;
  (void)::tcsetattr(fd_, TCSADRAIN, &saved_);
  raw_ = false;
}

void CallerTerminal::copy_size_to(int master) const {
  winsize size{};
  if (::ioctl(fd_, TIOCGWINSZ, &size) == 0) (void)::ioctl(master, TIOCSWINSZ, &size);
}

void set_up_inner_terminal(int callers, int inner, LineMode mode) {
  termios settings{};
  if (::tcgetattr(callers, &settings) != 0) return;
  if (mode == LineMode::kOutside) {
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  }
  (void)::tcsetattr(inner, TCSANOW, &settings);
}

}  // namespace confide::launcher
