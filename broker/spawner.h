// The broker's other half, forked before anything is confined and before anything is read: it holds no value, parses
// nothing that a peer sent, and starts programs of ours from fixed orders. (A confined process could start nothing that
// mounts: landlock(7).)
#pragma once

#include <span>

#include "base/result.h"
#include "base/unique_fd.h"

namespace confide::broker {

class Spawner {
 public:
  // Forks; returns in the child, the broker, and the parent becomes the spawner. Not the other way round: the kernel
  // asks the dying parent's Landlock domain whether a death signal may be sent (LANDLOCK_SCOPE_SIGNAL, tried on 6.18),
  // and the spawner has none. Call it first: single-threaded, nothing held.
  static Result<Spawner> fork();

  // Starts confide-supervisor with these descriptors as 0, 1, 2, … (supervisor/protocol.h). It ends when its sockets
  // do.
  Status start_supervisor(std::span<const int> descriptors) const;
  // Becomes readable (its end) when the spawner is gone.
  int socket() const { return socket_.get(); }

 private:
  explicit Spawner(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace confide::broker
