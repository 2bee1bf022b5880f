// The file tree of a sandbox with a mount namespace, as steps: its root, what is shown, masked and covered in it, until
// the root is changed. The part of build.h that needs the most words.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "launcher/plan/build.h"
#include "launcher/plan/plan_writer.h"
#include "launcher/plan/view.h"

namespace confide::launcher {

struct Identity {
  Ids inside;
  Ids kernel;  // what the host takes the sandbox's processes for
};
enum class OwnProc : uint8_t { kNo, kYes };

struct Root {
  View view;
  std::vector<std::pair<ViewStep, std::string>> file_views;  // with their origins; for when the secrets stand
  std::vector<std::string> own_file_views;                   // those that lie in no bind, so in no rule of one
};

// Where an empty file and an empty folder stand in this policy's sandbox (kOwnFolder).
std::string own_folder(const policy::Policy& policy);
// Whether the host and the file system where it lies are known to allow an idmapped mount of it, or not known not to.
bool can_idmap(const BuildInput& in, const PathFact& fact);
bool needs_secrets_folder(std::span<const SecretSlot> secrets);

// Writes the steps from the new root to the change into it. Errors as of build().
Result<Root> build_root(const BuildInput& in, const Identity& identity, OwnProc own_proc, PlanWriter& out);

}  // namespace confide::launcher
