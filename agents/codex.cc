// Codex 0.169.0: hooks, the trust in them, rules, and environments, below CODEX_HOME, the project's .codex and
// /etc/codex. Source: its configuration, its app-server's hooks/list, and tests/e2e/clients.
#include "agents/client_file.h"
#include "agents/json_text.h"
#include "agents/toml_block.h"
#include "base/text.h"
#include "policy/parse.h"
#include "trust/digest.h"

namespace confide::agents {
namespace {

constexpr int kTimeoutSeconds = 30;

std::string hook_command(const std::string& program) { return cat(shell_quote(program), " hook codex"); }

// What Codex calls currentHash: SHA-256 of the hook's definition as JSON, names in order.
std::string trusted_hash(const std::string& program) {
  return "sha256:" + trust::sha256_hex(cat(R"({"event_name":"pre_tool_use","hooks":[{"async":false,"command":)",
                                           json_quoted(hook_command(program)), R"(,"timeout":)", kTimeoutSeconds,
                                           R"(,"type":"command"}],"matcher":"*"})"));
}

std::string toml_hook(const std::string& program) {
  return cat("[[hooks.PreToolUse]]\nmatcher = \"*\"\n\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\ncommand = ",
             toml_quoted(hook_command(program)), "\ntimeout = ", kTimeoutSeconds, "\n");
}

std::string json_group(const std::string& program) {
  return cat("{\n  \"matcher\": \"*\",\n  \"hooks\": [\n    {\n      \"type\": \"command\",\n      \"command\": ",
             json_quoted(hook_command(program)), ",\n      \"timeout\": ", kTimeoutSeconds, "\n    }\n  ]\n}");
}

std::string trust_table(const std::string& file, const HookPlace& place, const std::string& program) {
  const std::string key = cat(file, ":pre_tool_use:", place.group, ":", place.index);
  return cat("[hooks.state.", toml_quoted(key), "]\ntrusted_hash = ", toml_quoted(trusted_hash(program)), "\n");
}

std::string rules_text(const std::string& program) {
  const std::string word = json_quoted(program);
  return cat(
      "# Written by `confide setup codex`; taken away by `confide setup codex --remove`.\n"
      "# `confide shell` takes no options and brings its own sandbox. Never add `confide run` here: it takes options "
      "that\n"
      "# widen a sandbox.\n"
      "prefix_rule(\n    pattern = [",
      word,
      ", \"shell\", \"--\"],\n    decision = \"allow\",\n"
      "    justification = \"runs in confide's own sandbox\",\n    match = [[",
      word,
      ", \"shell\", \"--\", \"make\"]],\n"
      "    not_match = [[",
      word, ", \"run\", \"--\", \"make\"]],\n)\n");
}

Status no_complaint(const policy::Node&) { return {}; }

MaybeText text_at(const Texts& texts, const std::string& path) {
  const auto found = texts.find(path);
  return found == texts.end() ? MaybeText() : MaybeText(found->second);
}

// How many groups of PreToolUse hooks a config.toml has besides confide's.
Result<size_t> groups_in_toml(const MaybeText& text, const std::string& path) {
  if (!text) return size_t{0};
  const policy::Node tree = TRY(policy::parse_tree(without_blocks(*text), path));
  const policy::Node* hooks = member(tree, "hooks");
  const policy::Node* groups = hooks != nullptr ? member(*hooks, "PreToolUse") : nullptr;
  return groups != nullptr && groups->kind == policy::Node::Kind::kList ? groups->entries.size() : 0;
}

// A shell snapshot holds every variable of the person's shell, world-readable, while a session lasts.
constexpr std::string_view kNoSnapshots = "[features]\nshell_snapshot = false\n";

Result<std::string> feature_lines(const MaybeText& text, const std::string& path) {
  const policy::Node tree = TRY(policy::parse_tree(text ? without_blocks(*text) : "", path));
  return member(tree, "features") != nullptr ? std::string() : cat("\n", kNoSnapshots);
}

// Hooks go where hooks are already: Codex complains about a folder that has both forms.
Result<std::vector<ClientFile>> hook_files(const std::string& hooks_folder, const SetupRequest& request,
                                           const SetupPlaces& places, const Texts& texts) {
  const std::string json = hooks_folder + "/hooks.json", toml = hooks_folder + "/config.toml";
  const std::string user_toml = places.codex_folder + "/config.toml";
  std::vector<ClientFile> files;
  std::string user_block;
  if (const MaybeText text = text_at(texts, json)) {
    ClientFile hooks = json_hooks_file(json, json_group(request.program), Client::kCodex);
    MaybeText after = text;
    if (!TRY(hooks.is_set(text))) after = TRY(hooks.add(TRY(hooks.strip(*text)))).back();
    user_block = trust_table(json, TRY(hook_place(after, json, Client::kCodex)), request.program);
    files.push_back(std::move(hooks));
  } else {
    const HookPlace place{TRY(groups_in_toml(text_at(texts, toml), toml)), 0};
    user_block = trust_table(toml, place, request.program);
    if (toml == user_toml)
      user_block = cat(toml_hook(request.program), "\n", user_block);
    else
      files.push_back(toml_file(toml, {{}, toml_hook(request.program)}, no_complaint));
  }
  user_block += TRY(feature_lines(text_at(texts, user_toml), user_toml));
  files.push_back(toml_file(user_toml, {{}, user_block}, no_complaint));
  files.push_back(own_file(places.codex_folder + "/rules/confide.rules", rules_text(request.program)));
  return files;
}

Result<std::vector<ClientFile>> managed_files(const SetupRequest& request, const SetupPlaces& places) {
  const std::string requirements = places.codex_managed + "/requirements.toml";
  const auto look = [=](const policy::Node& tree) -> Status {
    for (const char* key : {"allow_managed_hooks_only", "hooks", "features"}) {
      if (const policy::Node* found = member(tree, key))
        return Error{
            ErrorKind::kRefused, 0,
            cat(printable(requirements), ":", found->position.line, ": `", key,
                "` is set already; add what is confide's to it by hand (confide setup codex --managed --print on "
                "a machine without it shows how)")};
    }
    return {};
  };
  const std::string hooks =
      cat("[hooks]\nmanaged_dir = ", toml_quoted(request.program.substr(0, request.program.rfind('/'))), "\n\n",
          toml_hook(request.program), "\n", kNoSnapshots);
  return std::vector{toml_file(requirements, {"allow_managed_hooks_only = true\n", hooks}, look),
                     own_file(places.codex_managed + "/rules/confide.rules", rules_text(request.program))};
}

// Where the native program lies: …/vendor/TARGET/bin/codex, with its helpers beside bin.
std::string folder_to_show(const std::string& codex) {
  for (const char* system : {"/usr/", "/opt/", "/bin/", "/nix/"})
    if (codex.starts_with(system)) return {};
  const std::string folder = codex.substr(0, codex.rfind('/'));
  return folder.ends_with("/bin") ? folder.substr(0, folder.size() - 4) : folder;
}

Result<std::vector<ClientFile>> boxed_files(const SetupRequest& request, const SetupPlaces& places) {
  const std::string path = places.codex_folder + "/environments.toml";
  const auto look = [=](const policy::Node& tree) -> Status {
    for (const char* key : {"default", "include_local", "environments"}) {
      if (const policy::Node* found = member(tree, key))
        return Error{ErrorKind::kRefused, 0,
                     cat(printable(path), ":", found->position.line, ": `", key,
                         "` is set already; there can be only one place where commands run")};
    }
    return {};
  };
  std::string args = "\"run\", \"--protect\", ";
  if (const std::string folder = folder_to_show(request.codex); !folder.empty())
    args += cat("\"--read\", ", toml_quoted(folder), ", ");
  args += cat("\"--\", ", toml_quoted(request.codex), ", \"exec-server\", \"--listen\", \"stdio\"");
  // `include_local = false`: else the model may ask for the place outside by its name.
  return std::vector{toml_file(
      path,
      {"default = \"confide\"\ninclude_local = false\n",
       cat("[[environments]]\nid = \"confide\"\nprogram = ", toml_quoted(request.program), "\nargs = [", args, "]\n")},
      look)};
}

std::vector<std::string> rules_files(const SetupPlaces& places, const Texts& texts) {
  std::vector<std::string> paths;
  for (const auto& [path, text] : texts)
    if (path.ends_with(".rules") && (path.starts_with(places.codex_folder) || path.starts_with(places.codex_managed)))
      paths.push_back(path);
  return paths;
}

}  // namespace

Result<std::vector<ClientFile>> codex_files(const SetupRequest& request, const SetupPlaces& places,
                                            const Texts& texts) {
  if (request.style == Style::kBoxed) {
    if (request.scope != Scope::kUser)
      return Error{ErrorKind::kUsage, 0, "--boxed is for the account: without --project and --managed"};
    return boxed_files(request, places);
  }
  switch (request.scope) {
    case Scope::kUser: return hook_files(places.codex_folder, request, places, texts);
    case Scope::kProject: return hook_files(places.project + "/.codex", request, places, texts);
    case Scope::kManaged: return managed_files(request, places);
  }
  return Error{ErrorKind::kInternal, 0, "an unknown scope"};
}

std::vector<std::string> codex_remarks(const SetupRequest& request, const SetupPlaces& places, const Texts& texts) {
  std::vector<std::string> remarks;
  for (const std::string& path : rules_files(places, texts)) {
    // One rule after the other: a call of prefix_rule names both words.
    for (const std::string_view line : split(texts.at(path), '\n')) {
      const std::string_view rule = trim(line);
      if (rule.find("confide") != std::string_view::npos && rule.find("\"run\"") != std::string_view::npos &&
          !rule.starts_with('#') && !rule.starts_with("not_match"))
        remarks.push_back(cat(printable(path),
                              ": a rule for `confide run` is an escape, for it takes options that widen; remove it"));
    }
  }
  const std::string config = places.codex_folder + "/config.toml";
  const MaybeText text = text_at(texts, config);
  const auto tree = policy::parse_tree(text ? without_blocks(*text) : "", config);
  if (!tree) return remarks;
  const policy::Node* features = member(*tree, "features");
  const auto switched = [&](const char* name) -> const policy::Node* {
    return features != nullptr ? member(*features, name) : nullptr;
  };
  if (const policy::Node* hooks = switched("hooks");
      hooks != nullptr && hooks->integer == 0 && request.style == Style::kHook)
    remarks.push_back(
        cat(printable(config), ":", hooks->position.line, ": features.hooks switches every hook off, this one too"));
  const policy::Node* snapshot = switched("shell_snapshot");
  if (features != nullptr && (snapshot == nullptr || snapshot->integer != 0))
    remarks.push_back(cat(printable(config),
                          ": set shell_snapshot = false in [features]: else Codex keeps all variables of your shell in "
                          "a file while a session lasts"));
  if (text && without_blocks(*text).find("\"deny\"") != std::string::npos)
    remarks.push_back(cat(printable(config),
                          ": with a path set to \"deny\" Codex runs `confide shell` in its own sandbox too, where "
                          "confide has no network and no broker"));
  if (request.style == Style::kBoxed)
    remarks.push_back(
        "start Codex with --dangerously-bypass-approvals-and-sandbox: its commands are in confide's sandbox, where its "
        "own cannot start");
  return remarks;
}

}  // namespace confide::agents
