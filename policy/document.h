// One policy file as it was written: every key that it sets, with the line that set it, and nothing that it leaves out.
// Made by policy/parse.h or decoded by policy/wire.h; policy/resolve.h gives it meaning. Plain values.
//
// The settings of a profile keep the order of the file. A `Document` from parse() or decode_document() holds in every
// Setting the alternative that the key's Shape calls for, and numbers within the key's bounds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "policy/keys.h"
#include "policy/policy.h"
#include "policy/reference.h"

namespace confide::policy {

// One element of a list.
struct Item {
  std::string text;
  IfMissing if_missing = IfMissing::kError;
  Origin origin;
  bool operator==(const Item&) const = default;
};

// One entry of environment.set.
struct Pair {
  std::string name;
  std::string value;
  Origin origin;
  bool operator==(const Pair&) const = default;
};

using Value = std::variant<uint64_t, double, std::string, std::vector<Item>, std::vector<Pair>>;

struct Setting {
  Key key = Key::kVersion;
  Value value;
  Origin origin;
  bool operator==(const Setting&) const = default;
};

struct ProfileText {
  std::string name;
  Origin origin;
  std::vector<Setting> settings;
  bool operator==(const ProfileText&) const = default;
};

// One variable of an environment.
struct Variable {
  enum class Kind : uint8_t { kReference, kPlain };
  std::string name;
  Kind kind = Kind::kReference;
  std::string text;  // the reference, or the plain value: never print it where kind is kPlain
  Deliver deliver = Deliver::kEnv;
  std::string path;  // kFile only: absolute, or relative to the project; empty: /run/secrets/NAME
  Origin origin;
  bool operator==(const Variable&) const = default;
};

struct NamedEnvironment {
  std::string name;
  Origin origin;
  std::vector<Variable> variables;  // in the file's order
  bool operator==(const NamedEnvironment&) const = default;
};

enum class ApprovalClass : uint8_t { kAuto, kWindow, kEach, kStepUp, kNeverLocal };

struct Approval {
  ApprovalClass kind = ApprovalClass::kEach;
  std::optional<uint64_t> for_ms;  // kWindow
  std::optional<uint64_t> uses;    // kWindow
  bool operator==(const Approval&) const = default;
};

struct Grant {
  std::string name;
  std::string environment;
  std::vector<std::string> command;  // "*" is one word, "**" at the end the rest
  std::vector<std::string> inputs;   // globs below the project
  std::vector<std::string> outputs;  // paths below the project
  Approval approval;
  std::optional<uint64_t> lease_ms;
  std::optional<std::string> profile;
  std::optional<Network> network;
  Origin origin;
  bool operator==(const Grant&) const = default;
};

struct Document {
  std::string file;  // as it is to be named to a person
  std::optional<Setting> default_profile;
  std::vector<ProfileText> profiles;
  std::vector<NamedEnvironment> environments;
  std::vector<Grant> grants;
  std::vector<Setting> administrator;
  bool operator==(const Document&) const = default;
};

// What kind of file a text is, which decides what may stand in it.
enum class Role : uint8_t {
  kProject,        // confide.toml: profiles, environments, grants
  kUser,           // config.toml: the same, and default-profile
  kAdministrator,  // /etc/confide/policy.d/*.toml: [administrator] only
};

// Whether the value of a setting is what the key's row asks for; decoding checks this, so that reading never fails.
bool fits(const Setting& setting, Section section);

}  // namespace confide::policy
