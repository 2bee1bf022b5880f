#include "launcher/child/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/syscalls.h"
#include "launcher/child/control.h"
#include "launcher/child/operations.h"

namespace confide::child {
namespace {

int apply(ChildState& state, const FrozenOp& op) {
  switch (op.kind) {
    case OpKind::kMapIds: return map_ids(state, op.map_ids);
    case OpKind::kSetIds: return set_ids(op.set_ids);
    case OpKind::kNewRoot: return new_root(op.new_root);
    case OpKind::kMakeDir: return make_dir(op.make_dir);
    case OpKind::kMakeFile: return make_file(op.make_file);
    case OpKind::kMakeSymlink: return make_symlink(op.make_symlink);
    case OpKind::kBind: return bind(op.bind);
    case OpKind::kOwnFolder: return own_folder(op.own_folder);
    case OpKind::kMountFs: return mount_fs(op.mount_fs);
    case OpKind::kSetAttributes: return set_attributes(op.set_attributes);
    case OpKind::kPutFile: return put_file(op.put_file);
    case OpKind::kCover: return cover(op.cover);
    case OpKind::kForbidNamespaces: return forbid_namespaces();
    case OpKind::kKeepNamespace: return keep_namespace(state);
    case OpKind::kLoopbackUp: return loopback_up();
    case OpKind::kReceiveSecrets: return receive_secrets(state, op.receive_secrets);
    case OpKind::kPivotRoot: return enter_root();
    case OpKind::kNewSession: return new_session();
    case OpKind::kOpenTerminal: return open_terminal(state, op.open_terminal);
    case OpKind::kJoinKeyring: return join_keyring();
    case OpKind::kSetRlimit: return set_rlimit(op.set_rlimit);
    case OpKind::kNoNewPrivs: return no_new_privs();
    case OpKind::kLandlock: return restrict_by_landlock(op.landlock);
    case OpKind::kDropCapabilities: return drop_capabilities();
    case OpKind::kVerifyDropped: return verify_dropped(state, op.verify_dropped);
    case OpKind::kSeccomp: return attach_filter(op.seccomp);
    case OpKind::kChangeDir: return change_dir(op.change_dir);
  }
  return EINVAL;
}

uint64_t monotonic_ns() {
  timespec now{};
  (void)raw::call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

// stdio becomes what the plan says, the control socket stays, everything inherited goes. The detached mounts that the
// plan needs are named by its bind operations, so they are closed with the rest only after the last of them.
int settle_descriptors(const FrozenPlan& plan) {
  for (int n = 0; n < 3; ++n) {
    if (plan.stdio[n] < 0 || plan.stdio[n] == n) continue;
    const long result = raw::call(SYS_dup3, plan.stdio[n], n, 0);
    if (result < 0) return static_cast<int>(-result);
  }
  return 0;
}

void close_inherited(const ChildState& state) {
  const auto control = static_cast<unsigned>(state.control_fd);
  const auto kept = static_cast<unsigned>(state.namespace_fd < 0 ? state.control_fd : state.namespace_fd);
  const unsigned low = control < kept ? control : kept;
  const unsigned high = control < kept ? kept : control;
  if (low > 3) (void)raw::call(SYS_close_range, 3U, low - 1, 0);
  if (high > low + 1) (void)raw::call(SYS_close_range, low + 1, high - 1, 0);
  (void)raw::call(SYS_close_range, high + 1, ~0U, 0);
}

}  // namespace

[[noreturn]] void run_child(const FrozenPlan& plan) noexcept {
  ChildState state{.plan = plan, .control_fd = plan.control_fd};
  die_with_parent();
  stay_undumpable();
  // The supervisor may have died before the line above: then waiting for it must end, not hold itself up.
  if (plan.supervisor_fd >= 0) (void)raw::call(SYS_close, plan.supervisor_fd);

  state.callers_umask = static_cast<uint32_t>(raw::call(SYS_umask, 0));
  for (size_t i = 0; i < plan.wipe_size; ++i) static_cast<volatile char*>(plan.wipe)[i] = 0;

  int error = settle_descriptors(plan);
  if (error != 0) {
    report(state.control_fd, static_cast<uint32_t>(ReportKind::kFailed), 0, error, 0);
    (void)raw::call(SYS_exit_group, 125);
  }
  size_t last_tree = 0;  // 1 + the index of the last operation that uses an inherited descriptor
  for (size_t i = 0; i < plan.op_count; ++i)
    if (plan.ops[i].kind == OpKind::kBind && plan.ops[i].bind.tree_fd >= 0) last_tree = i + 1;
  if (last_tree == 0) close_inherited(state);

  for (size_t i = 0; i < plan.op_count; ++i) {
    const FrozenOp& op = plan.ops[i];
    if (plan.trace != nullptr) plan.trace[i] = monotonic_ns();
    error = apply(state, op);
    if (error != 0) {
      const ReportKind kind = op.on_failure == OnFailure::kAbort ? ReportKind::kFailed : ReportKind::kNote;
      report(state.control_fd, static_cast<uint32_t>(kind), op.step, error, static_cast<uint32_t>(i));
      if (kind == ReportKind::kFailed) (void)raw::call(SYS_exit_group, 125);
    }
    if (last_tree == i + 1) close_inherited(state);
  }
  if (plan.trace != nullptr) plan.trace[plan.op_count] = monotonic_ns();
  run_command_as_init(state);
}

}  // namespace confide::child
