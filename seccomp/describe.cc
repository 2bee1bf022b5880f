#include "seccomp/describe.h"

#include <cstring>
#include <vector>

#include "base/text.h"
#include "seccomp/broker_filter.h"
#include "seccomp/filter_spec.h"
#include "seccomp/groups.h"
#include "seccomp/profiles.h"

namespace confide::seccomp {
namespace {

std::string in_words(Action action) {
  switch (action.kind) {
    case ActionKind::kAllow: return "allowed";
    case ActionKind::kErrno: return cat("refused, ", std::string_view(strerrorname_np(action.errnum)));
    case ActionKind::kKillProcess: return "the process is killed";
  }
  return {};
}

std::string verdict(const FilterSpec& spec, uint32_t number) {
  for (const ArgumentRule& rule : spec.rules)
    if (rule.number == number) return cat("allowed by argument; ", rule.meaning);
  for (const Refusal& refusal : spec.refused)
    if (refusal.number == number) return in_words(refusal.action);
  for (const uint32_t allowed : spec.allowed)
    if (allowed == number) return in_words(kAllow);
  return in_words(spec.default_action);
}

// "  a b c" in lines of at most 100 columns.
std::string wrapped(const std::vector<std::string_view>& words) {
  std::string text;
  std::string line = " ";
  for (const std::string_view word : words) {
    if (line.size() + 1 + word.size() > 100) {
      text += line + "\n";
      line = " ";
    }
    line += cat(" ", word);
  }
  return text + line + "\n";
}

std::string paragraph(const FilterSpec& spec, Group group) {
  std::string text = cat(name_of(group), ":\n");
  std::vector<std::pair<std::string, std::vector<std::string_view>>> verdicts;  // in order of appearance
  for (const Syscall& call : members(group)) {
    const std::string words = verdict(spec, call.number);
    if (verdicts.empty() || verdicts.back().first != words) verdicts.push_back({words, {}});
    verdicts.back().second.push_back(call.name);
  }
  for (const auto& [words, names] : verdicts) text += cat(" ", words, "\n", wrapped(names));
  return text;
}

}  // namespace

std::string summary_text(Profile profile, Summary summary) {
  return cat(name_of(profile), ", ", summary.allowed, " syscalls allowed (", summary.by_argument,
             " of them by argument), ", summary.refused, " refused by name, default ENOSYS");
}

Summary summary_of(Profile profile) {
  const FilterSpec spec = filter_of(profile);
  return {.allowed = static_cast<unsigned>(spec.allowed.size() + spec.rules.size()),
          .refused = static_cast<unsigned>(spec.refused.size()),
          .by_argument = static_cast<unsigned>(spec.rules.size())};
}

namespace {

std::string listing_of(const FilterSpec& spec, std::string_view head) {
  std::string text = cat(head, "\nforeign architectures and x32: the process is killed\n");
  for (const Group group : all_groups()) text += cat("\n", paragraph(spec, group));
  return text;
}

}  // namespace

std::string listing(Profile profile) {
  return listing_of(filter_of(profile), summary_text(profile, summary_of(profile)));
}

std::string broker_listing() {
  const FilterSpec spec = broker_filter();
  return listing_of(spec, cat("broker, ", spec.allowed.size() + spec.rules.size(), " syscalls allowed (",
                              spec.rules.size(), " of them by argument), unknown ones ENOSYS"));
}

Result<std::string> verdict_text(Profile profile, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Group group : all_groups()) {
    for (const Syscall& call : members(group)) {
      if (call.name == name)
        return cat(name, ": ", verdict(filter_of(profile), call.number), " (", name_of(group), ")");
      names.push_back(call.name);
    }
  }
  const auto near = nearest(name, names);
  return Error{ErrorKind::kUsage, 0,
               cat("no system call of this table: ", printable(name), near ? cat(" (did you mean ", *near, "?)") : "")};
}

}  // namespace confide::seccomp
