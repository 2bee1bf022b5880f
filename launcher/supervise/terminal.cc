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

}  // namespace confide::launcher
