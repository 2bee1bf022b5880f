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

// Paths inside, absolute and without links: what is masked, and the file that is put over it.
struct MaskAgain {
  std::string path;
  std::string with;
};
// One outcome for each. Waits up to two seconds for its child. Errors: kSystem; then nothing is known of any path.
Result<std::vector<MaskOutcome>> mask_again(int mount_namespace, const std::vector<MaskAgain>& masks);

}  // namespace confide::launcher
