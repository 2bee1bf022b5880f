#include "cli/run_record.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/plan/explain.h"
#include "trust/digest.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kKept = 50;

void make_folders(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    (void)::mkdir(path.substr(0, at).c_str(), 0700);
  (void)::mkdir(path.c_str(), 0700);
}

void remove_oldest(const std::string& folder) {
  std::vector<std::string> names;
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) return;
  while (const dirent* entry = ::readdir(open)) {
    const std::string name = entry->d_name;
    if (name.ends_with(".json")) names.push_back(name);
  }
  ::closedir(open);
  if (names.size() <= kKept) return;
  std::ranges::sort(names);
  names.resize(names.size() - kKept);
  for (const std::string& name : names) (void)::unlink(cat(folder, "/", name).c_str());
}

bool writable_root(const launcher::LaunchPlan& plan) {
  return std::ranges::any_of(plan.steps, [](const launcher::Step& step) {
    const auto* seal = std::get_if<launcher::SealStep>(&step.action);
    return seal != nullptr && std::ranges::find(seal->writable, "/") != seal->writable.end();
  });
}

ordered_json paths_of(const launcher::LaunchPlan& plan) {
  ordered_json rows = ordered_json::array();
  const auto add = [&](const std::string& path, const char* as, const std::string& origin) {
    rows.push_back({{"path", path}, {"as", as}, {"by", origin}});
  };
  for (const launcher::Step& step : plan.steps) {
    if (const auto* root = std::get_if<launcher::RootStep>(&step.action)) {
      if (root->base == policy::System::kWholeRoot)
        add("/", writable_root(plan) ? "writable" : "read-only", step.origin);
    } else if (const auto* bind = std::get_if<launcher::BindStep>(&step.action)) {
      add(bind->target, bind->access == policy::Access::kWrite ? "writable" : "read-only", step.origin);
    } else if (const auto* mask = std::get_if<launcher::MaskStep>(&step.action)) {
      add(mask->path, mask->reason == launcher::MaskReason::kMasked ? "masked" : "hidden", step.origin);
    } else if (const auto* cover = std::get_if<launcher::CoverStep>(&step.action)) {
      for (const launcher::CoveredName& name : cover->names)
        add(cat(cover->folder, "/", name.name), "covered", step.origin);
    } else if (const auto* made = std::get_if<launcher::FilesystemStep>(&step.action)) {
      add(made->target, "private", step.origin);
    }
  }
  return rows;
}

// Of launcher::Ended or supervisor::EndedMessage.
template <class Ended>
std::string ending_of(const Ended& ended) {
  if (ended.time_limit) return "the time limit ended it";
  return ended.signal != 0 ? cat("killed by signal ", ended.signal) : cat("exit status ", ended.exit_code);
}

}  // namespace

std::string runs_folder(Asker asker, const std::string& home) {
  const char* state = asker == Asker::kPerson ? std::getenv("XDG_STATE_HOME") : nullptr;
  if (state != nullptr && state[0] == '/') return cat(state, "/confide/runs");
  return home.size() < 2 ? std::string() : cat(home, "/.local/state/confide/runs");
}

RunRecorder::RunRecorder(std::string_view verb, const Prepared& prepared, Asker asker)
    : verb_(verb), prepared_(prepared), folder_(runs_folder(asker, prepared.request.caller.home.requested)) {}

void RunRecorder::on_event(const launcher::Event& event) {
  if (const auto* planned = std::get_if<launcher::Planned>(&event)) plan_ = &planned->plan;
  const auto* ended = std::get_if<launcher::Ended>(&event);
  if (ended == nullptr) return;
  if (ended->exit_code != 0 || verb_ == "agent") write(ending_of(*ended), ended->exit_code);
  plan_ = nullptr;
}

void RunRecorder::ended_elsewhere(const supervisor::EndedMessage& ended) {
  if (ended.exit_code == 0) return;
  const auto plan = launcher::plan_launch(prepared_.request);
  plan_ = plan ? &*plan : nullptr;
  write(ending_of(ended), ended.exit_code);
  plan_ = nullptr;
}

void RunRecorder::failed(const Error& error) {
  plan_ = nullptr;  // the launcher's, and gone
  write(cat("nothing was launched: ", to_text(error)), exit_code(error.kind));
}

// A record that cannot be written is no reason to fail: nothing relies on it.
void RunRecorder::write(const std::string& ending, int exit_code) const {
  if (folder_.empty()) return;
  const launcher::LaunchRequest& request = prepared_.request;
  timespec now{};
  (void)::clock_gettime(CLOCK_REALTIME, &now);
  ordered_json removed = ordered_json::array();
  for (const policy::Removed& variable : prepared_.removed)
    removed.push_back({{"name", variable.name}, {"reason", variable.reason}});
  const std::string command = request.command.argv.empty() ? std::string() : request.command.argv.front();
  ordered_json record = {{"version", 1},
                         {"pid", ::getpid()},
                         {"at", now.tv_sec},
                         {"verb", verb_},
                         {"command", command},
                         {"profile", request.policy.profile},
                         {"project", request.caller.project ? request.caller.project->canonical : ""},
                         {"home", request.caller.home.requested},
                         {"network", request.policy.network == policy::Network::kHost ? "host" : "none"},
                         {"network_by", request.policy.network_origin.text},
                         {"syscalls", policy::name_of(request.policy.syscalls)},
                         {"inner_sandbox", request.policy.inner_sandbox == policy::InnerSandbox::kAllowed},
                         {"ended", ending},
                         {"exit", exit_code},
                         {"secrets", names_},
                         {"removed", std::move(removed)}};
  if (plan_ != nullptr) {
    ordered_json layers = ordered_json::array();
    for (const launcher::LayerState& layer : plan_->layers)
      layers.push_back({{"layer", policy::name_of(layer.layer)}, {"applied", layer.applied}, {"note", layer.note}});
    record["layers"] = std::move(layers);
    record["paths"] = paths_of(*plan_);
    record["plan"] = trust::sha256_hex(launcher::explain(*plan_));
  }
  make_folders(folder_);
  // The number of the second comes first, so that names sort by time.
  const std::string name = cat(now.tv_sec, "-", 1'000'000'000 + now.tv_nsec, "-", ::getpid(), ".json");
  const UniqueFd fd(
      ::open(cat(folder_, "/", name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return;
  (void)sys::write_all(fd.get(), record.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  remove_oldest(folder_);
}

}  // namespace confide::cli
