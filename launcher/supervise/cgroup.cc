#include "launcher/supervise/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "base/sys.h"
#include "base/text.h"

namespace confide::launcher {
namespace {

constexpr std::string_view kPrefix = "confide-";

Status write_limit(const std::string& folder, const char* file, const std::string& text) {
  const std::string path = cat(folder, "/", file);
  auto fd = sys::openat(AT_FDCWD, path, O_WRONLY);
  if (fd) {
    if (auto written = sys::write_all(fd->get(), text); written) return {};
  }
  return Error{ErrorKind::kUnsupported, errno, cat("the limit ", path, " cannot be set")};
}

}  // namespace

Result<Cgroup> Cgroup::create(const CgroupStep& step) {
  remove_stale_cgroups(step.parent);
  std::string path = cat(step.parent, "/", kPrefix, ::getpid());
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return sys::errno_error("mkdir", path);
  Cgroup made(path, TRY(sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY)));
  if (step.memory_bytes) {
    TRY(write_limit(path, "memory.max", cat(*step.memory_bytes)));
    (void)write_limit(path, "memory.swap.max", "0");  // absent where swap accounting is off
  }
  if (step.pids) TRY(write_limit(path, "pids.max", cat(*step.pids)));
  if (step.cpus) TRY(write_limit(path, "cpu.max", cat(static_cast<long>(*step.cpus * 100'000), " 100000")));
  return made;
}

Cgroup::~Cgroup() {
  if (path_.empty()) return;
  // The kernel needs a moment after the last process to let go of the folder.
  for (int tries = 0; tries < 50 && ::rmdir(path_.c_str()) != 0 && errno == EBUSY; ++tries) {
    const timespec pause{0, 2'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

void remove_stale_cgroups(const std::string& parent) {
  DIR* folder = ::opendir(parent.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(kPrefix)) continue;
    const auto pid = parse_number(name.substr(kPrefix.size()));
    // rmdir fails while anything lives in it, so a pid that came back is no danger.
    if (pid && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH)
      (void)::rmdir(cat(parent, "/", name).c_str());
  }
  ::closedir(folder);
}

}  // namespace confide::launcher
