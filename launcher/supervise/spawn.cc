#include "launcher/supervise/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "launcher/child/child.h"
#include "launcher/child/control.h"
#include "launcher/plan/explain.h"
#include "launcher/supervise/idmap.h"

namespace confide::launcher {
namespace {

Status write_maps(int pid, const IdentityStep& ids) {
  TRY(write_proc(pid, "uid_map", cat(ids.inside.uid, " ", ids.kernel.uid, " 1")));
  return write_proc(pid, "gid_map", cat(ids.inside.gid, " ", ids.kernel.gid, " 1"));
}

LaunchFailure failure(Error error, std::optional<policy::Layer> disproved = {}, std::string path = {}) {
  const int errnum = error.errnum;
  if (error.kind == ErrorKind::kSystem) error.kind = ErrorKind::kLaunch;
  return {std::move(error), disproved, errnum, std::move(path)};
}

struct Trees {
  std::map<size_t, int> by_step;
  std::vector<UniqueFd> owned;
  std::vector<IdmapNamespace> namespaces;
};

Result<const IdmapNamespace*> namespace_for(const Idmap& idmap, std::vector<IdmapNamespace>& made) {
  const auto found = std::ranges::find(made, idmap, &IdmapNamespace::idmap);
  if (found != made.end()) return &*found;
  made.push_back(TRY(IdmapNamespace::make(idmap)));
  return &made.back();
}

std::expected<Trees, LaunchFailure> make_trees(const LaunchPlan& plan) {
  Trees trees;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const auto* bind = std::get_if<BindStep>(&plan.steps[i].action);
    if (bind == nullptr || bind->opened_by != OpenedBy::kLauncher) continue;
    auto tree = detached_tree(bind->source);
    if (!tree) {
      // Who may not mount here may not in the sandbox either.
      const bool forbidden = tree.error().errnum == EPERM || tree.error().errnum == ENOSYS;
      return std::unexpected(
          failure(tree.error(), forbidden ? std::optional(policy::Layer::kNamespaces) : std::nullopt));
    }
    if (bind->idmap) {
      const auto space = namespace_for(*bind->idmap, trees.namespaces);
      if (!space) return std::unexpected(failure(space.error(), policy::Layer::kIdmap));
      const auto mapped = map_owner(*tree, **space);
      if (!mapped) return std::unexpected(failure(mapped.error(), policy::Layer::kIdmap, bind->source.canonical));
    }
    trees.by_step[i] = tree->get();
    trees.owned.push_back(std::move(*tree));
  }
  return trees;
}

// Where the kernel put this process's environment: NAME=VALUE strings one behind the other (proc(5), environ).
std::span<char> own_environment() {
  if (environ == nullptr || environ[0] == nullptr) return {};
  char* last = environ[0];
  for (char** entry = environ; *entry != nullptr; ++entry) {
    // Nothing here calls setenv, so the strings stand in order; one that does not is not the kernel's.
    if (*entry != last) break;
    last = *entry + std::strlen(*entry) + 1;
  }
  return {environ[0], last};
}

}  // namespace

Spawned::Spawned(int pid, UniqueFd pidfd, UniqueFd control, std::unique_ptr<FrozenLaunch> frozen)
    : pid_(pid), pidfd_(std::move(pidfd)), control_(std::move(control)), frozen_(std::move(frozen)) {}

Spawned::Spawned(Spawned&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      control_(std::move(other.control_)),
      frozen_(std::move(other.frozen_)) {}

Spawned& Spawned::operator=(Spawned&& other) noexcept {
  if (this != &other) {
    kill_all();
    reap();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    control_ = std::move(other.control_);
    frozen_ = std::move(other.frozen_);
  }
  return *this;
}

Spawned::~Spawned() {
  kill_all();
  reap();
}

void Spawned::kill_all() {
  if (pid_ > 0) (void)::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
}

void Spawned::reap() {
  if (pid_ <= 0) return;
  (void)sys::waitpid(pid_);
  pid_ = -1;
}

std::expected<Spawned, LaunchFailure> spawn(const SpawnInput& input) {
  auto trees = make_trees(input.plan);
  if (!trees) return std::unexpected(std::move(trees.error()));
  auto pair = sys::seqpacket_pair();
  if (!pair) return std::unexpected(failure(pair.error()));
  auto frozen = FrozenLaunch::freeze(input.plan, {.control = pair->right.get(),
                                                  .supervisor = pair->left.get(),
                                                  .stdio = {input.stdio[0], input.stdio[1], input.stdio[2]},
                                                  .trees = trees->by_step,
                                                  .wipe = own_environment(),
                                                  .trace = input.trace});
  if (!frozen) return std::unexpected(failure(frozen.error()));

  int pidfd = -1;
  abi::CloneArgs arguments{.flags = (*frozen)->namespaces() | CLONE_PIDFD | abi::kCloneClearSighand,
                           .pidfd = reinterpret_cast<uint64_t>(&pidfd),
                           .exit_signal = SIGCHLD};
  size_t arguments_size = sizeof arguments;
  if (input.cgroup_fd >= 0) {
    arguments.flags |= abi::kCloneIntoCgroup;
    arguments.cgroup = static_cast<uint64_t>(input.cgroup_fd);
  }
  long pid = ::syscall(abi::kNrClone3, &arguments, arguments_size);
  // Filters that cannot look into clone3's argument answer ENOSYS (docker's, our own): clone(2) does the same but for
  // the cgroup. This process has no signal handlers that it would have to reset.
  if (pid < 0 && errno == ENOSYS && input.cgroup_fd < 0) {
    pid = ::syscall(SYS_clone, (*frozen)->namespaces() | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
  }
  if (pid == 0) child::run_child((*frozen)->plan());
  if (pid < 0) {
    const bool namespaces = (*frozen)->namespaces() != 0;
    return std::unexpected(
        failure(sys::errno_error("clone3"), namespaces ? std::optional(policy::Layer::kNamespaces) : std::nullopt));
  }
  Spawned spawned(static_cast<int>(pid), UniqueFd(pidfd), std::move(pair->left), std::move(*frozen));
  if (const auto& maps = spawned.frozen_launch().parent_maps()) {
    if (auto written = write_maps(spawned.pid(), *maps); !written) {
      return std::unexpected(failure(written.error(), policy::Layer::kNamespaces));
    }
    const child::Order order{child::OrderKind::kMapsWritten, 0};
    if (::send(spawned.control(), &order, sizeof order, MSG_NOSIGNAL) < 0)
      return std::unexpected(failure(sys::errno_error("telling the child of its id maps")));
  }
  return spawned;
}

}  // namespace confide::launcher
