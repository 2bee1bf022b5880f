// What a run that failed, or a wrapped agent's, leaves for `confide why`: names, layers, the paths shown, exit status,
// a digest of the plan; never a value, and of the command its first word only. In $XDG_STATE_HOME/confide/runs (or
// ~/.local/state), the newest fifty. A run that ends with 0 leaves nothing: it pays nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/prepare.h"
#include "launcher/launcher.h"
#include "supervisor/protocol.h"

namespace confide::cli {

class RunRecorder {
 public:
  // `prepared` must outlive it.
  RunRecorder(std::string_view verb, const Prepared& prepared, Asker asker);
  void on_event(const launcher::Event& event);
  // Where nothing was launched.
  void failed(const Error& error);
  // A run with secrets, which the broker's supervisor launched: what it could see is planned again here.
  void ended_elsewhere(const supervisor::EndedMessage& ended);
  // Of the secrets that the run was to have.
  void set_names(const std::vector<std::string>& names) { names_ = names; }

 private:
  void write(const std::string& ending, int exit_code) const;

  std::string verb_;
  const Prepared& prepared_;
  std::string folder_;  // empty: nowhere
  std::vector<std::string> names_;
  const launcher::LaunchPlan* plan_ = nullptr;  // the launcher's, while it runs
};

// Where a person's runs are recorded; empty where there is no home.
std::string runs_folder(Asker asker, const std::string& home);

}  // namespace confide::cli
