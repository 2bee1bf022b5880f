// How path rules of several levels become one list. A level is one table of one file, or the flags; later levels are
// stronger.
//
// - On the same path the later level wins; within one level two rules that disagree are an error, equal ones are one.
// - On nested paths the longer path wins, whatever its level: write ~/a and read ~/a/b leaves ~/a/b read-only.
// - What is hidden is hidden with everything below. A hide takes away what earlier levels showed below it; a later rule
//   below a hide is an error that names both lines. Showing a hidden path again takes a rule for exactly that path.
// - A rule for /, for the home or for what holds it is an error (system = "whole-root", home = "visible" say so), and
// so
//   is one for /proc, /sys or /dev as a whole. Writing below a system folder needs powers.writable-system, any rule
//   below /proc or /sys powers.host-proc or powers.host-sys.
//
// The result is in path order, so that a later rule wins on nested paths, as policy/policy.h says.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "policy/document.h"
#include "policy/paths.h"

namespace confide::policy {

// Who asked for a rule: an administrator's file refuses a person's, and quietly narrows ours.
enum class Asker : uint8_t { kBuiltIn, kPerson };

class PathRules {
 public:
  // One level; the rules in any order.
  Status add_level(std::vector<PathRule> level, Asker asker);

  // Errors for rules that the powers do not cover, and for a hide that covers the project (empty: none).
  Status check(const Powers& powers, const Place& place) const;

  // An administrator's bounds. Errors name the rule and the bound.
  Status hide_everywhere(const PathRule& bound);
  Status forbid_writing(const PathRule& bound, const Policy& policy, const Place& place);

  std::vector<PathRule> take();

 private:
  struct Rule {
    PathRule rule;
    Asker asker = Asker::kBuiltIn;
  };
  std::vector<Rule> rules_;
};

}  // namespace confide::policy
