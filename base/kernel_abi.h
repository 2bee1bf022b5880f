// Kernel interfaces newer than the headers of Debian 12 (linux-libc-dev 6.1). Constants and structs only;
// each names the man page or kernel version that it comes from. Safe to include between clone3 and execve.
#pragma once

#include <cstdint>

namespace confide::abi {

// System call numbers of x86-64 (asm/unistd_64.h); all are in 6.1's headers too except where said.
inline constexpr long kNrClone3 = 435;
inline constexpr long kNrCloseRange = 436;
inline constexpr long kNrOpenat2 = 437;
inline constexpr long kNrPidfdGetfd = 438;
inline constexpr long kNrMountSetattr = 442;
inline constexpr long kNrLandlockCreateRuleset = 444;
inline constexpr long kNrLandlockAddRule = 445;
inline constexpr long kNrLandlockRestrictSelf = 446;
inline constexpr long kNrMemfdSecret = 447;

// landlock(7), linux/landlock.h. The struct grows with the ABI; the kernel takes the size that it knows.
struct LandlockRulesetAttr {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;  // ABI 4
  uint64_t scoped = 0;              // ABI 6
};
struct [[gnu::packed]] LandlockPathBeneathAttr {
  uint64_t allowed_access = 0;
  int32_t parent_fd = -1;
};
struct LandlockNetPortAttr {
  uint64_t allowed_access = 0;
  uint64_t port = 0;
};
inline constexpr uint32_t kLandlockCreateRulesetVersion = 1;
inline constexpr int kLandlockRulePathBeneath = 1;
inline constexpr int kLandlockRuleNetPort = 2;

inline constexpr uint64_t kFsExecute = 1U << 0;
inline constexpr uint64_t kFsWriteFile = 1U << 1;
inline constexpr uint64_t kFsReadFile = 1U << 2;
inline constexpr uint64_t kFsReadDir = 1U << 3;
inline constexpr uint64_t kFsRemoveDir = 1U << 4;
inline constexpr uint64_t kFsRemoveFile = 1U << 5;
inline constexpr uint64_t kFsMakeChar = 1U << 6;
inline constexpr uint64_t kFsMakeDir = 1U << 7;
inline constexpr uint64_t kFsMakeReg = 1U << 8;
inline constexpr uint64_t kFsMakeSock = 1U << 9;
inline constexpr uint64_t kFsMakeFifo = 1U << 10;
inline constexpr uint64_t kFsMakeBlock = 1U << 11;
inline constexpr uint64_t kFsMakeSym = 1U << 12;
inline constexpr uint64_t kFsRefer = 1U << 13;     // ABI 2
inline constexpr uint64_t kFsTruncate = 1U << 14;  // ABI 3
inline constexpr uint64_t kFsIoctlDev = 1U << 15;  // ABI 5
inline constexpr uint64_t kNetBindTcp = 1U << 0;   // ABI 4
inline constexpr uint64_t kNetConnectTcp = 1U << 1;
inline constexpr uint64_t kScopeAbstractUnixSocket = 1U << 0;  // ABI 6
inline constexpr uint64_t kScopeSignal = 1U << 1;

// clone(2): clone3's argument, the version of Linux 5.7 (CLONE_ARGS_SIZE_VER2).
struct CloneArgs {
  uint64_t flags = 0;
  uint64_t pidfd = 0;
  uint64_t child_tid = 0;
  uint64_t parent_tid = 0;
  uint64_t exit_signal = 0;
  uint64_t stack = 0;
  uint64_t stack_size = 0;
  uint64_t tls = 0;
  uint64_t set_tid = 0;
  uint64_t set_tid_size = 0;
  uint64_t cgroup = 0;
};
inline constexpr uint64_t kCloneClearSighand = 0x100000000ULL;
inline constexpr uint64_t kCloneIntoCgroup = 0x200000000ULL;

// openat2(2).
struct OpenHow {
  uint64_t flags = 0;
  uint64_t mode = 0;
  uint64_t resolve = 0;
};
inline constexpr uint64_t kResolveNoXdev = 0x01;
inline constexpr uint64_t kResolveNoMagiclinks = 0x02;
inline constexpr uint64_t kResolveNoSymlinks = 0x04;
inline constexpr uint64_t kResolveBeneath = 0x08;
inline constexpr uint64_t kResolveInRoot = 0x10;

// mount_setattr(2), open_tree(2), move_mount(2).
struct MountAttr {
  uint64_t attr_set = 0;
  uint64_t attr_clr = 0;
  uint64_t propagation = 0;
  uint64_t userns_fd = 0;
};
inline constexpr uint64_t kMountAttrRdonly = 0x01;
inline constexpr uint64_t kMountAttrNosuid = 0x02;
inline constexpr uint64_t kMountAttrNodev = 0x04;
inline constexpr uint64_t kMountAttrNoexec = 0x08;
inline constexpr uint64_t kMountAttrIdmap = 0x00100000;
inline constexpr unsigned kOpenTreeClone = 1;
inline constexpr unsigned kMoveMountFEmptyPath = 0x04;
inline constexpr unsigned kMoveMountTEmptyPath = 0x40;
inline constexpr unsigned kAtRecursive = 0x8000;

// memfd_create(2), fcntl(2) F_ADD_SEALS.
inline constexpr unsigned kMfdNoexecSeal = 0x0008;  // Linux 6.3
inline constexpr int kSealSeal = 0x0001;
inline constexpr int kSealShrink = 0x0002;
inline constexpr int kSealGrow = 0x0004;
inline constexpr int kSealWrite = 0x0008;
inline constexpr int kSealFutureWrite = 0x0010;  // Linux 5.1

}  // namespace confide::abi
