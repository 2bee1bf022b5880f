// Every key that a policy file may hold, in one table. Parsing, checking, "did you mean", the schema and the defaults'
// documentation all read it, so that they cannot drift apart; policy/resolve gives each key its meaning.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace confide::policy {

// Where a key may stand.
enum class Section : uint8_t {
  kDocument,       // the top of a file
  kProfile,        // [profile.NAME]
  kAdministrator,  // [administrator], in /etc/confide/policy.d/*.toml only: what no run may go beyond
  kGrant,          // [[grant]]
  kVariable,       // one variable of [environment.NAME], in its table form
};

enum class Key : uint8_t {
  kVersion,
  kDefaultProfile,
  kProfiles,
  kEnvironments,
  kGrants,
  kAdministrator,

  kExtends,
  kSystem,
  kProject,
  kHome,
  kRead,
  kWrite,
  kHide,
  kProtect,
  kReadOnly,
  kToolchains,
  kNetwork,
  kHidePid,
  kProcSubset,
  kSys,
  kInnerSandbox,
  kLandlock,
  kSyscalls,
  kEnvironmentStart,
  kEnvironmentPass,
  kEnvironmentSet,
  kMemory,
  kPids,
  kCpu,
  kTimeout,
  kGrace,
  kOpenFiles,
  kLayerNamespaces,  // the eight layers stand in the order of policy::Layer
  kLayerOwnProc,
  kLayerNetwork,
  kLayerLandlock,
  kLayerSeccomp,
  kLayerKeyring,
  kLayerCgroup,
  kLayerIdmap,
  kMaskUntracked,
  kMaskGlobs,
  kMaskExceptions,
  kMaskOnChange,
  kOutputOnLeak,
  kOutputPartial,
  kOutputMaskAnyway,
  kPowerHostRoot,
  kPowerHostProc,
  kPowerHostSys,
  kPowerWritableSystem,
  kPowerSshAgent,
  kPowerDocker,

  kGrantName,
  kGrantEnvironment,
  kGrantCommand,
  kGrantInputs,
  kGrantOutputs,
  kApprovalClass,
  kApprovalFor,
  kApprovalUses,
  kGrantLease,
  kGrantProfile,
  kGrantNetwork,

  kVariableRef,
  kVariableValue,
  kVariableDeliver,
  kVariablePath,
};
constexpr Key last_value(Key) { return Key::kVariablePath; }

// What the value of a key looks like. The first group is stored as a number, the others as noted.
enum class Shape : uint8_t {
  kWord,       // one of `words`; stored as its place among them
  kFlag,       // true or false; 1 or 0
  kVersion,    // the number 1
  kSize,       // "2G" or bytes
  kDuration,   // "30s", "15m", or seconds; stored as milliseconds
  kCount,      // a whole number
  kNumber,     // a number above zero, stored as double
  kName,       // a name of ours: letters, digits, `.`, `_`, `-`; text, as are the next three
  kReference,  // where a value lives
  kPlain,      // a plain value: never quoted in an error
  kTarget,     // an absolute path inside the sandbox, or one below the project
  kPaths,      // list of paths, or of { path, if-missing }; a list of items, as are the next four
  kVariableNames,
  kGlobs,       // patterns relative to the project
  kWords,       // list of words of a command
  kToolchains,  // "by-path", "none", or a list of names
  kPairs,       // NAME = "value"
  kTables,      // a part of the document with keys of its own
};

struct KeyInfo {
  Key key;
  Section section;
  std::string_view path;  // dotted inside its section: "limits.memory"
  Shape shape;
  std::string_view help;  // one sentence
  std::span<const std::string_view> words = {};
  uint64_t least = 0;
  uint64_t most = UINT64_MAX;
};

std::span<const KeyInfo> all_keys();

// The row of a key in a section, or null where it may not stand.
const KeyInfo* find_key(Section section, Key key);
const KeyInfo* find_key(Section section, std::string_view path);

// The last word of a key's path: "limits.memory" → "memory".
std::string_view leaf(std::string_view path);

}  // namespace confide::policy
