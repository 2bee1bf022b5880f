#include "cli/run_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/sys.h"
#include "base/text.h"

namespace confide::cli {
namespace {

using nlohmann::json;

// Only a folder that is this user's alone.
std::optional<std::string> runtime_folder() {
  const char* named = std::getenv("XDG_RUNTIME_DIR");
  const std::string folder = named != nullptr && named[0] == '/' ? named : cat("/run/user/", ::getuid());
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != ::getuid()) return std::nullopt;
  return folder;
}

std::optional<std::string> runs_folder() {
  const auto folder = runtime_folder();
  if (!folder) return std::nullopt;
  const std::string ours = *folder + "/confide";
  const std::string runs = ours + "/runs";
  (void)::mkdir(ours.c_str(), 0700);
  if (::mkdir(runs.c_str(), 0700) != 0 && errno != EEXIST) return std::nullopt;
  return runs;
}

uint64_t start_time_of(int pid) {
  const auto stat = sys::read_file(cat("/proc/", pid, "/stat"), 4096);
  if (!stat) return 0;
  const size_t name_end = stat->rfind(')');  // a name may hold anything
  if (name_end == std::string::npos) return 0;
  const auto fields = split(std::string_view(*stat).substr(name_end + 1), ' ');
  constexpr size_t kStartTime = 20;  // field 22, the third of which follows the name
  return fields.size() > kStartTime ? parse_number(fields[kStartTime]).value_or(0) : 0;
}

std::string text_of(const RunState& state) {
  const json object{{"pid", state.pid},
                    {"start_time", state.start_time},
                    {"begun_ms", state.begun_ms},
                    {"lease_until_ms", state.lease_until_ms},
                    {"renewable", state.renewable},
                    {"command", state.command},
                    {"names", state.names}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<RunState> parse(const std::string& text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const auto number = [&](const char* key) -> int64_t {
    const auto at = object.find(key);
    return at != object.end() && at->is_number_integer() ? at->get<int64_t>() : 0;
  };
  RunState state;
  state.pid = static_cast<int>(std::clamp<int64_t>(number("pid"), 0, INT32_MAX));
  state.start_time = static_cast<uint64_t>(number("start_time"));
  state.begun_ms = number("begun_ms");
  state.lease_until_ms = number("lease_until_ms");
  if (const auto at = object.find("renewable"); at != object.end() && at->is_boolean())
    state.renewable = at->get<bool>();
  if (const auto at = object.find("command"); at != object.end() && at->is_string())
    state.command = at->get<std::string>();
  if (const auto at = object.find("names"); at != object.end() && at->is_array())
    for (const json& name : *at)
      if (name.is_string()) state.names.push_back(name.get<std::string>());
  return state.pid > 0 ? std::optional(std::move(state)) : std::nullopt;
}

}  // namespace

int64_t boot_time_ms() { return sys::clock_ms(CLOCK_BOOTTIME); }

OwnRunState::OwnRunState(RunState state) : state_(std::move(state)) {
  const auto folder = runs_folder();
  if (!folder) return;
  state_.pid = ::getpid();
  state_.start_time = start_time_of(state_.pid);
  state_.begun_ms = boot_time_ms();
  path_ = cat(*folder, "/", state_.pid, ".json");
  write();
}

OwnRunState::~OwnRunState() {
  if (!path_.empty()) (void)::unlink(path_.c_str());
}

void OwnRunState::set_names(const std::vector<std::string>& names) {
  state_.names = names;
  write();
}

void OwnRunState::set_lease_until(int64_t ms) {
  state_.lease_until_ms = ms;
  write();
}

// Replaced whole, so that a reader never sees half of it.
void OwnRunState::write() {
  if (path_.empty()) return;
  const std::string beside = path_ + ".new";
  {
    const auto fd = sys::openat(AT_FDCWD, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    if (!fd || !sys::write_all(fd->get(), text_of(state_))) return;
  }
  (void)::rename(beside.c_str(), path_.c_str());
}

Result<std::vector<RunState>> live_runs() {
  const auto folder = runs_folder();
  if (!folder)
    return Error{ErrorKind::kUnsupported, 0,
                 "there is no folder of this user's at $XDG_RUNTIME_DIR, so no list of runs is kept"};
  std::vector<RunState> runs;
  DIR* entries = ::opendir(folder->c_str());
  if (entries == nullptr) return sys::errno_error("opendir", *folder);
  std::vector<std::string> paths;
  while (const dirent* entry = ::readdir(entries))
    if (std::string_view(entry->d_name).ends_with(".json")) paths.push_back(cat(*folder, "/", entry->d_name));
  ::closedir(entries);
  for (const std::string& path : paths) {
    const auto text = sys::read_file(path, 65536);
    auto state = text ? parse(*text) : std::nullopt;
    if (state && start_time_of(state->pid) == state->start_time)
      runs.push_back(std::move(*state));
    else
      (void)::unlink(path.c_str());
  }
  std::ranges::sort(runs, {}, &RunState::begun_ms);
  return runs;
}

Status ask_for_renewal(int pid) {
  const auto refuse = [&](std::string_view why) {
    return Error{ErrorKind::kRefused, 0, cat("the lease of run ", pid, " is not renewed: ", why)};
  };
  // The descriptor first: what is checked below is then checked of that very process.
  const auto process = sys::pidfd_open(pid);
  const auto runs = TRY(live_runs());
  const auto run = std::ranges::find(runs, pid, &RunState::pid);
  if (!process || run == runs.end()) return refuse("there is no such run (confide ps)");
  if (!run->renewable) return refuse("it was not started with --lease-renew");
  if (::syscall(SYS_pidfd_send_signal, process->get(), SIGRTMIN + 1, nullptr, 0) != 0)
    return refuse("its process cannot be reached");
  return {};
}

}  // namespace confide::cli
