// What `confide prove` tries, and what an outcome means. The attempts are confide-probe's (probes/); here stands what
// each is aimed at, which layer should stop it, and from which assurance level on its success is a leak. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace confide::agents {

// What stands outside for the attacker to reach. Travels as one word on a command line: it holds nothing secret, the
// canary is made for the occasion. An empty field: there is none of it.
struct ProveScene {
  std::string pid, held, memfd;     // the victim, the address of its secret, a descriptor of it that holds the secret
  std::string home_file, tmp_file;  // files with the canary
  std::string socket, abstract;     // listening unix sockets
  std::string port;                 // a listening TCP port on loopback
  std::string posix;                // the name of a POSIX memory object of the victim's
  std::string needle;               // the canary, in hexadecimal
  bool operator==(const ProveScene&) const = default;
};
std::string encode(const ProveScene& scene);
// Nothing where it is malformed.
std::optional<ProveScene> decode_scene(std::string_view text);

enum class Stake : uint8_t {
  kValue,    // reaches another process, a file, a socket, the machine: a leak from level 1 on
  kReach,    // reaches a service that the host's network leaves open: stated, and no leak
  kSurface,  // part of the kernel that an attacker could work on: stated, and no leak
};
const char* name_of(Stake stake);

struct Attempt {
  std::string_view probe;
  std::span<const std::string_view> words;  // "@pid" is the scene's field
  std::string_view about;
  std::string_view layer;  // what stops it
  Stake stake = Stake::kValue;
  enum class Where : uint8_t { kAnywhere, kOnlyConfined } where = Where::kAnywhere;
};
std::span<const Attempt> attempts();
// The words with the scene's fields put in; nothing where the scene lacks one.
std::optional<std::vector<std::string>> words_of(const Attempt& attempt, const ProveScene& scene);

struct Outcome {
  std::string attempt;
  std::string about;
  std::string layer;
  Stake stake = Stake::kValue;
  enum class What : uint8_t { kLeak, kRefused, kUntried } what = What::kUntried;
  std::string answer;  // the kernel's: an errno's name, or a word
  std::string detail;
};

// Where the attacker stands.
struct Standing {
  enum class Place : uint8_t { kUnconfined, kForeignSandbox, kCommand, kAgent } place = Place::kUnconfined;
  bool made_by_root = false;  // the user namespace belongs to another uid
  std::string client;         // whose environment this is: "codex", "claude", or empty
};
const char* name_of(Standing::Place place);

struct Assurance {
  int level = 0;
  std::string why;
  size_t leaks = 0;  // that the level of the place forbids
};
Assurance assure(const Standing& standing, const std::vector<Outcome>& outcomes);

// What follows from the outcomes and is no leak of the level: said with its cure.
std::vector<std::string> notes_on(const Standing& standing, const std::vector<Outcome>& outcomes);

}  // namespace confide::agents
