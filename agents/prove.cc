#include "agents/prove.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace confide::agents {
namespace {

using Field = std::pair<std::string_view, std::string ProveScene::*>;
constexpr Field kFields[] = {
    {"pid", &ProveScene::pid},           {"held", &ProveScene::held},    {"memfd", &ProveScene::memfd},
    {"home", &ProveScene::home_file},    {"tmp", &ProveScene::tmp_file}, {"socket", &ProveScene::socket},
    {"abstract", &ProveScene::abstract}, {"port", &ProveScene::port},    {"posix", &ProveScene::posix},
    {"needle", &ProveScene::needle},
};

// Words of ours and paths below the home: nothing that would need more.
bool is_plain(std::string_view value) {
  return value.find_first_of(",=\n") == std::string_view::npos && value.size() < 4096;
}

int level_of(const Standing& standing) {
  switch (standing.place) {
    case Standing::Place::kUnconfined: return 0;
    case Standing::Place::kForeignSandbox:
    case Standing::Place::kCommand: return 1;
    case Standing::Place::kAgent: return standing.made_by_root ? 3 : 2;
  }
  return 0;
}

std::string reason_of(const Standing& standing) {
  switch (standing.place) {
    case Standing::Place::kUnconfined:
      return "nothing confines what runs here: it reads what your uid can read, and answers your prompts";
    case Standing::Place::kForeignSandbox:
      return "a sandbox that is not confide's holds this command; the agent itself, its file tools and its MCP servers "
             "are "
             "outside of it";
    case Standing::Place::kCommand:
      return "this command is confined; the agent, its file tools and its MCP servers are outside: the level holds "
             "only "
             "where `confide hook` decides about the file tools, and is 0 otherwise";
    case Standing::Place::kAgent:
      return standing.made_by_root ? "the whole agent is confined, and the sandbox is another uid's"
                                   : "the whole agent is confined: values and approvals are out of its reach; another "
                                     "process of your uid, unconfined, can still read what you can";
  }
  return {};
}

}  // namespace

const char* name_of(Stake stake) {
  switch (stake) {
    case Stake::kValue: return "value";
    case Stake::kReach: return "reach";
    case Stake::kSurface: return "surface";
  }
  return "";
}

const char* name_of(Standing::Place place) {
  switch (place) {
    case Standing::Place::kUnconfined: return "unconfined";
    case Standing::Place::kForeignSandbox: return "another program's sandbox";
    case Standing::Place::kCommand: return "a confined command";
    case Standing::Place::kAgent: return "a wrapped agent";
  }
  return "";
}

std::string encode(const ProveScene& scene) {
  std::string text;
  for (const auto& [name, field] : kFields)
    if (!(scene.*field).empty()) text += cat(text.empty() ? "" : ",", name, "=", scene.*field);
  return text;
}

std::optional<ProveScene> decode_scene(std::string_view text) {
  ProveScene scene;
  if (text.empty()) return scene;
  for (const std::string_view part : split(text, ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) return {};
    const auto at = std::ranges::find(kFields, part.substr(0, equals), &Field::first);
    const std::string_view value = part.substr(equals + 1);
    if (at == std::end(kFields) || !is_plain(value) || value.empty()) return {};
    scene.*(at->second) = value;
  }
  return scene;
}

std::optional<std::vector<std::string>> words_of(const Attempt& attempt, const ProveScene& scene) {
  std::vector<std::string> words;
  for (const std::string_view word : attempt.words) {
    if (!word.starts_with('@')) {
      words.emplace_back(word);
      continue;
    }
    const auto at = std::ranges::find(kFields, word.substr(1), &Field::first);
    if (at == std::end(kFields) || (scene.*(at->second)).empty()) return {};
    words.push_back(scene.*(at->second));
  }
  return words;
}

Assurance assure(const Standing& standing, const std::vector<Outcome>& outcomes) {
  Assurance assurance{.level = level_of(standing), .why = reason_of(standing)};
  if (assurance.level == 0) return assurance;
  std::string names;
  for (const Outcome& outcome : outcomes) {
    if (outcome.what != Outcome::What::kLeak || outcome.stake != Stake::kValue) continue;
    ++assurance.leaks;
    names += cat(names.empty() ? "" : ", ", outcome.attempt);
  }
  if (assurance.leaks != 0) {
    assurance.why = cat("this place should be level ", assurance.level, ", and is not: ", names);
    assurance.level = 0;
  }
  return assurance;
}

std::vector<std::string> notes_on(const Standing& standing, const std::vector<Outcome>& outcomes) {
  std::vector<std::string> notes;
  const bool mounts = std::ranges::any_of(outcomes, [](const Outcome& outcome) {
    return outcome.attempt == "nested-mount-ns" && outcome.what == Outcome::What::kLeak;
  });
  if (mounts && standing.place == Standing::Place::kAgent)
    notes.emplace_back(
        "a mount namespace can be made here, and a process that means to can undo by one what is mounted over the "
        "project: "
        "masks (.env) and what is read-only in it (.git/hooks); `confide agent --no-inner-sandbox` refuses them, "
        "`confide "
        "env import --rewrite` leaves nothing behind a mask");
  return notes;
}

}  // namespace confide::agents
