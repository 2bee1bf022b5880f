#include "broker/provider_verbs.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "broker/programs.h"
#include "broker/provider_shell.h"
#include "secrets/providers/failure.h"
#include "secrets/providers/table.h"

namespace confide::broker {
namespace {

using secrets::Confined;
using secrets::How;
using secrets::Meaning;
using secrets::Provider;

bool is_installed(const Provider& row, const ProviderShell& shell) {
  switch (row.how) {
    case How::kFile:
    case How::kKeyring: return true;
    case How::kHttp: return find_program("confide-fetch").has_value();
    case How::kProgram: break;
  }
  if (row.program == "{found}") return true;
  const std::string path = shell.plain("PATH").value_or(std::string());
  for (const std::string_view folder : split(path, ':'))
    if (folder.starts_with('/') && ::access(cat(folder, "/", row.program).c_str(), X_OK) == 0) return true;
  return false;
}

std::string calls_of(const Provider& row) {
  if (row.how != How::kProgram) return std::string(row.call);
  std::vector<std::string> words = {row.program == "{found}" ? std::string("PROGRAM") : std::string(row.program)};
  const auto arguments = row.arguments.empty() ? row.keyed_arguments : row.arguments;
  for (const std::string_view argument : arguments) words.emplace_back(argument);
  return join(words, " ");
}

std::string confined_of(const Provider& row) {
  switch (row.confined) {
    case Confined::kNever: return cat("no: ", row.why_not);
    case Confined::kWithCredential:
      return cat("where ", row.credentials.front(), " or the like is set, else not: ", row.why_not);
    case Confined::kAlways: break;
  }
  if (row.how == How::kFile || row.how == How::kKeyring) return "the broker itself";
  return row.network == secrets::Reach::kHost ? "yes, with the network" : "yes, without network";
}

ProviderTested said(const Provider& row, Meaning meaning, std::string text) {
  return {std::string(row.name), std::string(secrets::name_of(meaning)), std::move(text), false};
}

ProviderTested ready(const Provider& row, std::string text) {
  return {std::string(row.name), "ready", cat(row.name, ": ", text), true};
}

ProviderTested probe(const Provider& row, const ProviderContext& context) {
  const ProviderShell shell(context.environ, context.arena);
  if (row.how == How::kFile || row.how == How::kKeyring)
    return ready(row, row.call.empty() ? "" : std::string(row.call));
  if (row.how == How::kHttp || row.program == "{found}")
    return ready(row, "needs a reference to be tried: confide provider test NAME REFERENCE");
  if (!is_installed(row, shell)) {
    auto failure = secrets::failure_of(row, Meaning::kMissingProgram, cat("there is no ", row.program, " in PATH"));
    return said(row, failure.meaning, std::move(failure.text));
  }
  if (row.probe.empty()) return ready(row, "installed; whether it is signed in shows with a reference");
  // Any reference of the scheme has the same order but for what it names.
  Call call;
  auto order =
      shell.order(row, policy::Reference{row.scheme, {}, policy::FileEntry{"/nonexistent", {}}}, "/nonexistent");
  auto variables = shell.variables(row);
  if (!order || !variables) return said(row, Meaning::kFailed, to_text(!order ? order.error() : variables.error()));
  call.order = std::move(*order);
  call.variables = std::move(*variables);
  for (const std::string_view argument : row.probe) call.order.arguments.emplace_back(argument);
  std::vector<Call> calls;
  calls.push_back(std::move(call));
  const CallResult result = std::move(run_calls(context.spawner, std::move(calls), context.arena).front());
  if (result.failed) return said(row, Meaning::kFailed, cat(row.name, ": ", to_text(*result.failed)));
  if (result.ended.exit_code == 0 && !result.ended.time_limit) return ready(row, "answers");
  auto failure = result.error_text.reveal([&](std::span<const std::byte> bytes) {
    const secrets::Ending ending{result.ended.exit_code, result.ended.time_limit, secrets::as_text(bytes)};
    // What it prints is not quoted: nothing here knows which values it could hold.
    return secrets::explain_failure(row, ending, [](std::string_view) { return std::string(); });
  });
  return said(row, failure.meaning, std::move(failure.text));
}

Result<ProviderTested> resolve_one(const std::vector<const Provider*>& rows, const std::string& text,
                                   ProviderContext context) {
  const policy::Reference reference = TRY(policy::parse_reference(text));
  const bool fits = std::ranges::any_of(rows, [&](const Provider* row) { return row->scheme == reference.scheme; });
  if (!fits) return Error{ErrorKind::kUsage, 0, cat(printable(text), " is no reference of this provider")};
  Provided provided = resolve_with_providers({&reference, 1}, context);
  end_residents(std::move(provided.residents));
  const Resolved& answer = provided.answers.front();
  const std::string name(rows.front()->name);
  if (answer.failed) {
    const std::string quoted = answer.quoted.empty() ? "" : cat(", “", answer.quoted, "”");
    return ProviderTested{name, std::string(secrets::name_of(*answer.failed)), cat(answer.why, quoted), false};
  }
  return ProviderTested{name, "resolved", cat(printable(text), " is resolved"), true};
}

}  // namespace

ProviderList list_providers(const secrets::Environ& shell, secrets::SecretArena& arena) {
  const ProviderShell looks(shell, arena);
  ProviderList list;
  for (const Provider* row : secrets::all_providers()) {
    list.rows.push_back({std::string(row->name), std::string(policy::prefix_of(row->scheme)), calls_of(*row),
                         confined_of(*row), std::string(row->tested), is_installed(*row, looks)});
  }
  return list;
}

Result<ProviderTest> test_provider(const std::string& word, const std::string& reference, ProviderContext context) {
  const auto rows = secrets::providers_named(word.ends_with("://") ? word.substr(0, word.size() - 3) : word);
  if (rows.empty()) {
    std::vector<std::string_view> names;
    for (const Provider* row : secrets::all_providers()) names.push_back(row->name);
    return Error{ErrorKind::kUsage, 0,
                 cat("there is no provider ", printable(word), did_you_mean(word, names), " (confide provider list)")};
  }
  ProviderTest test;
  if (!reference.empty()) {
    test.rows.push_back(TRY(resolve_one(rows, reference, context)));
    return test;
  }
  for (const Provider* row : rows) test.rows.push_back(probe(*row, context));
  return test;
}

}  // namespace confide::broker
