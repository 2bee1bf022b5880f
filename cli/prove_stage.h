// What `confide prove` puts outside for its attacker to reach, with a canary in every place: a victim, files, sockets,
// a port, a key. All of it goes when the object does.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "agents/prove.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace confide::cli {

class [[nodiscard]] ProveStage {
 public:
  // `helper` is confide-probe. This process joins a session keyring of its own for the key. Errors: kSystem.
  static Result<ProveStage> set(const std::string& helper);
  ProveStage(ProveStage&& other) noexcept;
  ProveStage& operator=(ProveStage&&) = delete;
  ~ProveStage();
  const agents::ProveScene& scene() const { return scene_; }

 private:
  ProveStage() = default;
  Status start_victim(const std::string& helper, const std::string& canary);
  Status write_files(const std::string& canary);
  void open_listeners();

  agents::ProveScene scene_;
  std::vector<std::string> files_;
  std::vector<UniqueFd> listeners_;
  UniqueFd victim_input_;  // its end ends the victim
  pid_t victim_ = -1;
};

}  // namespace confide::cli
