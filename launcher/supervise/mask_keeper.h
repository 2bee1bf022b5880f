// Keeps the masks of a running sandbox in place: watches the masked names and puts masks over what appeared there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "launcher/launcher.h"
#include "launcher/supervise/mask_watch.h"
#include "launcher/supervise/run.h"

namespace confide::launcher {

class MaskKeeper {
 public:
  // `watch` null: nothing is watched. All three outlive this.
  MaskKeeper(const LaunchPlan& plan, MaskWatch* watch, const std::function<void(const Event&)>& on_event)
      : plan_(plan), watch_(watch), on_event_(on_event) {}

  // From when the command runs: before, the namespace is not yet what the sandbox will see. Watching begins a moment
  // later, because most commands are over before.
  void begin(UniqueFd mount_namespace, int64_t now_ms);
  // Lets go of the namespace, so that it ends with the sandbox.
  void end() { namespace_.reset(); }

  int fd() const { return watches() ? watch_->fd() : -1; }  // to poll for reading
  std::optional<int64_t> deadline_ms() const;
  // What is due now. A failure where policy ends the run for a change.
  std::optional<LaunchFailure> step(int64_t now_ms);

 private:
  bool watches() const { return watch_ != nullptr && namespace_.valid(); }
  void say(const Event& event) const;
  void begin_watch();
  std::optional<LaunchFailure> renew(int64_t now_ms);
  std::optional<std::string> file_over(const std::string& path) const;

  const LaunchPlan& plan_;
  MaskWatch* watch_;
  const std::function<void(const Event&)>& on_event_;
  std::optional<int64_t> begin_at_;
  UniqueFd namespace_;
};

}  // namespace confide::launcher
