// The launch plan as the child executes it: plain data, pointers into one arena that the launcher owns and that the
// clone inherits. Made by launcher/plan/freeze, carried out by launcher/child/child.cc. Nothing here allocates.
//
// Paths: `target` is relative to the new root while it is being built (the child stands in it); `source` is absolute on
// the host; after PivotRoot every path is absolute inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

struct sock_filter;  // linux/filter.h

namespace confide::child {

enum class OpKind : uint8_t {
  kMapIds,
  kSetIds,
  kNewRoot,
  kMakeDir,
  kMakeFile,
  kMakeSymlink,
  kBind,
  kOwnFolder,
  kMountFs,
  kSetAttributes,
  kPutFile,
  kCover,
  kForbidNamespaces,
  kKeepNamespace,
  kLoopbackUp,
  kReceiveSecrets,
  kPivotRoot,
  kNewSession,
  kOpenTerminal,
  kJoinKeyring,
  kSetRlimit,
  kNoNewPrivs,
  kLandlock,
  kDropCapabilities,
  kVerifyDropped,
  kSeccomp,
  kChangeDir,
};

enum class Walk : uint8_t { kTrusted, kChecked, kCareful };
enum class Depth : uint8_t { kOne, kRecursive };
enum class PidNamespace : uint8_t { kShared, kOwn };

// What a failing operation means: nothing is launched, or the run goes on and says what was lost.
enum class OnFailure : uint8_t { kAbort, kNote };

// Writes the process's own id maps; `uid_map`/`gid_map` are the texts of user_namespaces(7). Where the parent writes
// them (a root caller) the texts are null and the child waits for a byte on the control socket.
struct MapIds {
  const char* uid_map;
  const char* gid_map;
};
// setgroups(0), then setresgid and setresuid; only where the parent wrote the maps.
struct SetIds {
  uint32_t uid;
  uint32_t gid;
};
// A tmpfs, or a copy of the whole of `source`, on `staging` becomes the new root and the working directory.
struct NewRoot {
  const char* staging;
  const char* source;  // null: a tmpfs
};
struct MakeDir {
  const char* target;
  uint32_t mode;
};
struct MakeFile {
  const char* target;
  const char* content;
  size_t size;
  uint32_t mode;
};
struct MakeSymlink {
  const char* target;
  const char* points_to;
};
// `source` bound on `target`, recursively. A path that others may be changing right now (a person's, a project's) must
// still be the file that was looked at (device and inode), however the way to it has changed: kChecked, and kCareful
// where the way to the target leads through such a place as well, and is walked without a link. `tree_fd`, where it is
// not -1, is a detached mount made by the launcher and replaces `source`.
struct Bind {
  const char* source;
  const char* target;
  int tree_fd;
  Walk walk;
  uint64_t device;
  uint64_t inode;
};
// A folder of the new root's own, mounted on itself so that it can stay writable when the rest is sealed.
struct OwnFolder {
  const char* target;
  uint32_t mode;
};
struct MountFs {
  const char* type;  // "tmpfs", "ramfs", "proc", "devpts"
  const char* target;
  const char* options;
  uint64_t flags;  // MS_…
};
// mount_setattr(2) on `target`.
struct SetAttributes {
  const char* target;
  uint64_t set;
  uint64_t clear;
  uint64_t propagation;
  Depth depth;
};
// A file or folder of the sandbox's own (an empty one, a secret's) over whatever stands at `target` now, never through
// a link. Both paths are relative to the working directory. kPass: where nothing stands any more, nothing is to be
// done.
enum class IfGone : uint8_t { kPass, kFail };
struct PutFile {
  const char* source;
  const char* target;
  IfGone if_gone;
};
// Something at `name` below `folder`, mounted on itself and read-only. What stands there already is covered by itself.
enum class CoverAs : uint8_t { kSocket, kFolder, kPrivateFolder, kFile };
constexpr unsigned kCoverFolderMode = 01555;
struct Cover {
  const char* folder;
  const char* name;
  CoverAs as;
  const char* content;  // kFile
  size_t size;
};
// Tells the supervisor that the child stands, receives the delivery block and the descriptors, writes the files of
// `folder` (null where nothing is delivered as a file).
struct ReceiveSecrets {
  const char* folder;
};
// A pty from the sandbox's own devpts; the master goes to the supervisor, the slave becomes each stdio descriptor whose
// bit (1 << n) is set in `stdio_mask`.
struct OpenTerminal {
  const char* multiplexer;
  uint32_t stdio_mask;
};
struct SetRlimit {
  int resource;
  uint64_t soft;
  uint64_t hard;
};
struct LandlockRule {
  const char* path;
  uint64_t access;
};
struct Landlock {
  uint64_t handled_fs;
  uint64_t handled_net;
  uint64_t scoped;
  uint64_t attribute_size;  // what the host's ABI knows
  const LandlockRule* rules;
  size_t rule_count;
};
// Which proofs law 6 demands here.
enum class CapabilitySets : uint8_t { kHeld, kHeldAndBounding };
struct VerifyDropped {
  CapabilitySets
      sets;  // without a user namespace nothing can be taken out of the bounding set; no_new_privs makes it moot
  PidNamespace own_proc;  // kOwn: /proc must be that of the pid namespace that this process is the first of
  const char* read_only;  // a path that must be on a read-only mount, or null
};
struct Seccomp {
  const sock_filter* program;
  uint16_t length;
};
struct ChangeDir {
  const char* path;
};

struct FrozenOp {
  OpKind kind;
  OnFailure on_failure;
  uint16_t step;  // index into the plan's steps, for reports
  union {
    MapIds map_ids;
    SetIds set_ids;
    NewRoot new_root;
    MakeDir make_dir;
    MakeFile make_file;
    MakeSymlink make_symlink;
    Bind bind;
    OwnFolder own_folder;
    MountFs mount_fs;
    SetAttributes set_attributes;
    PutFile put_file;
    Cover cover;
    ReceiveSecrets receive_secrets;
    OpenTerminal open_terminal;
    SetRlimit set_rlimit;
    Landlock landlock;
    VerifyDropped verify_dropped;
    Seccomp seccomp;
    ChangeDir change_dir;
  };
};
static_assert(std::is_trivially_copyable_v<FrozenOp>);

// The command. `candidates` are tried in order, as execvp(3) would; `envp` has room for `secret_slots` more entries and
// its final null.
struct FrozenExec {
  const char* const* candidates;
  size_t candidate_count;
  char* const* argv;
  char** shell_argv;  // "/bin/sh", room for the path, then the command's arguments: for a script without a first line
  char** envp;
  size_t envp_count;
  size_t secret_slots;
  uint16_t step;
};

struct FrozenPlan {
  const FrozenOp* ops;
  size_t op_count;
  FrozenExec exec;
  int control_fd;     // SOCK_SEQPACKET to the supervisor
  int supervisor_fd;  // its other end, to be closed at once: whoever waits on control_fd sees the supervisor's end; or
                      // -1
  int stdio[3];       // what becomes 0, 1, 2; -1: the terminal
  PidNamespace pid_namespace;
  char* wipe;  // the launcher's environment: /proc/1/environ would show it (bubblewrap #725)
  size_t wipe_size;
  uint64_t* trace;  // null, or shared memory: the monotonic time in ns at which each op began, then exec
};

}  // namespace confide::child
