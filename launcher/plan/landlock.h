// Landlock rights as a table with the ABI that brought each: what a host can handle, and what it loses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/kernel_abi.h"
#include "launcher/plan/steps.h"
#include "policy/policy.h"

namespace confide::launcher {

// What a rule grants, before it is cut to the host's ABI and to the kind of file.
inline constexpr uint64_t kLandlockRead = abi::kFsExecute | abi::kFsReadFile | abi::kFsReadDir;
inline constexpr uint64_t kLandlockWrite = kLandlockRead | abi::kFsWriteFile | abi::kFsRemoveDir | abi::kFsRemoveFile |
                                           abi::kFsMakeDir | abi::kFsMakeReg | abi::kFsMakeSock | abi::kFsMakeFifo |
                                           abi::kFsMakeSym | abi::kFsRefer | abi::kFsTruncate;
inline constexpr uint64_t kLandlockDevices =
    abi::kFsReadFile | abi::kFsReadDir | abi::kFsWriteFile | abi::kFsTruncate | abi::kFsIoctlDev;
// The rights that make sense on something that is not a folder; others are EINVAL (landlock(7)).
inline constexpr uint64_t kLandlockOnFiles =
    abi::kFsExecute | abi::kFsReadFile | abi::kFsWriteFile | abi::kFsTruncate | abi::kFsIoctlDev;

enum class TcpRights : uint8_t { kUntouched, kDenied };

// A step with everything handled that `abi` and `use` allow, and no rules yet. ABI 0 is the caller's case to refuse.
LandlockStep landlock_for(int abi, policy::LandlockUse use, TcpRights tcp);

// Adds a rule, cut to what is handled. One that grants nothing is left out, and one whose path lies below another that
// grants it all: the rights on the way up to the root add up, across mounts (landlock(7), "Layers of file path access
// rights").
void add_rule(LandlockStep& step, std::string_view path, uint64_t access, FileKind kind);

// linux/landlock.h: how many bytes of landlock_ruleset_attr this ABI knows.
uint64_t ruleset_attribute_size(int abi);

}  // namespace confide::launcher
