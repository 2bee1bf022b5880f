// Starting a one-shot broker and hearing its first answer: what every request of a client begins with.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "broker/protocol.h"
#include "broker/signals.h"

namespace confide::broker {

// Folders of the person's that the broker works in, by path; empty: none. The client opens them, so that the broker
// never follows a path of the caller's environment.
struct Folders {
  std::string vault;   // the embedded vault's
  std::string config;  // confide's: config.toml and environments/
  std::string beside;  // of an environment file that is to be rewritten
};

// The broker of one request. Ends with this object.
class OneShot {
 public:
  // A folder that does not exist is left out.
  static Result<OneShot> start(Duty duty, const Folders& folders);

  OneShot(OneShot&& other) noexcept : pid_(std::exchange(other.pid_, -1)), socket_(std::move(other.socket_)) {}
  OneShot& operator=(OneShot&&) = delete;
  ~OneShot();
  int socket() const { return socket_.get(); }
  // Why its socket has ended without a last word; waits for its end.
  Error say_why_it_ended() const;
  // Its request counts no more: it gives back what it borrowed and ends. Killed if that takes too long, or when a
  // signal asks for the end again: it may be waiting for somebody who does not answer.
  void abandon(const Forwarder& signals);

 private:
  OneShot(pid_t pid, UniqueFd socket) : pid_(pid), socket_(std::move(socket)) {}
  pid_t pid_;
  UniqueFd socket_;
};

struct HeardReply {
  Reply reply;
  std::vector<UniqueFd> fds;
};
// The next reply, with at most so many descriptors; what the broker refused is an error of its kind.
Result<HeardReply> hear(const OneShot& broker, size_t max_fds);
Result<Reply> hear(const OneShot& broker);

}  // namespace confide::broker
