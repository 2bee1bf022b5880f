// What programs outside take for configuration, and so for commands: git's hooks and settings, those of agents, of
// editors and of shells. The one list of it; add a member in runs_later.cc, and nowhere else. An agent may read a
// member and neither change nor make it.
//
// What the project itself runs (package.json, a Makefile) is out of reach: it is the work.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace confide::policy {

struct RunsLater {
  std::string_view path;  // in a project, ".git/hooks"
  // kState: a folder that an agent takes for its own (Claude Code's own sandbox makes files in `.claude`, and did not
  // start over a read-only cover): where it is not there, its cover is private to the run, writable, and gone with it.
  enum class Kind : uint8_t { kFile, kFolder, kState } kind = Kind::kFile;
  // kByMounts: read-only in every sandbox that an agent's commands or the agent itself run in, and covered where it is
  // not there (launcher/plan/steps.h, CoverStep). kByHook: only refused to the file tools of a client that asks
  // `confide hook`; a mount for each would be too many, and few such files lie in a project.
  enum class Held : uint8_t { kByMounts, kByHook } held = Held::kByMounts;
  // What a cover says where its name must be readable as what it is; empty: it is of no content.
  std::string_view stand_in;
};
std::span<const RunsLater> runs_later();

// The member at this path below a project; null where there is none.
const RunsLater* find_runs_later(std::string_view path);

}  // namespace confide::policy
