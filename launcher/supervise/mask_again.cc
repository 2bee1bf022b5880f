#include "launcher/supervise/mask_again.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/kernel_abi.h"
#include "base/sys.h"

namespace confide::launcher {
namespace {

constexpr int kPatienceMs = 2000;
constexpr uint64_t kNoLinks = abi::kResolveNoSymlinks | abi::kResolveNoMagiclinks;

bool enter(int mount_namespace) {
  const int user_namespace = ::ioctl(mount_namespace, NS_GET_USERNS);
  return user_namespace >= 0 && ::setns(user_namespace, CLONE_NEWUSER) == 0 &&
         ::setns(mount_namespace, CLONE_NEWNS) == 0;
}

MaskOutcome mask(const MaskAgain& order) {
  const auto with = sys::openat2(AT_FDCWD, order.with, O_PATH, kNoLinks);
  struct stat own {};
  if (!with || ::fstat(with->get(), &own) != 0) return MaskOutcome::kFailed;
  const auto at = sys::openat2(AT_FDCWD, order.path, O_PATH | O_NOFOLLOW, kNoLinks);
  if (!at) {
    const int error = at.error().errnum;
    return error == ENOENT || error == ENOTDIR || error == ELOOP ? MaskOutcome::kGone : MaskOutcome::kFailed;
  }
  struct stat found {};
  if (::fstat(at->get(), &found) != 0) return MaskOutcome::kFailed;
  if (found.st_dev == own.st_dev && found.st_ino == own.st_ino) return MaskOutcome::kAlready;
  if (!S_ISREG(found.st_mode)) return MaskOutcome::kGone;
  const UniqueFd tree(
      static_cast<int>(::syscall(SYS_open_tree, with->get(), "", AT_EMPTY_PATH | abi::kOpenTreeClone | O_CLOEXEC)));
  if (!tree.valid()) return MaskOutcome::kFailed;
  const long moved =
      ::syscall(SYS_move_mount, tree.get(), "", at->get(), "", abi::kMoveMountFEmptyPath | abi::kMoveMountTEmptyPath);
  // ENOENT: replaced between the two calls; whoever watches sees that change too.
  if (moved != 0) return errno == ENOENT ? MaskOutcome::kGone : MaskOutcome::kFailed;
  return MaskOutcome::kMasked;
}

// In the child: one letter a path.
void mask_all(int mount_namespace, const std::vector<MaskAgain>& masks, int report) {
  if (!enter(mount_namespace)) return;
  for (const MaskAgain& order : masks) {
    const char letter = static_cast<char>(mask(order));
    if (::write(report, &letter, 1) != 1) return;
  }
}

// What the child wrote until it ended or the time was up.
std::string hear(int fd, size_t limit) {
  std::string heard;
  pollfd ready{fd, POLLIN, 0};
  while (heard.size() < limit && ::poll(&ready, 1, kPatienceMs) > 0) {
    char letters[256];
    const ssize_t n = ::read(fd, letters, sizeof letters);
    if (n <= 0) break;
    heard.append(letters, static_cast<size_t>(n));
  }
  return heard;
}

}  // namespace

Result<std::vector<MaskOutcome>> mask_again(int mount_namespace, const std::vector<MaskAgain>& masks) {
  auto pipe = TRY(sys::pipe());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return sys::errno_error("fork");
  if (child == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() == parent) mask_all(mount_namespace, masks, pipe.write.get());
    ::_exit(0);
  }
  pipe.write.reset();
  const std::string heard = hear(pipe.read.get(), masks.size());
  (void)::kill(child, SIGKILL);
  (void)sys::waitpid(child);
  if (heard.size() != masks.size())
    return Error{ErrorKind::kSystem, 0, "the sandbox's mount namespace could not be entered"};
  std::vector<MaskOutcome> outcomes;
  for (const char letter : heard) outcomes.push_back(static_cast<MaskOutcome>(letter));
  return outcomes;
}

}  // namespace confide::launcher
