#include "cli/store.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "broker/client.h"

namespace confide::cli {
namespace {

std::string absolute_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? std::string(value) : std::string();
}

// Like mkdir -p, each new folder with mode 0700.
Status make_folders(const std::string& path) {
  if (path.empty()) return Error{ErrorKind::kUsage, 0, "HOME is not set, so there is no place for a vault"};
  for (size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return Error{ErrorKind::kRefused, errno, cat("making ", printable(part))};
    if (at == std::string::npos) return {};
  }
}

}  // namespace

broker::Folders persons_folders() {
  const std::string home = absolute_variable("HOME");
  const auto below = [&](const char* variable, const char* instead) {
    const std::string named = absolute_variable(variable);
    if (!named.empty()) return named;
    return home.empty() ? std::string() : cat(home, "/", instead);
  };
  broker::Folders folders;
  folders.vault = absolute_variable("CONFIDE_VAULT");
  if (folders.vault.empty()) {
    const std::string data = below("XDG_DATA_HOME", ".local/share");
    if (!data.empty()) folders.vault = data + "/confide/vault";
  }
  const std::string config = below("XDG_CONFIG_HOME", ".config");
  if (!config.empty()) folders.config = config + "/confide";
  return folders;
}

Result<broker::Answer> ask(broker::StoreOrder order, Needs needs) {
  // Opened first: a process that others cannot read cannot open its own either.
  const UniqueFd environ_fd = TRY(broker::open_own_environ());
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  std::string beside = std::move(order.folders.beside);
  order.folders = persons_folders();
  order.folders.beside = std::move(beside);
  order.environ_fd = environ_fd.get();
  if (needs == Needs::kWriting) {
    TRY(make_folders(order.folders.vault));
    TRY(make_folders(order.folders.config));
  }
  broker::StoreReply reply = TRY(broker::ask_store(std::move(order)));
  for (const std::string& note : reply.notes) warn(note);
  return std::move(reply.answer);
}

std::string age_of(int64_t then) {
  const int64_t seconds = ::time(nullptr) - then;
  if (seconds < 60) return "just now";
  if (seconds < 3600) return cat(seconds / 60, " min");
  if (seconds < 2 * 86400) return cat(seconds / 3600, " h");
  return cat(seconds / 86400, " days");
}

std::string date_of(int64_t then) {
  const time_t time = then;
  tm parts{};
  char text[40];
  if (::gmtime_r(&time, &parts) == nullptr) return cat(then);
  return std::string(text, ::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts));
}

}  // namespace confide::cli
