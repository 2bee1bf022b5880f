// Watches, from outside, the names that a run masks: a bind mount over a file ends when somebody outside renames
// another file onto it or removes it (editors, git and every atomic writer do), and the new content would show inside.
//
// A net, not a wall. The first look comes 20 ms after the command's start (at once where a change ends the run).
// Between a later change and the new mask lie the signal, one listing of the folder and one fork: a millisecond or a
// few, in which a process inside that waits for it can read the file. A descriptor that was opened in that time stays
// open. Who made the file cannot be told: what a command inside writes to a masked name is masked too. Watched are the
// project's root, the folders above files that were masked at launch, and the literal beginnings of patterns (`secrets`
// of `secrets/**/*.pem`), up to 64; not what a network file system's other clients do.
//
// By dnotify (fcntl(2), F_NOTIFY) and not inotify, because the last close of an inotify descriptor that had a watch
// waits for a grace period of the kernel's: 2 to 20 ms, at the end of each run. dnotify costs microseconds, knows no
// limit of 128 instances, and tells that a folder changed but not how, so each signal is answered with a new listing.
#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/plan/scene.h"
#include "policy/policy.h"

namespace confide::launcher {

class [[nodiscard]] MaskWatch {
 public:
  // Nothing is watched yet. Blocks SIGIO while it lives.
  MaskWatch(policy::Masks masks, PathFact project);
  MaskWatch(const MaskWatch&) = delete;
  MaskWatch& operator=(const MaskWatch&) = delete;
  ~MaskWatch();

  // The files that the launch is about to mask: whatever stands at their names later and is another file matters.
  void follow(const std::vector<PathFact>& masked);
  // Watches from now on, and looks at once for what has changed since follow(), so that it can be called when it is in
  // nobody's way. Further calls do nothing. Errors: kUnsupported, kSystem.
  Status begin();

  // Readable when a folder has changed; -1 before begin().
  int fd() const { return signals_.get(); }
  // When changed() wants to be called even if nothing arrives.
  std::optional<int64_t> deadline_ms() const { return again_; }

  // Paths inside whose masks are in doubt since the last call, none twice for one change. `now_ms`: CLOCK_MONOTONIC.
  std::vector<std::string> changed(int64_t now_ms);

 private:
  // What tells one file at a name from the next: a number of a removed file is used again, but not at the same time.
  struct Mark {
    uint64_t device = 0;
    uint64_t inode = 0;
    timespec changed{};
    bool operator==(const Mark& other) const {
      return device == other.device && inode == other.inode && changed.tv_sec == other.changed.tv_sec &&
             changed.tv_nsec == other.changed.tv_nsec;
    }
  };
  struct Folder {
    std::string path;  // below the project; empty: its root
    UniqueFd fd;
  };

  void keep_watching(Folder& folder) const;
  static std::optional<Mark> mark_of(int folder, const std::string& name);
  std::vector<std::string> look_around();
  void wait_for_git(std::vector<std::string>& names, int64_t now_ms);

  policy::Masks masks_;
  PathFact project_;
  sigset_t before_{};
  UniqueFd signals_;
  std::vector<std::string> wanted_;    // folders to watch besides the root
  std::vector<Folder> folders_;        // the first is the root; empty before begin()
  std::map<std::string, Mark> known_;  // names and the file that stood there when they were dealt with
  std::optional<int64_t> again_;
  int64_t rest_until_ = 0;
  std::optional<int64_t> waiting_since_;
};

}  // namespace confide::launcher
