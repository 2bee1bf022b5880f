// Looks at the files that a call names, for agents/hook.h. Reads names and links, never a file's content.
#pragma once

#include <string>
#include <string_view>

#include "agents/hook.h"

namespace confide::agents {

// Where `text`, said by a program that runs in `cwd`, leads: links resolved, what does not exist yet by the folder that
// it would be made in. `~` alone or before a slash is `home`. Not told, with the reason: empty texts, control
// characters, blanks at either end, `..` behind a link, links that lead nowhere or through /proc, folders that cannot
// be entered.
FileFact locate(std::string_view text, const std::string& cwd, const std::string& home);

// The real path of what exists; empty where it does not.
std::string real_path(const std::string& path);

}  // namespace confide::agents
