// What stands on the host in the place of names that a sandbox may not make (CoverStep), from the clone to the end of
// the run. A mount needs something to be mounted on, so for that time it is really there; a process of its own sees to
// it that it goes when this one is killed.
//
// Several runs in one project share them: each holds a shared lock (flock(2)) on the folder, and the last one to go
// takes them away. Only what is unmistakably ours is removed: a socket, an empty folder of a mode that nobody gives
// (is_cover_folder), or a file with just the content of the cover.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/plan/steps.h"

namespace confide::launcher {

class [[nodiscard]] Covers {
 public:
  // Before the clone, in a single-threaded process. Errors: kSystem, and where the folder is not there any more.
  static Result<Covers> guard(const CoverStep& step);
  Covers(Covers&& other) noexcept;
  Covers& operator=(Covers&&) = delete;
  // Removes what no other run needs, then lets the guarding process end. The sandbox must be gone.
  ~Covers();

 private:
  Covers(const CoverStep& step, UniqueFd folder, UniqueFd lifeline, pid_t guard);
  const CoverStep* step_;
  UniqueFd folder_;
  UniqueFd lifeline_;  // its end tells the guarding process that this one is gone
  pid_t guard_ = -1;
};

}  // namespace confide::launcher
