// A cgroup v2 folder for one run: limits written before the clone, removed after it. A folder that a killed launcher
// left behind is removed by the next launch.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/plan/steps.h"

namespace confide::launcher {

class [[nodiscard]] Cgroup {
 public:
  // Errors: kUnsupported where a limit cannot be written (names the file).
  static Result<Cgroup> create(const CgroupStep& step);
  Cgroup(Cgroup&& other) noexcept : path_(std::move(other.path_)), fd_(std::move(other.fd_)) { other.path_.clear(); }
  Cgroup& operator=(Cgroup&&) = delete;
  ~Cgroup();

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

 private:
  Cgroup(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  UniqueFd fd_;
};

// Removes empty folders of runs whose launcher is gone.
void remove_stale_cgroups(const std::string& parent);

}  // namespace confide::launcher
