// One function per operation: 0, or the errno of what failed. Grouped in files by what they touch.
#pragma once

#include "launcher/child/frozen_plan.h"
#include "launcher/child/state.h"

namespace confide::child {

// identity.cc
int wait_for(int control_fd, uint32_t order_kind);
int map_ids(ChildState& state, const MapIds& op);
int set_ids(const SetIds& op);
void stay_undumpable();
void die_with_parent();

// mounts.cc
int new_root(const NewRoot& op);
int make_dir(const MakeDir& op);
int make_file(const MakeFile& op);
int make_symlink(const MakeSymlink& op);
int bind(const Bind& op);
int own_folder(const OwnFolder& op);
int mount_fs(const MountFs& op);
int set_attributes(const SetAttributes& op);
int put_file(const PutFile& op);
int cover(const Cover& op);
// Opens the process's own mount namespace, for the supervisor: from outside, an undumpable process's is closed to it.
int keep_namespace(ChildState& state);
int enter_root();

// delivery.cc
int receive_secrets(ChildState& state, const ReceiveSecrets& op);
// Puts the block's env entries behind the `count` entries of envp (which has room) and returns how many; -errno if the
// block is not what it should be. `mapped` receives the mapping, to be unmapped once execve has copied it.
long map_secret_environment(const ChildState& state, char** envp, size_t count, size_t room, void** mapped);

// surroundings.cc
int loopback_up();
int new_session();
int open_terminal(ChildState& state, const OpenTerminal& op);
int join_keyring();
// user.max_user_namespaces of the own user namespace, by the own procfs (namespaces(7), /proc/sys/user).
int forbid_namespaces();
int set_rlimit(const SetRlimit& op);
int change_dir(const ChangeDir& op);

// privileges.cc
int no_new_privs();
int restrict_by_landlock(const Landlock& op);
int drop_capabilities();
int attach_filter(const Seccomp& op);

// verify.cc
int verify_dropped(const ChildState& state, const VerifyDropped& op);

// init.cc
[[noreturn]] void run_command_as_init(ChildState& state);

// report.cc
void report(int control_fd, uint32_t kind, uint32_t step, int value, uint32_t op, int fd_to_send = -1);

}  // namespace confide::child
