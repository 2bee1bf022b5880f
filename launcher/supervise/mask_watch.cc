#include "launcher/supervise/mask_watch.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "launcher/host/git_index.h"
#include "launcher/host/listing.h"
#include "launcher/host/masks.h"
#include "policy/mask_names.h"

namespace confide::launcher {
namespace {

using policy::Tracked;

constexpr size_t kMaxFolders = 64;
// A checkout puts its files into the tree before its index says that they are tracked.
constexpr int64_t kGitPatienceMs = 3000;
constexpr int64_t kGitLookMs = 50;
// A build that makes thousands of files in a large folder is not answered with a listing for each.
constexpr int64_t kRestFactor = 10;
constexpr int64_t kMinRestMs = 1;
constexpr int64_t kMaxRestMs = 1000;

int64_t now_us() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

// Calls `take` with each folder above `path`, the nearest to the root first; the root itself not.
void each_folder_above(const std::string& path, auto take) {
  for (size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) take(path.substr(0, at));
}

}  // namespace

MaskWatch::MaskWatch(policy::Masks masks, PathFact project) : masks_(std::move(masks)), project_(std::move(project)) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGIO);
  (void)::sigprocmask(SIG_BLOCK, &set, &before_);
}

MaskWatch::~MaskWatch() {
  folders_.clear();
  signalfd_siginfo info{};
  while (signals_.valid() && ::read(signals_.get(), &info, sizeof info) > 0) {
  }
  (void)::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void MaskWatch::follow(const std::vector<PathFact>& masked) {
  wanted_.clear();
  known_.clear();
  const size_t cut = project_.canonical.size() + 1;
  const auto want_above = [this](const std::string& path) {
    each_folder_above(path, [this](std::string folder) {
      if (wanted_.size() < kMaxFolders && std::ranges::count(wanted_, folder) == 0)
        wanted_.push_back(std::move(folder));
    });
  };
  for (const auto* globs : {&masks_.globs, &masks_.always})
    for (const std::string& glob : *globs) want_above(glob.substr(0, glob.find_first_of("*?")));
  for (const PathFact& file : masked) {
    const std::string name = file.requested.substr(cut);
    want_above(name);
    want_above(file.canonical.substr(cut));
    const auto mark = mark_of(AT_FDCWD, file.requested);
    if (mark && mark->device == file.device && mark->inode == file.inode) known_[name] = *mark;
  }
}

Status MaskWatch::begin() {
  if (!folders_.empty()) return {};
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGIO);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return sys::errno_error("signalfd");
  UniqueFd root = TRY(sys::openat2(AT_FDCWD, project_.canonical, O_RDONLY | O_DIRECTORY,
                                   abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks));
  struct stat found {};
  if (::fstat(root.get(), &found) != 0 || found.st_dev != project_.device || found.st_ino != project_.inode) {
    return Error{ErrorKind::kSystem, ESTALE, printable(project_.canonical)};
  }
  if (::fcntl(root.get(), F_NOTIFY, DN_CREATE | DN_MULTISHOT) != 0) {
    const Error error = sys::errno_error("F_NOTIFY", project_.canonical);
    return Error{ErrorKind::kUnsupported, error.errnum, cat(error.what, " (sysctl fs.dir-notify-enable=1)")};
  }
  folders_.push_back({"", std::move(root)});
  for (const std::string& path : wanted_) folders_.push_back({path, {}});
  again_ = 0;
  return {};
}

// A folder that was removed or replaced is watched again once one stands there.
void MaskWatch::keep_watching(Folder& folder) const {
  if (folder.path.empty()) return;
  auto now = sys::openat2(folders_.front().fd.get(), folder.path, O_RDONLY | O_DIRECTORY | O_NONBLOCK,
                          abi::kResolveBeneath | abi::kResolveNoSymlinks);
  if (!now) return folder.fd.reset();
  struct stat found {};
  struct stat had {};
  const bool same = folder.fd.valid() && ::fstat(now->get(), &found) == 0 && ::fstat(folder.fd.get(), &had) == 0 &&
                    had.st_nlink > 0 && found.st_dev == had.st_dev && found.st_ino == had.st_ino;
  if (same) return;
  (void)::fcntl(now->get(), F_NOTIFY, DN_CREATE | DN_MULTISHOT);
  folder.fd = std::move(*now);
}

std::optional<MaskWatch::Mark> MaskWatch::mark_of(int folder, const std::string& name) {
  struct stat found {};
  if (::fstatat(folder, name.c_str(), &found, 0) != 0 || !S_ISREG(found.st_mode)) return {};
  return Mark{found.st_dev, found.st_ino, found.st_ctim};
}

// The masked names whose file is another than when they were dealt with.
std::vector<std::string> MaskWatch::look_around() {
  std::vector<std::string> names;
  const int root = folders_.front().fd.get();
  for (Folder& folder : folders_) {
    keep_watching(folder);
    if (!folder.fd.valid()) continue;
    each_entry(folder.fd.get(), [&](const char* entry, unsigned char) {
      std::string name = folder.path.empty() ? std::string(entry) : cat(folder.path, "/", entry);
      if (!policy::is_masked(name, Tracked::kNo, masks_)) return Listing::kGoOn;
      const auto mark = mark_of(root, name);
      const auto known = known_.find(name);
      if (mark && (known == known_.end() || known->second != *mark)) names.push_back(std::move(name));
      return Listing::kGoOn;
    });
  }
  return names;
}

// Takes out of `names` those that git may be about to call its own: they are looked at again soon.
void MaskWatch::wait_for_git(std::vector<std::string>& names, int64_t now_ms) {
  const auto undecided = std::ranges::partition(
      names, [this](const std::string& name) { return policy::is_masked(name, Tracked::kYes, masks_); });
  const bool patient = !waiting_since_ || now_ms - *waiting_since_ < kGitPatienceMs;
  if (undecided.empty() || !patient || index_write(project_) == IndexWrite::kNone) return waiting_since_.reset();
  names.erase(undecided.begin(), undecided.end());
  if (!waiting_since_) waiting_since_ = now_ms;
  again_ = now_ms + kGitLookMs;
}

std::vector<std::string> MaskWatch::changed(int64_t now_ms) {
  if (folders_.empty()) return {};
  signalfd_siginfo info{};
  bool look = again_ && now_ms >= *again_;
  while (::read(signals_.get(), &info, sizeof info) > 0) look = true;
  if (!look) return {};
  if (now_ms < rest_until_) {
    again_ = rest_until_;
    return {};
  }
  again_.reset();
  const int64_t start = now_us();
  std::vector<std::string> names = look_around();
  rest_until_ = now_ms + std::clamp((now_us() - start) * kRestFactor / 1000, kMinRestMs, kMaxRestMs);
  wait_for_git(names, now_ms);
  std::vector<std::string> paths;
  if (names.empty()) return paths;
  for (const std::string& name : names)
    if (const auto mark = mark_of(folders_.front().fd.get(), name)) known_[name] = *mark;
  for (const PathFact& file : files_to_mask(masks_, project_, names)) paths.push_back(file.canonical);
  return paths;
}

}  // namespace confide::launcher
