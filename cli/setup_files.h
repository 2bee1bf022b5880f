// The disk side of confide setup: settings read, written whole or not at all, and what was done kept for its removal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agents/setup.h"
#include "base/result.h"

namespace confide::cli {

// The files that are there. Errors (kRefused): one that cannot be read, is no regular file, or is larger than 4 MiB.
Result<agents::Texts> read_settings(const std::vector<std::string>& paths);

// The records kept in `folder`, of those paths.
Result<std::map<std::string, agents::Record>> read_records(const std::string& folder,
                                                           const std::vector<std::string>& paths);

// Carries out all changes and updates the records; what was written before an error is put back. A link is followed, so
// that a file kept elsewhere stays there; mode and owner stay. `mode` is for new files.
Status write_settings(agents::Act act, const std::vector<agents::SetupChange>& changes, const std::string& records,
                      mode_t mode);

}  // namespace confide::cli
