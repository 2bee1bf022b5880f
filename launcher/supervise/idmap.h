// Idmapped mounts: a root caller's own files, as the uid that its sandbox runs as (mount_setattr(2), Linux 5.12).
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/plan/steps.h"

namespace confide::launcher {

// Writes a file of /proc/PID: an id map, setgroups. Errors: kSystem.
Status write_proc(int pid, const char* file, const std::string& text);

// A user namespace that exists only to describe an idmapped mount: on-disk id → kernel id. The process that it took is
// told to end at once and waited for only when this goes, so that it does so beside whatever comes next.
class IdmapNamespace {
 public:
  // Errors: kSystem, where the caller may not map the ids.
  static Result<IdmapNamespace> make(const Idmap& idmap);

  IdmapNamespace(IdmapNamespace&& other) noexcept;
  IdmapNamespace& operator=(IdmapNamespace&&) = delete;
  ~IdmapNamespace();

  const Idmap& idmap() const { return idmap_; }
  int fd() const { return fd_.get(); }

 private:
  IdmapNamespace(const Idmap& idmap, int pid) : idmap_(idmap), pid_(pid) {}

  Idmap idmap_;
  int pid_;
  UniqueFd fd_;
};

// The file or folder as a detached mount; resolved without links and checked to be the one that was looked at. Errors:
// kSystem, kLaunch.
Result<UniqueFd> detached_tree(const PathFact& fact);

// Shows a detached mount, and what is mounted in it, by the ids of `space`. Errors: kSystem (a file system that cannot:
// EINVAL).
Status map_owner(const UniqueFd& tree, const IdmapNamespace& space);

}  // namespace confide::launcher
