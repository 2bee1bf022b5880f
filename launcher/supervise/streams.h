// The relays of one run: what its command writes, and what is typed for it.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/launcher.h"
#include "launcher/supervise/relay.h"
#include "launcher/supervise/stdio.h"

namespace confide::launcher {

class Streams {
 public:
  // `filter` may be null; both outlive this.
  Streams(const Stdio& stdio, OutputFilter* filter) : stdio_(stdio), filter_(filter) {}

  // Pipes in the place of standard output and error where there is a filter. Errors: kSystem.
  Status open();
  const int (&for_child() const)[3] { return for_child_; }
  // The child has its ends.
  void cloned();

  // From the sandbox's terminal to the caller's, and the other way; descriptors stay the caller's.
  void show(int master, int terminal) { outputs_.emplace_back(master, terminal, filter_, Stream::kTerminal); }
  void read_keyboard(int from, int master) { keyboard_.emplace(from, master, nullptr, Stream::kTerminal); }
  bool reads_keyboard() const { return keyboard_.has_value(); }

  std::vector<Relay*> relays();
  // Everything that was written has been passed on, or nobody wants it.
  bool all_written() const;
  // A reader that went away is felt by the command as it would be without us: SIGPIPE.
  void close_what_nobody_reads();
  // What the command alone reads and writes from now on: its other sides shall see when the command closes it. `given`
  // are the numbers that the caller handed over; a library caller keeps what is not this process's own.
  void let_go(const int (&given)[3]) const;

 private:
  const Stdio& stdio_;
  OutputFilter* filter_;
  int for_child_[3] = {0, 1, 2};
  std::vector<UniqueFd> child_ends_;
  std::vector<UniqueFd> our_ends_;  // of the filter's pipes; outputs_ begins with theirs, in the same order
  std::vector<Relay> outputs_;
  std::optional<Relay> keyboard_;
};

}  // namespace confide::launcher
