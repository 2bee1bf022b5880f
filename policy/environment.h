// The environment of a run: what of the caller's passes, what is taken out and why, what is set. Pure.
//
// From the weakest to the strongest: the caller's variables (all but credentials and, in a run that carries secrets,
// but loader and interpreter hooks; or a handful, with start = "minimal"), what `inside` says of the sandbox (HOME,
// TMPDIR, XDG_*), what policy passes by name, what policy sets. A name in `pass` lifts every filter for that name, HOME
// included; it sets nothing the caller does not have. Where the caller has a name twice the first counts, as getenv(3)
// has it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/credential.h"
#include "policy/policy.h"

namespace confide::policy {

enum class CarriesSecrets : uint8_t { kNo, kYes };

// What is said about a variable: its name, and why it was taken out; never its value.
struct Removed {
  std::string name;         // as it was, empty where malformed: print it with printable()
  std::string_view reason;  // static
  bool operator==(const Removed&) const = default;
};

struct EnvDecision {
  std::vector<std::string> passed;  // "NAME=VALUE", each name once
  std::vector<Removed> removed;     // in the caller's order
};

// One variable as the sandbox needs it. No value: the caller's points at what is not there, and is taken out.
struct InsideVariable {
  std::string name;
  std::optional<std::string> value;
};

// `caller` is environ without its null at the end; an entry without `=` or without a name is removed as malformed.
EnvDecision decide_environment(std::span<const char* const> caller, const Environment& policy, CarriesSecrets secrets,
                               std::span<const InsideVariable> inside);

// Whether a name changes what programs load or execute: LD_PRELOAD, BASH_ENV, NODE_OPTIONS, GIT_SSH_COMMAND, proxies,
// certificate stores. The reason, or empty.
std::string_view loader_hook(std::string_view name);

}  // namespace confide::policy
