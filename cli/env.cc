// confide env list|show|create|set|rename|rm|import: named sets of variables, bound to references.
#include <fcntl.h>
#include <stdlib.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/sys.h"
#include "base/text.h"
#include "cli/store.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace confide::cli {
namespace {

using nlohmann::ordered_json;

constexpr const char* kHelp =
    "usage: confide env list\n"
    "       confide env show ENV\n"
    "       confide env create ENV\n"
    "       confide env set ENV NAME=REFERENCE...\n"
    "       confide env rename ENV NEW\n"
    "       confide env rm ENV [NAME...]\n"
    "       confide env import ENV FILE [--rewrite]\n\n"
    "Environments: variables bound to references. They hold no values.\n\n"
    "  list    the environments and how many variables each has\n"
    "  show    the variables of one\n"
    "  create  an empty one\n"
    "  set     bind variables, as in API_KEY=op://vault/item/field,deliver=file\n"
    "  rename  under another name\n"
    "  rm      remove one, or variables of it; secrets stay in the vault\n"
    "  import  move the plain values of an environment file into the vault\n\n"
    "Options:\n"
    "  --rewrite  put references in the place of the values that import moved; quotes and comments stay\n"
    "  --json     JSON instead of text\n"
    "  --help     this\n\n"
    "examples:\n"
    "  confide env import staging .env --rewrite\n"
    "  confide env set staging API_KEY=op://Engineering/staging/api-key\n"
    "  confide run --environment staging -- npm run migrate\n";

constexpr WordOption kOptions[] = {{"--rewrite"}};

ordered_json json_of(const broker::EnvironmentRow& row) {
  ordered_json variables = ordered_json::array();
  for (const broker::VariableRow& variable : row.variables) {
    ordered_json one = {{"name", variable.name}, {"deliver", variable.deliver}};
    if (variable.reference.empty())
      one["plain"] = true;
    else
      one["reference"] = variable.reference;
    if (!variable.path.empty()) one["path"] = variable.path;
    variables.push_back(std::move(one));
  }
  return {{"name", row.name}, {"file", row.file}, {"variables", variables}};
}

bool put_rows(const broker::EnvironmentRows& rows, const std::string& word, Form form) {
  if (form == Form::kJson) {
    ordered_json all = ordered_json::array();
    for (const broker::EnvironmentRow& row : rows.environments) all.push_back(json_of(row));
    return put((word == "show" && all.size() == 1 ? all[0] : all)
                   .dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
               "\n");
  }
  std::string out;
  for (const broker::EnvironmentRow& row : rows.environments) {
    if (word == "list") {
      out += cat(row.name, "  ", row.variables.size(), row.variables.size() == 1 ? " variable" : " variables", "\n");
      continue;
    }
    for (const broker::VariableRow& variable : row.variables) {
      out += cat(printable(variable.name), "=",
                 variable.reference.empty() ? "(a plain value)" : printable(variable.reference));
      if (variable.deliver != "env") out += cat("  deliver=", variable.deliver);
      if (!variable.path.empty()) out += cat(",path=", printable(variable.path));
      out += "\n";
    }
  }
  return put(out);
}

bool put_imported(const broker::Imported& imported, Form form) {
  using What = broker::ImportedRow::What;
  const auto name_of = [](What what) {
    switch (what) {
      case What::kMoved: return "moved";
      case What::kReference: return "reference";
      case What::kLeft: return "left";
    }
    return "?";
  };
  if (form == Form::kJson) {
    ordered_json rows = ordered_json::array();
    for (const broker::ImportedRow& row : imported.variables)
      rows.push_back({{"name", row.name}, {"what", name_of(row.what)}, {"reference", row.reference}});
    return put(ordered_json{{"variables", rows}, {"rewritten", imported.rewritten}}.dump(2) + "\n");
  }
  std::string out;
  for (const broker::ImportedRow& row : imported.variables)
    out += row.what == What::kLeft
               ? cat(row.name, ": left as it is (empty, or a template)\n")
               : cat(row.name, ": ", row.what == What::kMoved ? "moved to " : "", row.reference, "\n");
  return put(out);
}

// The file itself, links followed: a rewrite takes its place, not a link's.
Status open_file(const std::string& path, bool rewrite, broker::ImportEnvironment& import, broker::StoreOrder& order) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  if (!real) return sys::errno_error("", path);
  auto file = sys::openat(AT_FDCWD, real.get(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return Error{ErrorKind::kRefused, 0, to_text(file.error())};
  order.input = std::move(*file);
  const std::string_view found = real.get();
  const size_t slash = found.rfind('/');
  import.file = found.substr(slash + 1);
  if (!rewrite) return {};
  import.rewrite = broker::ImportEnvironment::Rewrite::kYes;
  order.folders.beside = slash == 0 ? "/" : found.substr(0, slash);
  return {};
}

Result<int> run(const Words& words) {
  const auto& plain = words.plain();
  const std::string word = plain.empty() ? "" : plain.front();
  const size_t count = plain.size();
  const auto takes = [&](bool holds, const char* what) -> Status {
    if (holds) return {};
    return Error{ErrorKind::kUsage, 0, cat("env ", word, " takes ", what, " (confide env --help)")};
  };
  broker::StoreOrder order{.operation = broker::ListEnvironments{}, .folders = {}};
  Needs needs = Needs::kWriting;
  if (word == "list") {
    TRY(takes(count == 1, "no further word"));
    needs = Needs::kReading;
  } else if (word == "show") {
    TRY(takes(count == 2, "one ENV"));
    order.operation = broker::ShowEnvironment{plain[1]};
    needs = Needs::kReading;
  } else if (word == "create") {
    TRY(takes(count == 2, "one ENV"));
    order.operation = broker::CreateEnvironment{plain[1]};
  } else if (word == "set") {
    TRY(takes(count >= 3, "ENV and NAME=REFERENCE..."));
    order.operation = broker::SetVariables{plain[1], {plain.begin() + 2, plain.end()}};
  } else if (word == "rename") {
    TRY(takes(count == 3, "ENV and NEW"));
    order.operation = broker::RenameEnvironment{plain[1], plain[2]};
  } else if (word == "rm") {
    TRY(takes(count >= 2, "ENV [NAME...]"));
    order.operation = broker::RemoveEnvironment{plain[1], {plain.begin() + 2, plain.end()}};
  } else if (word == "import") {
    TRY(takes(count == 3, "ENV and FILE"));
    broker::ImportEnvironment import{.name = plain[1], .file = {}};
    TRY(open_file(plain[2], words.has("--rewrite"), import, order));
    order.operation = std::move(import);
  } else {
    return unknown_word("env", word, {"list", "show", "create", "set", "rename", "rm", "import"});
  }
  const broker::Answer answer = TRY(ask(std::move(order), needs));
  if (const auto* rows = std::get_if<broker::EnvironmentRows>(&answer))
    return put_rows(*rows, word, words.form()) ? 0 : 125;
  if (const auto* imported = std::get_if<broker::Imported>(&answer))
    return put_imported(*imported, words.form()) ? 0 : 125;
  return 0;
}

}  // namespace

int env_verb(Arguments arguments) {
  const auto words = Words::parse("env", arguments, kOptions);
  if (!words) return fail(words.error());
  if (words->has("--help")) return put(kHelp) ? 0 : 125;
  const auto code = run(*words);
  return code ? *code : fail(code.error(), words->form());
}

}  // namespace confide::cli
