// Which files a patch in Codex's format touches (the tool apply_patch of Codex 0.169.0).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace confide::agents {

// The paths after `*** Add File: `, `*** Update File: `, `*** Delete File: ` and `*** Move to: `, as they stand. Lines
// of context that look like one count too: better one path too many than one too few.
std::vector<std::string> files_of_patch(std::string_view patch);

}  // namespace confide::agents
