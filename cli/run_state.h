// The live runs with secrets of this user, a small file each in $XDG_RUNTIME_DIR/confide/runs: names and times, never a
// value. Written by `confide run`, read by `confide ps`. Information only: nothing trusts it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace confide::cli {

struct RunState {
  int pid = 0;                 // of `confide run`
  uint64_t start_time = 0;     // proc(5), stat field 22: a pid alone may be another's by now
  int64_t begun_ms = 0;        // CLOCK_BOOTTIME
  int64_t lease_until_ms = 0;  // 0: no lease
  bool renewable = false;
  std::string command;  // its first word
  std::vector<std::string> names;
};

int64_t boot_time_ms();

// This process's own; the file goes with the object. Where there is no runtime folder nothing is kept.
class OwnRunState {
 public:
  explicit OwnRunState(RunState state);
  ~OwnRunState();
  OwnRunState(const OwnRunState&) = delete;
  OwnRunState& operator=(const OwnRunState&) = delete;
  void set_names(const std::vector<std::string>& names);
  void set_lease_until(int64_t ms);

 private:
  void write();
  RunState state_;
  std::string path_;
};

// Oldest first; files of processes that are gone are removed. Error (kUnsupported): no runtime folder.
Result<std::vector<RunState>> live_runs();

// Sends the signal that renews the lease, to exactly that process (pidfd). Errors: kRefused.
Status ask_for_renewal(int pid);

}  // namespace confide::cli
