#include "launcher/supervise/covers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/kernel_abi.h"
#include "base/sys.h"

namespace confide::launcher {
namespace {

constexpr uint64_t kBelow = abi::kResolveBeneath | abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks;

bool is_folder(const CoveredName& covered) {
  return covered.as == CoverAs::kFolder || covered.as == CoverAs::kPrivateFolder;
}

bool is_ours(int folder, const CoveredName& covered) {
  const auto fd = sys::openat2(folder, covered.name, O_PATH | O_NOFOLLOW, kBelow);
  struct stat found {};
  if (!fd || ::fstat(fd->get(), &found) != 0) return false;
  if (covered.as == CoverAs::kSocket) return S_ISSOCK(found.st_mode);
  if (is_folder(covered)) return is_cover_folder(found.st_mode);
  if (!S_ISREG(found.st_mode) || static_cast<size_t>(found.st_size) != covered.content.size()) return false;
  const auto readable = sys::openat2(folder, covered.name, O_RDONLY | O_NOFOLLOW, kBelow);
  if (!readable) return false;
  const auto text = sys::read_all(readable->get(), covered.content.size(), covered.name);
  return text && *text == covered.content;
}

// Whoever holds a lock as well needs what is there, and removes it later.
void remove_covers(int folder, const CoverStep& step) {
  if (::flock(folder, LOCK_EX | LOCK_NB) != 0) return;
  for (const CoveredName& covered : step.names) {
    if (!is_ours(folder, covered)) continue;
    const size_t slash = covered.name.rfind('/');
    const auto above = slash == std::string::npos
                           ? sys::duplicate(folder)
                           : sys::openat2(folder, covered.name.substr(0, slash), O_PATH | O_DIRECTORY, kBelow);
    const char* last = covered.name.c_str() + (slash == std::string::npos ? 0 : slash + 1);
    // Of a folder, only if it is empty.
    if (above) (void)::unlinkat(above->get(), last, is_folder(covered) ? AT_REMOVEDIR : 0);
  }
}

// In the guarding process: until the launcher is gone; a byte says that it has done the work itself.
[[noreturn]] void wait_and_remove(int lifeline, int folder, const CoverStep& step) {
  sigset_t all;
  ::sigfillset(&all);
  (void)::sigprocmask(SIG_BLOCK, &all, nullptr);
  (void)::setsid();
  char byte = 0;
  ssize_t got = -1;
  while ((got = ::read(lifeline, &byte, 1)) < 0 && errno == EINTR) {
  }
  if (got == 0) {
    // The sandbox dies of the launcher's death; a moment for the kernel to do that.
    const timespec moment{.tv_sec = 0, .tv_nsec = 50'000'000};
    (void)::nanosleep(&moment, nullptr);
    remove_covers(folder, step);
  }
  ::_exit(0);
}

void keep_only(int a, int b) {
  const auto low = static_cast<unsigned>(a < b ? a : b);
  const auto high = static_cast<unsigned>(a < b ? b : a);
  if (low > 0) (void)::syscall(SYS_close_range, 0U, low - 1, 0);
  if (high > low + 1) (void)::syscall(SYS_close_range, low + 1, high - 1, 0);
  (void)::syscall(SYS_close_range, high + 1, ~0U, 0);
}

}  // namespace

Result<Covers> Covers::guard(const CoverStep& step) {
  UniqueFd folder = TRY(
      sys::openat2(AT_FDCWD, step.folder, O_RDONLY | O_DIRECTORY, abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks));
  // Whoever holds it alone is about to remove its covers; a stranger's lock costs no more than what would be left.
  for (int tries = 0; ::flock(folder.get(), LOCK_SH | LOCK_NB) != 0 && tries < 20; ++tries) {
    const timespec moment{.tv_sec = 0, .tv_nsec = 5'000'000};
    (void)::nanosleep(&moment, nullptr);
  }
  auto pipe = TRY(sys::pipe());
  const pid_t pid = ::fork();
  if (pid < 0) return sys::errno_error("fork");
  if (pid == 0) {
    keep_only(pipe.read.get(), folder.get());
    wait_and_remove(pipe.read.get(), folder.get(), step);
  }
  return Covers(step, std::move(folder), std::move(pipe.write), pid);
}

Covers::Covers(const CoverStep& step, UniqueFd folder, UniqueFd lifeline, pid_t guard)
    : step_(&step), folder_(std::move(folder)), lifeline_(std::move(lifeline)), guard_(guard) {}

Covers::Covers(Covers&& other) noexcept
    : step_(other.step_),
      folder_(std::move(other.folder_)),
      lifeline_(std::move(other.lifeline_)),
      guard_(std::exchange(other.guard_, -1)) {}

Covers::~Covers() {
  if (guard_ <= 0) return;
  remove_covers(folder_.get(), *step_);
  const char done = 1;
  (void)!::write(lifeline_.get(), &done, 1);
  lifeline_.reset();
  (void)sys::waitpid(guard_);
}

}  // namespace confide::launcher
