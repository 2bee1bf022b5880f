// Which of the caller's standard descriptors may go into a sandbox: pipe, socket, regular file, /dev/null. A terminal
// is replaced by a pty of ours. Folders, O_PATH descriptors, devices and files of procfs, sysfs or cgroupfs are
// refused: they would walk past every path rule (a folder) or reach the kernel's knobs.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace confide::launcher {

struct Stdio {
  int fds[3] = {0, 1, 2};       // -1: a terminal, to be replaced
  uint32_t terminals = 0;       // bit n: fds[n] was a terminal
  std::vector<UniqueFd> owned;  // /dev/null in the place of a closed descriptor
};

// Errors: kRefused, naming the descriptor and what it is.
Result<Stdio> check_stdio(const int (&fds)[3]);

}  // namespace confide::launcher
