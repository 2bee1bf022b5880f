#include "launcher/plan/landlock.h"

#include <algorithm>

#include "policy/paths.h"

namespace confide::launcher {
namespace {

enum class Set : uint8_t { kFiles, kTcp, kScope };
struct Right {
  Set set;
  uint64_t bit;
  int since_abi;
  const char* lost;  // what a host without it does not refuse
};

// landlock(7), "Landlock ABI versions".
constexpr Right kRights[] = {
    {Set::kFiles, abi::kFsExecute, 1, "execute"},
    {Set::kFiles, abi::kFsWriteFile, 1, "write"},
    {Set::kFiles, abi::kFsReadFile, 1, "read"},
    {Set::kFiles, abi::kFsReadDir, 1, "list"},
    {Set::kFiles, abi::kFsRemoveDir, 1, "remove folder"},
    {Set::kFiles, abi::kFsRemoveFile, 1, "remove file"},
    {Set::kFiles, abi::kFsMakeChar, 1, "make character device"},
    {Set::kFiles, abi::kFsMakeDir, 1, "make folder"},
    {Set::kFiles, abi::kFsMakeReg, 1, "make file"},
    {Set::kFiles, abi::kFsMakeSock, 1, "make socket"},
    {Set::kFiles, abi::kFsMakeFifo, 1, "make fifo"},
    {Set::kFiles, abi::kFsMakeBlock, 1, "make block device"},
    {Set::kFiles, abi::kFsMakeSym, 1, "make link"},
    {Set::kFiles, abi::kFsRefer, 2, "rename and link between folders (always refused)"},
    {Set::kFiles, abi::kFsTruncate, 3, "truncate"},
    {Set::kFiles, abi::kFsIoctlDev, 5, "ioctl on devices"},
    {Set::kTcp, abi::kNetBindTcp, 4, "bind TCP"},
    {Set::kTcp, abi::kNetConnectTcp, 4, "connect TCP"},
    {Set::kScope, abi::kScopeAbstractUnixSocket, 6, "abstract sockets of others"},
    {Set::kScope, abi::kScopeSignal, 6, "signals to others"},
};

}  // namespace

LandlockStep landlock_for(int abi, policy::LandlockUse use, TcpRights tcp) {
  LandlockStep step{.abi = abi};
  for (const Right& right : kRights) {
    if (right.set == Set::kFiles && use == policy::LandlockUse::kScopesOnly) continue;
    if (right.set == Set::kTcp && tcp == TcpRights::kUntouched) continue;
    if (right.since_abi > abi) {
      step.dropped.emplace_back(right.lost);
      continue;
    }
    switch (right.set) {
      case Set::kFiles: step.handled_fs |= right.bit; break;
      case Set::kTcp: step.handled_net |= right.bit; break;
      case Set::kScope: step.scoped |= right.bit; break;
    }
  }
  return step;
}

void add_rule(LandlockStep& step, std::string_view path, uint64_t access, FileKind kind) {
  access &= step.handled_fs;
  if (kind != FileKind::kFolder) access &= kLandlockOnFiles;
  const bool granted = std::ranges::any_of(step.rules, [&](const LandlockPath& above) {
    return (access & ~above.access) == 0 && policy::is_within(path, above.path);
  });
  if (access != 0 && !granted) step.rules.push_back({std::string(path), access});
}

uint64_t ruleset_attribute_size(int abi) {
  if (abi >= 6) return 24;
  if (abi >= 4) return 16;
  return 8;
}

}  // namespace confide::launcher
