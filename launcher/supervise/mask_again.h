// Puts masks over files of a sandbox that already runs. Its pid 1 has no capability left, so a short-lived child of the
// supervisor enters the sandbox's user and mount namespaces, where the namespace's owner holds every capability
// (user_namespaces(7)), and attaches the empty file there as the launch did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace confide::launcher {

enum class MaskOutcome : char {
  kMasked = 'm',
  kAlready = 'a',  // the mask was still there
  kGone = 'g',     // no regular file stands there any more
  kFailed = 'f',
};

// One outcome for each of `paths` (absolute, inside, without links). `empty` is the path inside of what is put over
// them. Waits up to two seconds for its child. Errors: kSystem; then nothing is known of any path.
Result<std::vector<MaskOutcome>> mask_again(int mount_namespace, const std::string& empty,
                                            const std::vector<std::string>& paths);

}  // namespace confide::launcher
