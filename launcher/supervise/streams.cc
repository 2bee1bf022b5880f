#include "launcher/supervise/streams.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "base/sys.h"

namespace confide::launcher {
namespace {

constexpr int kPipeBytes = 256 << 10;

bool is_null_device(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 && S_ISCHR(found.st_mode) && found.st_rdev == makedev(1, 3);
}

}  // namespace

Status Streams::open() {
  for (int n = 0; n < 3; ++n) for_child_[n] = stdio_.fds[n];
  if (filter_ == nullptr) return {};
  for (const int n : {1, 2}) {
    if (stdio_.fds[n] < 0 || is_null_device(stdio_.fds[n])) continue;
    auto pipe = TRY(sys::pipe());
    // Fewer turns between the command and us; where the uid's share of pipe memory is used up it stays as it is.
    (void)::fcntl(pipe.read.get(), F_SETPIPE_SZ, kPipeBytes);
    for_child_[n] = pipe.write.get();
    outputs_.emplace_back(pipe.read.get(), stdio_.fds[n], filter_, n == 1 ? Stream::kOutput : Stream::kError);
    child_ends_.push_back(std::move(pipe.write));
    our_ends_.push_back(std::move(pipe.read));
  }
  return {};
}

void Streams::cloned() {
  for (UniqueFd& end : child_ends_) end.reset();
}

std::vector<Relay*> Streams::relays() {
  std::vector<Relay*> all;
  for (Relay& relay : outputs_) all.push_back(&relay);
  if (keyboard_) all.push_back(&*keyboard_);
  return all;
}

bool Streams::all_written() const { return std::ranges::all_of(outputs_, &Relay::done); }

void Streams::close_what_nobody_reads() {
  for (size_t i = 0; i < our_ends_.size(); ++i) {
    Relay& relay = outputs_[i];
    if (!our_ends_[i].valid()) continue;
    if (relay.broken()) relay.abandon();
    if (!relay.done()) continue;
    our_ends_[i].reset();
    relay.let_go();
  }
}

void Streams::let_go(const int (&given)[3]) const {
  for (const int n : {0, 1}) {
    const bool relayed = (stdio_.terminals & (1U << n)) != 0 || (n == 1 && filter_ != nullptr);
    if (!relayed && given[n] == n) sys::let_go_of(n);
  }
}

}  // namespace confide::launcher
